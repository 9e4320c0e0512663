import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { changedFrames, merged } from "../captions/changed.ts";
import { captionTop } from "../captions/style.ts";
import { comparedSize } from "../media/clip-args.ts";
import { bestMarked, type Candidate } from "../media/cover.ts";
import { highestBitrate } from "../media/encoder.ts";
import { samplesOf, withPictures } from "../media/join-mp4.ts";
import {
  closedStretches,
  type Frames,
  OddFile,
  type OwnMp4,
  readOwnMp4,
  type Sample,
} from "../media/own-mp4.ts";
import { partOfClip } from "../media/part-of-clip.ts";
import { lettersIn } from "../qc/caption-pixels.ts";
import { coverName, type KnownPictures, type Measured } from "../qc/gate.ts";
import { KEPT_OF_STDERR } from "../qc/look.ts";
import type { MadePictures, RenderedClip } from "../stage.ts";
import { type Encoded, isCpu, isForeign, planOf } from "./encode-clip.ts";
import { encodePictures, isWorthAnotherWay, put } from "./encode-parts.ts";
import type { ReadyClip, Setting } from "./finish-clip.ts";

/** An earlier version of a clip: what it is, and the folder in which its files lie. */
export interface Before {
  rendered: RenderedClip;
  dir: string;
}

/** A clip of which only a part was encoded. */
export interface Patched {
  used: Omit<Encoded, "seen">;
  known: KnownPictures;
}

/** Where more than this part of a clip has to be encoded anew, all of it is: the rest is hardly worth the way around. */
const MOST_ANEW = 0.6;
/** x264 gives the first frame of all more of an error than later key frames, and learns what is usual from those that it has seen. */
const WARM_UP_FRAMES = 8;
/** What a version of the clip that only differs in its captions can build upon; undefined where something was not as usual. */
export function picturesOf(
  ready: ReadyClip,
  { best, known }: Measured,
  used: Encoded | Patched["used"],
  settings: Setting["context"]["settings"],
): MadePictures | undefined {
  const { pieces, candidates, style } = ready;
  const isUsual = isCpu(used) && used.repairs.length === 0 && used.crf === settings.renderCrf;
  if (!known || !isUsual || known.marks.length !== candidates.length) return undefined;
  return { ...known, pieces, candidates, best, captionTop: captionTop(style) };
}

/**
 * Makes clip.mp4, preview.mp4 where there is to be one, and the cover of a clip out of its version `before`, of which the same frames were cut in the same way: from
 * key frame to key frame the pictures are encoded anew where captions differ, and copied where they do not.
 * @returns undefined where the clip has to be encoded as a whole, with the reason in the log
 * @throws what `runFfmpeg` throws for the want of room, memory or time, or the abort's reason
 */
export async function patchClip(
  setting: Setting,
  ready: ReadyClip,
  before: Before,
  onProgress: (fraction: number) => void,
): Promise<Patched | undefined> {
  const { log, signal } = setting.context;
  const told = { clip: ready.clip.index };
  try {
    const made = await patched(setting, ready, before, onProgress);
    if (typeof made === "string") log("whole_render", { ...told, reason: made });
    else log("patched", { ...told, frames: made.frames, of: ready.timeline.frames });
    return typeof made === "string" ? undefined : made;
  } catch (error) {
    signal.throwIfAborted();
    if (!isWorthAnotherWay(error)) throw error;
    log("whole_render", { ...told, reason: error.message });
    return undefined;
  }
}

