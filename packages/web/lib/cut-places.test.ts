import { expect, test } from "vitest";
import { cutPlaces, nearestPlace, placeBeside, placeToCut, stepPlace } from "./cut-places.ts";

const WORDS = [
  { word: "one", start: 1, end: 1.4 },
  { word: "two", start: 1.5, end: 2 },
  { word: "three", start: 5, end: 5.5 },
];
const { starts, ends } = cutPlaces(WORDS, 6);

test("a cut lies in the silence beside a word, and takes no more than half of it", () => {
  expect(starts).toEqual([
    { at: 0.65, word: "one" },
    { at: 1.45, word: "two" },
    { at: 4.65, word: "three" },
  ]);
  expect(ends).toEqual([
    { at: 1.45, word: "one" },
    { at: 2.45, word: "two" },
    { at: 5.75, word: "three" },
  ]);
});

test("words over each other leave no place before the longer one's end", () => {
  const over = [
    { word: "long", start: 0, end: 3 },
    { word: "short", start: 1, end: 2 },
    { word: "next", start: 3.2, end: 4 },
  ];
  expect(cutPlaces(over, null).ends.map(({ at }) => at)).toEqual([3, 3.1, 4.45]);
});

test("the nearest place to a moment is found", () => {
  expect(nearestPlace(starts, 3)?.word).toBe("two");
  expect(nearestPlace(starts, 3.2)?.word).toBe("three");
  expect(nearestPlace([], 3)).toBeUndefined();
});

test("steps go word by word, and stay at the last place where there are no more", () => {
  expect(stepPlace(starts, 0.65, 1)?.word).toBe("two");
  expect(stepPlace(starts, 1.45, -1)?.word).toBe("one");
  expect(stepPlace(starts, 1, 1)?.word).toBe("two");
  expect(stepPlace(starts, 0.65, 5)?.word).toBe("three");
  expect(stepPlace(starts, 4.65, -5)?.word).toBe("one");
  expect(stepPlace(starts, 4.65, 1)).toBeUndefined();
  expect(stepPlace(starts, 0.65, -1)).toBeUndefined();
});

const cuts = (start: number, end: number) => ({ places: { starts, ends }, span: { start, end } });

test("a cut at a moment goes to the nearest place, and never beyond the other end", () => {
  expect(placeToCut(cuts(0.65, 5.75), "start", 1.6)?.word).toBe("two");
  expect(placeToCut(cuts(0.65, 5.75), "end", 2.2)?.word).toBe("two");
  expect(placeToCut(cuts(0.65, 2.45), "start", 3)).toBeUndefined();
  expect(placeToCut(cuts(4.65, 5.75), "end", 4)).toBeUndefined();
  expect(placeToCut(cuts(0.65, 1.4), "start", 1.3)?.word).toBe("one"); // the next place is beyond the end
});

test("a clip begins just before a word and ends just after one", () => {
  expect(placeBeside(cuts(0.65, 5.75), "start", { start: 5, end: 5.5 })?.at).toBe(4.65);
  expect(placeBeside(cuts(0.65, 5.75), "end", { start: 1, end: 1.4 })?.at).toBe(1.45);
  expect(placeBeside(cuts(0.65, 2.45), "start", { start: 5, end: 5.5 })).toBeUndefined();
  expect(placeBeside(cuts(4.65, 5.75), "end", { start: 1, end: 1.4 })).toBeUndefined();
});
