import type { Mouths } from "./mouths.ts";
import type { Box } from "./picture.ts";
import { medianFace, seenNear, type Track } from "./track.ts";

/** Somebody is on screen for at least so long before the picture turns to somebody else. */
export const HOLD_SECONDS = 1;
/** Share-seconds that a turn to somebody else costs: interjections shorter than about half a second never earn it. */
const TURN_COST_SECONDS = 0.35;
/** Mean change of luma (of 255) below which a mouth counts as still. */
const STILL_MOUTH = 0.6;
/** The one who moves more must lead by this part of everybody's movement (as in mutonby/openshorts). */
const CLEAR_LEAD = 0.15;
/** Movement is averaged over this many steps on both sides. */
const SMOOTH_STEPS = 2;
/** Two people are shown at once for at least so long … */
export const SPLIT_SECONDS = 3;
/** … while both have spoken this near to every moment … */
const EXCHANGE_SECONDS = 2;
/** … and it pays for cuts to be so many: a speaker in half a frame counts this part of one who has it all. Turns of 1.3 s come out even. */
const HALF_FRAME = 0.65;
/** Somebody speaks whose mouth moves this much and has this part of everybody's movement. */
const SPEAKS = { motion: STILL_MOUTH, share: 0.3 };
/** Where both speak at the same moments for this part of the talk, the reason is that and not the exchange. */
const AT_ONCE = 0.4;

/** A face counts as present this long around each sighting. */
const PRESENT_SECONDS = 0.8;

/** Seconds on the clip's timeline. */
export interface Span {
  start: number;
  end: number;
}

/** Who is shown when: `track` is a number into the tracks, `speaking` whether their mouth said so. */
export interface Turn extends Span {
  track: number;
  speaking: boolean;
  /** Somebody who is shown at the same time, each in half of the frame, and why. */
  beside?: { track: number; reason: "split_exchange" | "split_both" };
}

/** What may be shown, by whom it shows: one track, or two of them. */
interface Shown {
  tracks: [number] | [number, number];
  gains: number[];
  hold: number;
}

/**
 * Divides a shot with several faces into turns of at least one second. A mouth that clearly moves more than the others while
 * there is speech takes the picture; where nothing is clear it stays, at first on the largest and most central face. Two who talk too fast
 * for cuts, or at once, are shown together for at least three seconds, if they are one of the `pairs`.
 * The division is the best one of all (dynamic programming), so a turn begins when the mouth does and not some time later.
 */
export function takeTurns(
  shot: Span,
  tracks: Track[],
  mouths: Mouths,
  about: { area: Box; isSpeech: (time: number) => boolean; pairs?: [number, number][] },
): Turn[] {
  const { area, isSpeech, pairs = [] } = about;
  const { times } = mouths;
  const steps = times.length;
  const { clear, speaks, parts: talk } = listen(mouths, isSpeech);
  const stepSeconds = steps > 1 ? ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (steps - 1) : HOLD_SECONDS;
  const inSteps = (seconds: number) => Math.max(1, Math.round(seconds / stepSeconds));
  const weights = prominence(tracks, area).map((weight) => weight * 0.1);
  const present = tracks.map((track) =>
    times.map((time) => (seenNear(track, time, PRESENT_SECONDS) ? 0 : -1)),
  );
  const alone = tracks.map(
    (_, i): Shown => ({
      tracks: [i],
      gains: times.map((_, at) => (present[i]?.[at] ?? 0) + (weights[i] ?? 0) + (clear[i]?.[at] ?? 0)),
      hold: inSteps(HOLD_SECONDS),
    }),
  );
  const together = pairs.map(([one, other]): Shown => {
    const near = [one, other].map((i) => spread(speaks[i] ?? [], inSteps(EXCHANGE_SECONDS)));
    const weight = ((weights[one] ?? 0) + (weights[other] ?? 0)) / 2;
    const gains = times.map((_, at) => {
      const both = near.every((row) => row[at]) ? (talk[one]?.[at] ?? 0) + (talk[other]?.[at] ?? 0) : 0;
      return Math.min(present[one]?.[at] ?? 0, present[other]?.[at] ?? 0) + weight + HALF_FRAME * both;
    });
    return { tracks: [one, other], gains, hold: inSteps(SPLIT_SECONDS) };
  });
  const shown = [...alone, ...together];
  return divide(shown, steps, TURN_COST_SECONDS / stepSeconds).map(({ row, from, to }, i): Turn => {
    const [track = 0, beside] = shown[row]?.tracks ?? [];
    const during = (rows: readonly (readonly number[])[], of: number) => sum(rows[of]?.slice(from, to) ?? []);
    return {
      start: i === 0 ? shot.start : (times[from] ?? shot.start),
      end: to >= steps ? shot.end : (times[to] ?? shot.end),
      track,
      speaking: beside !== undefined || during(clear, track) > CLEAR_LEAD * (to - from),
      ...(beside !== undefined && {
        beside: { track: beside, reason: atOnce(speaks[track], speaks[beside], from, to) },
      }),
    };
  });
}