async function patched(
  setting: Setting,
  ready: ReadyClip,
  { rendered, dir: from }: Before,
  onProgress: (fraction: number) => void,
): Promise<(Patched & { frames: number }) | string> {
  const { settings } = setting.context;
  const { dir, timeline, candidates } = ready;
  const { pictures, files } = rendered;
  if (!isCpu(setting.card)) return "the graphics card has a part in it";
  if (!pictures) return "the version before it was not encoded as usual";
  if (isForeign(ready)) return "whether all letters have a font shows only where all captions are drawn";
  const isCutAlike =
    isDeepStrictEqual(ready.pieces, pictures.pieces) &&
    // a whole picture over its blur stays above the captions
    (ready.pieces.every(({ layout }) => layout !== "fit") || captionTop(ready.style) === pictures.captionTop);
  if (!isCutAlike) return "the picture is cut in another way";
  if (!isDeepStrictEqual(candidates.map(bare), pictures.candidates.map(bare)))
    return "the cover is chosen among other frames";
  if (bestMarked(candidates, pictures.marks) !== pictures.best) return "the cover is another frame";

  const { fps } = timeline.rate;
  const drawnBefore = rendered.captioned && files.ass ? await readFile(join(from, files.ass), "utf8") : "";
  const changed = changedFrames(drawnBefore, ready.captioned ? ready.ass : "", fps);
  if (changed === null) return "its captions look different";
  const inside = changed
    .map(({ first, end }) => ({ first, end: Math.min(end, timeline.frames) }))
    .filter(({ first, end }) => first < end);

  const clip = await taken(join(from, files.clip));
  const preview = files.preview === null ? null : await taken(join(from, files.preview));
  for (const { samples } of [clip, preview ?? clip])
    if (samples.length !== timeline.frames) return "the version before it has another number of frames";
  const spans = spansOf(inside, closedStretches(clip), closedStretches(preview ?? clip));
  const anew = spans.reduce((sum, { outer }) => sum + outer.end - outer.first, 0);
  if (anew > MOST_ANEW * timeline.frames)
    return `${anew} of its ${timeline.frames} frames would have to be encoded anew`;

  const letters = [...pictures.letters];
  const fresh: { clip: Sample[]; preview: Sample[] } = {
    clip: [...clip.samples],
    preview: [...(preview?.samples ?? [])],
  };
  for (const [i, span] of spans.entries()) {
    const encoded = await encodeSpan(setting, ready, span);
    place(fresh.clip, samplesOf(encoded.clip, clip, span.outer.first, span.clip));
    if (preview && encoded.preview)
      place(fresh.preview, samplesOf(encoded.preview, preview, span.outer.first, span.preview));
    for (const { candidate, drawn } of encoded.letters) letters[candidate] = drawn;
    onProgress((i + 1) / (spans.length + 1));
  }
  await put(join(dir, "clip.mp4"), spans.length > 0 ? withPictures(clip, fresh.clip) : clip.bytes);
  if (preview) {
    const whole = spans.length > 0 ? withPictures(preview, fresh.preview) : preview.bytes;
    await put(join(dir, "preview.mp4"), whole);
  }
  const bytes = fresh.clip.reduce((sum, sample) => sum + sample.bytes.length, 0);
  if ((bytes * 8) / timeline.seconds > highestBitrate({ ...ready.style, fps }))
    return "it would be too large";
  await copyFile(join(from, files.cover), join(dir, coverName(pictures.best)));
  onProgress(1);
  return {
    used: { ...setting.card, crf: settings.renderCrf, repairs: [] },
    known: { faults: pictures.faults, marks: pictures.marks, letters },
    frames: anew,
  };
}

/** When its picture is taken; whether somebody speaks then is no part of it. */
const bare = ({ frame, face }: Candidate) => ({ frame, face });

const taken = async (path: string): Promise<OwnMp4> => readOwnMp4(await readFile(path));

/** Frames that are encoded anew: of the clip, of its preview, and so that both are in it, with those that the encoder warms up on. */
interface Span {
  clip: Frames;
  preview: Frames;
  outer: Frames;
}

/** What has to be encoded so that some frames are new: pure. Neither ends where the other one has a key frame, so they are not the same. */
export function spansOf(changed: Frames[], clip: Frames[], preview: Frames[]): Span[] {
  const widened = (one: Frames, stretches: Frames[]): Frames => {
    const touched = stretches.filter(({ first, end }) => first < one.end && end > one.first);
    return { first: touched[0]?.first ?? one.first, end: touched.at(-1)?.end ?? one.end };
  };
  const both = (one: Frames) => [widened(one, clip), widened(one, preview)] as const;
  // stretches that meet in either of the two files are one
  const outer = merged(
    changed.map((one) => {
      const [a, b] = both(one);
      return { first: Math.min(a.first, b.first), end: Math.max(a.end, b.end) };
    }),
  );
  return outer.map(({ first, end }) => {
    const inside = changed.filter((one) => one.first >= first && one.end <= end);
    const all = { first: inside[0]?.first ?? first, end: inside.at(-1)?.end ?? end };
    const [a, b] = both(all);
    return { clip: a, preview: b, outer: { first: Math.max(0, first - WARM_UP_FRAMES), end } };
  });
}

/** Encodes one span with the settings of the whole clip. */
async function encodeSpan(setting: Setting, ready: ReadyClip, { clip, preview, outer }: Span) {
  const { settings, signal } = setting.context;
  const { dir, candidates, style, captioned } = ready;
  const keys = (frames: Frames) =>
    [frames.first, frames.end].filter((frame) => frame > outer.first && frame < outer.end);
  const plan = partOfClip({ ...planOf(setting, ready), ...setting.card, crf: settings.renderCrf }, outer, {
    clip: keys(clip),
    preview: keys(preview),
  });
  const output = "span.mp4";
  const { seen } = await encodePictures(setting.context, plan, {
    ...{ dir, output, signal, keepStderr: KEPT_OF_STDERR },
  });
  const { pairs } = seen;
  const size = comparedSize(style);
  if (pairs.length !== plan.cover.length) throw new OddFile("its pictures could not be looked at");
  return {
    clip: await taken(join(dir, output)),
    preview: plan.preview ? await taken(join(dir, "preview.mp4")) : null,
    letters: pairs.map(({ own, beside }, i) => ({
      candidate: candidates.findIndex(({ frame }) => frame === plan.cover[i]),
      drawn: captioned ? lettersIn(own, beside, size) : null,
    })),
  };
}

function place(all: Sample[], own: Sample[]): void {
  all.splice(own[0]?.frame ?? 0, own.length, ...own);
}
