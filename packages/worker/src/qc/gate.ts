import { join } from "node:path";
import type { EdlClip, QcCheck } from "@kangklip/contract";
import { captionChecks } from "../captions/checks.ts";
import type { Cue } from "../captions/cues.ts";
import { type CaptionStyle, captionTop } from "../captions/style.ts";
import type { CaptionWord } from "../captions/words.ts";
import { comparedSize, previewSize } from "../media/clip-args.ts";
import { fileChecks, whatIsWrong } from "../media/clip-check.ts";
import { type ClipTimeline, type Piece, splitSpans } from "../media/clip-timeline.ts";
import { bestMarked, type Candidate, type Luma, type Marks, marksOf } from "../media/cover.ts";
import type { Tools } from "../media/ffmpeg.ts";
import type { ClipSound } from "../media/loudness.ts";
import { squareSize } from "../media/probe.ts";
import type { FetchedSource, Framing } from "../stage.ts";
import { captionPixelChecks, type Letters, lettersIn } from "./caption-pixels.ts";
import { atMost } from "./check.ts";
import { ownFaults } from "./compare.ts";
import { framingChecks } from "./framing-checks.ts";
import { isSound, lookThrough, type SeenPictures } from "./look.ts";
import { soundChecks } from "./sound-checks.ts";

/** A finished clip in its scratch folder: clip.mp4, preview.mp4 where there is to be one, and cover_01.jpg …, and what it should be. */
export interface ClipToMeasure {
  tools: Tools;
  source: FetchedSource;
  clip: EdlClip;
  dir: string;
  timeline: ClipTimeline;
  pieces: Piece[];
  framing: Framing;
  style: CaptionStyle;
  words: CaptionWord[];
  cues: Cue[];
  /** captions.ass; empty where there are no captions. */
  ass: string;
  /** Whether captions are drawn into the picture, and whether they should be. */
  captioned: boolean;
  wantsCaptions: boolean;
  sound: ClipSound;
  /** Whether there is to be a preview. */
  preview: boolean;
  candidates: Candidate[];
  /** What its pictures showed before they were encoded, where the processor encoded them; null: the card did, which may make others of them. */
  seen: SeenPictures | null;
  /** What its pictures are known to show, where only some of them were made anew. */
  known?: KnownPictures | undefined;
  signal: AbortSignal;
}

/** What measuring has found out about a clip's pictures: the next version of the clip has most of it in common. */
export interface KnownPictures {
  /** Seconds that are black, or stand still, where the source is not and does not. */
  faults: { black: number; frozen: number };
  /** Of each candidate of the cover, in order: where its captions stand, and what it is like without them. */
  letters: (Letters | null)[];
  marks: Marks[];
}

export interface Measured {
  checks: QcCheck[];
  /** The candidate that is the clip's cover, and the name of its file. */
  best: number;
  cover: string;
  /** Null where the clip could not be looked through. */
  known: KnownPictures | null;
}

/**
 * Measures a finished clip against its EDL: the file, its pictures, its sound, its captions and where its window lies. One decode of the
 * clip where the card made it or something is wrong with it, else of its key frames; its source is looked at where it is black or stands still.
 * @throws KangKlipError where the clip is of no use (see `fileChecks`), else what `runFfmpeg` throws
 */
export async function measureClip(made: ClipToMeasure): Promise<Measured> {
  const { tools, dir, timeline, style, signal, source, framing, candidates } = made;
  const file = join(dir, "clip.mp4");
  const files = await fileChecks(tools, file, style, timeline, signal);
  const preview = made.preview
    ? await fileChecks(tools, join(dir, "preview.mp4"), previewSize(style), timeline, signal)
    : [];
  const picture = comparedSize(style);
  const { seconds, rate } = timeline;
  const above = made.captioned ? Math.min(1, Math.max(0.3, captionTop(style) / style.height)) : 1;
  const frames = candidates.map(({ frame }) => frame);
  const unlessStopped = (): null => {
    signal.throwIfAborted();
    return null; // told by V1.errors
  };
  const sound = made.seen && (await isSound({ tools, file, signal, seconds }).catch(unlessStopped));
  const looked =
    made.seen && sound
      ? { ...made.seen, errors: [], loudness: made.sound } // the clip's sound is that of made.sound, copied
      : await lookThrough({
          ...{ tools, file: "clip.mp4", signal, seconds, above, frames, picture },
          beside: { pattern: "cover_%02d.jpg", cwd: dir, halved: style.width >= 2 * picture.width },
        }).catch(unlessStopped);
  const about = { tools, source, timeline, pieces: made.pieces, file, above, signal };
  const { captioned, cues, words, ass } = made;
  const known = made.known ?? {
    faults: await ownFaults(looked ?? { black: [], frozen: [] }, about),
    letters: (looked?.pairs ?? []).map(({ own, beside }) =>
      captioned ? lettersIn(own, beside, picture) : null,
    ),
    marks: marksOf(
      candidates,
      (looked?.pairs ?? []).map(({ beside }): Luma => ({ ...picture, data: beside })),
    ),
  };
  const { faults } = known;
  const looks = known.letters.map((letters, i) => ({ frame: frames[i] ?? 0, letters }));
  const checks = [
    ...files,
    atMost("V1.preview", preview.filter(({ pass }) => !pass).length, 0, "faults"),
    looked ? atMost("V1.errors", looked.errors.length, 0, "errors") : NOT_LOOKED_THROUGH,
    atMost("V1.black", faults.black, 0.1, "s"),
    atMost("V1.frozen", faults.frozen, 0.1, "s"),
    ...soundChecks(looked?.loudness ?? made.sound, made.sound, seconds),
    ...(cues.length > 0
      ? captionChecks({
          ...{ words, cues, style, ass, fps: rate.fps, clipSeconds: seconds },
          splits: splitSpans(timeline, made.pieces),
        })
      : []),
    atMost("C8.captions", Number(lacksCaptions(made)), 0, "clips"),
    ...(captioned ? captionPixelChecks({ looks, picture, cues, style, fps: rate.fps }) : []),
    ...framingChecks({
      frames: framing.shown,
      faces: framing.faces,
      size: squareSize(source.info.video),
      seconds,
    }),
  ];
  const best = bestMarked(candidates, known.marks);
  return { checks, best, cover: coverName(best), known: looked && known };
}

const NOT_LOOKED_THROUGH: QcCheck = { id: "V1.errors", value: null, unit: "errors", max: 0, pass: false };

/**
 * What of the measured file asks for another encoding, in words; empty where nothing does.
 * @param byCard whether the graphics card had a part in it: the processor makes the same pictures each time
 */
export function wantsEncoding({ checks }: Measured, byCard: boolean): string {
  const byEncoder = byCard ? /^V1\.(?!bytes|cover)|^A3/ : /^V1\.(?!bytes|cover|black|frozen)|^A3/;
  return whatIsWrong(checks.filter(({ id }) => byEncoder.test(id)));
}

/** Something is said, captions are wanted, and there are none: neither in the picture nor beside it. */
function lacksCaptions({ wantsCaptions, cues, clip }: ClipToMeasure): boolean {
  if (!wantsCaptions || cues.length > 0) return false;
  return clip.words.some(({ word }) => word.trim()) || clip.segments.some(({ text }) => text.trim());
}

export const coverName = (index: number) => `cover_${String(index + 1).padStart(2, "0")}.jpg`;
