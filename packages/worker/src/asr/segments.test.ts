import fc from "fast-check";
import { expect, test } from "vitest";
import { joined, orderedWords, segmentsOf, trimmedToSound, visibleText } from "./segments.ts";
import { aSoundMap } from "./testing.ts";

/** Words of a text, 0.3 s each without gaps; "|" is a pause of half a second, "||" one of two. */
function said(text: string) {
  let at = 0;
  return text.split(" ").flatMap((word) => {
    if (/^\|+$/.test(word)) {
      at += word === "|" ? 0.5 : 2;
      return [];
    }
    at += 0.3;
    return [{ word, start: at - 0.3, end: at }];
  });
}
const texts = (text: string) => segmentsOf(orderedWords(said(text), 1000)).map((segment) => segment.text);

test("any words come out in order, apart, inside the video and longer than nothing", () => {
  const time = fc.oneof(
    fc.double({ min: -5, max: 70 }),
    fc.constantFrom(0, 1, 1.001, 59.999, 60, Number.NaN),
  );
  const word = fc.record({ word: fc.oneof(fc.string(), fc.constant("a")), start: time, end: time });
  fc.assert(
    fc.property(fc.array(word), (words) => {
      const ordered = orderedWords(words, 60);
      for (const [index, { word, start, end }] of ordered.entries()) {
        expect(word.trim()).not.toBe("");
        expect(start).toBeGreaterThanOrEqual(ordered[index - 1]?.end ?? 0);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(60);
      }
      const segments = segmentsOf(ordered);
      expect(segments.flatMap((segment) => segment.words)).toEqual(ordered);
      for (const { words, start, duration } of segments) {
        expect(words.length).toBeLessThanOrEqual(30);
        expect(start).toBe(words[0]?.start);
        expect(start + duration).toBeCloseTo(words.at(-1)?.end ?? 0, 5);
      }
    }),
  );
});

test("words keep their onsets; what overlaps them ends there", () => {
  const words = [
    { word: "two", start: 1, end: 3 },
    { word: "one", start: 0, end: 2 },
  ];
  expect(orderedWords(words, 10)).toEqual([
    { word: "one", start: 0, end: 1 },
    { word: "two", start: 1, end: 3 },
  ]);
});

test("what a recogniser says of its words stays with them", () => {
  const sure = { word: "sure", start: 1, end: 3, confidence: 0.9 };
  const words = [sure, { ...sure, word: "same", confidence: 0.2 }, { word: "plain", start: 4, end: 5 }];
  const kept = trimmedToSound(orderedWords(words, 60), aSoundMap());
  expect(segmentsOf(kept).flatMap((segment) => segment.words.map(({ confidence }) => confidence))).toEqual([
    0.9,
    0.2,
    undefined,
  ]);
});

test("words of the same moment share the time up to the next", () => {
  const same = ["a", "b", "c", "d"].map((word) => ({ word, start: 1, end: 3 }));
  expect(orderedWords([...same, { word: "e", start: 2, end: 3 }], 10).map(({ start }) => start)).toEqual([
    1, 1.25, 1.5, 1.75, 2,
  ]);
});

test("a hundred thousand words of one moment do not push the rest away", () => {
  const flood = Array.from({ length: 100_000 }, () => ({ word: "x", start: 1, end: 1 }));
  const ordered = orderedWords([...flood, { word: "after", start: 30, end: 31 }], 60);
  expect(ordered.length).toBeLessThan(300);
  expect(ordered.at(-1)).toEqual({ word: "after", start: 30, end: 31 });
});

test("a segment is a sentence", () => {
  expect(texts('I met Dr. Smith. "Did you?" Yes, at 3.5 p.m. today! It was fine.')).toEqual([
    "I met Dr. Smith.",
    '"Did you?"',
    "Yes, at 3.5 p.m. today!",
    "It was fine.",
  ]);
});

test("a long pause ends a segment within a sentence, a short one does not", () => {
  expect(texts("so we | waited || and then it came. Good.")).toEqual([
    "so we waited",
    "and then it came.",
    "Good.",
  ]);
});

test("without punctuation a breath ends a segment", () => {
  expect(texts("so we waited | and then it came")).toEqual(["so we waited", "and then it came"]);
});

test("a long sentence is split at a comma", () => {
  const [first, second, ...others] = texts(`${"one ".repeat(20)}two, ${"three ".repeat(15)}four.`);
  expect(first).toMatch(/two,$/);
  expect(second).toMatch(/^three .* four\.$/);
  expect(others).toEqual([]);
});

test("scripts without spaces are joined without spaces", () => {
  expect(joined(["今", "天", "很", "好。", "OK", "then"].map((word) => ({ word })))).toBe(
    "今天很好。OK then",
  );
});

test("a word lies in the longest stretch of sound that its time touches", () => {
  const sound = aSoundMap([
    [1, 2],
    [4, 5],
  ]);
  expect(
    trimmedToSound(
      [
        { word: "early", start: 0.9, end: 2.4 }, // begins in the breath before the pause
        { word: "long", start: 3.5, end: 8 / 2 + 0.6 },
        { word: "lost", start: 4.2, end: 4.6 },
        { word: "droning", start: 6, end: 30 },
      ],
      sound,
    ),
  ).toEqual([
    { word: "early", start: 2, end: 2.4 },
    { word: "long", start: 3.5, end: 4 },
    { word: "lost", start: 4.2, end: 4.6 },
    { word: "droning", start: 6, end: expect.closeTo(7.44, 5) },
  ]);
});

test("text is what a person sees of it", () => {
  expect(visibleText("  a\u202eb\u0000c\n\td\u200b\ud800 ")).toBe("ab c d\ufffd");
});
