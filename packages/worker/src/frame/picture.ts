/**
 * A small picture of the source as ffmpeg pipes it: planar 4:2:0, limited range, both sides even. `data` holds the luma
 * plane (width x height bytes), then U and V (a quarter of that each).
 */
export interface Picture {
  width: number;
  height: number;
  data: Uint8Array;
}

/** A rectangle in whatever pixels the context names; x and y are its upper left corner. */
export interface Box {
  x: number;
  y: number;
  w: number;
  h: number;
}

/** Bytes of one such picture. */
export const pictureBytes = (width: number, height: number) => (width * height * 3) / 2;

/** How much of the smaller box lies inside the other one, 0..1: finds doubles even when one box is a part of the other. */
export function overlap(one: Box, other: Box): number {
  const w = Math.min(one.x + one.w, other.x + other.w) - Math.max(one.x, other.x);
  const h = Math.min(one.y + one.h, other.y + other.h) - Math.max(one.y, other.y);
  if (w <= 0 || h <= 0) return 0;
  return (w * h) / Math.min(one.w * one.h, other.w * other.h);
}

/** The middle value of a list (the upper one of two); NaN for an empty list. */
export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
