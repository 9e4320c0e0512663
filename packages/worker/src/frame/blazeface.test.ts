import { describe, expect, test } from "vitest";
import {
  anchorCount,
  decodeGrid,
  type Face,
  GRIDS,
  INPUT_SIDE,
  makeFace,
  modelInput,
  plausibleFaces,
  smallTiles,
  wholeTile,
} from "./blazeface.ts";
import { createFaceSearch } from "./face-search.ts";
import { type Picture, pictureBytes } from "./picture.ts";

const picture = (width: number, height: number, luma = 126): Picture => {
  const data = new Uint8Array(pictureBytes(width, height)).fill(128);
  data.fill(luma, 0, width * height);
  return { width, height, data };
};
const face = (x: number, size: number, score = 0.9): Face => ({
  ...makeFace(() => 0),
  ...{
    x,
    y: 50,
    w: size,
    h: size,
    score,
    eyeY: 50 + size * 0.27,
    mouthX: x + size / 2,
    mouthY: 50 + size * 0.7,
  },
});

describe("tiles", () => {
  test("cover the long side, overlapping by a fifth", () => {
    expect(smallTiles(picture(480, 270))).toEqual([
      { x: 0, y: 0, side: 270 },
      { x: 210, y: 0, side: 270 },
    ]);
    expect(smallTiles(picture(640, 268))).toHaveLength(3);
    expect(smallTiles(picture(270, 480)).map(({ y }) => y)).toEqual([0, 210]);
    expect(smallTiles(picture(300, 300))).toEqual([]);
  });
});

test("the model's input keeps the picture's shape, black around it, colours in [-1, 1]", () => {
  const wide = picture(480, 270);
  const input = modelInput(wide, wholeTile(wide));
  const at = (x: number, y: number) => Array.from(input.subarray((y * INPUT_SIDE + x) * 3).slice(0, 3));
  for (const value of at(100, 70)) expect(value).toBeCloseTo(0, 1);
  expect(at(100, 200)).toEqual([-1, -1, -1]);
  wide.data.fill(255, (480 * 270 * 5) / 4); // V: everything is red
  const [red = 0, green = 0, blue = 0] = Array.from(modelInput(wide, wholeTile(wide)).slice(0, 3));
  expect(red).toBe(1);
  expect(green).toBeLessThan(-0.4);
  expect(blue).toBeCloseTo(0, 1);
});

test("an anchor's numbers become a face in the picture's pixels", () => {
  const [grid] = GRIDS;
  const scores = new Float32Array(anchorCount(grid)).fill(-9);
  const values = new Float32Array(anchorCount(grid) * 16);
  const anchor = (5 * 16 + 3) * 2; // row 5, column 3: middle at (56, 88)
  scores[anchor] = 2;
  values.set([4, -8, 40, 40, -8, -10, 10, -10, 0, 0, 1, 12], anchor * 16);
  const [found, ...others] = decodeGrid(grid, { scores, values }, { x: 100, y: 0, side: 512 }, 0.5);
  expect(others).toEqual([]);
  expect(found).toMatchObject({ x: 100 + 80, y: 120, w: 80, h: 80, eyeY: 156, mouthX: 214, mouthY: 200 });
  expect(found?.score).toBeCloseTo(0.88, 2);
});

test("doubles, faces upside down and everything beyond twenty are dropped", () => {
  const upsideDown = { ...face(300, 50), eyeY: 90, mouthY: 60 };
  expect(plausibleFaces([face(100, 50, 0.6), face(105, 48, 0.8), upsideDown]).map(({ x }) => x)).toEqual([
    105,
  ]);
  expect(plausibleFaces(Array.from({ length: 50 }, (_, i) => face(i * 60, 50)))).toHaveLength(20);
});

describe("the search", () => {
  /** A detector that sees `faces` where they fill enough of the tile, and counts its calls. */
  function detector(faces: Face[], smallest = 0.06) {
    const calls: number[] = [];
    const search = createFaceSearch((_, tile) => {
      calls.push(tile.side);
      return faces.filter(
        ({ x, w }) => w / tile.side > smallest && x >= tile.x && x + w < tile.x + tile.side,
      );
    });
    return {
      calls,
      search: (pictures: number) => Array.from({ length: pictures }, () => search(picture(480, 270))),
    };
  }

  test("takes one call for a face of fair size", () => {
    const { calls, search } = detector([face(200, 60)]);
    expect(search(5).map((faces) => faces?.length)).toEqual([1, 1, 1, 1, 1]);
    expect(calls).toEqual([480, 480, 480, 480, 480]);
  });

  test("looks closely for small faces and leaves out every second picture", () => {
    const { search } = detector([face(20, 20), face(400, 20)]);
    expect(search(6).map((faces) => faces?.length ?? null)).toEqual([2, null, 2, null, 2, null]);
  });

  test("looks closely at an empty picture once in a while", () => {
    const { calls, search } = detector([]);
    expect(search(8).every((faces) => faces?.length === 0)).toBe(true);
    expect(calls.filter((side) => side === 270)).toHaveLength(4);
  });
});
