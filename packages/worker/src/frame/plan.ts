import type { ShotFrame } from "@kangklip/contract";
import type { Thumb } from "./analysis.ts";
import { difference } from "./cuts.ts";
import { detailShare, detailWindow, meanDetail } from "./detail.ts";
import type { Box } from "./picture.ts";
import type { Span } from "./speaker.ts";
import { splitWindows } from "./split.ts";
import { largestWindow, placeWindow, type Subject, type Target, windowAround } from "./window.ts";

/** A stretch of a shot that shows one subject. */
export interface Scene extends Span {
  subject: Subject;
  /** Somebody else, shown at the same time in the frame's lower half. */
  lower?: Subject;
  /** The way of the window's corner, where it does not rest: source pixels at seconds of the clip. */
  path?: NonNullable<ShotFrame["path"]>;
  /** "speaker", "face", "faces", "split_exchange" or "split_both". */
  reason: string;
}

/** What was seen in one shot; times are seconds on the clip's timeline. */
export interface SeenShot extends Span {
  /** In order and without gaps; empty where no face was found. */
  scenes: Scene[];
  /** See detailColumns. */
  columns: number[];
  /** Mean change from frame to frame (luma, of 255): a slide stays below 0.5. */
  movement: number;
  /** The picture in the middle of the shot. */
  thumb: Thumb;
}

/** Pictures of the same camera differ by less than this (mean luma, of 255). */
const SAME_CAMERA = 5;
/** A shot without a face that is shorter than this keeps the window of the one before: no flicker. */
const HELD_SECONDS = 1;
/** How much of the detail a window must show to be used: text must not be cut, a moving picture may lose its edges. */
const STILL_SHARE = 0.8;
const MOVING_SHARE = 0.55;
const MOVING = 0.5;
/** A face of less than this part of the width, in a still picture of which its window shows less than this part … */
const INSET_FACE = 0.065;
const INSET_SHARE = 0.4;
/** … or a larger one that has hardly anything around it, in a picture as full as a screen is (edges per pixel; a room has about one). */
const LARGER_INSET = 0.15;
const LARGER_SHARE = 0.12;
const SCREEN = 3;
/** Windows that differ by less than this part of their width count as equal. */
const EQUAL_WITHIN = 0.02;

/**
 * Where the window lies from the first shot's start to the last one's end: no gaps, no overlaps, equal neighbours joined.
 * Reasons: speaker, face, faces - laid around them; held - no face, but the same camera as a shot that has one, or too short
 * to move for; detail - no face, most of what there is to see is inside; plain - nothing to see; wide - spread too far for a
 * window, so the whole area is shown over its own blur; inset - the same for a screencast or slide with a small face in it.
 */
export function planFrames(
  shots: SeenShot[],
  area: Box,
  target: Target,
  picture: Pick<Box, "w" | "h"> = { w: area.x + area.w, h: area.y + area.h },
): ShotFrame[] {
  const frames: ShotFrame[] = [];
  const whole = (span: Span, reason: string, window: Box): ShotFrame => ({
    ...{ start: span.start, end: span.end, layout: "fit", ...area, reason },
    focus: { x: (window.x + window.w / 2) / picture.w, y: (window.y + window.h / 2) / picture.h },
  });
  for (const shot of shots) {
    const placed = shot.scenes.map((scene): ShotFrame => {
      const { start, end, subject, lower, path, reason } = scene;
      if (lower) {
        const [above, below] = splitWindows(subject, lower, area, target);
        return { start, end, layout: "split", ...above, lower: below, reason };
      }
      const window = windowAround(subject, area, target);
      if (isInset(shot, subject, window, area)) return whole(scene, "inset", window);
      return path ? moving(scene, window, path) : { start, end, layout: "crop", ...window, reason };
    });
    if (placed.length === 0) {
      const window = withoutFace(shot, shots, frames.at(-1), area, target);
      placed.push(window.reason === "wide" ? whole(shot, "wide", window) : window);
    }
    for (const frame of placed) {
      const last = frames.at(-1);
      if (last && isEqual(last, frame)) last.end = frame.end;
      else frames.push(frame);
    }
  }
  return frames.map(({ start, end, ...rest }) => ({
    start: roundSeconds(start),
    end: roundSeconds(end),
    ...rest,
  }));
}

