import { expect, test } from "vitest";
import { partsOf, voicedSeconds } from "./parts.ts";
import { aSoundMap } from "./testing.ts";

const LENGTHS = { minSeconds: 20, maxSeconds: 40, skipSeconds: 2 };

test("sound is cut in the middle of its longest silences", () => {
  const sound = aSoundMap(
    [
      [10, 10.5],
      [25, 25.4],
      [33, 34],
      [60, 60.6],
      [70, 70.3],
    ],
    100,
  );
  expect(partsOf(sound, 100, LENGTHS)).toEqual([
    { start: 0, end: 33.5 },
    { start: 33.5, end: 60.3 },
    { start: 60.3, end: 100 },
  ]);
});

test("long silences are in no part, but for a breath at their borders", () => {
  const sound = aSoundMap(
    [
      [0, 1],
      [12, 18],
      [29, 30],
    ],
    30,
  );
  expect(partsOf(sound, 30, LENGTHS)).toEqual([
    { start: 0.7, end: 12.3 },
    { start: 17.7, end: 29.3 },
  ]);
  expect(partsOf(aSoundMap([[0, 30]], 30), 30, LENGTHS)).toEqual([]);
});

test("sound without any silence is still cut, where it is quietest", () => {
  const sound = aSoundMap([], 100);
  sound.levels.dbfs[275] = -33;
  const parts = partsOf(sound, 100, LENGTHS);
  expect(parts[0]?.end).toBeCloseTo(27.55, 5);
  expect(parts.at(-1)?.end).toBe(100);
  for (const { start, end } of parts) expect(end - start).toBeLessThanOrEqual(40);
});

test("voiced time is what is left of the sound without its silences", () => {
  expect(
    voicedSeconds(
      aSoundMap(
        [
          [0, 10],
          [50, 60],
        ],
        60,
      ),
    ),
  ).toBeCloseTo(40);
});