function atOnce(one: boolean[] = [], other: boolean[] = [], from: number, to: number) {
  const [either, both] = [0, 0].map((_, i) => {
    const counts = one
      .slice(from, to)
      .map((speaks, at) => Number(speaks) + Number(other[from + at] ?? false));
    return counts.filter((count) => count > i).length;
  });
  return (both ?? 0) > AT_ONCE * (either ?? 0) ? "split_both" : "split_exchange";
}

/** True wherever the row is within so many steps. */
const spread = (row: boolean[], steps: number) =>
  row.map((_, at) => row.slice(Math.max(0, at - steps), at + steps + 1).includes(true));

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/**
 * What the mouths say, per [track][step]: each one's part of all movement while there is speech, the same where somebody clearly leads and else
 * 0 for everybody, and whether somebody speaks.
 */
function listen({ times, motion }: Mouths, isSpeech: (time: number) => boolean) {
  const smooth = motion.map((row) =>
    row.map((_, i) => {
      const part = row.slice(Math.max(0, i - SMOOTH_STEPS), i + SMOOTH_STEPS + 1);
      return sum(part) / part.length;
    }),
  );
  const parts = smooth.map((row) => row.map(() => 0));
  const clear = smooth.map((row) => row.map(() => 0));
  const speaks = smooth.map((row) => row.map(() => false));
  for (const [step, time] of times.entries()) {
    if (!isSpeech(time)) continue;
    const total = STILL_MOUTH + sum(smooth.map((row) => row[step] ?? 0));
    const now = smooth.map((row) => (row[step] ?? 0) / total);
    const [first = 0, second = 0] = now.toSorted((a, b) => b - a);
    for (const [i, part] of now.entries()) {
      const [row, lead, says] = [parts[i], clear[i], speaks[i]];
      if (row) row[step] = part;
      if (lead && first - second >= CLEAR_LEAD) lead[step] = part;
      if (says) says[step] = (smooth[i]?.[step] ?? 0) >= SPEAKS.motion && part >= SPEAKS.share;
    }
  }
  return { parts, clear, speaks };
}

/** 0..1 per track: its size against the largest one's, less up to a half at the area's edge. */
export function prominence(tracks: Track[], area: Box): number[] {
  const faces = tracks.map(medianFace);
  const largest = Math.max(...faces.map(({ w }) => w));
  return faces.map(({ x, w }) => {
    const aside = Math.abs(x + w / 2 - area.x - area.w / 2) / area.w;
    return (w / largest) * (1 - aside);
  });
}

/**
 * The division of `steps` into parts, each given to one of what may be shown for at least its hold (or throughout), with the greatest sum of
 * gains less `cost` per change.
 */
function divide(shown: Shown[], steps: number, cost: number) {
  type Part = { row: number; from: number; to: number; value: number; before: Part | undefined };
  const rows = shown.map(({ gains, hold }) => {
    let total = 0;
    return { sums: [0, ...gains.map((gain) => (total += gain))], hold };
  });
  const shortest = Math.min(...rows.map(({ hold }) => hold));
  const best: (Part | undefined)[] = [];
  for (let to = Math.min(shortest, steps); to <= steps; to++) {
    for (let from = 0; from === 0 || from <= to - shortest; from++) {
      const before = best[from];
      if (from > 0 && !before) continue;
      for (const [row, { sums, hold }] of rows.entries()) {
        const whole = from === 0 && to === steps;
        if (to - from < hold && !whole) continue;
        const gain = (sums[to] ?? 0) - (sums[from] ?? 0);
        const value = gain + (before ? before.value - cost : 0);
        if (value > (best[to]?.value ?? Number.NEGATIVE_INFINITY))
          best[to] = { row, from, to, value, before };
      }
    }
  }
  const parts: Part[] = [];
  for (let part = best[steps]; part; part = part.before) parts.unshift(part);
  return parts;
}