/** A window on its way; its fixed place is where it begins. One that is at the same place throughout has none. */
function moving({ start, end, reason }: Scene, window: Box, path: NonNullable<Scene["path"]>): ShotFrame {
  const even = (place: number) => 2 * Math.round(place / 2);
  const [first] = path;
  const at = { x: even(first?.x ?? window.x), y: even(first?.y ?? window.y) };
  const frame: ShotFrame = { start, end, layout: "crop", ...window, ...at, reason };
  if (path.length < 2) return frame;
  const exact = (value: number) => Math.round(value * 100) / 100;
  return {
    ...frame,
    path: path.map(({ at, x, y }) => ({ at: roundSeconds(at), x: exact(x), y: exact(y) })),
  };
}

/** Reasons of frames that are laid around a face that was seen in them. */
const AROUND_FACES = ["speaker", "face", "faces", "split_exchange", "split_both"];
export const showsFace = ({ reason }: Pick<ShotFrame, "reason">) => AROUND_FACES.includes(reason);

/** Seconds without the tail of binary fractions. */
export const roundSeconds = (seconds: number) => Math.round(seconds * 1e6) / 1e6;

function withoutFace(
  shot: SeenShot,
  shots: SeenShot[],
  before: ShotFrame | undefined,
  area: Box,
  target: Target,
): ShotFrame {
  const { start, end } = shot;
  const subject = sameCamera(shot, shots)?.scenes[0]?.subject;
  if (subject) return { start, end, layout: "crop", ...windowAround(subject, area, target), reason: "held" };
  if (before && end - start < HELD_SECONDS) return { ...resting(before), start, end, reason: "held" };

  const largest = largestWindow(area, target);
  const { middle, share, flat } = detailWindow(shot.columns, largest.w / area.w);
  const box = placeWindow(area, largest, area.x + middle * area.w, area.y + (area.h - largest.h) / 2);
  if (share < (shot.movement < MOVING ? STILL_SHARE : MOVING_SHARE))
    return { start, end, layout: "fit", ...box, reason: "wide" };
  return { start, end, layout: "crop", ...box, reason: flat ? "plain" : "detail" };
}

/** A frame where its window came to rest. */
function resting({ path, ...frame }: ShotFrame): ShotFrame {
  const last = path?.at(-1);
  return last ? { ...frame, x: 2 * Math.round(last.x / 2), y: 2 * Math.round(last.y / 2) } : frame;
}

/** Whether a face is a small part of a picture that is about something else. */
function isInset({ columns, movement }: SeenShot, { faceWidth }: Subject, window: Box, area: Box): boolean {
  if (faceWidth > LARGER_INSET * area.w || movement >= MOVING) return false;
  const from = (window.x - area.x) / area.w;
  const share = detailShare(columns, from, from + window.w / area.w);
  if (faceWidth <= INSET_FACE * area.w) return share < INSET_SHARE;
  return share < LARGER_SHARE && meanDetail(columns) >= SCREEN;
}

/** The shot with a face that looks most like this one, if it is the same camera's. */
function sameCamera(shot: SeenShot, shots: SeenShot[]): SeenShot | undefined {
  return shots
    .filter(({ scenes }) => scenes.length > 0)
    .map((other) => ({ other, change: difference(other.thumb, shot.thumb) }))
    .filter(({ change }) => change < SAME_CAMERA)
    .sort((a, b) => a.change - b.change)[0]?.other;
}

function isEqual(one: ShotFrame, other: ShotFrame): boolean {
  if (one.layout !== other.layout || one.path || other.path) return false;
  const near = (a: Box | undefined, b: Box | undefined) =>
    !a || !b
      ? a === b
      : (["x", "y", "w", "h"] as const).every((side) => Math.abs(a[side] - b[side]) <= a.w * EQUAL_WITHIN);
  return near(one, other) && near(one.lower, other.lower);
}
