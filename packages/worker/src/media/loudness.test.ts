import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { FetchedSource } from "../stage.ts";
import { clipTimeline } from "./clip-timeline.ts";
import { findTools } from "./ffmpeg.ts";
import { clipSound, parseEbur128 } from "./loudness.ts";
import { probeMedia } from "./probe.ts";

const exec = promisify(execFile);
const tools = await findTools({}).catch(() => null);
const signal = new AbortController().signal;

/** Makes a sound file out of a lavfi graph, renders stretches of it, and gives the finished sound as samples of its left side. */
async function soundOf(graph: string, segments: [number, number][]) {
  if (!tools) throw new Error("needs ffmpeg");
  const dir = await mkdtemp(join(tmpdir(), "kangklip-sound-"));
  try {
    const file = join(dir, "source.mkv");
    await exec(tools.ffmpeg, ["-v", "error", "-f", "lavfi", "-i", graph, "-c:a", "flac", file]);
    const info = await probeMedia(tools, file, signal);
    const timeline = clipTimeline(
      segments.map(([start, end]) => ({ start, end, text: "" })),
      { text: "30/1", fps: 30 },
    );
    const loudness = await clipSound({
      tools,
      source: { file, info } as FetchedSource,
      timeline,
      dir,
      signal,
    });
    const left = await readdir(dir);
    const { stdout } = await exec(
      tools.ffmpeg,
      ["-v", "error", "-i", join(dir, "sound.m4a"), "-af", "pan=mono|c0=c0", "-f", "f32le", "-"],
      { encoding: "buffer", maxBuffer: 1 << 26 },
    );
    const samples = new Float32Array(stdout.buffer, stdout.byteOffset, stdout.length / 4);
    return { loudness, samples, left };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

const loudestOf = (samples: Float32Array) =>
  samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);

/** Speech-like: bursts of noise with pauses, far too quiet, with one loud knock. */
const QUIET_TALK =
  "aevalsrc='0.02*(random(0)-0.5)*lt(mod(t,0.7),0.5)+0.5*sin(1000*t)*between(t,2,2.01)':s=48000:d=7";

test.skipIf(!tools)(
  "quiet sound with a loud knock ends at -14 LUFS and under -1 dBTP (needs ffmpeg)",
  async () => {
    const { loudness, samples, left } = await soundOf(QUIET_TALK, [[0.5, 6.5]]);
    expect(loudness.integrated).toBeGreaterThan(-15);
    expect(loudness.integrated).toBeLessThan(-13);
    expect(loudness.truePeak).toBeLessThanOrEqual(-1);
    expect(Math.abs(samples.length - 6 * 48_000)).toBeLessThanOrEqual(1024);
    expect(left.sort()).toEqual(["sound.m4a", "source.mkv"]);
  },
);

test.skipIf(!tools)("silence is not amplified (needs ffmpeg)", async () => {
  const { loudness, samples } = await soundOf("aevalsrc='0.0001*(random(0)-0.5)':s=48000:d=4", [[0, 4]]);
  expect(loudness.integrated).toBeLessThan(-60);
  expect(samples.every((sample) => Math.abs(sample) < 0.001)).toBe(true);
});

test.skipIf(!tools)(
  "joints and ends are faded: no step is louder than the tone's own (needs ffmpeg)",
  async () => {
    const { samples } = await soundOf("sine=f=200:r=48000:d=8", [
      [1.0012, 3],
      [4.0037, 6],
    ]);
    const step = loudestOf(samples.subarray(1).map((sample, i) => sample - (samples[i] ?? 0)));
    const loudest = loudestOf(samples);
    // a sine of 200 Hz moves by at most 2π · 200 / 48000 of its height from one sample to the next
    expect(step).toBeLessThan(loudest * 0.026 * 2);
    expect(Math.abs(samples[0] ?? 1)).toBeLessThan(0.01);
  },
);

test.skipIf(!tools)("sound that ends early is followed by silence (needs ffmpeg)", async () => {
  const { samples } = await soundOf("sine=f=300:r=48000:d=4", [[2, 6]]);
  expect(Math.abs(samples.length - 4 * 48_000)).toBeLessThanOrEqual(1024);
  expect(loudestOf(samples.subarray(110_000))).toBeLessThan(0.001);
});

test("the summary of ebur128 is read, silence included", () => {
  const summary = (level: string, peak: string) =>
    `t: 1 I: -70.0 LUFS\n[x] Summary:\n\n  Integrated loudness:\n    I:         ${level} LUFS\n    Threshold: -24.4 LUFS\n\n  Loudness range:\n    LRA:         3.2 LU\n\n  True peak:\n    Peak:       ${peak} dBFS\n`;
  expect(parseEbur128(summary("-14.2", "-1.3"))).toEqual({ integrated: -14.2, truePeak: -1.3, range: 3.2 });
  expect(parseEbur128(summary("-70.0", "-inf"))).toEqual({
    integrated: -70,
    truePeak: Number.NEGATIVE_INFINITY,
    range: 3.2,
  });
});
