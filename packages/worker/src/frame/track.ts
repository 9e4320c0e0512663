import { type Face, makeFace } from "./blazeface.ts";
import { type Box, median } from "./picture.ts";

/** One look for faces; times are seconds, boxes in pixels of the source. */
export interface Sample {
  time: number;
  faces: Face[];
}

/** One face over a shot: where it was seen, in order of time, once per sample at most. */
export type Track = { time: number; face: Face }[];

/** A box that is nowhere surer than this is not believed, however long a slide shows it … */
const BELIEVED_SCORE = 0.65;
/** … and this part of a shot's samples must show it: a photo in a long slide show is not whom the shot is about. */
const LEAST_PART = 0.15;
/** A face is the same one when its middle has moved by less than this part of its size, at up to twice or half its size. */
const SAME_WITHIN = 0.7;

/**
 * Joins the faces of one shot's samples into tracks and drops the false ones: a face must be seen in three of five samples in
 * a row, or in half of them where the shot is shorter. The longest track comes first.
 */
export function trackFaces(samples: Sample[]): Track[] {
  const tracks: { seen: Track; samples: number[] }[] = [];
  for (const [index, { time, faces }] of samples.entries()) {
    for (const face of faces) {
      const nearest = tracks
        .filter(({ samples: of }) => of.at(-1) !== index)
        .map((track) => ({ track, far: distance(track.seen.at(-1)?.face, face) }))
        .filter(({ far }) => far < SAME_WITHIN)
        .sort((a, b) => a.far - b.far)[0]?.track;
      const track = nearest ?? { seen: [], samples: [] };
      if (!nearest) tracks.push(track);
      track.seen.push({ time, face });
      track.samples.push(index);
    }
  }
  return tracks
    .filter(({ seen }) => seen.some(({ face }) => face.score >= BELIEVED_SCORE))
    .filter(({ samples: of }) => persists(of, samples.length))
    .map(({ seen }) => seen)
    .sort((a, b) => b.length - a.length);
}

function persists(indices: number[], total: number): boolean {
  if (total < 5) return indices.length * 2 >= total;
  if (indices.length < total * LEAST_PART) return false;
  return indices.some((first, i) => (indices[i + 2] ?? Number.POSITIVE_INFINITY) - first < 5);
}

/** Distance of the middles in units of the faces' size; infinite where one is more than twice as large. */
function distance(one: Face | undefined, other: Face): number {
  if (!one) return Number.POSITIVE_INFINITY;
  const ratio = one.w / other.w;
  if (ratio > 2 || ratio < 0.5) return Number.POSITIVE_INFINITY;
  const [x, y] = [one.x + one.w / 2 - other.x - other.w / 2, one.y + one.h / 2 - other.y - other.h / 2];
  return Math.hypot(x, y) / ((one.w + other.w) / 2);
}

/** The track's face with every number the median of its sightings: outliers have no say. */
export const medianFace = (track: Track): Face =>
  makeFace((key) => median(track.map(({ face }) => face[key])));

/** Where the track's face is at a time: between the sightings before and after it. */
export function faceAt(track: Track, time: number): Face | undefined {
  const after = track.find((sighting) => sighting.time >= time) ?? track.at(-1);
  const before = track.findLast((sighting) => sighting.time <= time) ?? track[0];
  if (!after || !before) return undefined;
  const k = after.time > before.time ? (time - before.time) / (after.time - before.time) : 0;
  return makeFace((key) => before.face[key] * (1 - k) + after.face[key] * k);
}

/** Whether the track was seen within `within` seconds of a time. */
export const seenNear = (track: Track, time: number, within: number) =>
  track.some((sighting) => Math.abs(sighting.time - time) <= within);

/** The smallest box around all of them. */
export function around(boxes: Box[]): Box {
  const [x, y] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const right = Math.max(...boxes.map((box) => box.x + box.w));
  const bottom = Math.max(...boxes.map((box) => box.y + box.h));
  return { x, y, w: right - x, h: bottom - y };
}
