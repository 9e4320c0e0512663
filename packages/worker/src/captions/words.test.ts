import { expect, test } from "vitest";
import { clipWords, lineText } from "./words.ts";

const fits = (text: string) => Array.from(text).length <= 10;
const all = { start: 0, end: 100, clipStart: 0 };
const textsOf = (text: string) =>
  clipWords([{ word: text, start: 1, end: 3 }], [all], 100, fits).map((word) => word.text);

test("words move onto the clip's time, by the stretch that holds their middle", () => {
  const words = [
    { word: "before", start: 9, end: 10.4 },
    { word: "one", start: 9.9, end: 10.5 },
    { word: "two", start: 11.7, end: 12.2 },
    { word: "between", start: 15, end: 16 },
    { word: "three", start: 20.5, end: 21 },
  ];
  const spans = [
    { start: 10, end: 12, clipStart: 0 },
    { start: 20, end: 22, clipStart: 2 },
  ];
  const placed = clipWords(words, spans, 4, fits);
  expect(placed).toEqual([
    { text: "one", start: 0, end: 0.5, glued: false, afterCut: false },
    { text: "two", start: expect.closeTo(1.7), end: 2, glued: false, afterCut: false },
    { text: "three", start: expect.closeTo(2.5), end: expect.closeTo(3), glued: false, afterCut: true },
  ]);
});

test.each([
  ["a word with spaces is several words", "New York City", ["New", "York", "City"]],
  ["a long word is cut into even pieces", "abcdefghijklmnop", ["abcdefgh", "ijklmnop"]],
  [
    "Chinese is cut between words, signs stay with what they follow",
    "人工智能的未来。",
    ["人工", "智能", "的", "未来。"],
  ],
  ["nothing but tags and spaces is no word", " \u200b\u202e ", []],
])("%s", (_title, text, pieces) => {
  expect(textsOf(text)).toEqual(pieces);
});

test("a chain of joined emoji of any length is cut until it fits", () => {
  const pieces = textsOf(Array.from({ length: 40 }, () => "👩").join("\u200d"));
  expect(pieces.every(fits)).toBe(true);
  expect(pieces.join("")).toBe("👩".repeat(40));
});

test("the pieces of a word share its time by their length and are drawn without a space", () => {
  const pieces = clipWords([{ word: "abcdefghijklmnop", start: 1, end: 3 }], [all], 100, fits);
  expect(pieces.map(({ start, end }) => [start, end])).toEqual([
    [1, 2],
    [2, 3],
  ]);
  expect(lineText(pieces)).toBe("abcdefghijklmnop");
});

test("scripts without spaces are joined without them, others with", () => {
  const said = (...texts: string[]) =>
    lineText(
      clipWords(
        texts.map((word, i) => ({ word, start: i, end: i + 1 })),
        [all],
        100,
        fits,
      ),
    );
  expect(said("你好", "世界")).toBe("你好世界");
  expect(said("สวัสดี", "ครับ")).toBe("สวัสดีครับ");
  expect(said("iPhone", "世界", "now")).toBe("iPhone 世界 now");
});
