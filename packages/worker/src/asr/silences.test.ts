import fc from "fast-check";
import { expect, test } from "vitest";
import { createSilenceFinder, silencesOf } from "./silences.ts";

/** Levels per 0.1 s from [seconds, dBFS] stretches, with two decibels of movement. */
const levels = (...stretches: [number, number][]) =>
  stretches.flatMap(([seconds, level]) =>
    Array.from({ length: seconds * 10 }, (_, i) => level + Math.sin(i * 2.1) * 2),
  );

test("pauses are found in loud, quiet and noisy speech alike", () => {
  for (const [speech, pause] of [
    [-12, -60],
    [-38, -75],
    [-20, -40],
  ] as const)
    expect(silencesOf(levels([5, speech], [1, pause], [4, speech], [2, pause]), 0.1)).toEqual([
      { start: 5, end: 6 },
      { start: 10, end: 12 },
    ]);
});

test("steady music is not silence, and a sound without anything in it is", () => {
  expect(silencesOf(levels([60, -30]), 0.1)).toEqual([]);
  expect(silencesOf(levels([90, -24], [60, -14]), 0.1)).toEqual([]);
  expect(silencesOf(levels([10, -80]), 0.1)).toEqual([{ start: 0, end: 10 }]);
  expect(silencesOf([], 0.1)).toEqual([]);
});

test("minutes of room noise after a talk are silence", () => {
  expect(silencesOf(levels([120, -18], [180, -60]), 0.1)).toEqual([{ start: 120, end: 300 }]);
});

test("a click does not end a silence, a word does", () => {
  const withBlip = (seconds: number) =>
    silencesOf(
      [...levels([4, -20], [2, -70]).flatMap((level) => [level, level, level, level, level])].map(
        (level, i) => (i >= 250 && i < 250 + seconds / 0.02 ? -20 : level),
      ),
      0.02,
    );
  expect(withBlip(0.04)).toHaveLength(1);
  expect(withBlip(0.2)).toHaveLength(2);
});

test("minutes of nothing before a talk are silence; noise that could be a quiet talk is not, until a loud one is near", () => {
  expect(silencesOf(levels([180, -64], [120, -18]), 0.1)).toEqual([{ start: 0, end: 180 }]);
  expect(silencesOf(levels([180, -56], [120, -18]), 0.1)).toEqual([{ start: 150, end: 180 }]);
});

test("the silences of a sound's beginning are the first ones of the whole, and known a minute later at most", () => {
  const stretches = fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.integer({ min: -95, max: -5 })), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(stretches, fc.double({ min: 0, max: 1, noNaN: true }), (drawn, share) => {
      const all = levels(...drawn.map(([tenths, level]): [number, number] => [tenths / 10, level]));
      const whole = silencesOf(all, 0.1);
      const finder = createSilenceFinder(0.1);
      const count = Math.floor(all.length * share);
      for (const level of all.slice(0, count)) finder.push(level);
      const known = finder.knownSeconds();
      expect(finder.silences).toEqual(whole.filter(({ end }) => end <= known));
      // none that is not in the list begins before
      expect(whole.filter(({ start }) => start < known)).toEqual(finder.silences);
      const isOpen = whole.some(({ start, end }) => start === known && end > known);
      if (!isOpen) expect(known).toBeGreaterThanOrEqual(Math.min(count / 10 - 40 - 0.3, all.length / 10));
    }),
  );
});
