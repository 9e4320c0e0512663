import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findTools } from "../media/ffmpeg.ts";
import { keyFrameShots } from "./key-shots.ts";

const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => undefined);

describe.skipIf(!tools)("shots by key frames (needs ffmpeg)", () => {
  if (!tools) return;
  const { signal } = new AbortController();
  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kangklip-shots-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** Scenes of three seconds, each a grey level with a moving pattern upon it. */
  function scenes(name: string, levels: number[], options: string[]) {
    const file = join(dir, name);
    const inputs = levels.flatMap((level) => [
      "-f",
      "lavfi",
      "-i",
      `color=0x${level.toString(16).repeat(3)}:s=160x90:r=25:d=3,drawgrid=w=20:h=20:t=1:color=white@0.2`,
    ]);
    const streams = levels.map((_, index) => `[${index}:v]`).join("");
    const graph = `${streams}concat=n=${levels.length}:v=1[v]`;
    const args = ["-v", "error", "-y", ...inputs, "-filter_complex", graph, "-map", "[v]", "-c:v", "libx264"];
    execFileSync(tools?.ffmpeg ?? "", [...args, "-preset", "ultrafast", ...options, file]);
    return file;
  }

  test("finds the cuts that an encoder marked with key frames, and no others", async () => {
    const file = scenes("cuts.mp4", [0x20, 0xd0, 0x60, 0xb0], ["-g", "25", "-sc_threshold", "40"]);
    const fractions: number[] = [];
    const shots = await keyFrameShots({
      tools,
      file,
      signal,
      onProgress: (fraction) => fractions.push(fraction),
    });
    expect(shots).toEqual([3, 6, 9]);
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
  });

  test("reports a cut between two key frames at the later one", async () => {
    const file = scenes("late.mp4", [0x20, 0xd0], ["-g", "50", "-sc_threshold", "0"]);
    expect(await keyFrameShots({ tools, file, signal, onProgress() {} })).toEqual([4]);
  });

  test("gives what it has when the time runs out, and stops when it is told to", async () => {
    const file = scenes("short.mp4", [0x20, 0xd0], ["-g", "25"]);
    expect(await keyFrameShots({ tools, file, signal, onProgress() {}, timeoutMs: 1 })).toEqual([]);
    const aborted = AbortSignal.abort(new Error("cancelled"));
    await expect(keyFrameShots({ tools, file, signal: aborted, onProgress() {} })).rejects.toThrow();
  });
});
