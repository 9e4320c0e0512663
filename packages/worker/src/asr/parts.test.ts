import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createCutter,
  createScale,
  headOf,
  partsOf,
  placed,
  secondsOf,
  sourceTime,
  voicedSeconds,
} from "./parts.ts";
import { aSoundMap } from "./testing.ts";
import { WHISPER_PARTS } from "./whisper.ts";

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
    [{ start: 0, end: 33.5 }],
    [{ start: 33.5, end: 60.3 }],
    [{ start: 60.3, end: 100 }],
  ]);
});

test("long silences are in no part, but for a breath at their borders, and what is between them is heard at one go", () => {
  const sound = aSoundMap(
    [
      [0, 1],
      [12, 18],
      [29, 30],
    ],
    30,
  );
  expect(partsOf(sound, 30, LENGTHS)).toEqual([
    [
      { start: 0.7, end: 12.3 },
      { start: 17.7, end: 29.3 },
    ],
  ]);
  expect(partsOf(sound, 30, { ...LENGTHS, padSeconds: 0.5 })[0]?.[0]).toEqual({ start: 0.5, end: 12.5 });
  expect(partsOf(aSoundMap([[0, 30]], 30), 30, LENGTHS)).toEqual([]);
});

test("of a sound that is half silence half is heard, in as few parts as if it had been spoken without a pause", () => {
  for (const pause of [10, 30, 300]) {
    const silences = Array.from({ length: 1800 / pause }, (_, i): [number, number] => [
      (2 * i + 1) * pause,
      (2 * i + 2) * pause,
    ]);
    for (const lengths of [WHISPER_PARTS, LENGTHS]) {
      const parts = partsOf(aSoundMap(silences, 3600), 3600, lengths);
      expect(parts.reduce((sum, part) => sum + secondsOf(part), 0)).toBeLessThanOrEqual(0.55 * 3600);
      expect(parts.length).toBeLessThanOrEqual(Math.ceil((0.55 * 3600) / lengths.minSeconds));
    }
  }
});

test("a silence in which somebody may speak is in a part, and cuts are made in it all the same", () => {
  const sound = aSoundMap([[5, 55]], 60);
  expect(partsOf(sound, 60, LENGTHS, [])).toEqual([[{ start: 0, end: 30 }], [{ start: 30, end: 60 }]]);
  expect(partsOf(sound, 60, LENGTHS, [{ start: 20, end: 50 }])).toEqual([
    [
      { start: 0, end: 20.3 },
      { start: 49.7, end: 60 },
    ],
  ]);
});

test("sound without any silence is still cut, where it is quietest", () => {
  const sound = aSoundMap([], 100);
  sound.levels.dbfs[275] = -33;
  const parts = partsOf(sound, 100, LENGTHS);
  expect(parts[0]?.[0]?.end).toBeCloseTo(27.55, 5);
  expect(parts.at(-1)?.[0]?.end).toBe(100);
  for (const part of parts) expect(secondsOf(part)).toBeLessThanOrEqual(40);
});

/** Silences in order, and whether somebody may speak in each. */
const silences = fc.array(
  fc.record({
    gap: fc.double({ min: 0.1, max: 90, noNaN: true }),
    length: fc.double({ min: 0.25, max: 60, noNaN: true }),
    speechless: fc.boolean(),
  }),
  { maxLength: 40 },
);

test("whatever the silences are, parts are short enough, in order, and leave out nothing but the middle of silences without speech", () => {
  fc.assert(
    fc.property(silences, fc.double({ min: 0.1, max: 100, noNaN: true }), (drawn, rest) => {
      let at = 0;
      const stretches = drawn.map(({ gap, length, speechless }) => {
        const start = at + gap;
        at = start + length;
        return { start, end: at, speechless };
      });
      const duration = at + rest;
      const sound = aSoundMap(
        stretches.map(({ start, end }) => [start, end]),
        Math.ceil(duration),
      );
      const quiet = stretches.filter(({ speechless }) => speechless);
      const parts = partsOf(sound, duration, LENGTHS, quiet);
      for (const part of parts) expect(secondsOf(part)).toBeLessThanOrEqual(40 + 1e-6);
      let upTo = 0;
      for (const { start, end } of [...parts.flat(), { start: duration, end: duration }]) {
        expect(end).toBeGreaterThanOrEqual(start);
        expect(start).toBeGreaterThanOrEqual(upTo - 1e-9);
        if (start - upTo > 1e-9)
          expect(quiet.some((one) => one.start <= upTo + 1e-9 && start <= one.end + 1e-9)).toBe(true);
        upTo = end;
      }
    }),
  );
});

