import { type Box, overlap, type Picture } from "./picture.ts";

/**
 * BlazeFace, back-camera model (arXiv 1907.05047), as @vladmandic/human ships it: input 1 x 256 x 256 x 3 in [-1, 1]; per
 * anchor one score and 16 numbers: box centre and size, then six points (right eye, left eye, nose, mouth, ears), all in
 * pixels of the 256 picture, the positions relative to the anchor.
 */
export const INPUT_SIDE = 256;
export const GRIDS = [
  { cells: 16, anchorsPerCell: 2 },
  { cells: 8, anchorsPerCell: 6 },
] as const;
export const anchorCount = ({ cells, anchorsPerCell }: (typeof GRIDS)[number]) => cells ** 2 * anchorsPerCell;

/** A face, in pixels of the picture it was found in. The box reaches from the brows to the chin. */
export interface Face extends Box {
  /** The detector's confidence, 0..1. */
  score: number;
  /** Height of the line between the eyes. */
  eyeY: number;
  mouthX: number;
  mouthY: number;
}

const FACE_NUMBERS = ["x", "y", "w", "h", "score", "eyeY", "mouthX", "mouthY"] as const;

/** A face whose every number is made by `of`. */
export function makeFace(of: (key: keyof Face) => number): Face {
  const face = { x: 0, y: 0, w: 0, h: 0, score: 0, eyeY: 0, mouthX: 0, mouthY: 0 };
  for (const key of FACE_NUMBERS) face[key] = of(key);
  return face;
}

/** A square part of a picture; it may reach beyond the picture, what lies there is black. */
export interface Tile {
  x: number;
  y: number;
  side: number;
}

/** The whole picture, shape kept: squashing it costs score. */
export const wholeTile = ({ width, height }: Picture): Tile => ({
  x: 0,
  y: 0,
  side: Math.max(width, height),
});

/** No camera films wider than 6:1, and each tile costs a call. */
const MOST_TILES = 8;

/** Squares along the long side, each as wide as the short side, overlapping by at least a fifth; none for a square or a mere strip. */
export function smallTiles({ width, height }: Picture): Tile[] {
  const [short, long] = [Math.min(width, height), Math.max(width, height)];
  const count = Math.ceil((long / short - 0.2) / 0.8);
  if (count < 2 || count > MOST_TILES) return [];
  return Array.from({ length: count }, (_, i) => {
    const at = ((long - short) * i) / (count - 1);
    return width > height ? { x: at, y: 0, side: short } : { x: 0, y: at, side: short };
  });
}

/** Cuts a tile out and scales it to the model's input: 256 x 256 RGB triples in [-1, 1], BT.709. */
export function modelInput({ width, height, data }: Picture, tile: Tile): Float32Array {
  const input = new Float32Array(INPUT_SIDE ** 2 * 3).fill(-1);
  const step = tile.side / INPUT_SIDE;
  const [u, v, chromaWidth] = [width * height, (width * height * 5) / 4, width / 2];
  const reach = Math.max(1, Math.round(step));
  for (let row = 0; row < INPUT_SIDE; row++) {
    const top = Math.floor(tile.y + row * step);
    if (top >= height) break;
    const bottom = Math.min(height, top + reach);
    for (let column = 0; column < INPUT_SIDE; column++) {
      const left = Math.floor(tile.x + column * step);
      if (left >= width) break;
      const right = Math.min(width, left + reach);
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) sum += data[y * width + x] ?? 0;
      }
      const luma = 1.164 * (sum / ((bottom - top) * (right - left)) - 16);
      const chroma = (top >> 1) * chromaWidth + (left >> 1);
      const [blueness, redness] = [(data[u + chroma] ?? 128) - 128, (data[v + chroma] ?? 128) - 128];
      const at = (row * INPUT_SIDE + column) * 3;
      input[at] = toUnit(luma + 1.793 * redness);
      input[at + 1] = toUnit(luma - 0.213 * blueness - 0.533 * redness);
      input[at + 2] = toUnit(luma + 2.112 * blueness);
    }
  }
  return input;
}

const toUnit = (value: number) => Math.min(255, Math.max(0, value)) / 127.5 - 1;

/**
 * The faces of one grid's output, in pixels of the picture that the tile was cut from.
 * `scores` has one number per anchor (before the sigmoid), `values` 16.
 */
export function decodeGrid(
  grid: (typeof GRIDS)[number],
  { scores, values }: { scores: ArrayLike<number>; values: ArrayLike<number> },
  tile: Tile,
  minScore: number,
): Face[] {
  const faces: Face[] = [];
  const scale = tile.side / INPUT_SIDE;
  for (let i = 0; i < anchorCount(grid); i++) {
    const score = 1 / (1 + Math.exp(-(scores[i] ?? Number.NEGATIVE_INFINITY)));
    if (!(score >= minScore)) continue;
    const cell = Math.floor(i / grid.anchorsPerCell);
    const anchorX = (((cell % grid.cells) + 0.5) / grid.cells) * INPUT_SIDE;
    const anchorY = ((Math.floor(cell / grid.cells) + 0.5) / grid.cells) * INPUT_SIDE;
    const value = (k: number) => values[i * 16 + k] ?? 0;
    const x = (inTile: number) => tile.x + inTile * scale;
    const y = (inTile: number) => tile.y + inTile * scale;
    faces.push({
      x: x(anchorX + value(0) - value(2) / 2),
      y: y(anchorY + value(1) - value(3) / 2),
      w: value(2) * scale,
      h: value(3) * scale,
      score,
      eyeY: y(anchorY + (value(5) + value(7)) / 2),
      mouthX: x(anchorX + value(10)),
      mouthY: y(anchorY + value(11)),
    });
  }
  return faces;
}

/**
 * One box per face, best first, twenty at most: a box that lies half inside a better one is its double, and one whose mouth is
 * not well below its eyes is no face (boxes in fractals and patterns fail here whatever their score).
 */
export function plausibleFaces(faces: Face[]): Face[] {
  const kept: Face[] = [];
  for (const face of faces.toSorted((a, b) => b.score - a.score)) {
    if (kept.length === MOST_FACES) break;
    if (face.mouthY - face.eyeY < face.h / 5) continue;
    if (kept.every((other) => overlap(face, other) < 0.5)) kept.push(face);
  }
  return kept;
}
const MOST_FACES = 20;
