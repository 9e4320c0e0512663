import type { ShotFrame } from "@kangklip/contract";
import { expect, test } from "vitest";
import { shotsOf, windowAround, windowAt, windowSize, wishFor, withWish } from "./shots.ts";

const frame = (start: number, end: number, more: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start, end, layout: "crop", x: 100, y: 0, w: 608, h: 1080, reason: "face" },
  ...more,
});
const CLIP = {
  segments: [
    { start: 50, end: 54, text: "" },
    { start: 60, end: 66, text: "" },
  ],
  framing: [frame(0, 4), frame(4, 10)],
};
const WIDE = { w: 1920, h: 1080 };

test("shots know their place in the source", () => {
  expect(shotsOf(CLIP).map(({ from, to }) => [from, to])).toEqual([
    [50, 54],
    [54, 66],
  ]);
  expect(shotsOf({ ...CLIP, framing: [] })).toEqual([{ start: 0, end: 10, from: 50, to: 66, frame: null }]);
});

test("a wish for a shot takes the place of what was wished for it, and of no other's", () => {
  const [first, second] = shotsOf(CLIP);
  if (!first || !second) throw new Error("There are two shots");
  const one = withWish([], second, { layout: "fit" });
  const both = withWish(one, first, { layout: "auto", focus: { x: 0.2, y: 0.5 } });
  expect(both.map(({ from, layout }) => [from, layout])).toEqual([
    [50, "auto"],
    [54, "fit"],
  ]);
  expect(wishFor(both, second)?.layout).toBe("fit");
  expect(withWish(both, second, { layout: "crop" }).map(({ layout }) => layout)).toEqual(["auto", "crop"]);
  expect(withWish(both, first, { layout: "auto" })).toEqual(one);
  expect(wishFor(one, first)).toBeNull();
});

test("a window is as large as the picture lets it be, and stays inside", () => {
  expect(windowSize(WIDE, "crop")).toEqual({ w: 607.5, h: 1080 });
  expect(windowSize(WIDE, "split")).toEqual({ w: 607.5, h: 540 });
  expect(windowSize({ w: 720, h: 1600 }, "crop")).toEqual({ w: 720, h: 1280 });
  const { x, w } = windowAround(WIDE, windowSize(WIDE, "crop"), { x: 0.99, y: 0.5 });
  expect(x + w).toBeCloseTo(1);
  expect(windowAround(WIDE, windowSize(WIDE, "crop"), { x: 0.5, y: 0 })).toMatchObject({ y: 0, h: 1 });
});

test("a window that moves is where its path says", () => {
  const moving = frame(0, 10, {
    path: [
      { at: 2, x: 0, y: 0 },
      { at: 4, x: 100, y: 10 },
    ],
  });
  expect([0, 2, 3, 4, 9].map((at) => windowAt(moving, at).x)).toEqual([0, 0, 50, 100, 100]);
  expect(windowAt(frame(0, 1), 0.5)).toEqual({ x: 100, y: 0, w: 608, h: 1080 });
});
