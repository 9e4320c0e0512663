import { PAUSE_MS } from "./sentences.ts";
import type { SpokenWord } from "./words.ts";

/**
 * Where a clip may begin and end so that no word is cut. The rule is openshorts' word snap (MIT): a clip begins up to 0.35 s before
 * its first word and ends up to 0.45 s after its last, and never takes more than half of the silence there.
 */
export const LEAD_MS = 350;
export const TAIL_MS = 450;
/** A silence of this length may be cut anywhere. */
const FREE_MS = 4 * PAUSE_MS;

/** Lengths a clip may have, milliseconds. */
export interface Lengths {
  shortestMs: number;
  targetMs: number;
  longestMs: number;
}

/** 0.8 to 1.1 times what was asked, and never more than a minute. */
export const clipLengths = (clipSeconds: number): Lengths => ({
  shortestMs: clipSeconds * 800,
  targetMs: clipSeconds * 1000,
  longestMs: Math.min(clipSeconds * 1100, 60_000),
});

/** A stretch of the source, milliseconds. */
export interface Span {
  startMs: number;
  endMs: number;
}

/** Closed ranges in which a cut is allowed, in order. */
export interface Cuts {
  durationMs: number;
  /** Where a clip that opens with word k begins by the rule; one that closes with word k ends. */
  opening: number[];
  closing: number[];
  starts: Span[];
  ends: Span[];
  /** The long silences: no words for `FREE_MS` and more. */
  free: Span[];
}

/** All allowed cuts of a video, from its words (in order, none overlapping). The video's own start and end are always allowed. */
export function cutsOf(words: readonly SpokenWord[], durationMs: number): Cuts {
  const cuts: Cuts = { durationMs, opening: [], closing: [], starts: [], ends: [], free: [] };
  for (let index = 0; index <= words.length; index++) {
    const from = words[index - 1]?.endMs ?? 0;
    const to = words[index]?.startMs ?? durationMs;
    const half = Math.floor((to - from) / 2);
    if (index < words.length) cuts.opening.push(to - Math.min(LEAD_MS, half));
    if (index > 0) cuts.closing.push(from + Math.min(TAIL_MS, half));
    if (to - from >= FREE_MS) {
      const silence = { startMs: from, endMs: to };
      cuts.starts.push(silence);
      cuts.ends.push(silence);
      cuts.free.push(silence);
      continue;
    }
    if (index === 0) cuts.starts.push({ startMs: 0, endMs: 0 });
    if (index < words.length) cuts.starts.push({ startMs: Math.max(from, to - LEAD_MS), endMs: to });
    if (index > 0) cuts.ends.push({ startMs: from, endMs: Math.min(to, from + TAIL_MS) });
    if (index === words.length) cuts.ends.push({ startMs: durationMs, endMs: durationMs });
  }
  return cuts;
}

/** The earliest allowed place at or after `ms`; Infinity where there is none. */
export function placeAfter(ranges: readonly Span[], ms: number): number {
  const range = ranges[firstIndex(ranges.length, (index) => (ranges[index]?.endMs ?? 0) >= ms)];
  return range ? Math.max(range.startMs, ms) : Number.POSITIVE_INFINITY;
}

/** The latest allowed place at or before `ms`; -Infinity where there is none. */
export function placeBefore(ranges: readonly Span[], ms: number): number {
  const range = ranges[firstIndex(ranges.length, (index) => (ranges[index]?.startMs ?? 0) > ms) - 1];
  return range ? Math.min(range.endMs, ms) : Number.NEGATIVE_INFINITY;
}

/** The first index below `length` for which `holds`, when it holds for all later ones too; else `length`. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
