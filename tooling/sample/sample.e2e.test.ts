import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureSample } from "./make.ts";
import { findSpeech } from "./speech.ts";

const exec = promisify(execFile);
const speech = await findSpeech("ffmpeg");
let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-sample-test-"));
});
afterAll(() => rm(dir, { recursive: true }));

test.skipIf(!speech)(
  "a making that is stopped half way leaves nothing behind (needs flite)",
  async () => {
    const stop = new AbortController();
    const onProgress = (fraction: number) => fraction > 0.02 && stop.abort(new Error("stopped"));
    await expect(ensureSample({ dir, ffmpeg: "ffmpeg", signal: stop.signal, onProgress })).rejects.toThrow(
      "stopped",
    );
    expect(await readdir(dir)).toEqual([]);
  },
  60_000,
);

test.skipIf(!speech)(
  "the talk is four minutes of full HD with several shots, and as loud as a broadcast (needs flite)",
  async () => {
    const { signal } = new AbortController();
    // where the demo was run with the same DATA_DIR it has made the talk already
    const home = process.env.DATA_DIR ? join(process.env.DATA_DIR, "sample") : join(dir, "whole");
    const file = await ensureSample({ dir: home, ffmpeg: "ffmpeg", signal });
    const entries = "stream=codec_name,width,height,r_frame_rate:format=duration";
    const probed = await exec("ffprobe", ["-v", "error", "-show_entries", entries, "-of", "json", file]);
    const { streams, format } = JSON.parse(probed.stdout);
    expect(streams).toMatchObject([
      { codec_name: "h264", width: 1920, height: 1080, r_frame_rate: "30/1" },
      { codec_name: "aac" },
    ]);
    expect(Number(format.duration)).toBeGreaterThan(180);
    expect(Number(format.duration)).toBeLessThan(300);
    const cuts = ["-v", "info", "-i", file, "-vf", "scale=160:90,scdet=t=4", "-an", "-f", "null", "-"];
    expect((await exec("ffmpeg", cuts)).stderr.match(/lavfi\.scd\.time/g)?.length).toBeGreaterThan(20);
    const loudness = ["-nostats", "-i", file, "-vn", "-af", "ebur128", "-f", "null", "-"];
    const [, lufs] =
      /Integrated loudness:\s+I:\s+(-[\d.]+) LUFS/.exec((await exec("ffmpeg", loudness)).stderr) ?? [];
    expect(Number(lufs)).toBeGreaterThan(-18);
    expect(Number(lufs)).toBeLessThan(-12);
    expect(await ensureSample({ dir: home, ffmpeg: "not needed any more", signal })).toBe(file);
    expect((await readdir(home)).filter((name) => name.startsWith("."))).toEqual([]);
  },
  300_000,
);
