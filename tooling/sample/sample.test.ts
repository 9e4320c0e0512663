import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ensureSample, KEPT } from "./make.ts";
import { composeMusic } from "./music.ts";
import { lineAt } from "./pictures.ts";
import { INTRO_SECONDS, OUTRO_SECONDS, SCRIPT } from "./script.ts";
import { findSpeech, loudnessAt, RATE, type Speak, speakTalk, type Talk } from "./speech.ts";
import { stamp, toYuv } from "./yuv.ts";

const signal = new AbortController().signal;
const speech = await findSpeech("ffmpeg");
/** One second of a loud tone per line, half a second of silence around it. */
const beep: Speak = async () =>
  Int16Array.from({ length: 2 * RATE }, (_, i) =>
    i > RATE / 2 && i < 1.5 * RATE ? 9000 * Math.sin(i / 4) : 0,
  );

let dir: string;
let talk: Talk;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-sample-test-"));
  talk = await speakTalk(beep, dir, signal);
});
afterAll(() => rm(dir, { recursive: true }));

const rms = (samples: Int16Array, from: number, to: number) => {
  const part = samples.subarray(Math.round(from * RATE), Math.round(to * RATE));
  return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
};

test("lines follow each other with their pauses between them", () => {
  expect(talk.lines.map(({ text }) => text)).toEqual(SCRIPT.map(({ text }) => text));
  expect(talk.lines[0]?.startSeconds).toBe(INTRO_SECONDS);
  for (const [index, line] of talk.lines.entries()) {
    const next = talk.lines[index + 1]?.startSeconds ?? talk.seconds - OUTRO_SECONDS;
    expect(next - line.endSeconds).toBeCloseTo(line.pauseSeconds, 3);
    expect(line.endSeconds - line.startSeconds).toBeCloseTo(1.15, 1); // the silence around the tone is cut away
    expect(loudnessAt(talk, (line.startSeconds + line.endSeconds) / 2)).toBeGreaterThan(0.8);
    expect(loudnessAt(talk, line.endSeconds + 0.1)).toBe(0);
  }
});

test("a shot changes in the middle of a pause", () => {
  const at = talk.lines.findIndex((line, index) => line.shot !== talk.lines[index + 1]?.shot);
  const [before, after] = [talk.lines[at], talk.lines[at + 1]];
  const middle = ((before?.endSeconds ?? 0) + (after?.startSeconds ?? 0)) / 2;
  expect(lineAt(talk, middle - 0.01)).toBe(before);
  expect(lineAt(talk, middle + 0.01)).toBe(after);
});

test("music plays alone at both ends, far below every voice, and goes silent in between", () => {
  const music = composeMusic(talk);
  expect(music.length).toBe(talk.samples.length);
  const alone = rms(music, 1, 2);
  expect(alone).toBeGreaterThan(500);
  expect(rms(music, talk.seconds - 2.5, talk.seconds - 1.5)).toBeGreaterThan(500);
  const levels = talk.lines.map(({ startSeconds, endSeconds }) => rms(music, startSeconds, endSeconds));
  expect(Math.max(...levels)).toBeLessThan(alone / 5);
  expect(Math.min(...levels)).toBe(0);
});

test("colours become BT.709 in limited range", () => {
  const data = new Uint8ClampedArray([0, 0, 0, 255, 255, 255, 255, 255, 255, 0, 0, 255, 0, 0, 255, 255]);
  // SMPTE's figures for black, white, red and blue; chroma is that of the upper left pixel
  expect([...toYuv({ width: 2, height: 2, data }).data]).toEqual([16, 235, 63, 32, 128, 128]);
});

test("a stamp lands on all three planes and is cut off at the picture's edge", () => {
  const picture = { width: 4, height: 4, data: new Uint8Array(24) };
  const patch = { width: 4, height: 2, data: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 10, 10]) };
  stamp(picture, patch, 2, 2);
  expect([...picture.data.subarray(0, 16)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 5, 6]);
  expect([...picture.data.subarray(16)]).toEqual([0, 0, 0, 9, 0, 0, 0, 10]);
});

test.skipIf(!speech)("both voices speak (needs flite)", async () => {
  await writeFile(join(dir, "hello.txt"), "Good morning to everybody.");
  const host = await speech?.(dir, "hello.txt", "slt");
  const guest = await speech?.(dir, "hello.txt", "rms");
  for (const samples of [host, guest]) {
    expect((samples?.length ?? 0) / RATE).toBeGreaterThan(0.8);
    expect(rms(samples ?? new Int16Array(1), 0.2, 0.8)).toBeGreaterThan(300);
  }
  expect(host).not.toEqual(guest);
});

test.skipIf(!speech)("a making that fails or is aborted leaves nothing behind (needs flite)", async () => {
  const place = join(dir, "failed");
  await expect(ensureSample({ dir: place, ffmpeg: "false", signal })).rejects.toThrow();
  expect(await readdir(place)).toEqual([]);
  const aborted = AbortSignal.abort(new Error("enough"));
  await expect(ensureSample({ dir: place, ffmpeg: "ffmpeg", signal: aborted })).rejects.toThrow("enough");
  expect(await readdir(place)).toEqual([]);
});

test("where nothing can speak, the small talk kept with the code takes its place", async () => {
  const { PATH } = process.env;
  process.env.PATH = dir;
  try {
    expect(await ensureSample({ dir: join(dir, "unused"), ffmpeg: "no-such-program", signal })).toBe(KEPT);
    expect((await stat(KEPT)).size).toBeGreaterThan(1e6);
  } finally {
    process.env.PATH = PATH;
  }
});
