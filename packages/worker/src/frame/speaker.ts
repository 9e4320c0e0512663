import type { Watched } from "./analysis.ts";
import type { Box } from "./picture.ts";
import { faceAt, medianFace, seenNear, type Track } from "./track.ts";

/** Somebody is on screen for at least so long before the picture turns to somebody else. */
export const HOLD_SECONDS = 1;
/** Share-seconds that a turn to somebody else costs: interjections shorter than about half a second never earn it. */
const TURN_COST_SECONDS = 0.35;
/** Mean change of luma (of 255) below which a mouth counts as still. */
const STILL_MOUTH = 1;
/** The one who moves more must lead by this part of everybody's movement (as in mutonby/openshorts). */
const CLEAR_LEAD = 0.15;
/** Movement is averaged over this many steps on both sides. */
const SMOOTH_STEPS = 2;
/** A face counts as present this long around each sighting. */
const PRESENT_SECONDS = 0.8;

/** How much each track's mouth moves, per step of time. */
export interface Mouths {
  /** Seconds, one per step, evenly spaced. */
  times: number[];
  /** [track][step]: mean change of luma around the mouth beyond that around the eyes, which a moving head changes too. */
  motion: number[][];
}

/** Measures the mouths of a shot. Tracks are in source pixels and the times of `watched` start at `offsetSeconds`. */
export function measureMouths(watched: Watched, offsetSeconds: number, shot: Span, tracks: Track[]): Mouths {
  const { lumas, fps, scale, width, height } = watched;
  const times: number[] = [];
  const motion: number[][] = tracks.map(() => []);
  for (const [i, { frame, luma }] of lumas.entries()) {
    const time = offsetSeconds + frame / fps;
    if (time < shot.start || time >= shot.end) continue;
    const before = times.length > 0 ? lumas[i - 1]?.luma : undefined;
    times.push(time);
    for (const [k, track] of tracks.entries()) {
      const face = faceAt(track, time);
      if (!before || !face) {
        motion[k]?.push(0);
        continue;
      }
      const change = (x: number, y: number, w: number, h: number) =>
        meanChange(before, luma, width, height, [x * scale, y * scale, w * scale, h * scale]);
      const mouth = change(face.mouthX, face.mouthY, face.w / 2, face.h * 0.36);
      const eyes = change(face.x + face.w / 2, face.eyeY, face.w * 0.7, face.h / 4);
      motion[k]?.push(Math.max(0, mouth - eyes));
    }
  }
  return { times, motion };
}

type Region = [middleX: number, middleY: number, w: number, h: number];

function meanChange(before: Uint8Array, now: Uint8Array, width: number, height: number, region: Region) {
  const [middleX, middleY, w, h] = region;
  const [left, right] = [Math.max(0, Math.floor(middleX - w / 2)), Math.min(width, middleX + w / 2)];
  const [top, bottom] = [Math.max(0, Math.floor(middleY - h / 2)), Math.min(height, middleY + h / 2)];
  let [sum, count] = [0, 0];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      sum += Math.abs((now[y * width + x] ?? 0) - (before[y * width + x] ?? 0));
      count++;
    }
  }
  return count > 0 ? sum / count : 0;
}

/** Seconds on the clip's timeline. */
export interface Span {
  start: number;
  end: number;
}

/** Who is shown when: `track` is a number into the tracks, `speaking` whether their mouth said so. */
export interface Turn extends Span {
  track: number;
  speaking: boolean;
}

/**
 * Divides a shot with several faces into turns of at least one second. A mouth that clearly moves more than the others while
 * there is speech takes the picture; where nothing is clear it stays, at first on the largest and most central face.
 * The division is the best one of all (dynamic programming), so a turn begins when the mouth does and not some time later.
 */
export function takeTurns(
  shot: Span,
  tracks: Track[],
  mouths: Mouths,
  { area, isSpeech }: { area: Box; isSpeech: (time: number) => boolean },
): Turn[] {
  const { times } = mouths;
  const steps = times.length;
  const shares = clearShares(mouths, isSpeech);
  const stepSeconds = steps > 1 ? ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (steps - 1) : HOLD_SECONDS;
  const weights = prominence(tracks, area);
  const gains = tracks.map((track, i) =>
    times.map((time, step) => {
      const present = seenNear(track, time, PRESENT_SECONDS) ? 0 : -1;
      return present + (weights[i] ?? 0) * 0.1 + (shares[i]?.[step] ?? 0);
    }),
  );
  const hold = Math.max(1, Math.round(HOLD_SECONDS / stepSeconds));
  const parts = divide(gains, steps, hold, TURN_COST_SECONDS / stepSeconds);
  return parts.map(({ track, from, to }, i) => ({
    start: i === 0 ? shot.start : (times[from] ?? shot.start),
    end: to >= steps ? shot.end : (times[to] ?? shot.end),
    track,
    speaking: sum(shares[track]?.slice(from, to) ?? []) > CLEAR_LEAD * (to - from),
  }));
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

/** [track][step]: each mouth's part of all movement, 0 for everybody where nobody speaks or nobody clearly leads. */
function clearShares({ times, motion }: Mouths, isSpeech: (time: number) => boolean): number[][] {
  const smooth = motion.map((row) =>
    row.map((_, i) => {
      const part = row.slice(Math.max(0, i - SMOOTH_STEPS), i + SMOOTH_STEPS + 1);
      return sum(part) / part.length;
    }),
  );
  const shares = smooth.map((row) => row.map(() => 0));
  for (const [step, time] of times.entries()) {
    if (!isSpeech(time)) continue;
    const total = STILL_MOUTH + sum(smooth.map((row) => row[step] ?? 0));
    const parts = smooth.map((row) => (row[step] ?? 0) / total);
    const [first = 0, second = 0] = parts.toSorted((a, b) => b - a);
    if (first - second < CLEAR_LEAD) continue;
    for (const [i, row] of shares.entries()) row[step] = parts[i] ?? 0;
  }
  return shares;
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
 * The division of `steps` into parts of at least `hold` steps, each given to one row of `gains`, with the greatest sum of
 * gains less `cost` per change.
 */
function divide(gains: number[][], steps: number, hold: number, cost: number) {
  type Part = { track: number; from: number; to: number; value: number; before: Part | undefined };
  const sums = gains.map((row) => {
    let total = 0;
    return [0, ...row.map((gain) => (total += gain))];
  });
  const best: (Part | undefined)[] = [];
  for (let to = Math.min(hold, steps); to <= steps; to++) {
    for (let from = 0; from === 0 || from <= to - hold; from++) {
      const before = best[from];
      if (from > 0 && !before) continue;
      for (const [track, row] of sums.entries()) {
        const gain = (row[to] ?? 0) - (row[from] ?? 0);
        const value = gain + (before ? before.value - cost : 0);
        if (value > (best[to]?.value ?? Number.NEGATIVE_INFINITY))
          best[to] = { track, from, to, value, before };
      }
    }
  }
  const parts: Part[] = [];
  for (let part = best[steps]; part; part = part.before) parts.unshift(part);
  return parts;
}
