import { median } from "./picture.ts";

/** Neighbouring pixels that differ by less than this (of 255) are noise or soft shading. */
const EDGE = 16;
/** Below this mean of edges per pixel a picture is flat: black, a wall, a title on nothing. */
const FLAT = 0.15;

/** The picture's middle is preferred where it shows this part of what the best window shows. */
const CENTRAL_ENOUGH = 0.9;

/** How much there is to see in each column of a picture: sum of its edges, averaged over several pictures of a shot. */
export function detailColumns(lumas: Uint8Array[], width: number, height: number): number[] {
  const columns = new Array<number>(width).fill(0);
  for (const luma of lumas) {
    for (let y = 0; y + 1 < height; y++) {
      for (let x = 0; x + 1 < width; x++) {
        const here = luma[y * width + x] ?? 0;
        const across = Math.abs((luma[y * width + x + 1] ?? 0) - here);
        const down = Math.abs((luma[(y + 1) * width + x] ?? 0) - here);
        columns[x] = (columns[x] ?? 0) + (across > EDGE ? across : 0) + (down > EDGE ? down : 0);
      }
    }
  }
  return columns.map((edges) => edges / Math.max(1, lumas.length * height));
}

/** The part of all detail between two places (0..1) of the picture's width; 1 for a flat picture. */
export function detailShare(columns: number[], from: number, to: number): number {
  if (isFlat(columns)) return 1;
  const [left, right] = [Math.round(from * columns.length), Math.round(to * columns.length)];
  return sum(columns.slice(left, right)) / sum(columns);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
/** Edges per pixel; NaN without columns. */
export const meanDetail = (columns: number[]) => sum(columns) / columns.length;
const isFlat = (columns: number[]) => !(meanDetail(columns) >= FLAT);

/**
 * The place of a window that shows most of the detail. `part` is the window's width, 0..1 of the picture's.
 * @returns the window's middle (0..1 of the picture's width) and the part of all detail that it shows; the picture's middle
 * where that is nearly as good. A flat picture has no detail: share 1, in the middle.
 */
export function detailWindow(
  columns: number[],
  part: number,
): { middle: number; share: number; flat: boolean } {
  if (isFlat(columns)) return { middle: 0.5, share: 1, flat: true };
  const size = Math.max(1, Math.round(columns.length * part));
  const total = sum(columns);
  let shown = sum(columns.slice(0, size));
  const shares = [shown / total];
  for (let left = 1; left + size <= columns.length; left++) {
    shown += (columns[left + size - 1] ?? 0) - (columns[left - 1] ?? 0);
    shares.push(shown / total);
  }
  const best = Math.max(...shares);
  const central = shares[(shares.length - 1) >> 1] ?? 0;
  if (central >= best * CENTRAL_ENOUGH) return { middle: 0.5, share: central, flat: false };
  const good = shares.flatMap((share, left) => (share >= best * 0.98 ? [left] : []));
  const left = median(good); // detail that is narrower than the window comes into its middle
  return { middle: (left + size / 2) / columns.length, share: shares[left] ?? 0, flat: false };
}
