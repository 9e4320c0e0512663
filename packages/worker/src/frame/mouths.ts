import type { Watched } from "./analysis.ts";
import type { Span } from "./speaker.ts";
import { faceAt, type Track } from "./track.ts";

/** How much each track's mouth moves, per step of time. */
export interface Mouths {
  /** Seconds, one per step, evenly spaced. */
  times: number[];
  /** [track][step]: mean change of luma (of 255) around the mouth beyond that of the rest of the face, the head held still. */
  motion: number[][];
}

/** How far a head may move between two looks, analysis pixels: it is searched for so far around. */
const REACH = 3;
/** Then more finely. */
const FINER = [0.5, 0.25];
/** Where no shift is better than another one (a wall of one colour), the head has stayed. */
const STAYS = 0.01;
/** A region is looked at in so many points at most, whatever its size. */
const MOST_POINTS = 1200;

interface Region {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Two pictures after one another, and their width and height. */
interface Looks {
  before: Uint8Array;
  now: Uint8Array;
  width: number;
  height: number;
}

/**
 * Measures the mouths of a shot. Heads move and nod while they listen: each is first laid onto itself by the part above the mouth, and only
 * what then still changes counts. Measured on drawn talks, this tells speakers from listeners whose heads sway, which the bare change did not:
 * half of a speaker's moments are above 3.5, 95 % of a listener's below 0.4.
 * @param watched its times start at `offsetSeconds`
 * @param tracks in source pixels
 */
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
      const around = (x: number, y: number, w: number, h: number): Region => ({
        ...{ left: (x - w / 2) * scale, right: (x + w / 2) * scale },
        ...{ top: (y - h / 2) * scale, bottom: (y + h / 2) * scale },
      });
      const { x, y, w, h, mouthX, mouthY } = face;
      const foot = Math.max(y + h / 4, mouthY - h / 5);
      const upper = around(x + w / 2, (y + foot) / 2, w * 0.7, foot - y);
      const mouth = around(mouthX, mouthY + h * 0.02, w / 2, h * 0.36);
      motion[k]?.push(changeOf({ before, now: luma, width, height }, upper, mouth));
    }
  }
  return { times, motion };
}

/** How much more the mouth changes than what is above it, once that is laid onto itself. */
function changeOf(looks: Looks, upper: Region, mouth: Region): number {
  let best = { dx: 0, dy: 0, cost: Number.POSITIVE_INFINITY };
  const attempt = (dx: number, dy: number) => {
    const cost = difference(looks, upper, dx, dy) + STAYS * (Math.abs(dx) + Math.abs(dy));
    if (cost < best.cost) best = { dx, dy, cost };
  };
  for (let dy = -REACH; dy <= REACH; dy++) for (let dx = -REACH; dx <= REACH; dx++) attempt(dx, dy);
  for (const step of FINER) {
    const { dx, dy } = best;
    for (const down of [-step, 0, step])
      for (const across of [-step, 0, step]) attempt(dx + across, dy + down);
  }
  return Math.max(0, difference(looks, mouth, best.dx, best.dy) - difference(looks, upper, best.dx, best.dy));
}

/** Mean difference of a region to where it was before, moved by (dx, dy) analysis pixels. */
function difference({ before, now, width, height }: Looks, region: Region, dx: number, dy: number): number {
  const edge = REACH + 2;
  const [left, top] = [Math.max(edge, Math.floor(region.left)), Math.max(edge, Math.floor(region.top))];
  const [right, bottom] = [Math.min(width - edge, region.right), Math.min(height - edge, region.bottom)];
  const step = Math.max(1, Math.ceil(Math.sqrt(((right - left) * (bottom - top)) / MOST_POINTS)));
  const [wholeX, wholeY] = [Math.floor(dx), Math.floor(dy)];
  const [ax, ay] = [dx - wholeX, dy - wholeY];
  let [sum, count] = [0, 0];
  for (let y = top; y < bottom; y += step) {
    for (let x = left; x < right; x += step) {
      const at = (y + wholeY) * width + x + wholeX;
      const above = (before[at] ?? 0) * (1 - ax) + (before[at + 1] ?? 0) * ax;
      const below = (before[at + width] ?? 0) * (1 - ax) + (before[at + width + 1] ?? 0) * ax;
      sum += Math.abs((now[y * width + x] ?? 0) - above * (1 - ay) - below * ay);
      count++;
    }
  }
  return count > 0 ? sum / count : 0;
}
