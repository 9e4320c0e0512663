import { spawn } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Word } from "@kangklip/contract";
import { ROBOTO_BLACK, ROBOTO_BOLD } from "../../../packages/worker/src/captions/looks.ts";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { originalAss, originalCues } from "../quality/original.ts";
import { losslessArgs } from "./media.ts";
import { killGroup, measured, QUIET, ran, type Took } from "./run.ts";
import type { Order, Shape, Step } from "./shapes.ts";

const TALK =
  "every long talk hides a few good minutes and this line stands where real words of a speaker would be shown".split(
    " ",
  );
const WORDS_PER_SECOND = 2.6;

/** What is said from `start` for so many seconds, on the source's timeline. */
export const wordsFor = (start: number, seconds: number): Word[] =>
  Array.from({ length: Math.floor(seconds * WORDS_PER_SECOND) }, (_, i) => ({
    word: TALK[i % TALK.length] ?? "",
    start: start + i / WORDS_PER_SECOND,
    end: start + (i + 0.9) / WORDS_PER_SECOND,
  }));

/** The folder of a shape's clip, with captions in it: of 1.x's kind, unless a file is given. */
export async function shapeDir(
  dir: string,
  { start, seconds }: { start: number; seconds: number },
  ass?: string,
): Promise<string> {
  await mkdir(join(dir, "fonts"), { recursive: true });
  for (const { file } of [ROBOTO_BOLD, ROBOTO_BLACK])
    await copyFile(file, join(dir, "fonts", basename(file)));
  if (ass !== undefined) {
    await copyFile(ass, join(dir, "captions.ass"));
    return dir;
  }
  const words = wordsFor(start, seconds);
  const lines = Array.from({ length: Math.ceil(words.length / 8) }, (_, i) => words.slice(i * 8, i * 8 + 8));
  const transcript = lines.map((line) => ({
    start: line[0]?.start ?? 0,
    duration: (line.at(-1)?.end ?? 0) - (line[0]?.start ?? 0),
    text: line.map(({ word }) => word).join(" "),
    words: line,
  }));
  await writeFile(
    join(dir, "captions.ass"),
    originalAss(originalCues(transcript, [{ start, end: start + seconds }])),
  );
  return dir;
}

/** Makes a shape's clip, step by step. @throws Error with ffmpeg's last words */
export const runShape = (
  { ffmpeg }: Pick<Tools, "ffmpeg">,
  shape: Shape,
  order: Order,
  signal: AbortSignal,
): Promise<Took> =>
  measured(async (started) => {
    for (const step of shape.steps(order)) {
      const program = (args: readonly string[]) => ({
        command: ffmpeg,
        args: [...QUIET, ...args],
        cwd: order.dir,
      });
      if (isPipe(step)) await piped(ffmpeg, step, { cwd: order.dir, signal, started });
      else await ran(program(step), signal, started);
    }
    return {};
  });

/** What the shape's clip would be if nothing were ever encoded, without loss. @returns its path */
export async function unencoded(
  { ffmpeg }: Pick<Tools, "ffmpeg">,
  shape: Shape,
  order: Order,
  signal: AbortSignal,
): Promise<string> {
  const output = join(order.dir, "unencoded.mp4");
  const args = losslessArgs({ ...order, picture: shape.picture(order) }, output);
  await ran({ command: ffmpeg, args: [...QUIET, ...args], cwd: order.dir }, signal);
  return output;
}

const isPipe = (step: Step): step is readonly [readonly string[], readonly string[]] =>
  Array.isArray(step[0]);

async function piped(
  ffmpeg: string,
  [from, to]: readonly [readonly string[], readonly string[]],
  { cwd, signal, started }: { cwd: string; signal: AbortSignal; started: Parameters<typeof ran>[2] },
): Promise<void> {
  const consumer = spawn(ffmpeg, [...QUIET_PIPE, ...to], {
    ...{ cwd, detached: true, stdio: ["pipe", "ignore", "pipe"] as const },
  });
  const producer = spawn(ffmpeg, [...QUIET, ...from], {
    ...{ cwd, detached: true, stdio: ["ignore", consumer.stdin, "pipe"] as const },
  });
  consumer.stdin.destroy(); // both ends belong to the children now
  const ends = [producer, consumer].map((child) => {
    started?.(child);
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4000);
    });
    return new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) =>
        code === 0 ? resolve() : reject(new Error(`ffmpeg ended with ${code}: ${said}`)),
      );
    });
  });
  const stop = () => [producer, consumer].forEach(killGroup);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.all(ends);
  } finally {
    stop();
    signal.removeEventListener("abort", stop);
  }
}

/** As usual, but its input is the pipe. */
const QUIET_PIPE = QUIET.filter((option) => option !== "-nostdin");
