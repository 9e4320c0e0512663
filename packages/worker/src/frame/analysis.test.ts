import { expect, test } from "vitest";
import { analysisSize, watchArgs } from "./analysis.ts";
import { shotBounds } from "./shots.ts";

test("the analysis picture keeps the source's shape, is never larger, and has even sides", () => {
  expect(analysisSize({ width: 1920, height: 1080 })).toEqual({ width: 480, height: 270, scale: 0.25 });
  expect(analysisSize({ width: 7680, height: 4320 })).toMatchObject({ width: 480, height: 270 });
  expect(analysisSize({ width: 1080, height: 1080 })).toMatchObject({ width: 360, height: 360 });
  expect(analysisSize({ width: 16, height: 16 })).toEqual({ width: 16, height: 16, scale: 1 });
});

test("one decode of the stretch alone: limits and seek before the input, numbered from its start", () => {
  const video = {
    ...{ index: 1, codec: "h264", width: 720, height: 576, rotation: 0, sar: 64 / 45, fps: 25, hdr: false },
  };
  const rate = { text: "25/1", fps: 25 };
  const args = watchArgs({ file: "in.mp4", video, startSeconds: 61.5, seconds: 30, rate, threads: 2 });
  expect(args.slice(args.indexOf("-noaccurate_seek"))).toEqual([
    ...["-noaccurate_seek", "-ss", "61.500000", "-i", "in.mp4", "-map", "0:1"],
    ...["-vf", "fps=25/1:start_time=0,scale=480:270:flags=area,setsar=1,format=yuv420p"],
    ...["-frames:v", "750", "-f", "rawvideo", "pipe:1"],
  ]);
  for (const limit of ["-protocol_whitelist", "-format_whitelist", "-max_pixels"])
    expect(args.indexOf(limit)).toBeLessThan(args.indexOf("-i"));
});

test("shots of less than the shortest length join the one before, and the last one is no remnant", () => {
  expect(shotBounds(300, [2, 50, 53, 120, 298], 6)).toEqual([0, 50, 120]);
  expect(shotBounds(0, [], 6)).toEqual([0]);
});
