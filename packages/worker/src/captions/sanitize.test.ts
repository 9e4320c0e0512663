import fc from "fast-check";
import { expect, test } from "vitest";
import { cleanText } from "./sanitize.ts";

test.each([
  ["plain words stay", "Hello, world!", "Hello, world!"],
  ["override tags lose their braces and their backslash", "{\\alpha&HFF&}hello", "(/alpha&HFF&)hello"],
  ["a line break becomes a space", "one\r\nDialogue: 9,0:00", "one Dialogue: 9,0:00"],
  ["separators of lines and paragraphs become spaces", "a\u2028b\u2029c\u0085d", "a b c d"],
  ["marks that turn the reading direction go", "abc\u202edef\u2066ghi\u200f", "abcdefghi"],
  ["invisible characters go", "ab\u200b\u200c\ufeff\u00ad\u2060c", "abc"],
  ["a joiner outside of an emoji goes", "a\u200db", "ab"],
  ["an emoji of several parts stays whole", "👩‍🔧 👍🏽 ❤️‍🔥", "👩‍🔧 👍🏽 ❤️‍🔥"],
  ["half an emoji becomes a replacement character", "x\ud83d", "x\ufffd"],
  ["accents are put onto their letters", "e\u0301", "é"],
  ["piled accents are cut down", `a${"\u0316".repeat(50)}`, `a${"\u0316".repeat(4)}`],
  ["spaces are joined and trimmed", "  a \t  b  ", "a b"],
])("%s", (_title, dirty, clean) => {
  expect(cleanText(dirty)).toBe(clean);
});

test("a text is cut by whole characters, never inside an emoji", () => {
  expect(cleanText("😀".repeat(30), 7)).toBe("😀".repeat(7));
});

const hostile = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        ...["{", "}", "\\", "\\N", "\r\n", "Dialogue: 9,0:00:00.00,", "\u202e", "\ud83d", "\u0000", "a", " "],
        ...["\u2028", "😀", "\u200d", "\u0301", "\ufe0f", "🏽"],
      ),
      { maxLength: 60 },
    )
    .map((parts) => parts.join("")),
);

test("no text keeps a brace, a backslash, a control or a direction mark, and cleaning twice is cleaning once", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const clean = cleanText(text, 50);
      expect(clean).not.toMatch(/[{}\\\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u200b]/u);
      expect(clean.isWellFormed()).toBe(true);
      expect(Array.from(clean).length).toBeLessThanOrEqual(50);
      expect(cleanText(clean, 50)).toBe(clean);
    }),
    { numRuns: 3000 },
  );
});
