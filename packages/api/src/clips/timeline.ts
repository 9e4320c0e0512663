import type { Segment } from "@kangklip/contract";

// The cuts of a job as editing programs read them. All pure. Formats: CMX 3600 as its users write it, FCPXML 1.10 (Apple's DTD), OpenTimelineIO.

/** A frame rate as a fraction: frames in so many seconds. */
export interface FrameRate {
  frames: number;
  seconds: number;
}

interface TimelineSource {
  title: string;
  /** The file's or the address' own name, and where it is: null where only its name is known. */
  name: string;
  url: string | null;
  /** Length in seconds, frames per second and size in pixels; null: not known. */
  seconds: number | null;
  fps: number | null;
  width: number | null;
  height: number | null;
}

interface TimelineClip {
  /** As people keep it: "01 How bees talk". */
  name: string;
  /** As it was called, whatever that is. */
  title: string;
  /** Seconds in the source, in the order in which they are shown. */
  segments: readonly Pick<Segment, "start" | "end">[];
}

/** What the cuts of a job are made of. */
export interface Cuts {
  source: TimelineSource;
  clips: readonly TimelineClip[];
}

/** One piece of the source in frames, at its place in its clip. */
interface Piece {
  from: number;
  at: number;
  frames: number;
}

/** What editing programs can be set to. */
const RATES: FrameRate[] = [
  ...[24, 25, 30, 48, 50, 60].map((frames) => ({ frames, seconds: 1 })),
  ...[24, 30, 48, 60].map((frames) => ({ frames: frames * 1000, seconds: 1001 })),
].sort((a, b) => perSecond(a) - perSecond(b));
/** A camera that does not keep its pace is said to have 30.02 frames a second. */
const OFF = 0.01;
const USUAL: FrameRate = { frames: 30, seconds: 1 };

export function perSecond({ frames, seconds }: FrameRate): number {
  return frames / seconds;
}

/** The rate that an editing program works with for a source: the one next to it, or else one that shows each of its frames equally long, or the next higher one. */
export function rateOf(fps: number | null): FrameRate {
  if (fps === null || !Number.isFinite(fps) || fps <= 0) return USUAL;
  const [near] = RATES.toSorted((a, b) => Math.abs(perSecond(a) - fps) - Math.abs(perSecond(b) - fps));
  if (near && Math.abs(perSecond(near) - fps) < fps * OFF) return near;
  const higher = RATES.filter((rate) => perSecond(rate) > fps);
  const even = higher.find(
    (rate) => Math.abs(perSecond(rate) / fps - Math.round(perSecond(rate) / fps)) < 1e-4,
  );
  return even ?? higher[0] ?? { frames: 60, seconds: 1 };
}

/** The pieces of a clip in whole frames. Its length is right to half a frame however many pieces it has: what rounding takes from one it gives the next. */
export function piecesOf({ segments }: Pick<TimelineClip, "segments">, rate: FrameRate): Piece[] {
  const framesIn = (seconds: number) => Math.round(seconds * perSecond(rate));
  let shown = 0;
  return segments.flatMap(({ start, end }) => {
    const at = framesIn(shown);
    shown += Math.max(0, end - start);
    const frames = framesIn(shown) - at;
    return frames > 0 ? [{ from: Math.max(0, framesIn(start)), at, frames }] : [];
  });
}

/** Words for a line of text: no line ends, nothing that is not to be seen. */
export const oneLine = (text: string, most: number): string =>
  text
    .toWellFormed()
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ")
    .trim()
    .slice(0, most)
    .toWellFormed();
