import { expect, test } from "vitest";
import { lengthOf, toClip, toSource, trimmed } from "./clip-time.ts";

const PARTS = [
  { start: 10, end: 14 },
  { start: 20, end: 26 },
];

test("a clip is as long as its parts", () => {
  expect(lengthOf(PARTS)).toBe(10);
});

test.each([
  [0, 10],
  [3, 13],
  [5, 21],
  [10, 26],
  [99, 26],
  [-1, 10],
])("%d s of the clip are %d s of the source", (clip, source) => {
  expect(toSource(PARTS, clip)).toBe(source);
});

test.each([
  [10, 0],
  [13.5, 3.5],
  [14, null],
  [17, null],
  [20, 4],
  [26, 10],
  [9.9, null],
  [26.1, null],
])("%d s of the source are %j s of the clip", (source, clip) => {
  expect(toClip(PARTS, source)).toBe(clip);
});

test.each([
  [{ start: 10, end: 26 }, PARTS],
  [
    { start: 8, end: 30 },
    [
      { start: 8, end: 14 },
      { start: 20, end: 30 },
    ],
  ],
  [
    { start: 12, end: 22 },
    [
      { start: 12, end: 14 },
      { start: 20, end: 22 },
    ],
  ],
  [{ start: 11, end: 13 }, [{ start: 11, end: 13 }]],
  [{ start: 16, end: 24 }, [{ start: 16, end: 24 }]],
  [{ start: 30, end: 40 }, [{ start: 30, end: 40 }]],
])("cut to %j, the parts are %j", (span, parts) => {
  expect(trimmed(PARTS, span)).toEqual(parts);
});
