import { expect, test } from "vitest";
import type { Readers, Result } from "../api/bench.ts";
import { unitArgs } from "./fixtures.ts";
import { differing, type Quality } from "./media.ts";
import { apiFigures } from "./part-api.ts";
import { passesOf } from "./part-clips.ts";
import { against } from "./part-cpu.ts";
import { firstClip } from "./part-job.ts";
import { FULL, QUICK, TINY } from "./profile.ts";
import { wordsFor } from "./shape-run.ts";
import { seenIn } from "./watched-ffmpeg.ts";

const quality = (ssimDb: number, kbps: number, vmaf: number | null = null): Quality => ({
  ssimDb,
  vmaf,
  kbps,
});
const beside = (own: Quality | undefined, other: Quality | undefined, name = "supoclip") =>
  against({ name, what: "it" }, { ours: [10, 12], theirs: [50, 48], own, other });

test("a ratio says how many times as much the other one takes; to the floor, ours", () => {
  expect(beside(quality(19, 3000), quality(19, 3000))).toMatchObject({
    id: "cpu.supoclip",
    value: 4.5,
    samples: [5, 4],
  });
  expect(beside(quality(19, 3000), quality(19, 3000), "floor").samples).toEqual([0.2, 0.25]);
});

test.each([
  ["worse", quality(18.9, 2000), quality(19, 3000), "ours looks worse"],
  ["worse to VMAF", quality(19, 2000, 90), quality(19, 3000, 93), "ours looks worse"],
  ["bigger", quality(19.5, 3100), quality(19, 3000), "ours takes more bits"],
  ["both", quality(18, 3100), quality(19, 3000), "ours looks worse and ours takes more bits"],
  [
    "without a picture to compare with",
    undefined,
    quality(19, 3000),
    expect.stringContaining("could not be compared"),
  ],
])("a ratio does not count where ours is %s", (_, own, other, why) => {
  expect(beside(own, other).doesNotCount).toEqual(why);
});

test("what is within rounding counts", () => {
  expect(beside(quality(18.96, 3050), quality(19, 3000))).not.toHaveProperty("doesNotCount");
});

test("frames that differ are counted place by place, and so are those that only one side has", () => {
  expect(differing(["a", "b"], ["a", "b"])).toBe(0);
  expect(differing(["a", "b", "c"], ["a", "x"])).toBe(2);
});

test("ffmpeg's own counters are read", () => {
  const lines = [
    "Input file #0 (/tmp/source.mp4):",
    "  Input stream #0:0 (video): 310 packets read (7649 bytes); 300 frames decoded; ",
    "  Input stream #0:1 (audio): 45 packets read (8989 bytes); 44 frames decoded (45056 samples); ",
    "Output file #0 (preview.mp4):",
    "  Output stream #0:0 (video): 180 frames encoded; 180 packets muxed (11800 bytes); ",
    "Output file #1 (.part-clip.mp4):",
    "  Output stream #1:0 (video): 180 frames encoded; 180 packets muxed (11800 bytes); ",
    "  Output stream #1:1 (audio): 45 packets muxed (8989 bytes); ",
  ];
  const run = seenIn({ args: [], lines });
  expect(run).toEqual({
    args: [],
    decoded: [{ file: "/tmp/source.mp4", frames: 300 }],
    encoded: [
      { file: "preview.mp4", frames: 180 },
      { file: ".part-clip.mp4", frames: 180 },
    ],
  });
  expect(passesOf({ runs: [run] }, 180)).toEqual({
    ...{ encodes: 1, decodes: 1.67 },
    note: "180 pictures; decoded from source.mp4 300",
  });
});

test("the first clip is to be stored before the last one is made", () => {
  const job = (...at: number[]) => ({
    totalSeconds: 100,
    stored: [
      { name: "edl.json", seconds: 1 },
      ...at.map((seconds, i) => ({ name: `clip_0${i + 1}.mp4`, seconds })),
    ],
  });
  const values = (...at: number[]) => firstClip(job(...at)).map(({ value }) => value);
  expect(values(40, 70, 98)).toEqual([0.4, 1]);
  expect(values(98, 98.5, 99)).toEqual([0.98, 0]);
  expect(values(98)).toEqual([0.98, 1]);
  expect(values()).toEqual([null, 0]);
});

test("the control plane's figures are ratios to stock tRPC and to bare Express", () => {
  const readers = (bytesEach: number, cpuUsEach: number, p99: number) =>
    ({ expected: 100, delivered: 100, bytesEach, cpuUsEach, p99 }) as Readers;
  const rate = (perCpuSecond: number) => ({ perSecond: 1, perCpuSecond, p50: 1, p99: 1, errors: 0 });
  const rates = { "our REST door": rate(800), "bare Express": rate(1000) };
  const result = {
    events: {
      "our stream, one job": readers(18_000, 40, 100),
      "tRPC's own adapter, one job": readers(126_000, 120, 500),
    },
    ...{ reads: rates, creates: rates },
  } as unknown as Result;
  const values = (faults: string[] = []) =>
    Object.fromEntries(apiFigures(result, faults).map(({ id, value }) => [id, value]));
  expect(values()).toEqual({
    ...{ "api.delivered": 1, "api.bytes": 18, "api.memory": 7, "api.cpu": 3, "api.p99": 5 },
    ...{ "api.reads": 0.8, "api.creates": 0.8 },
  });
  expect(values(["one was lost"])["api.delivered"]).toBe(0);
});

test("the unit is 4 Mbit/s of Full HD with a key frame every 5 s", () => {
  const args = unitArgs(FULL.unit).join(" ");
  for (const part of ["-t 150 ", "scale=1920:1080", "noise=alls=7", "-b:v 4000k", "-g 150", "-b:a 128k"])
    expect(args).toContain(part);
});

test("every profile's clips lie in its sources", () => {
  for (const profile of [FULL, QUICK, TINY]) {
    const { minutes, starts, clipSeconds, lengths, sweepStarts, sweepClipSeconds, name } = profile;
    expect(Math.max(...starts) + clipSeconds, name).toBeLessThan(minutes * 60);
    expect(Math.max(...sweepStarts) + sweepClipSeconds, name).toBeLessThan(Math.min(...lengths) * 60);
    expect(profile.pairs.light, name).toBeGreaterThanOrEqual(profile.pairs.heavy);
    for (const length of [minutes, ...lengths, profile.job.minutes])
      expect((length * 60) % profile.unit.seconds, `${name}: whole units of ${length} minutes`).toBe(0);
  }
});

test("words lie in the clip, one after the other", () => {
  const words = wordsFor(600, 30);
  expect(words).toHaveLength(78);
  expect(words[0]?.start).toBe(600);
  expect(words.at(-1)?.end).toBeLessThanOrEqual(630);
});
