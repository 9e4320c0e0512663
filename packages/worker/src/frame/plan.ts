import type { ShotFrame } from "@kangklip/contract";
import type { Thumb } from "./analysis.ts";
import { difference } from "./cuts.ts";
import { detailShare, detailWindow } from "./detail.ts";
import type { Box } from "./picture.ts";
import type { Span } from "./speaker.ts";
import { largestWindow, placeWindow, type Subject, type Target, windowAround } from "./window.ts";

/** A stretch of a shot that shows one subject. */
export interface Scene extends Span {
  subject: Subject;
  /** "speaker", "face" or "faces". */
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
/** Windows that differ by less than this part of their width count as equal. */
const EQUAL_WITHIN = 0.02;

/**
 * Where the window lies from the first shot's start to the last one's end: no gaps, no overlaps, equal neighbours joined.
 * Reasons: speaker, face, faces - laid around them; held - no face, but the same camera as a shot that has one, or too short
 * to move for; detail - no face, most of what there is to see is inside; plain - nothing to see; wide - spread too far for a
 * window, so the whole area is shown over its own blur; inset - the same for a screencast or slide with a small face in it.
 */
export function planFrames(shots: SeenShot[], area: Box, target: Target): ShotFrame[] {
  const frames: ShotFrame[] = [];
  for (const shot of shots) {
    const placed: ShotFrame[] = shot.scenes.map(({ start, end, subject, reason }) => {
      const window = windowAround(subject, area, target);
      if (isInset(shot, subject, window, area))
        return { start, end, layout: "fit", ...area, reason: "inset" };
      return { start, end, layout: "crop", ...window, reason };
    });
    if (placed.length === 0) placed.push(withoutFace(shot, shots, frames.at(-1), area, target));
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
  if (before && end - start < HELD_SECONDS) return { ...before, start, end, reason: "held" };

  const largest = largestWindow(area, target);
  const { middle, share, flat } = detailWindow(shot.columns, largest.w / area.w);
  if (share < (shot.movement < MOVING ? STILL_SHARE : MOVING_SHARE))
    return { start, end, layout: "fit", ...area, reason: "wide" };
  const box = placeWindow(area, largest, area.x + middle * area.w, area.y + (area.h - largest.h) / 2);
  return { start, end, layout: "crop", ...box, reason: flat ? "plain" : "detail" };
}

/** Whether a face is a small part of a picture that is about something else. */
function isInset({ columns, movement }: SeenShot, { faceWidth }: Subject, window: Box, area: Box): boolean {
  if (faceWidth > INSET_FACE * area.w || movement >= MOVING) return false;
  const from = (window.x - area.x) / area.w;
  return detailShare(columns, from, from + window.w / area.w) < INSET_SHARE;
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
  const slack = one.w * EQUAL_WITHIN;
  const sides = ["x", "y", "w", "h"] as const;
  return one.layout === other.layout && sides.every((side) => Math.abs(one[side] - other[side]) <= slack);
}
