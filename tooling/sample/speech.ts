import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { INTRO_SECONDS, type Line, OUTRO_SECONDS, SCRIPT } from "./script.ts";

const exec = promisify(execFile);
/** Samples per second of flite's voices slt and rms. */
export const RATE = 16_000;
const VOICES: Record<Line["speaker"], string> = { host: "slt", guest: "rms" };

/** A line with its place in the talk. */
export interface SpokenLine extends Line {
  startSeconds: number;
  endSeconds: number;
}
export interface Talk {
  lines: SpokenLine[];
  seconds: number;
  /** Mono, 16 bit, `RATE` samples per second. */
  samples: Int16Array;
}

/** Speaks the text file `name` in the folder `dir` with one of flite's voices: mono samples, `RATE` per second. */
export type Speak = (dir: string, name: string, voice: string) => Promise<Int16Array>;

/**
 * The speech tool of this machine: the program `flite`, else ffmpeg's own flite filter (Debian's ffmpeg has it).
 * @returns undefined where neither speaks.
 */
export async function findSpeech(ffmpeg: string): Promise<Speak | undefined> {
  const withFilter: Speak = (dir, name, voice) =>
    readSamples(ffmpeg, dir, ["-f", "lavfi", "-i", `flite=textfile=${name}:voice=${voice}`]);
  const withProgram: Speak = async (dir, name, voice) => {
    await exec("flite", ["-voice", voice, "-f", name, "-o", `${name}.wav`], { cwd: dir });
    return readSamples(ffmpeg, dir, ["-i", `${name}.wav`]);
  };
  const says = (program: string, args: string[], needle: string) =>
    exec(program, args).then(
      ({ stdout }) => stdout.includes(needle),
      () => false,
    );
  if (await says("flite", ["-lv"], "slt")) return withProgram;
  if (await says(ffmpeg, ["-hide_banner", "-filters"], " flite ")) return withFilter;
  return undefined;
}

async function readSamples(ffmpeg: string, dir: string, input: string[]): Promise<Int16Array> {
  const args = ["-v", "error", "-nostdin", ...input, "-ac", "1", "-ar", `${RATE}`, "-f", "s16le", "pipe:1"];
  const { stdout } = await exec(ffmpeg, args, { cwd: dir, encoding: "buffer", maxBuffer: 64 << 20 });
  return new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + stdout.length));
}

/** Speaks the whole script, with its pauses, several lines at a time. Its text files are written into `dir` and stay there. */
export async function speakTalk(speak: Speak, dir: string, signal: AbortSignal): Promise<Talk> {
  const spoken: Int16Array[] = [];
  const waiting = SCRIPT.entries();
  const speakSome = async () => {
    for (const [index, { text, speaker }] of waiting) {
      signal.throwIfAborted();
      const name = `line-${index}.txt`;
      await writeFile(join(dir, name), text);
      spoken[index] = trimmed(await speak(dir, name, VOICES[speaker]));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, speakSome));
  let at = Math.round(INTRO_SECONDS * RATE);
  const lines = SCRIPT.map((line, index): SpokenLine => {
    const startSeconds = at / RATE;
    const endSeconds = startSeconds + (spoken[index]?.length ?? 0) / RATE;
    at += (spoken[index]?.length ?? 0) + Math.round(line.pauseSeconds * RATE);
    return { ...line, startSeconds, endSeconds };
  });
  const samples = new Int16Array(at + Math.round(OUTRO_SECONDS * RATE));
  for (const [index, { startSeconds }] of lines.entries())
    samples.set(spoken[index] ?? [], Math.round(startSeconds * RATE));
  return { lines, samples, seconds: samples.length / RATE };
}

/** Without the silence that the voices put before and after a sentence. */
function trimmed(samples: Int16Array): Int16Array {
  const loud = (value: number) => Math.abs(value) > 300;
  const first = samples.findIndex(loud);
  const last = samples.findLastIndex(loud);
  return samples.subarray(Math.max(0, first - 800), last + 1600);
}

/** How loud the talk is at a time, 0..1 of its loudest voice, over 1/15 s. */
export function loudnessAt({ samples }: Talk, seconds: number): number {
  const from = Math.round(seconds * RATE);
  const part = samples.subarray(from, from + Math.round(RATE / 15));
  if (part.length === 0) return 0;
  const power = part.reduce((sum, value) => sum + value * value, 0) / part.length;
  return Math.min(1, Math.sqrt(power) / 5500);
}
