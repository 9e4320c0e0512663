import { subjectOf } from "./follow.ts";
import type { Box } from "./picture.ts";
import { medianFace, type Track } from "./track.ts";
import { halfTarget, type Subject, type Target, windowAround } from "./window.ts";

/** In the lower half of a split frame: below the captions, which lie on the seam. */
const LOWER_EYES_AT = 0.42;
/** Half of the largest half window is about as near as the whole frame's window is. */
const CLOSEST = 0.5;
/** The middle of a face stays in this part of its window all the time. */
const STAYS_WITHIN = 0.7;
/** A face is at most this part of its window's width. */
const LARGEST_FACE = 0.6;

/** The windows of a split frame: the upper one and the one below it, both of half a frame's shape. */
export function splitWindows(upper: Subject, lower: Subject, area: Box, target: Target): [Box, Box] {
  const half = halfTarget(target);
  return [
    windowAround(upper, area, half, { closest: CLOSEST }),
    windowAround(lower, area, half, { closest: CLOSEST, eyesAt: LOWER_EYES_AT }),
  ];
}

/** Which two of the tracks (by number) can share a frame: each in a window of its own that does not show the other. */
export function splitPairs(tracks: Track[], area: Box, target: Target): [number, number][] {
  return tracks.flatMap((one, i) =>
    tracks.slice(i + 1).flatMap((other, k): [number, number][] => {
      const pair = [one, other];
      const [first, second] = pair.map(subjectOf);
      if (!first || !second) return [];
      const windows = splitWindows(first, second, area, target);
      const apart = windows.every((window, at) => {
        const [own, stranger] = at === 0 ? [one, other] : [other, one];
        return staysIn(own, window) && !shows(window, stranger);
      });
      return apart ? [[i, i + 1 + k]] : [];
    }),
  );
}

function staysIn(track: Track, window: Box): boolean {
  const room = (window.w * (1 - STAYS_WITHIN)) / 2;
  const stays = track.filter(({ face }) => {
    const middle = face.x + face.w / 2;
    return middle >= window.x + room && middle <= window.x + window.w - room;
  });
  return medianFace(track).w <= LARGEST_FACE * window.w && stays.length >= 0.9 * track.length;
}

/** Whether more than the edge of somebody's face is in the window. */
function shows(window: Box, track: Track): boolean {
  const { x, w } = medianFace(track);
  const inside = Math.min(x + w, window.x + window.w) - Math.max(x, window.x);
  return inside > w / 4;
}
