import { expect, test } from "vitest";
import { spansOf } from "./patch-clip.ts";

/** Stretches of `ends`, one after the other from 0 on. */
const stretches = (...ends: number[]) => ends.map((end, i) => ({ first: ends[i - 1] ?? 0, end }));

test("what changed grows to the key frames of clip and preview, each its own, and begins a little before both", () => {
  const spans = spansOf([{ first: 70, end: 80 }], stretches(60, 120, 180), stretches(50, 75, 110, 180));
  expect(spans).toEqual([
    { clip: { first: 60, end: 120 }, preview: { first: 50, end: 110 }, outer: { first: 42, end: 120 } },
  ]);
});

test("the first frames have nothing before them", () => {
  const both = stretches(60, 120);
  const [span] = spansOf([{ first: 0, end: 5 }], both, both);
  expect(span).toEqual({ clip: both[0], preview: both[0], outer: { first: 0, end: 60 } });
});

test("what meets is encoded in one go, what does not is not", () => {
  const both = stretches(60, 120, 180, 240, 300);
  const spans = spansOf(
    [
      { first: 10, end: 20 },
      { first: 110, end: 115 },
      { first: 250, end: 260 },
    ],
    both,
    both,
  );
  expect(spans.map(({ clip }) => clip)).toEqual([
    { first: 0, end: 120 },
    { first: 240, end: 300 },
  ]);
  // they meet in the preview alone
  const apart = [
    { first: 10, end: 20 },
    { first: 130, end: 140 },
  ];
  const [one, ...others] = spansOf(apart, both, stretches(130, 300));
  expect(others).toEqual([]);
  expect(one).toEqual({
    ...{ clip: { first: 0, end: 180 }, preview: { first: 0, end: 300 }, outer: { first: 0, end: 300 } },
  });
});

test("nothing is encoded where nothing changed", () => {
  expect(spansOf([], stretches(60), stretches(60))).toEqual([]);
});
