import { type Keypoint, planCamera, STEP_SECONDS } from "./camera.ts";
import { type Box, median } from "./picture.ts";
import type { Scene } from "./plan.ts";
import { HOLD_SECONDS, type Span } from "./speaker.ts";
import { faceAt, medianFace, type Track } from "./track.ts";
import { EYES_AT, type Subject, type Target, windowAround } from "./window.ts";

/** A face may wander through this part of the window's width before the window moves. */
const WANDER = 0.5;
/** Where the face's middle may be against the window's, parts of its width: the middle 60 % less what detectors jitter. */
const ACROSS = { free: 0.14, furthest: 0.27 };
/** Where eyes may be against EYES_AT, parts of the window's height: from 25 to 45 %. */
const DOWN = { free: 0.06, furthest: 0.09 };
/** A moving window is made for a face as large as this part of its sightings. */
const NEAREST = 0.8;
/** More of the time than this without the face in the window is a jump, which is cut. */
const MOST_OUT = 0.04;
/** Sightings around each moment whose middle one is believed. */
const SIGHTINGS = 5;

/** What a shot shows while it shows one face: a window at rest where the face stays, one that moves where it walks, several where it jumps. */
export function follow(
  track: Track,
  span: Span,
  reason: string,
  { area, target }: { area: Box; target: Target },
): Scene[] {
  const inside = track.filter(({ time }) => time >= span.start && time < span.end);
  const seen = inside.length > 0 ? inside : track;
  const resting = subjectOf(seen);
  const { w } = windowAround(resting, area, target);
  const middles = seen.map(({ face }) => face.x + face.w / 2);
  if (Math.max(...middles) - Math.min(...middles) <= WANDER * w)
    return [{ ...span, subject: resting, reason }];

  const subject = { ...resting, ...nearest(seen, resting) };
  const path = cameraPath(seen, span, windowAround(subject, area, target), area);
  return path ? [{ ...span, subject, reason, path }] : stills(seen, span, reason, WANDER * w);
}

/** The subject as large as it comes, so that its head is whole there too. */
function nearest(seen: Track, { box }: Subject): Pick<Subject, "box" | "faceWidth"> {
  const sizes = seen.map(({ face }) => face.w).toSorted((a, b) => a - b);
  const faceWidth = sizes[Math.floor((sizes.length - 1) * NEAREST)] ?? box.w;
  const grown = faceWidth / box.w;
  return { faceWidth, box: { ...box, x: box.x - (faceWidth - box.w) / 2, w: faceWidth, h: box.h * grown } };
}

/** The way of a window's corner; null where it would lose the face. */
function cameraPath(seen: Track, span: Span, window: Box, area: Box): Scene["path"] | null {
  const steps = Math.max(1, Math.round((span.end - span.start) / STEP_SECONDS));
  const faces = Array.from({ length: steps }, (_, i) => {
    const time = span.start + (i + 0.5) * STEP_SECONDS;
    return around(seen, time);
  });
  const across = planCamera(
    faces.map(({ middle }) => middle - window.w / 2 - area.x),
    { window: window.w, most: area.w - window.w, start: span.start, room: ACROSS },
  );
  if (across.out > MOST_OUT) return null;
  const down = planCamera(
    faces.map(({ eyeY }) => eyeY - EYES_AT * window.h - area.y),
    { window: window.h, most: area.h - window.h, start: span.start, room: DOWN },
  );
  const times = [...new Set([...across.keypoints, ...down.keypoints].map(({ at }) => at))];
  return times
    .sort((a, b) => a - b)
    .map((at) => ({
      at,
      x: area.x + valueAt(across.keypoints, at),
      y: area.y + valueAt(down.keypoints, at),
    }));
}

/** Where the face is at a time: the middle one of the sightings around it, so that a wrong box has no say. */
function around(seen: Track, time: number): { middle: number; eyeY: number } {
  const face = faceAt(seen, time) ?? medianFace(seen);
  const at = seen.findIndex((sighting) => sighting.time >= time);
  const first = Math.max(0, (at < 0 ? seen.length : at) - (SIGHTINGS >> 1));
  const near = seen.slice(first, first + SIGHTINGS).filter((one) => Math.abs(one.time - time) < 0.5);
  const middle = face.x + face.w / 2;
  const usual = median([...near.map((one) => one.face.x + one.face.w / 2), middle]);
  const wrong = near.length >= 3 && Math.abs(usual - middle) > face.w;
  return wrong
    ? { middle: usual, eyeY: median(near.map((one) => one.face.eyeY)) }
    : { middle, eyeY: face.eyeY };
}

/** The value of a polyline that rests before its first and after its last point. */
export function valueAt(keypoints: Keypoint[], at: number): number {
  const after = keypoints.findIndex((point) => point.at >= at);
  const [one, other] = [keypoints[Math.max(0, after - 1)], keypoints[after]];
  if (!other || !one || after === 0) return (other ?? keypoints.at(-1))?.value ?? 0;
  return one.value + ((other.value - one.value) * (at - one.at)) / (other.at - one.at);
}

/** Resting scenes of at least a second, one after the other where the face leaves the middle of the window. */
function stills(seen: Track, span: Span, reason: string, room: number): Scene[] {
  const scenes: Scene[] = [];
  let part: Track = [];
  let start = span.start;
  for (const sighting of seen) {
    const middles = [...part, sighting].map(({ face }) => face.x + face.w / 2);
    const wandered = Math.max(...middles) - Math.min(...middles) > room;
    if (wandered && sighting.time - start >= HOLD_SECONDS && span.end - sighting.time >= HOLD_SECONDS) {
      scenes.push({ start, end: sighting.time, subject: subjectOf(part), reason });
      [part, start] = [[], sighting.time];
    }
    part.push(sighting);
  }
  scenes.push({ start, end: span.end, subject: subjectOf(part), reason });
  return scenes;
}

/** The face at its usual size, in the middle of the stretch it wanders through. */
export function subjectOf(track: Track): Subject {
  const face = medianFace(track);
  const middles = track.map(({ face: { x, w } }) => x + w / 2).toSorted((a, b) => a - b);
  const at = (part: number) => middles[Math.round((middles.length - 1) * part)] ?? face.x + face.w / 2;
  const middle = (at(0.1) + at(0.9)) / 2;
  return {
    box: { x: middle - face.w / 2, y: face.y, w: face.w, h: face.h },
    faceWidth: face.w,
    eyeY: face.eyeY,
  };
}
