import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type JobSpec, NO_WISHES } from "@kangklip/contract";
import { findTools, type Tools } from "../media/ffmpeg.ts";
import { type MediaInfo, probeMedia } from "../media/probe.ts";
import type { FetchedSource, SoundMap, StageContext, WorkerSettings } from "../stage.ts";

const exec = promisify(execFile);

/** This machine's ffmpeg; undefined where there is none. */
export const tools: Tools | undefined = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(
  () => undefined,
);
/** Whether a program is on PATH. */
export const hasProgram = (name: string) =>
  exec("sh", ["-c", `command -v ${name}`]).then(
    () => true,
    () => false,
  );

/** A folder that goes with the test. */
export async function temporaryDir() {
  const dir = await mkdtemp(join(tmpdir(), "kk-asr-"));
  return { dir, [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }) };
}

/** A stage's context that remembers what it was told. */
export function aContext(
  dir: string,
  options: {
    settings?: Partial<WorkerSettings>;
    job?: Partial<Pick<JobSpec, "language">>;
    signal?: AbortSignal;
  } = {},
) {
  const told: {
    notices: string[];
    progress: [number, string | undefined][];
    logs: Record<string, unknown>[];
  } = {
    notices: [],
    progress: [],
    logs: [],
  };
  const context: StageContext = {
    job: {
      job_id: "kk_01J0000000000000000000TEST",
      epoch: 1,
      source: { kind: "url", url: "https://example.com/video" },
      clip_duration_seconds: 30,
      clip_count: 1,
      language: "en",
      fetch_policy: { allow_private: false, allow_origins: [], max_bytes: 1e9, max_seconds: 600 },
      can_rank: false,
      ...NO_WISHES,
      ...options.job,
    },
    dir,
    tools: tools ?? { ffmpeg: "ffmpeg", ffprobe: "ffprobe", version: "none" },
    signal: options.signal ?? new AbortController().signal,
    progress: (fraction, message) => void told.progress.push([fraction, message]),
    notice: (text) => void told.notices.push(text),
    log: (event, fields) => void told.logs.push({ event, ...fields }),
    settings: {
      ...{
        ffmpegPath: undefined,
        ytDlpPath: undefined,
        whisperCliPath: undefined,
        modelPath: undefined,
        modelsDir: join(dir, "models"),
      },
      ...{ modelDownload: false, transcriber: "auto", gpu: "auto", encoder: "auto", threads: 2 },
      ...{ renderWidth: 1080, renderHeight: 1920, renderCrf: 20, renderPreset: "veryfast", renderMaxFps: 30 },
      ...{ captionPreset: "amber", captionBurnIn: true, captionColours: {} },
      ...{ captionFont: "Roboto", captionFontSize: undefined, captionMaxChars: undefined },
      ...{ captionMaxLines: undefined, captionMarginH: undefined, captionMarginV: undefined },
      ...options.settings,
    },
  };
  return { context, told };
}

/** A sound map by its silences alone. */
export const aSoundMap = (silences: [start: number, end: number][] = [], seconds = 60): SoundMap => ({
  silences: silences.map(([start, end]) => ({ start, end })),
  levels: { step: 0.1, dbfs: Array.from({ length: seconds * 10 }, () => -20) },
});

/** A fetched source around a file that ffmpeg can read; audio files get a picture that is not there. */
export async function aSource(
  file: string,
  captions: FetchedSource["captions"] = null,
): Promise<FetchedSource> {
  const { context } = aContext(".");
  const info: MediaInfo = await probeMedia(context.tools, file, context.signal);
  const video = info.video ?? {
    ...{ index: 0, codec: "none", width: 64, height: 36, rotation: 0, sar: 1, fps: 25, hdr: false },
  };
  return {
    ...{
      file,
      info: { ...info, video },
      title: null,
      url: null,
      meta: {},
      captions,
      fetchedBytes: 0,
      sha256: "",
    },
  };
}

/** Runs ffmpeg with these arguments, for fixtures. */
export async function ffmpeg(...args: string[]): Promise<void> {
  await exec(tools?.ffmpeg ?? "ffmpeg", ["-v", "error", "-nostdin", "-y", ...args]);
}

/** Speaks a text with flite, 16 kHz mono, with a little silence at both ends. */
export async function speak(text: string, wav: string): Promise<void> {
  await writeFile(`${wav}.txt`, text);
  await exec("flite", ["-voice", "slt", "-f", `${wav}.txt`, "-o", `${wav}.raw.wav`]);
  await ffmpeg("-i", `${wav}.raw.wav`, "-af", "adelay=400:all=1,apad=pad_dur=0.6", "-ar", "16000", wav);
}

/** Share of wrong, missing and added words (Levenshtein distance over words). */
export function wordErrorRate(said: string, heard: string): number {
  const words = (text: string) => text.toLowerCase().match(/[a-z']+/g) ?? [];
  const [a, b] = [words(said), words(heard)];
  let row = [0, ...b.map((_, index) => index + 1)];
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries())
      next.push(
        Math.min((row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1, (row[j] ?? 0) + (word === other ? 0 : 1)),
      );
    row = next;
  }
  return (row[b.length] ?? 0) / a.length;
}