test("a sound that grows is cut like the whole, whenever it is cut, and no part waits for what it cannot be changed by", () => {
  const looks = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
  fc.assert(
    fc.property(silences, fc.double({ min: 0.1, max: 100, noNaN: true }), looks, (drawn, rest, shares) => {
      let at = 0;
      const stretches = drawn.map(({ gap, length, speechless }) => {
        const start = at + gap;
        at = start + length;
        return { start, end: at, speechless };
      });
      const duration = at + rest;
      const whole = aSoundMap(
        stretches.map(({ start, end }) => [start, end]),
        Math.ceil(duration),
      );
      const quiet = stretches.filter(({ speechless }) => speechless);
      const growing = aSoundMap([], Math.ceil(duration));
      const growingQuiet: typeof quiet = [];
      const cutter = createCutter(growing, duration, LENGTHS, growingQuiet);
      const parts = [];
      for (const share of shares.toSorted((a, b) => a - b)) {
        const upTo = share * duration;
        const known = Math.min(upTo, ...stretches.filter(({ end }) => end > upTo).map(({ start }) => start));
        const over = (one: { end: number }) => one.end <= upTo;
        growing.silences.splice(0, Number.POSITIVE_INFINITY, ...whole.silences.filter(over));
        growingQuiet.splice(0, Number.POSITIVE_INFINITY, ...quiet.filter(over));
        parts.push(...cutter.cut(known));
        const last = parts.at(-1)?.at(-1)?.end ?? 0;
        const waits = growingQuiet.reduce(
          (sum, { start, end }) => sum - Math.max(0, end - Math.max(start, last)),
          known - last,
        );
        expect(waits).toBeLessThan(40 + 2 * 0.3 * drawn.length + 1e-6);
      }
      growing.silences.splice(0, Number.POSITIVE_INFINITY, ...whole.silences);
      growingQuiet.splice(0, Number.POSITIVE_INFINITY, ...quiet);
      parts.push(...cutter.cut(null));
      expect(parts).toEqual(partsOf(whole, duration, LENGTHS, quiet));
    }),
  );
});

const PART = [
  { start: 10, end: 12 },
  { start: 100, end: 105 },
];

test("a time in a part is found in the source: a word that ends where something was left out ends before it, one that begins there begins after", () => {
  expect(sourceTime(PART, 1)).toBe(11);
  expect(sourceTime(PART, 2, "end")).toBe(12);
  expect(sourceTime(PART, 2, "start")).toBe(100);
  expect(sourceTime(PART, 4.5)).toBe(102.5);
  expect([sourceTime(PART, -0.5), sourceTime(PART, 8)]).toEqual([9.5, 106]);
  const words = [
    { word: "one", start: 1.5, end: 2, confidence: 0.5 },
    { word: "two", start: 2, end: 2.5 },
    { word: "both", start: 1.9, end: 2.2 },
  ];
  expect(placed(words, PART)).toEqual([
    { word: "one", start: 11.5, end: 12, confidence: 0.5 },
    { word: "two", start: 100, end: 100.5 },
    { word: "both", start: 11.9, end: expect.closeTo(100.2) },
  ]);
});

test("every sample of a part has its place in the source, and keeps it", () => {
  fc.assert(
    fc.property(silences, (drawn) => {
      let at = 0;
      const part = drawn.map(({ gap, length }) => {
        const start = at + gap;
        at = start + length;
        return { start, end: at };
      });
      let before = 0;
      for (const { start, end } of part) {
        const middle = (end - start) / 2;
        expect(sourceTime(part, before + middle)).toBeCloseTo(start + middle, 6);
        expect(sourceTime(part, before, "start")).toBeCloseTo(start, 6);
        before += end - start;
        expect(sourceTime(part, before, "end")).toBeCloseTo(end, 6);
      }
      expect(secondsOf(part)).toBeCloseTo(before);
    }),
  );
});

test("the beginning of a part, and how far all of them are", () => {
  expect(headOf(PART, 3)).toEqual([
    { start: 10, end: 12 },
    { start: 100, end: 101 },
  ]);
  expect(headOf(PART, 2)).toEqual([{ start: 10, end: 12 }]);
  expect(headOf(PART, 60)).toEqual(PART);
  const scale = createScale([PART, [{ start: 200, end: 203 }]]);
  expect(scale(0, 0.5)).toEqual([0.35, 101.5]);
  expect(scale(1, 1)).toEqual([1, 203]);
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
