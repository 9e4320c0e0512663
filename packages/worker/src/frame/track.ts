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
/** … or by this one, where it is as large as before within the second figure and was seen so many seconds ago. */
const RUNS_WITHIN = 1.2;
const SIMILAR = 1.25;
const SOON_SECONDS = 0.5;

/**
 * Joins the faces of one shot's samples into tracks and drops the false ones: a face must be seen in three of five samples in
 * a row, or in half of them where the shot is shorter. The longest track comes first.
 */
export function trackFaces(samples: Sample[]): Track[] {
  const tracks: { seen: Track; samples: number[] }[] = [];
  for (const [index, { time, faces }] of samples.entries()) {
    const matches = tracks.flatMap((track) =>
      faces.map((face) => ({ track, face, far: distance(track.seen, face, time) })),
    );
    const left = new Set(faces);
    for (const { track, face, far } of matches.sort((a, b) => a.far - b.far)) {
      if (far >= 1 || !left.has(face) || track.samples.at(-1) === index) continue;
      track.seen.push({ time, face });
      track.samples.push(index);
      left.delete(face);
    }
    for (const face of left) tracks.push({ seen: [{ time, face }], samples: [index] });
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

/**
 * How far a face is from a track, 1 and more where it is somebody else's: by where the track was last, or by where it would be by now if it
 * went on. Infinite where one is more than twice as large.
 */
function distance(seen: Track, face: Face, time: number): number {
  const [before, last] = [seen.at(-2), seen.at(-1)];
  if (!last) return Number.POSITIVE_INFINITY;
  const ratio = last.face.w / face.w;
  if (ratio > 2 || ratio < 0.5) return Number.POSITIVE_INFINITY;
  const size = (last.face.w + face.w) / 2;
  const middle = (of: Face) => [of.x + of.w / 2, of.y + of.h / 2] as const;
  const [x, y] = middle(face);
  const [lastX, lastY] = middle(last.face);
  const seconds = time - last.time;
  // somebody who starts to run is not where they were; nobody else of the same size is there either
  const alike = ratio < SIMILAR && ratio > 1 / SIMILAR && seconds <= SOON_SECONDS;
  const resting = Math.hypot(x - lastX, y - lastY) / size / (alike ? RUNS_WITHIN : SAME_WITHIN);
  if (!before || seconds > SOON_SECONDS || last.time - before.time > SOON_SECONDS) return resting;
  const k = seconds / (last.time - before.time);
  const [beforeX, beforeY] = middle(before.face);
  const going = Math.hypot(x - lastX - (lastX - beforeX) * k, y - lastY - (lastY - beforeY) * k) / size;
  return Math.min(resting, going / SAME_WITHIN);
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
