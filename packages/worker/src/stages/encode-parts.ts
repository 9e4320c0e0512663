import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { NotByNeed } from "../fetch/need/mp4-boxes.ts";
import { type ClipPlan, clipArgs, comparedSize } from "../media/clip-args.ts";
import type { ClipTimeline } from "../media/clip-timeline.ts";
import { keyFrameEvery } from "../media/encoder.ts";
import { runFfmpeg } from "../media/ffmpeg.ts";
import { samplesOf, withPictures } from "../media/join-mp4.ts";
import { type Frames, OddFile, type OwnMp4, readOwnMp4 } from "../media/own-mp4.ts";
import { partOfClip } from "../media/part-of-clip.ts";
import { joinedSeen, type SeenPictures, seenPictures } from "../qc/look.ts";
import type { StageContext } from "../stage.ts";
import type { ReadyClip } from "./finish-clip.ts";

/** Whether it may only be the way around that failed: the clip is then encoded as a whole, in one run. */
export const isWorthAnotherWay = (error: unknown): error is Error =>
  error instanceof OddFile ||
  error instanceof NotByNeed ||
  (error instanceof KangKlipError && ["RENDER_FAILED", "SOURCE_UNREADABLE"].includes(error.code));

/** A file is there whole, or not at all. */
export async function put(path: string, bytes: Buffer): Promise<void> {
  const part = `${path}.part`;
  await writeFile(part, bytes);
  await rename(part, path);
}

export interface PicturesOptions {
  /** The clip's folder, where the file `output` is put. */
  dir: string;
  output: string;
  keepStderr: number;
  signal: AbortSignal;
  /** Called with 0..1. */
  onProgress?: (fraction: number) => void;
}

/** Encodes a clip, or the part of one that the plan has, with all that is known of it afterwards. @throws what `runFfmpeg` throws */
export async function encodePictures(
  { tools }: Pick<StageContext, "tools">,
  plan: ClipPlan,
  { dir, output, keepStderr, signal, onProgress }: PicturesOptions,
): Promise<{ said: string; seen: SeenPictures }> {
  const { timeline, encoder, decoder, threads, part } = plan;
  const { fps } = timeline.rate;
  const frames = plan.pieces.reduce((sum, { firstFrame, endFrame }) => sum + endFrame - firstFrame, 0);
  const begin = (part?.begin ?? 0) / fps;
  const end = begin + frames / fps;
  const lumas: Buffer[] = [];
  const said = await runFfmpeg(tools, {
    args: clipArgs(plan),
    ...{ output: join(dir, output), cwd: dir, signal, durationSeconds: end },
    onProgress: (fraction) => onProgress?.(Math.max(0, (fraction * end - begin) / (end - begin))),
    ...{ timeoutMs: 120_000 + (end - begin) * 40_000, threads },
    gpu: encoder === "h264_nvenc" || decoder === "nvdec",
    ...{ level: "info", keepStderr },
    onData: (chunk) => void lumas.push(chunk),
  });
  return { said, seen: seenPictures(said, Buffer.concat(lumas), { seconds: end, size: comparedSize(plan) }) };
}

/** Shorter parts spend too much of their time on beginning. */
const SHORTEST_PART_SECONDS = 7;

/** The parts of a clip, so many at most, that are encoded at the same time; each begins where x264 sets a key frame anyway. Pure. */
export function partsOf({ frames, seconds, rate }: ClipTimeline, most: number): Frames[] {
  const count = Math.max(1, Math.min(most, Math.floor(seconds / SHORTEST_PART_SECONDS)));
  const step = keyFrameEvery(rate.fps);
  const begins = Array.from({ length: count }, (_, i) => step * Math.round((i * frames) / count / step));
  return begins.map((first, i) => ({ first, end: begins[i + 1] ?? frames }));
}

/**
 * Encodes a clip in parts at the same time, each by a process of its own, and puts them together as clip.mp4 (and preview.mp4 where it is
 * wanted). Threads of one x264 wait for each other: two parts by a thread each are done in two thirds of the time that one clip takes with
 * two, for less processor time (measured). Before the encoder the pictures are those of the whole clip, bit by bit.
 * @returns undefined where it has to be encoded as a whole, with the reason in the log
 * @throws what `runFfmpeg` throws for the want of room or time, or the abort's reason
 */
export async function encodeInParts(
  context: Pick<StageContext, "tools" | "log">,
  plan: ClipPlan,
  parts: readonly Frames[],
  options: Omit<PicturesOptions, "output"> & { clip: number } & Pick<ReadyClip, "onEncoders">,
): Promise<{ said: string; seen: SeenPictures } | undefined> {
  const { clip, dir, keepStderr, signal, onProgress, onEncoders } = options;
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const threads = Math.max(1, Math.floor(plan.threads / parts.length));
  const plans = parts.map((frames, i) => sidePlan(plan, frames, i, threads));
  const framesDone = parts.map(() => 0);
  onEncoders?.(parts.length);
  const runs = plans.map((own, i) =>
    encodePictures(context, own, {
      ...{ dir, output: names(i).clip, keepStderr, signal: either },
      onProgress(fraction) {
        framesDone[i] = fraction * lengthOf(parts[i]);
        onProgress?.(framesDone.reduce((sum, frames) => sum + frames, 0) / plan.timeline.frames);
      },
    })
      .catch((error) => {
        stop.abort(error); // none goes on after another has failed
        throw error;
      })
      .finally(() => onEncoders?.(-1)),
  );
  await Promise.allSettled(runs);
  try {
    const made = await Promise.all(runs);
    for (const file of plan.preview ? (["clip", "preview"] as const) : (["clip"] as const)) {
      const all = await Promise.all(
        parts.map(async (_, i) => readOwnMp4(await readFile(join(dir, names(i)[file])))),
      );
      await put(join(dir, `${file}.mp4`), joined(all, parts));
    }
    const said = made.map((one) => one.said).join("\n");
    return {
      said,
      seen: joinedSeen(
        made.map(({ seen }) => seen),
        plan.timeline.rate.fps,
      ),
    };
  } catch (thrown) {
    signal.throwIfAborted();
    const error = stop.signal.aborted ? stop.signal.reason : thrown; // of those that were stopped with it each throws as well
    if (!isWorthAnotherWay(error) && !(error instanceof KangKlipError && error.code === "OUT_OF_MEMORY"))
      throw error;
    context.log("whole_render", { clip, reason: error.message });
    return undefined;
  }
}

const lengthOf = (frames: Frames | undefined) => (frames ? frames.end - frames.first : 0);
/** What the files of one part are called. */
const names = (i: number) => ({ clip: `${i + 1}-clip.mp4`, preview: `${i + 1}-preview.mp4` });

/** The plan of one of the parts. */
function sidePlan(plan: ClipPlan, frames: Frames, i: number, threads: number): ClipPlan {
  const side = partOfClip({ ...plan, threads }, frames, { clip: [], preview: [] });
  const covers = plan.cover.filter((frame) => frame < frames.first).length;
  return {
    ...side,
    ...(side.part && { part: { ...side.part, beside: { covers, preview: names(i).preview } } }),
  };
}

/** The parts of a clip as one file. Pure. @throws OddFile */
function joined(files: readonly OwnMp4[], parts: readonly Frames[]): Buffer {
  const [kept] = files;
  if (!kept) throw new OddFile("it has no parts");
  const samples = files.flatMap((file, i) => {
    const { first, end } = parts[i] ?? { first: 0, end: 0 };
    return samplesOf(file, kept, first, { first, end });
  });
  return withPictures(kept, samples);
}
