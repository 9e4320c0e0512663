import type { Mp4Index, TrackIndex } from "./mp4-index.ts";
import { joined, type Span } from "./spans.ts";

/** A stretch of the video that is to be read: seconds as ffmpeg's `-ss` counts them, from the file's start. */
export interface Stretch {
  start: number;
  end: number;
}

/** Sound is sought by when the picture's first sample is decoded, which is some pictures before it is shown (seconds). */
const PREROLL_SECONDS = 0.25;
/** Pictures and sound that a reader may look at beyond the end (seconds). */
const POSTROLL_SECONDS = 0.5;
/** A reader may round the other way and begin one key frame earlier. */
const ROUNDING_SECONDS = 0.1;
/** ffmpeg looks into the first pictures of every file that it opens. */
const PROBED_SECONDS = 3;

/** Samples of a track that lie in a row, the last one included. */
export interface Samples {
  track: TrackIndex;
  first: number;
  last: number;
}

/**
 * The samples that readers of these stretches touch: pictures from the last key frame that is SHOWN at or before each start, the sound
 * beside them, and what ffmpeg probes at the beginning. Pure.
 */
export function samplesOfStretches(
  { tracks, startSeconds }: Mp4Index,
  stretches: readonly Stretch[],
): Samples[] {
  const delay = Math.max(...tracks.map(({ delaySeconds }) => delaySeconds));
  return [{ start: 0, end: PROBED_SECONDS }, ...stretches].flatMap(({ start, end }) => {
    const [from, to] = [start + startSeconds - delay, end + startSeconds + delay + POSTROLL_SECONDS];
    const pictures = tracks.filter(({ kind }) => kind === "video");
    const begins = Math.min(from, ...pictures.map((track) => track.times[firstNeeded(track, from)] ?? from));
    return tracks.map((track) => ({
      track,
      first: track.kind === "video" ? firstNeeded(track, from) : firstFrom(track, begins - PREROLL_SECONDS),
      last: lastShownBy(track, to),
    }));
  });
}

/** Their bytes. Pure. @returns spans in order, apart from each other */
export function bytesOfStretches(index: Mp4Index, stretches: readonly Stretch[]): Span[] {
  const spans: Span[] = [];
  for (const { track, first, last } of samplesOfStretches(index, stretches))
    for (let sample = first; sample <= last; sample++) addSample(spans, track, sample);
  return joined(spans, 0);
}

/** Every sample of the pictures. Pure. */
export const allPictures = ({ tracks }: Mp4Index): Samples[] =>
  tracks
    .filter(({ kind }) => kind === "video")
    .map((track) => ({ track, first: 0, last: track.sizes.length - 1 }));

/** All bytes of the sound. Pure. */
export function bytesOfSound({ tracks }: Mp4Index): Span[] {
  const spans: Span[] = [];
  for (const track of tracks)
    if (track.kind === "audio")
      for (let sample = 0; sample < track.sizes.length; sample++) addSample(spans, track, sample);
  return joined(spans, 0);
}

/** The key frames, and what ffmpeg probes at the beginning. Pure. */
export function bytesOfKeyPictures(index: Mp4Index): Span[] {
  const spans = bytesOfStretches(index, []);
  for (const track of index.tracks)
    if (track.kind === "video")
      for (const sample of track.sync ?? track.sizes.keys()) addSample(spans, track, sample);
  return joined(spans, 0);
}

/** Samples that lie together stay one span: an hour of sound has 170,000 of them. */
function addSample(spans: Span[], { offsets, sizes }: TrackIndex, sample: number): void {
  const from = offsets[sample] ?? 0;
  const to = from + (sizes[sample] ?? 0);
  const last = spans.at(-1);
  if (last && last[1] === from) spans[spans.length - 1] = [last[0], to];
  else spans.push([from, to]);
}

/** The sample from which decoding begins for what is shown at `time`. */
function firstNeeded({ sync, times }: TrackIndex, time: number): number {
  if (!sync) return firstFromSorted(times, time - ROUNDING_SECONDS);
  let found = 0;
  for (const sample of sync) {
    if ((times[sample] ?? 0) > time - ROUNDING_SECONDS) break;
    found = sample;
  }
  return found;
}

const firstFrom = ({ times }: TrackIndex, time: number) => firstFromSorted(times, time);

/** The first of times in (nearly) rising order that is not before `time`. */
function firstFromSorted(times: Float64Array, time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** B-frames reach back over at most 16 pictures (H.264 and HEVC, max_num_reorder_frames). */
const REORDERED = 16;

function lastShownBy({ times }: TrackIndex, time: number): number {
  let last = firstFromSorted(times, time);
  while (last + 1 < times.length && times.subarray(last + 1, last + 1 + REORDERED).some((at) => at <= time))
    last++;
  return Math.min(times.length - 1, last);
}
