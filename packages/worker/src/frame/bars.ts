import type { Box } from "./picture.ts";

/** Luma (limited range, black is 16) that a pixel of a black bar stays below. */
const BLACK = 24;
/** This part of a line must be black; the rest is noise and small logos. */
const BLACK_PART = 0.99;
/** Bars lie on both sides, alike within the first figure; each takes at least the second and at most the third part. */
const ALIKE = 0.02;
const SMALLEST = 0.03;
const LARGEST = 0.42;

/**
 * The picture inside black bars above and below, or left and right: parts (0..1) of the whole picture. Bars count when they
 * are black in all of the pictures and alike on both sides; else the area is everything.
 */
export function activeArea(lumas: Uint8Array[], width: number, height: number): Box {
  const isBlack = (count: number, at: (i: number) => number) =>
    lumas.every((luma) => {
      let black = 0;
      for (let i = 0; i < count; i++) if ((luma[at(i)] ?? 0) < BLACK) black++;
      return black >= count * BLACK_PART;
    });
  const row = (y: number) => isBlack(width, (x) => y * width + x);
  const column = (x: number) => isBlack(height, (y) => y * width + x);
  const [top, h] = lumas.length > 0 ? inside(height, row) : [0, 1];
  const [left, w] = lumas.length > 0 ? inside(width, column) : [0, 1];
  return { x: left, y: top, w, h };
}

/** Start and length (0..1) of what lies between two bars of black lines. */
function inside(lines: number, isBlack: (line: number) => boolean): [start: number, length: number] {
  const most = Math.floor(lines * LARGEST);
  let [before, after] = [0, 0];
  while (before <= most && isBlack(before)) before++;
  while (after <= most && isBlack(lines - 1 - after)) after++;
  const areBars =
    before <= most &&
    after <= most &&
    Math.min(before, after) >= lines * SMALLEST &&
    Math.abs(before - after) <= lines * ALIKE + 1;
  // one line more: the bar's edge is mixed with the picture
  return areBars ? [(before + 1) / lines, (lines - before - after - 2) / lines] : [0, 1];
}
