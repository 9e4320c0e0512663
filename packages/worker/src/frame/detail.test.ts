import { describe, expect, test } from "vitest";
import { activeArea } from "./bars.ts";
import { detailColumns, detailWindow } from "./detail.ts";

const [width, height] = [160, 90];
const paint = (at: (x: number, y: number) => number) =>
  Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));

describe("detail", () => {
  const striped = (from: number, to: number) => paint((x) => (x >= from && x < to ? 60 + 120 * (x % 2) : 60));

  test("is where the edges are", () => {
    const { middle, share } = detailWindow(detailColumns([striped(110, 140)], width, height), 0.316);
    expect(middle).toBeCloseTo(0.78, 1);
    expect(share).toBeGreaterThan(0.95);
  });

  test("that is spread over the width does not fit a window", () => {
    const { share } = detailWindow(detailColumns([striped(0, 160)], width, height), 0.316);
    expect(share).toBeLessThan(0.4);
  });

  test("keeps to the middle where that is nearly as good", () => {
    expect(detailWindow(detailColumns([striped(50, 105)], width, height), 0.316).middle).toBeCloseTo(0.5, 2);
  });

  test("is nowhere in noise, shading, black, or no picture at all", () => {
    const noise = paint((x, y) => 100 + 7 * Math.sin(x * 91 + y * 17));
    const shading = paint((x) => x);
    for (const luma of [noise, shading, paint(() => 16)])
      expect(detailWindow(detailColumns([luma], width, height), 0.316)).toMatchObject({
        flat: true,
        middle: 0.5,
      });
    expect(detailWindow(detailColumns([], 0, 0), 0.316)).toMatchObject({ flat: true, middle: 0.5 });
  });
});

describe("black bars", () => {
  const barred = (inside: (x: number, y: number) => boolean) =>
    paint((x, y) => (inside(x, y) ? 90 + ((x * 7 + y * 3) % 60) : 16 + ((x + y) % 3)));

  test("above and below, or left and right, are not part of the picture", () => {
    const letterbox = activeArea([barred((_, y) => y >= 11 && y < 79)], width, height);
    expect(letterbox.y * height).toBeCloseTo(12);
    expect(letterbox.h * height).toBeCloseTo(66);
    expect([letterbox.x, letterbox.w]).toEqual([0, 1]);
    const pillarbox = activeArea([barred((x) => x >= 54 && x < 106)], width, height);
    expect(pillarbox.x * width).toBeCloseTo(55);
    expect(pillarbox.w * width).toBeCloseTo(50);
  });

  test("are not seen in a dark picture, on one side alone, or where they are not always black", () => {
    const everything = { x: 0, y: 0, w: 1, h: 1 };
    expect(activeArea([paint(() => 16)], width, height)).toEqual(everything);
    expect(activeArea([barred((_, y) => y >= 20)], width, height)).toEqual(everything);
    const letterbox = barred((_, y) => y >= 11 && y < 79);
    expect(activeArea([letterbox, barred(() => true)], width, height)).toEqual(everything);
    expect(activeArea([], width, height)).toEqual(everything);
  });
});
