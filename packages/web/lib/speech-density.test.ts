import { expect, test } from "vitest";
import { speechDensity } from "./speech-density.ts";

const word = (text: string, start: number, end: number) => ({ text, start, end });

test("where more letters are said in the same time the bar is higher, and silence has none", () => {
  expect(speechDensity([word("four", 0, 1), word("twelvelett", 2, 3)], { from: 0, to: 4 }, 4)).toEqual([
    0.4, 0, 1, 0,
  ]);
});

test("a word over a border counts on both sides of it, for as much of it as lies there", () => {
  expect(speechDensity([word("abcd", 0.75, 1.75)], { from: 0, to: 2 }, 2)).toEqual([1 / 3, 1]);
});

test("words outside of the stretch, or across its ends, count for what is within", () => {
  const bars = speechDensity(
    [word("before", 0, 1), word("across", 1, 3), word("after", 9, 10)],
    { from: 2, to: 4 },
    2,
  );
  expect(bars).toEqual([1, 0]);
});

test("without words there are no bars", () => {
  expect(speechDensity([], { from: 0, to: 4 }, 3)).toEqual([0, 0, 0]);
  expect(speechDensity([word("", 1, 1)], { from: 0, to: 4 }, 2)).toEqual([0, 0]);
});
