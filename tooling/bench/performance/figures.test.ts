import { expect, test } from "vitest";
import { exponent, median, ratio, slope } from "./figures.ts";

test("the median is the middle one, or lies between the two in the middle", () => {
  expect(median([9, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(() => median([])).toThrow("no values");
});

test("the exponent of a power is found, with noise on it too", () => {
  const points = (power: number, noise: (x: number) => number = () => 1) =>
    [10, 60, 240].map((x) => ({ x, y: 3 * x ** power * noise(x) }));
  expect(exponent(points(1))).toBeCloseTo(1, 10);
  expect(exponent(points(0))).toBeCloseTo(0, 10);
  expect(exponent(points(0.5, (x) => (x === 60 ? 1.1 : 1)))).toBeCloseTo(0.5, 1);
  // the exact-range prototype: 48.7, 52.0 and 67.2 MB from 10 minutes to 4 hours
  const seen = [
    { x: 10, y: 48.7 },
    { x: 60, y: 52 },
    { x: 240, y: 67.2 },
  ];
  expect(exponent(seen)).toBeCloseTo(0.1, 2);
});

test("a slope that cannot be had says why", () => {
  expect(slope("a", "b", [{ x: 1, y: 1 }])).toMatchObject({
    value: null,
    note: "a line needs points at two places",
  });
  expect(
    slope("a", "b", [
      { x: 1, y: 0 },
      { x: 2, y: 1 },
    ]),
  ).toMatchObject({ value: null, note: "only what is above 0 has a logarithm" });
});

test("a ratio is taken turn by turn, so that a slow minute meets both sides", () => {
  const figure = ratio("a", "b", [20, 44, 21], [10, 22, 10]);
  expect(figure).toMatchObject({ value: 2, samples: [2, 2, 2.1] });
  // what was run less often stands beside its own turns
  expect(ratio("a", "b", [20], [10, 22, 10]).samples).toEqual([2]);
  expect(ratio("a", "b", [20, 44], [10]).samples).toEqual([2]);
});
