import type { Thumb } from "./analysis.ts";

/** Mean luma steps (of 255) that a cut changes at least, and how far it must stand out from the movement around it. */
const CUT_CHANGE = 5;
const CUT_OVER_MOVEMENT = 3;
/** Frames on each side that tell the movement around a change. */
const AROUND = 8;
/** A dissolve or fade: this change within a second, between two quiet stretches. */
const BLEND_CHANGE = 14;
const BLEND_SECONDS = 1;
/** Quiet: so many frames bring less than this part of the blend's change. */
const QUIET_FRAMES = 3;
const QUIET_PART = 0.1;

/** Mean absolute difference of two thumbnails, 0..255. */
export function difference(one: Thumb, other: Thumb): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += Math.abs((one[i] ?? 0) - (other[i] ?? 0));
  return sum / (one.length || 1);
}

/**
 * Where a new shot begins: numbers of first frames, in order, without 0. Hard cuts are exact to the frame; of a dissolve
 * the middle is given, of a fade through black the middles of its halves. One flashing frame is no cut.
 * @param thumbs the very same object again stands for a frame that was not seen
 */
export function findCuts(thumbs: Thumb[], fps: number): number[] {
  const hard = findHardCuts(thumbs);
  const blends = blendCuts(thumbs, hard, Math.max(2, Math.round(fps * BLEND_SECONDS)));
  return [...hard, ...blends].sort((a, b) => a - b);
}

/** Hard cuts alone: the first frame of each new shot that was seen. */
export function findHardCuts(thumbs: Thumb[]): number[] {
  const seen = thumbs.flatMap((thumb, n) => (n === 0 || thumb !== thumbs[n - 1] ? [{ n, thumb }] : []));
  return hardCuts(seen.map(({ thumb }) => thumb)).flatMap((i) => seen[i]?.n ?? []);
}

function hardCuts(thumbs: Thumb[]): number[] {
  const changes = thumbs.map((thumb, i) => difference(thumb, thumbs[i - 1] ?? thumb));
  const cuts: number[] = [];
  for (let n = 1; n < thumbs.length; n++) {
    const change = changes[n] ?? 0;
    if (change < CUT_CHANGE) continue;
    const around = changes.slice(Math.max(1, n - AROUND), n + AROUND + 1).toSorted((a, b) => a - b);
    const movement = around[Math.floor(around.length * 0.6)] ?? 0;
    if (change < movement * CUT_OVER_MOVEMENT) continue;
    const near = (far: number) => Math.max(changes[n - far] ?? 0, changes[n + far] ?? 0);
    // one mixed frame may lie beside a cut; two and more are a fade
    if (near(1) > change || near(2) > change / 2) continue;
    if (!isFlash(thumbs, n, change)) cuts.push(n);
  }
  return cuts;
}

/** Whether the picture of before is back within three frames after, or was there three frames ago and has come back now. */
function isFlash(thumbs: Thumb[], n: number, change: number): boolean {
  const same = (one: Thumb | undefined, other: Thumb | undefined) =>
    one !== undefined && other !== undefined && difference(one, other) < change / 3;
  return [1, 2, 3].some(
    (far) => same(thumbs[n - 1], thumbs[n + far]) || same(thumbs[n], thumbs[n - 1 - far]),
  );
}

function blendCuts(thumbs: Thumb[], hard: number[], length: number): number[] {
  const cuts: number[] = [];
  const between = (from: number, to: number) => {
    const [one, other] = [thumbs[Math.max(0, from)], thumbs[Math.min(thumbs.length - 1, to)]];
    return one && other ? difference(one, other) : 0;
  };
  /** The first frame that is more like the end than like the start. */
  const turningPoint = (from: number, to: number) => {
    let n = from + 1;
    while (n < to && between(from, n) < between(n, to)) n++;
    return n;
  };
  const isSeen = (n: number) => n <= 0 || n >= thumbs.length || thumbs[n] !== thumbs[n - 1];
  /** The frame that is shown as this one, and the next one that was seen. */
  const shownAs = (n: number): number => (isSeen(n) ? n : shownAs(n - 1));
  const nextSeen = (n: number): number => (isSeen(n) ? n : nextSeen(n + 1));
  let best: { n: number; change: number } | undefined;
  for (let n = length; n < thumbs.length; n++) {
    if (best && n - best.n > length) {
      cuts.push(turningPoint(best.n - length, best.n));
      best = undefined;
    }
    const change = between(n - length, n);
    if (change < BLEND_CHANGE || change <= (best?.change ?? 0)) continue;
    if (hard.some((cut) => cut > n - length - QUIET_FRAMES && cut < n + QUIET_FRAMES)) continue;
    const quiet = change * QUIET_PART;
    const from = shownAs(n - length);
    if (between(from - QUIET_FRAMES, from) < quiet && between(n, nextSeen(n + QUIET_FRAMES)) < quiet)
      best = { n, change };
  }
  if (best) cuts.push(turningPoint(best.n - length, best.n));
  return cuts;
}
