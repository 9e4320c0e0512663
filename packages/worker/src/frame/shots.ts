import type { Watched } from "./analysis.ts";
import { difference, findCuts } from "./cuts.ts";
import { detailColumns } from "./detail.ts";
import type { Box } from "./picture.ts";
import type { SeenShot } from "./plan.ts";
import { arrangeShot, type ShotContext } from "./scenes.ts";
import { type Sample, trackFaces } from "./track.ts";

/** Shots shorter than this join the one before. */
const SHORTEST_SHOT_SECONDS = 0.2;
/** Seconds; times that are computed in different ways differ in their last binary digits. */
const ROUNDING = 1e-6;
/** Pictures of a shot that are looked at for detail. */
const DETAIL_PICTURES = 4;

/** One segment of a clip: what was seen of it, and where it lies on the clip's timeline (seconds). */
export interface Stretch {
  watched: Watched;
  start: number;
  end: number;
  /** Faces in pixels of the source, times of the clip. */
  samples: Sample[];
}

/** Divides a stretch into shots and says what each of them shows. */
export function seeShots(
  { watched, start, end, samples }: Stretch,
  about: Omit<ShotContext, "watched" | "offsetSeconds">,
): SeenShot[] {
  const { thumbs, fps } = watched;
  const bounds = shotBounds(thumbs.length, findCuts(thumbs, fps), SHORTEST_SHOT_SECONDS * fps);
  return bounds.map((from, i) => {
    const to = bounds[i + 1] ?? thumbs.length;
    const shot = { start: start + from / fps, end: i + 1 < bounds.length ? start + to / fps : end };
    const inside = samples.filter(({ time }) => time > shot.start - ROUNDING && time < shot.end - ROUNDING);
    const scenes = arrangeShot(shot, trackFaces(inside), { ...about, watched, offsetSeconds: start });
    const changes = thumbs
      .slice(from + 1, to)
      .map((thumb, k) => difference(thumb, thumbs[from + k] ?? thumb));
    return {
      ...shot,
      scenes,
      columns: shotColumns(watched, about.area, from, to),
      movement: changes.reduce((sum, change) => sum + change, 0) / Math.max(1, changes.length),
      thumb: thumbs[(from + to) >> 1] ?? new Uint8Array(),
    };
  });
}

/** First frames of the shots: 0 and every cut that leaves no shot shorter than `shortest` frames. */
export function shotBounds(frames: number, cuts: number[], shortest: number): number[] {
  const bounds = [0];
  for (const cut of cuts) {
    if (cut - (bounds.at(-1) ?? 0) >= shortest && frames - cut >= shortest) bounds.push(cut);
  }
  return bounds;
}

function shotColumns(
  { lumas, width, height, scale }: Watched,
  area: Box,
  from: number,
  to: number,
): number[] {
  const pictures = lumas.filter(({ frame }) => frame >= from && frame < to).map(({ luma }) => luma);
  const step = Math.max(1, Math.floor(pictures.length / DETAIL_PICTURES));
  const some = pictures.filter((_, i) => i % step === 0);
  return detailColumns(some, width, height).slice(
    Math.round(area.x * scale),
    Math.round((area.x + area.w) * scale),
  );
}
