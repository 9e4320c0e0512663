import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runUp } from "../media/clip-args.ts";
import { outputRate } from "../media/clip-timeline.ts";
import { findTools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import { analysisSize, skippable, watch, watchArgs } from "./analysis.ts";
import { findCuts } from "./cuts.ts";
import { shotBounds } from "./shots.ts";

test("the analysis picture keeps the source's shape, is never larger, and has even sides", () => {
  expect(analysisSize({ width: 1920, height: 1080 })).toEqual({ width: 480, height: 270, scale: 0.25 });
  expect(analysisSize({ width: 7680, height: 4320 })).toMatchObject({ width: 480, height: 270 });
  expect(analysisSize({ width: 1080, height: 1080 })).toMatchObject({ width: 360, height: 360 });
  expect(analysisSize({ width: 16, height: 16 })).toEqual({ width: 16, height: 16, scale: 1 });
});

const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => undefined);

test.skipIf(!tools)(
  "a transport stream is cut on its very frame, although its key frames are far apart (needs ffmpeg)",
  async () => {
    if (!tools) return;
    const dir = mkdtempSync(join(tmpdir(), "kangklip-analysis-"));
    try {
      const file = join(dir, "a.ts");
      const colour = (name: string) => ["-f", "lavfi", "-i", `color=${name}:s=64x36:r=30:d=6`];
      const sparse = ["-c:v", "libx264", "-g", "150", "-keyint_min", "150", "-sc_threshold", "0"];
      const joined = ["-filter_complex", "[0][1]concat", ...sparse, file];
      execFileSync(tools.ffmpeg, ["-v", "error", ...colour("red"), ...colour("blue"), ...joined]);
      const signal = new AbortController().signal;
      const info = await probeMedia(tools, file, signal);
      if (!info.video) throw new Error("no video");
      const [startSeconds, rate] = [5.5, outputRate(30, 30)];
      const watched = await watch({
        ...{ tools, file, video: info.video, startSeconds, seconds: 3, rate, threads: 1, signal },
        runUpSeconds: runUp({ info: { ...info, video: info.video } }, startSeconds),
        onPicture: () => {},
      });
      expect(watched.frames).toBe(90);
      expect(findCuts(watched.thumbs, watched.fps)).toEqual([15]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test.skipIf(!tools)(
  "pictures that no other one needs are left out, and a cut among them is found on its very frame (needs ffmpeg)",
  async () => {
    if (!tools) return;
    const dir = mkdtempSync(join(tmpdir(), "kangklip-analysis-"));
    const signal = new AbortController().signal;
    const rate = outputRate(30, 30);
    try {
      for (const cut of [44, 45, 46, 47]) {
        const file = join(dir, `${cut}.mp4`);
        const moving = (graph: string, frames: number) => [
          "-f",
          "lavfi",
          "-t",
          `${frames / 30}`,
          "-i",
          graph,
        ];
        const inputs = [
          ...moving("testsrc2=s=96x54:r=30", cut),
          ...moving("mandelbrot=s=96x54:r=30", 90 - cut),
        ];
        // three pictures in a row that are shown before the one that they need, wherever the cut lies
        const coding = "-c:v libx264 -g 250 -sc_threshold 0 -bf 3 -b_strategy 0 -pix_fmt yuv420p".split(" ");
        const joined = ["-filter_complex", "[0:v]setsar=1[a];[1:v]setsar=1[b];[a][b]concat", ...coding, file];
        execFileSync(tools.ffmpeg, ["-v", "error", ...inputs, ...joined]);
        const { video } = await probeMedia(tools, file, signal);
        if (!video) throw new Error("no video");
        expect(skippable(video)).toEqual(["bidir", "noref"]);
        const given: number[] = [];
        const watched = await watch({
          ...{ tools, file, video, startSeconds: 0, seconds: 3, rate, threads: 1, signal },
          onPicture: (_, frame) => void given.push(frame),
        });
        expect(watched.frames, `${cut}`).toBe(90);
        expect(findCuts(watched.thumbs, watched.fps), `${cut}`).toEqual([cut]);
        expect(new Set(watched.thumbs).size, `${cut}`).toBeLessThan(40);
        expect(given.length, `${cut}`).toBeGreaterThanOrEqual(12);
        expect(
          given.toSorted((a, b) => a - b),
          `${cut}`,
        ).toEqual([...new Set(given)]);
      }
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test.skipIf(!tools).each([
  { name: "60 pictures a second", rate: 60, kept: "1", fps: 60 },
  { name: "24 pictures a second", rate: 24, kept: "1", fps: 24 },
  { name: "pictures that come in bursts", rate: 30, kept: "lt(mod(n,37),12)", fps: 10 },
  { name: "a picture every four seconds", rate: 30, kept: "eq(mod(n,120),0)", fps: 0.25 },
])("frame n of $name is the renderer's frame n (needs ffmpeg)", async ({ rate: shown, kept, fps }) => {
  if (!tools) return;
  const dir = mkdtempSync(join(tmpdir(), "kangklip-analysis-"));
  const signal = new AbortController().signal;
  try {
    const file = join(dir, "a.mp4");
    const input = (graph: string) => ["-f", "lavfi", "-t", "7", "-i", `${graph}=s=96x54:r=${shown}`];
    const graph = `[0:v]setsar=1[a];[1:v]setsar=1[b];[a][b]concat,select='${kept}'`;
    const coding = "-fps_mode vfr -c:v libx264 -bf 3 -b_strategy 0 -pix_fmt yuv420p".split(" ");
    const joined = ["-filter_complex", graph, ...coding, file];
    execFileSync(tools.ffmpeg, ["-v", "error", ...input("testsrc2"), ...input("mandelbrot"), ...joined]);
    const { video } = await probeMedia(tools, file, signal);
    if (!video) throw new Error("no video");
    const rate = outputRate(fps < 24 ? 30 : fps, 30);
    const [startSeconds, seconds] = [3.31, 9];
    const watched = await watch({
      ...{ tools, file, video, startSeconds, seconds, rate, threads: 1, signal },
      onPicture: () => {},
    });
    const asRendered = execFileSync(tools.ffmpeg, [
      ...["-v", "error", "-noaccurate_seek", "-ss", `${startSeconds}`, "-i", file],
      ...["-vf", `fps=${rate.text}:start_time=0,scale=32:18:flags=area,format=gray`],
      ...["-frames:v", `${Math.round(seconds * rate.fps)}`, "-f", "rawvideo", "pipe:1"],
    ]);
    const thumbs = Array.from({ length: asRendered.length / 576 }, (_, i) =>
      asRendered.subarray(i * 576, (i + 1) * 576),
    );
    expect(watched.frames).toBe(Math.round(seconds * rate.fps));
    expect(findCuts(watched.thumbs, rate.fps)).toEqual(findCuts(thumbs, rate.fps));
    expect(findCuts(watched.thumbs, rate.fps)).not.toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.skipIf(!tools)(
  "where the first way shows too few pictures, what is given of both is the same each time (needs ffmpeg)",
  async () => {
    if (!tools) return;
    const signal = new AbortController().signal;
    const file = fileURLToPath(new URL("../../../../tooling/sample/talk-small.mp4", import.meta.url));
    const { video } = await probeMedia(tools, file, signal);
    if (!video) throw new Error("no video");
    const looks = [];
    for (let i = 0; i < 6; i++) {
      const given: number[] = [];
      const watched = await watch({
        ...{ tools, file, video, startSeconds: 2.3, seconds: 20, rate: outputRate(30, 30) },
        ...{ threads: 2, signal, onPicture: (_, frame) => void given.push(frame) },
      });
      looks.push({ given, seen: new Set(watched.thumbs).size });
    }
    expect(new Set(looks.map((look) => JSON.stringify(look))).size).toBe(1);
    expect(looks[0]?.seen).toBeGreaterThan(120);
  },
);

test.skipIf(!tools)(
  "the last picture of a file that ends early stays, and what its tags say is taken for nothing else (needs ffmpeg)",
  async () => {
    if (!tools) return;
    const dir = mkdtempSync(join(tmpdir(), "kangklip-analysis-"));
    const signal = new AbortController().signal;
    try {
      const file = join(dir, "a.mkv");
      const lie = "a\n[Parsed_showinfo_3 @ 0x55] n:   0 pts:     80 pts_time:2 \nb";
      const source = ["-f", "lavfi", "-t", "2", "-i", "testsrc2=s=96x54:r=30"];
      execFileSync(tools.ffmpeg, ["-v", "error", ...source, "-metadata", `title=${lie}`, "-bf", "0", file]);
      const { video } = await probeMedia(tools, file, signal);
      if (!video) throw new Error("no video");
      const watched = await watch({
        ...{ tools, file, video, startSeconds: 0, seconds: 3, rate: outputRate(30, 30), threads: 1, signal },
        onPicture: () => {},
      });
      expect(watched.frames).toBe(90);
      expect(watched.lumas.slice(0, 20).map(({ frame }) => frame)).toEqual(
        Array.from({ length: 20 }, (_, i) => i * 3),
      );
      expect(watched.thumbs[89]).toEqual(watched.thumbs[59]);
      expect(watched.thumbs[58]).not.toEqual(watched.thumbs[59]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test.skipIf(!tools)(
  "pictures stay as they were, however many come after them, until all are given back (needs ffmpeg)",
  async () => {
    if (!tools) return;
    const dir = mkdtempSync(join(tmpdir(), "kangklip-analysis-"));
    try {
      const file = join(dir, "a.mp4");
      const coding = "-c:v libx264 -bf 0 -pix_fmt yuv420p".split(" "); // every picture is decoded, two of three are not kept
      execFileSync(tools.ffmpeg, ["-v", "error", "-f", "lavfi", "-i", "testsrc2=d=3:r=30", ...coding, file]);
      const { signal } = new AbortController();
      const { video } = await probeMedia(tools, file, signal);
      if (!video) throw new Error("no video");
      const kept: { data: Uint8Array; was: Buffer }[] = [];
      const watched = await watch({
        ...{ tools, file, video, startSeconds: 0, seconds: 3, rate: outputRate(30, 30), threads: 1, signal },
        onPicture: ({ data }) => void kept.push({ data, was: Buffer.from(data) }),
      });
      expect(kept).toHaveLength(15);
      expect(watched.lumas.map(({ frame }) => frame)).toEqual(Array.from({ length: 30 }, (_, i) => 3 * i));
      expect(kept.every(({ data, was }) => was.equals(data))).toBe(true);
      for (const [i, { was }] of kept.entries()) {
        const { luma = new Uint8Array() } = watched.lumas[2 * i] ?? {};
        expect(was.subarray(0, luma.length).equals(luma)).toBe(true);
      }
      watched[Symbol.dispose]();
      expect(
        [...kept.map(({ data }) => data), ...watched.lumas.map(({ luma }) => luma)].map(
          ({ length }) => length,
        ),
      ).toEqual(Array.from({ length: 45 }, () => 0));
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
);

test("what may be left out depends on how a file is stored", () => {
  const video = { index: 0, codec: "h264", width: 64, height: 36, rotation: 0, sar: 1, fps: 30, hdr: false };
  expect(skippable(video)).toEqual(["bidir", "noref"]);
  expect(skippable({ ...video, codec: "hevc", reordered: true })).toEqual(["noref"]);
  expect(skippable({ ...video, reordered: false })).toEqual(["none"]);
});

test("one decode of the stretch alone: limits and seek before the input, numbered from its start", () => {
  const video = {
    ...{ index: 1, codec: "h264", width: 720, height: 576, rotation: 0, sar: 64 / 45, fps: 25, hdr: false },
  };
  const rate = { text: "25/1", fps: 25 };
  const args = watchArgs({
    file: "in.mp4",
    video,
    startSeconds: 61.5,
    seconds: 30,
    rate,
    threads: 2,
    skipped: "none",
  });
  expect(args.slice(args.indexOf("-noaccurate_seek"))).toEqual([
    ...["-noaccurate_seek", "-ss", "61.500000", "-i", "in.mp4", "-map", "0:1"],
    "-vf",
    "settb=1/(25/1),trim=end_pts=750,scale=480:270:flags=area,setsar=1,format=yuv420p,showinfo=checksum=0",
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
  ]);
  for (const limit of ["-protocol_whitelist", "-format_whitelist", "-max_pixels"])
    expect(args.indexOf(limit)).toBeLessThan(args.indexOf("-i"));
});

test("shots of less than the shortest length join the one before, and the last one is no remnant", () => {
  expect(shotBounds(300, [2, 50, 53, 120, 298], 6)).toEqual([0, 50, 120]);
  expect(shotBounds(0, [], 6)).toEqual([0]);
});
