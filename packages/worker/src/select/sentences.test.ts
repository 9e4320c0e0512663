import type { TranscriptSegment } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { lexiconFor } from "./lexicon.ts";
import { plainWord } from "./plain-text.ts";
import { bordersOf, sentencesOf } from "./sentences.ts";
import { spokenWords } from "./words.ts";

/** A segment of words of 0.3 s, each followed by 0.1 s of silence, or by more where a word ends with "|". */
function segmentOf(text: string, longPause = 0.8): TranscriptSegment {
  let at = 0;
  const words = text.split(" ").map((word) => {
    const start = at;
    at += 0.4 + (word.endsWith("|") ? longPause : 0);
    return { word: word.replace("|", ""), start, end: start + 0.3 };
  });
  return { text, start: 0, duration: at, words };
}

function sentencesIn(text: string, longPause?: number): string[] {
  const words = spokenWords([segmentOf(text, longPause)], 3_600_000);
  const lexicon = lexiconFor(
    "auto",
    words.map((word) => plainWord(word.text)),
  );
  return sentencesOf(words, bordersOf(words), lexicon).map(({ first, last, isQuestion }) => {
    const said = words.slice(first, last + 1).map((word) => word.text);
    return `${said.join(" ")}${isQuestion ? " (asked)" : ""}`;
  });
}

describe("sentences", () => {
  test("end at full stops, not at abbreviations, initials and decimals", () => {
    expect(sentencesIn("Mr. J. Harrison paid 3. 5 pounds. Did he? No. “He won.” Yes!")).toEqual([
      "Mr. J. Harrison paid 3. 5 pounds.",
      "Did he? (asked)",
      "No.",
      "“He won.”",
      "Yes!",
    ]);
  });

  test("end at pauses where nothing is punctuated, and questions are known by their first words", () => {
    expect(sentencesIn("why is the sea so big| because it is| and that is the answer to it")).toEqual([
      "why is the sea so big (asked)",
      "because it is",
      "and that is the answer to it",
    ]);
  });

  test.each([
    ["how long did it take", true],
    ["how much was it", true],
    ["what would you miss", true],
    ["when they arrived it was dark", false],
    ["what we need is time", false],
    ["the reason why is that it was dark", false],
  ])("an unpunctuated %s is a question: %s", (text, asked) => {
    expect(sentencesIn(`${text}| and it is the end of it`)[0]?.endsWith("(asked)")).toBe(asked);
  });

  test("of punctuated text go on over a short pause, not over a long one", () => {
    expect(sentencesIn("It was| late. Go home.")).toEqual(["It was late.", "Go home."]);
    expect(sentencesIn("It was| late. Go home.", 3)).toEqual(["It was", "late.", "Go home."]);
  });

  test("of other scripts end at their own marks", () => {
    expect(sentencesIn("時間が 必要です。 なぜ ですか？ यह सच है।")).toEqual([
      "時間が 必要です。",
      "なぜ ですか？ (asked)",
      "यह सच है।",
    ]);
  });

  test("that never end are divided into parts of some ten seconds", () => {
    const lengths = sentencesIn(Array.from({ length: 200 }, () => "word").join(" ")).map(
      (part) => part.split(" ").length,
    );
    expect(lengths.reduce((sum, length) => sum + length)).toBe(200);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(45);
    expect(lengths.length).toBeGreaterThan(4);
  });
});

describe("words", () => {
  const at = (word: string, start: number, end: number) => ({ word, start, end });
  const clean = (words: ReturnType<typeof at>[]) =>
    spokenWords([{ text: "", start: 0, duration: 0, words }], 10_000).map(({ text, startMs, endMs }) => [
      text,
      startMs,
      endMs,
    ]);

  test("come in order, none overlapping the next, all inside the video", () => {
    expect(
      clean([at("b", 1, 3), at("a", 0.5, 2), at("c", 2, 2), at("end", 9.9, 12), at("out", 11, 12)]),
    ).toEqual([
      ["a", 500, 1000],
      ["b", 1000, 2000],
      ["c", 2000, 2060],
      ["end", 9900, 10_000],
    ]);
  });

  test("without usable times or text are left out, words of one moment follow each other", () => {
    expect(
      clean([at("x", Number.NaN, 1), at(" \u200b", 1, 2), at("y", -1, 2), at("p", 4, 5), at("q", 4, 5)]),
    ).toEqual([
      ["p", 4000, 4001],
      ["q", 4001, 5000],
    ]);
  });

  test("that were stretched over a pause are taken back to a length that can be said", () => {
    expect(clean([at("so", 1, 9)])).toEqual([["so", 1000, 4000]]);
    expect(clean([at("時間が分からなければ場所も分からないのです", 1, 6)])).toEqual([
      ["時間が分からなければ場所も分からないのです", 1000, 6000],
    ]);
  });

  test("of a line without word times are spread over it by length", () => {
    const line = { text: "ab abcd", start: 1, duration: 3, words: [] };
    expect(spokenWords([line], 10_000)).toEqual([
      { text: "ab", startMs: 1000, endMs: 2000 },
      { text: "abcd", startMs: 2000, endMs: 4000 },
    ]);
  });
});
