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
  /** Words with which no clip opens, or closes, for too little of it would lie between there and a join. */
  noOpening: Set<number>;
  noClosing: Set<number>;
  starts: Span[];
  ends: Span[];
  /** The long silences: no words for `FREE_MS` and more. */
  free: Span[];
}

/** No piece of a clip between two joins, or between one and its end, is shorter than this, milliseconds: it would flicker. */
export const SHORTEST_PIECE_MS = 300;

/**
 * All allowed cuts of a video, from its words (in order, none overlapping). The video's own start and end are always allowed.
 * @param joins where something is left out, in order, at most one between two words: a clip begins behind it and ends before it
 */
export function cutsOf(
  words: readonly SpokenWord[],
  durationMs: number,
  joins: readonly number[] = [],
): Cuts {
  const cuts: Cuts = {
    ...{ durationMs, opening: [], closing: [], starts: [], ends: [], free: [] },
    ...{ noOpening: new Set(), noClosing: new Set() },
  };
  const add = (ranges: Span[], startMs: number, endMs: number) => {
    if (startMs <= endMs) ranges.push({ startMs, endMs });
  };
  let next = 0;
  for (let index = 0; index <= words.length; index++) {
    const from = words[index - 1]?.endMs ?? 0;
    const to = words[index]?.startMs ?? durationMs;
    const half = Math.floor((to - from) / 2);
    const isJoined = index > 0 && index < words.length && (joins[next] ?? Number.POSITIVE_INFINITY) <= to;
    const join = isJoined ? joins[next++] : undefined;
    const [earliest, latest] = [join ?? from, join ?? to];
    // a clip that begins here reaches its first join no sooner than this, and leaves its last one no later
    const lastStart = (joins[next] ?? Number.POSITIVE_INFINITY) - SHORTEST_PIECE_MS;
    const firstEnd = (joins[next - 1 - Number(isJoined)] ?? Number.NEGATIVE_INFINITY) + SHORTEST_PIECE_MS;
    const opening = Math.max(earliest, to - Math.min(LEAD_MS, half));
    const closing = Math.min(latest, from + Math.min(TAIL_MS, half));
    if (index < words.length) cuts.opening.push(opening);
    if (opening > lastStart) cuts.noOpening.add(index);
    if (index > 0) cuts.closing.push(closing);
    if (closing < firstEnd) cuts.noClosing.add(index - 1);
    if (to - from >= FREE_MS) {
      add(cuts.starts, from, Math.min(to, lastStart));
      add(cuts.ends, Math.max(from, firstEnd), to);
      cuts.free.push({ startMs: from, endMs: to });
      continue;
    }
    if (index === 0) add(cuts.starts, 0, 0);
    if (index < words.length) add(cuts.starts, Math.max(earliest, to - LEAD_MS), Math.min(to, lastStart));
    if (index > 0) add(cuts.ends, Math.max(from, firstEnd), Math.min(latest, from + TAIL_MS));
    if (index === words.length) add(cuts.ends, durationMs, durationMs);
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
