import { expect, test } from "vitest";
import { type RateSample, rateOf, withSample } from "./upload-rate.ts";

test("the pace is that of the last seconds, and none at first or after bytes were taken back", () => {
  const at = (seconds: number, bytes: number): RateSample => ({ atMs: seconds * 1000, bytes });
  let samples: RateSample[] = [];
  for (let second = 0; second <= 30; second++)
    samples = withSample(samples, at(second, second < 10 ? 0 : (second - 10) * 500));
  expect(rateOf(samples)).toBe(500);
  expect(rateOf([at(0, 0), at(1, 900)])).toBeNull();
  expect(rateOf(withSample(samples, at(31, 3)))).toBeNull();
  expect(withSample([at(1, 5)], at(1.1, 9))).toEqual([at(1, 5)]);
});
