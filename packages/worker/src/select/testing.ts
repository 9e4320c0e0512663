import type { EdlClip, Word } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import type { SelectInput, StageContext, Transcript } from "../stage.ts";
import type { Span } from "./cuts.ts";

/** A line of a scripted talk. */
export interface ScriptLine {
  text: string;
  pauseSeconds: number;
}

/** A script as a transcript: words at an even pace, by length within a line, with the script's pauses. */
export function transcriptOf(
  lines: readonly ScriptLine[],
  { startSeconds = 0, wordsPerSecond = 2.6, overrides = {} as Partial<Transcript> } = {},
): Transcript {
  let at = startSeconds;
  const segments = lines.map(({ text, pauseSeconds }) => {
    const start = at;
    const parts = text.split(" ");
    const characters = parts.reduce((sum, part) => sum + part.length + 1, 0);
    const seconds = parts.length / wordsPerSecond;
    const words = parts.map((word): Word => {
      const from = at;
      at += (seconds * (word.length + 1)) / characters;
      return { word, start: rounded(from), end: rounded(at - 0.02) };
    });
    const segment = { text, start: rounded(start), duration: rounded(at - start), words };
    at += pauseSeconds;
    return segment;
  });
  return { language: "en", transcriber: "whisper", accuracy: "high", timing: "word", segments, ...overrides };
}

/** The kinds of transcript that recognisers and files have been seen to give. */
export const SHAPES = [
  "orderly", // sentences, commas, pauses
  "unpunctuated", // pauses only, lower case
  "breathless", // neither
  "sparse", // silences of up to two minutes
  "tangled", // unordered, overlapping, of no length
  "broken", // times that are no numbers, negative, backwards, far outside; empty words
  "lines", // text and line times without words
  "single",
  "empty",
] as const;
export type Shape = (typeof SHAPES)[number];

const VOCABULARY =
  "why clock sea time but never money people 7 twenty and it he because London answer you how ship wrong um small".split(
    " ",
  );

/** A random transcript for a video of `seconds`: the same arguments give the same transcript. */
export function randomTranscript(shape: Shape, seed: number, seconds: number): Transcript {
  const random = randomNumbers(seed);
  const words: Word[] = [];
  let at = random() * 3;
  while (at < seconds && shape !== "empty" && !(shape === "single" && words.length === 1)) {
    const length = 0.1 + 0.5 * random();
    const mark = random();
    const isPlain = shape === "unpunctuated" || shape === "breathless";
    const stop = isPlain || mark > 0.3 ? "" : mark < 0.12 ? "." : mark < 0.16 ? "?" : ",";
    const spoken = VOCABULARY[Math.floor(random() * VOCABULARY.length)] ?? "";
    words.push({ word: spoken + stop, start: tenths(at), end: tenths(at + length) });
    const pause =
      shape === "breathless"
        ? 0
        : shape === "sparse" && random() < 0.1
          ? 120 * random()
          : random() ** 6 * 1.9;
    at += length + pause;
  }
  const last = words.at(-1);
  if (last) last.end = Math.min(last.end, seconds);
  if (shape === "tangled")
    for (const word of words) {
      word.start = tenths(Math.max(0, word.start + 4 * (random() - 0.5)));
      word.end = tenths(word.start + random() ** 3 * 8);
    }
  if (shape === "tangled" || shape === "broken") words.sort(() => random() - 0.5);
  if (shape === "broken")
    for (const word of words.filter(() => random() < 0.3))
      Object.assign(
        word,
        [{ start: Number.NaN }, { end: -4 }, { start: -7 }, { start: 1e12, end: 1e13 }, { word: " \u0000" }][
          Math.floor(random() * 5)
        ],
      );
  const segments = [];
  for (let index = 0; index < words.length; index += 9) {
    const own = words.slice(index, index + 9);
    const start = own[0]?.start ?? 0;
    const duration = Math.max(0, (own.at(-1)?.end ?? 0) - start);
    segments.push({
      text: own.map(({ word }) => word).join(" "),
      start,
      duration,
      words: shape === "lines" ? [] : own,
    });
  }
  const timing = shape === "lines" ? "line" : "word";
  return { language: "en", transcriber: "whisper", accuracy: "high", timing, segments };
}

/** An input with a random transcript. */
export const randomInput = ({ shape, seed, seconds }: { shape: Shape; seed: number; seconds: number }) =>
  aSelectInput(randomTranscript(shape, seed, seconds), { durationSeconds: seconds });

/** Start and end of a clip in whole milliseconds. */
export const spanOf = ({ segments: [segment] }: EdlClip): Span => ({
  startMs: Math.round((segment?.start ?? Number.NaN) * 1000),
  endMs: Math.round((segment?.end ?? Number.NaN) * 1000),
});

/** Milliseconds that are in both spans. */
export const sharedMs = (a: Span, b: Span) =>
  Math.max(0, Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs));

/** Every two of the items. */
export const pairsOf = <T>(items: readonly T[]) =>
  items.flatMap((a, index) => items.slice(index + 1).map((b) => [a, b] as const));

const tenths = (seconds: number) => Math.round(seconds * 10) / 10;

/** Mulberry32 (public domain): evenly spread numbers in [0, 1). */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const rounded = (seconds: number) => Math.round(seconds * 100) / 100;

/** An input for SELECT around a transcript; the video ends two seconds after the last word unless it is told otherwise. */
export function aSelectInput(transcript: Transcript, overrides: Partial<SelectInput> = {}): SelectInput {
  const last = transcript.segments.at(-1);
  return {
    durationSeconds: last ? rounded(last.start + last.duration + 2) : 300,
    title: "A talk",
    transcript,
    sound: { silences: [], levels: { step: 0.5, dbfs: [] } },
    chunks: [],
    shots: [],
    rank: null,
    ...overrides,
  };
}

/** A context that remembers what it was told. */
export function aSelectContext(
  job: Partial<StageContext["job"]> = {},
  signal: AbortSignal = new AbortController().signal,
): StageContext & { notices: string[]; logged: string[] } {
  const notices: string[] = [];
  const logged: string[] = [];
  return {
    job: aJobSpec(job),
    dir: ".",
    tools: { ffmpeg: "ffmpeg", ffprobe: "ffprobe", version: "none" },
    signal,
    progress() {},
    notice: (text) => notices.push(text),
    log: (event, fields) => logged.push(`${event} ${JSON.stringify(fields ?? {})}`),
    settings: {
      ffmpegPath: undefined,
      ytDlpPath: undefined,
      whisperCliPath: undefined,
      modelPath: undefined,
      modelsDir: ".",
      modelDownload: false,
      transcriber: "auto",
      gpu: "auto",
      encoder: "auto",
      renderWidth: 1080,
      renderHeight: 1920,
      renderCrf: 20,
      renderPreset: "veryfast",
      renderMaxFps: 30,
      captionPreset: "amber",
      captionBurnIn: true,
      captionColours: {},
      captionFont: "Roboto",
      captionFontSize: undefined,
      captionMaxChars: undefined,
      captionMaxLines: undefined,
      captionMarginH: undefined,
      captionMarginV: undefined,
      threads: 1,
    },
    notices,
    logged,
  };
}
