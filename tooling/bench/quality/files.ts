import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { QcCheck, ShotFrame } from "@kangklip/contract";
import { fileChecks } from "../../../packages/worker/src/media/clip-check.ts";
import { clipTimeline, type FrameRate } from "../../../packages/worker/src/media/clip-timeline.ts";
import { findTools, runFfmpeg, runFfprobe, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { type Loudness, parseEbur128, SILENCE_LUFS } from "../../../packages/worker/src/media/loudness.ts";
import { probeMedia, squareSize } from "../../../packages/worker/src/media/probe.ts";
import type { ClipQc } from "../../../packages/worker/src/qc/verdict.ts";
import { aClip, createRenderBench } from "../../../packages/worker/src/stages/testing-render.ts";
import { fileRows } from "./files-rows.ts";
import { sameFrames } from "./files-same.ts";
import { avOffset, joinStep } from "./files-sound.ts";
import { originalWindow, renderOriginal } from "./original.ts";
import type { QualityRow } from "./report.ts";
import { makeSource, type Source, sourceNames } from "./sources.ts";

/** What was measured of one finished file, by the same checks for both ways. */
export interface MeasuredFile {
  /** V1 and A3 as the gate has them; null: it is of no use at all, for this reason. */
  checks: QcCheck[] | null;
  useless: string | null;
  loudness: Loudness;
  /** Milliseconds by which the sound comes later after the picture than in the source (negative: earlier); null: it has no flash. */
  offsetMs: number | null;
  /** Largest step from one sample to the next at a join, dBFS; null: there is none. */
  stepDbfs: number | null;
}

/** A source, and its clip in both ways. */
export interface MeasuredClip {
  source: Source;
  /** Whether anything is heard in the source. */
  isHeard: boolean;
  ours: MeasuredFile;
  original: MeasuredFile;
  /** What the worker's gate said of ours. */
  qc: ClipQc;
}

export interface FilesOptions {
  quick?: boolean;
  signal?: AbortSignal;
  onProgress?: (text: string) => void;
}

/**
 * Renders a clip of each kind of source by the worker's own stage and in the way of 1.x, and measures A1 to A3, V1 and V2 on the files.
 * @throws what `runFfmpeg` throws, or an Error where a clip of ours could not be rendered
 */
export async function measureFiles({
  quick = false,
  signal = new AbortController().signal,
  onProgress = () => {},
}: FilesOptions = {}): Promise<{ rows: QualityRow[]; clips: MeasuredClip[]; about: string[] }> {
  const tools = await findTools({});
  const dir = await mkdtemp(join(tmpdir(), "kangklip-files-"));
  try {
    const clips: MeasuredClip[] = [];
    const names = sourceNames(quick);
    for (const [i, name] of names.entries()) {
      signal.throwIfAborted();
      onProgress(`${i + 1} of ${names.length} sources, ${name}`);
      clips.push(await measureSource(await makeSource(name, { tools, dir, signal }), { tools, dir, signal }));
    }
    onProgress("the same clip twice");
    const same = await sameFrames({ tools, dir, signal });
    const degraded = clips.flatMap(({ source, qc }) =>
      qc.reasons.map((reason) => `${source.name}: ${reason}`),
    );
    const about = [
      `${clips.length} clips of as many kinds of sources: ${clips.map(({ source }) => source.what).join(", ")}.`,
    ];
    const rows = fileRows(clips, same);
    // some rows are about sources that a quick look leaves out
    return {
      rows: quick ? rows.filter(({ value }) => value !== null) : rows,
      clips,
      about: [...about, ...degraded],
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Kitchen {
  tools: Tools;
  dir: string;
  signal: AbortSignal;
}

export async function measureSource(source: Source, { tools, dir, signal }: Kitchen): Promise<MeasuredClip> {
  const info = await probeMedia(tools, source.file, signal);
  const { video } = info;
  if (!video) throw new Error(`${source.name} has no picture`);
  await using bench = await createRenderBench();
  const seconds = source.segments.reduce((sum, [start, end]) => sum + end - start, 0);
  const made = await bench.render(source.file, {
    clips: [aClip(source.segments, { words: source.captioned ? wordsOf(source) : [] })],
    frames: [frameOf(source, squareSize(video), seconds)],
    ...{ size: source.size, settings: { renderPreset: "superfast", gpu: "off" }, signal },
  });
  const [rendered] = made.made;
  if (!rendered) throw new Error(`${source.name} could not be rendered`, { cause: made.failure });

  const own = join(dir, "original");
  const [width, height] = source.size;
  const segments = source.segments.map(([start, end]) => ({ start, end, text: "" }));
  const original = await renderOriginal({
    ...{ tools, signal, dir: await mkdtemp(own), file: source.file, info: { ...info, video } },
    ...{ segments, transcript: null, finder: null, size: { width, height } },
  });
  // what sound a transport stream has late, by a frame of AAC, is its own
  const sourceOffsetMs = source.flash === null ? 0 : await avOffset({ tools, signal }, source.file);
  const about = { tools, source, sourceOffsetMs, signal };
  const [ours, theirs] = [await measureFile(made.clip, about), await measureFile(original.file, about)];
  return {
    ...{ source, ours, original: theirs, qc: rendered.qc },
    isHeard: info.audio !== null && theirs.loudness.integrated > SILENCE_LUFS,
  };
}

/** The middle of the picture, or all of it. */
function frameOf({ layout }: Source, size: { width: number; height: number }, end: number): ShotFrame {
  const whole = { x: 0, y: 0, w: size.width, h: size.height };
  const box = layout === "fit" ? whole : originalWindow(size, null);
  return { start: 0, end, layout, ...box, reason: "test" };
}

const TALK = "Most people never ask the one question that would save them years of work and worry".split(" ");

function wordsOf({ segments }: Source) {
  const [start, end] = segments[0] ?? [0, 1];
  const step = (end - start) / TALK.length;
  return TALK.map((word, i) => ({ word, start: start + i * step, end: start + (i + 0.9) * step }));
}

interface About {
  tools: Tools;
  source: Source;
  /** Milliseconds by which sound comes after picture in the source itself. */
  sourceOffsetMs: number;
  signal: AbortSignal;
}

async function measureFile(
  file: string,
  { tools, source, sourceOffsetMs, signal }: About,
): Promise<MeasuredFile> {
  const [width, height] = source.size;
  const segments = source.segments.map(([start, end]) => ({ start, end, text: "" }));
  const timeline = clipTimeline(segments, await rateOf(tools, file, signal));
  const checked = await fileChecks(tools, file, { width, height }, timeline, signal).then(
    (checks) => ({ checks, useless: null }),
    (error: unknown) => ({ checks: null, useless: error instanceof Error ? error.message : String(error) }),
  );
  const hasSound = (await probeMedia(tools, file, signal)).audio !== null;
  const none = Number.NEGATIVE_INFINITY;
  return {
    ...checked,
    loudness: hasSound
      ? await loudnessOf(tools, file, signal)
      : { integrated: none, truePeak: none, range: 0 },
    offsetMs:
      hasSound && source.flash !== null ? (await avOffset({ tools, signal }, file)) - sourceOffsetMs : null,
    stepDbfs:
      hasSound && source.joins.length > 0 ? await joinStep({ tools, signal }, file, source.joins) : null,
  };
}

/** The rate that a file says it has: 1.x left it as it came. */
async function rateOf(tools: Tools, file: string, signal: AbortSignal): Promise<FrameRate> {
  const args = ["-select_streams", "v", "-show_entries", "stream=avg_frame_rate", "-of", "csv=p=0", file];
  const [text = "", frames = 30, per = 1] =
    /^(\d+)\/(\d+)/.exec(await runFfprobe(tools, { args, signal })) ?? [];
  return { text, fps: Number(frames) / Number(per) };
}

async function loudnessOf(tools: Tools, file: string, signal: AbortSignal): Promise<Loudness> {
  const args = ["-i", file, "-vn", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"];
  return parseEbur128(await runFfmpeg(tools, { args, signal, level: "info" }));
}

if (import.meta.main) {
  const { rows, about } = await measureFiles({
    quick: process.argv.includes("--quick"),
    onProgress: (text) => console.error(text),
  });
  for (const { id, what, value, unit, original, target, pass } of rows)
    console.log(
      `${pass ? "ok  " : "FAIL"} ${id.padEnd(18)} ${value} ${unit} (1.x: ${original}), ${target}: ${what}`,
    );
  for (const text of about) console.log(text);
}
