import type { Box } from "./picture.ts";

/** What the window is laid around, in source pixels. */
export interface Subject {
  /** Everything that has to be inside: one face, or several side by side. */
  box: Box;
  /** Width of one face. */
  faceWidth: number;
  eyeY: number;
}

/** The wanted picture, in pixels: its shape, and how far a small window would be enlarged. */
export interface Target {
  width: number;
  height: number;
}

/** The shape of each half of a split frame. */
export const halfTarget = ({ width, height }: Target): Target => ({ width, height: height / 2 });

/** A face that fills less than this part of the window's width is brought closer, until it fills the second one. */
const SMALL_FACE = 0.27;
const CLOSER_FACE = 0.3;
/** A face is not brought closer than to this part, whatever the room above it. */
const LARGE_FACE = 0.62;
/** Middles of faces that are shown together lie within this part of the width. */
export const MIDDLES_WITHIN = 0.56;
/** Hair and air at both sides of a row of faces, in faces. */
const BESIDE_HEADS = 1.2;
/** Eyes lie here in a window with room above and below; without room they may lie as low as the second figure. */
export const EYES_AT = 0.36;
const EYES_LOWEST = 0.44;
/** Coming closer ends at half the largest window, and where a pixel would be enlarged this much … */
const MOST_ENLARGED = 2.5;
/** … but a small source may always be brought this much closer. */
const ALWAYS_CLOSER = 1.2;
/** … and this much for a head that sits low. */
const CLOSER_FOR_EYES = 1.4;
/** From the top of the detector's box (the brows) to the crown, in box heights. */
const CROWN = 0.6;

const even = (length: number) => Math.max(2, Math.round(length / 2) * 2);
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** Size of the largest window of the target's shape inside an area with even sides; even: 608 x 1080 of 1920 x 1080. */
export function largestWindow({ w, h }: Pick<Box, "w" | "h">, target: Target): Pick<Box, "w" | "h"> {
  const shape = target.width / target.height;
  return w / h > shape ? { w: Math.min(even(h * shape), w), h } : { w, h: Math.min(even(w / shape), h) };
}

/** A window of a size around `middleX` from `top` on, moved inside the area; offsets even where the area's are. */
export function placeWindow(area: Box, { w, h }: Pick<Box, "w" | "h">, middleX: number, top: number): Box {
  const x = area.x + clamp(Math.round((middleX - w / 2 - area.x) / 2) * 2, 0, area.w - w);
  const y = area.y + clamp(Math.round((top - area.y) / 2) * 2, 0, area.h - h);
  return { x, y, w, h };
}

/** How a window is wanted: where the eyes are, part of its height, and the least part of the largest window's height that it may have. */
interface Wanted {
  eyesAt?: number;
  closest?: number;
}

/** The window that shows the subject well: centred, eyes a little above the middle, small faces brought closer. */
export function windowAround(
  { box, faceWidth, eyeY }: Subject,
  area: Box,
  target: Target,
  { eyesAt = EYES_AT, closest: part }: Wanted = {},
): Box {
  const largest = largestWindow(area, target);
  const shape = target.width / target.height;
  const usual = Math.max(largest.h / 2, Math.min(largest.h / ALWAYS_CLOSER, target.height / MOST_ENLARGED));
  const closest = part === undefined ? usual : part * largest.h;
  const width = faceWidth < SMALL_FACE * largest.w ? faceWidth / CLOSER_FACE : largest.w;
  const heads = box.w > faceWidth ? box.w + BESIDE_HEADS * faceWidth : 0;
  const wanted = Math.max(width, (box.w - faceWidth) / MIDDLES_WITHIN, heads) / shape;
  let height = clamp(wanted, closest, largest.h);
  // a head low in the picture leaves the upper half empty: come closer, the window's lower edge stays
  const forEyes = (area.y + area.h - eyeY) / (1 - EYES_LOWEST);
  const least = part === undefined ? Math.min(closest, largest.h / CLOSER_FOR_EYES) : closest;
  if (forEyes < height && faceWidth < LARGE_FACE * forEyes * shape) height = clamp(forEyes, least, height);

  const size =
    height < largest.h
      ? { w: Math.min(even(height * shape), largest.w), h: Math.min(even(height), largest.h) }
      : largest;
  const crown = box.y - CROWN * box.h;
  const top = Math.min(eyeY - eyesAt * size.h, Math.max(area.y, crown));
  return placeWindow(area, size, box.x + box.w / 2, top);
}

/** Whether the window could hardly lie anywhere else: the area has the target's shape. */
export function fillsFrame(area: Pick<Box, "w" | "h">, target: Target): boolean {
  const { w, h } = largestWindow(area, target);
  return w * h >= 0.96 * area.w * area.h;
}
