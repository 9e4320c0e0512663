import type { TranscriptSegment } from "@kangklip/contract";
import { expect, test } from "vitest";
import {
  clipOf,
  findIn,
  type MarkedClip,
  placeIn,
  plainText,
  runsOf,
  searchText,
  sentencesOf,
  wordAt,
  wordInRun,
} from "./transcript.ts";

const said = (text: string, from: number): TranscriptSegment => {
  const words = text
    .split(" ")
    .map((word, index) => ({ word, start: from + index, end: from + index + 0.9 }));
  return { text, start: from, duration: words.length, words };
};
const lines = (...segments: TranscriptSegment[]) => plainText(sentencesOf(segments)).split("\n");
const NOTHING = { clips: [], found: [], now: undefined, chosen: null, spoken: null };

test("sentences end with a full stop, whatever lines the words came in", () => {
  expect(lines(said("So it", 0), said("begins. Now", 2), said("listen!", 4))).toEqual([
    "So it begins.",
    "Now listen!",
  ]);
  expect(lines(said('He said "no." Then', 0))).toEqual(['He said "no."', "Then"]);
  expect(lines(said("هل تسمع؟ نعم", 0))).toEqual(["هل تسمع؟", "نعم"]);
});

test("where nobody wrote full stops a silence ends a sentence, and so does too great a length", () => {
  expect(lines(said("one two", 0), said("three", 5))).toEqual(["one two", "three"]);
  expect(sentencesOf([said(Array(100).fill("word").join(" "), 0)]).map(({ words }) => words.length)).toEqual([
    40, 40, 20,
  ]);
});

test("a line without words of its own gives them evenly spread", () => {
  const [sentence] = sentencesOf([{ text: " one  two ", start: 10, duration: 4, words: [] }]);
  expect(sentence?.words).toEqual([
    { word: "one", start: 10, end: 12, at: 0 },
    { word: "two", start: 12, end: 14, at: 1 },
  ]);
  expect(sentencesOf([{ text: "", start: 0, duration: 0, words: [] }])).toEqual([]);
});

const CLIP: MarkedClip = {
  index: 2,
  file: "clip_02.mp4",
  parts: [
    { start: 1.5, end: 3 },
    { start: 6, end: 8 },
  ],
};

test("a word belongs to the clip that its middle is in", () => {
  const at = (start: number) => clipOf([CLIP], { start, end: start + 0.8 })?.index;
  expect([1, 1.2, 2.5, 2.7, 5, 6].map(at)).toEqual([undefined, 2, 2, undefined, undefined, 2]);
});

test("a place in a clip counts its parts alone, and begins within them", () => {
  expect(placeIn(CLIP, { start: 2, end: 2.4 })).toBe(0.5);
  expect(placeIn(CLIP, { start: 1.2, end: 2 })).toBe(0);
  expect(placeIn(CLIP, { start: 7, end: 7.5 })).toBe(2.5);
  expect(placeIn(CLIP, { start: 4, end: 4.5 })).toBeNull();
});

test("the word that is said at a moment is found", () => {
  const { words } = said("a b c", 1);
  expect([0.5, 1, 1.95, 2, 3.5, 4.1, 4.3].map((seconds) => wordAt(words, seconds))).toEqual([
    null,
    0,
    0,
    1,
    2,
    2,
    null,
  ]);
  expect(wordAt([], 3)).toBeNull();
});

test("a sentence is as few runs as it has looks, and says where a clip begins", () => {
  const [sentence] = sentencesOf([said("a b c d e f g h", 0)]);
  if (!sentence) throw new Error("There is no sentence");
  const told = (marks: Partial<Parameters<typeof runsOf>[1]>) =>
    runsOf(sentence, { ...NOTHING, ...marks }).map(({ text, clip, begins, found, isSpoken }) =>
      [text, clip && `clip ${clip.index}${begins ? " begins" : ""}`, found, isSpoken && "spoken"]
        .filter(Boolean)
        .join("/"),
    );
  expect(told({})).toEqual(["a b c d e f g h"]);
  expect(told({ clips: [CLIP] })).toEqual(["a b", "c/clip 2 begins", "d e f", "g h/clip 2 begins"]);
  const found = [
    { from: 0, to: 2 },
    { from: 6, to: 7 },
  ];
  expect(told({ clips: [CLIP], found, now: found[1], spoken: 7 })).toEqual([
    "a b/also",
    "c/clip 2 begins",
    "d e f",
    "g/clip 2 begins/now",
    "h/clip 2/spoken",
  ]);
});

test("a clip that goes on in the next sentence does not begin there again", () => {
  const clip = { index: 1, file: "clip_01.mp4", parts: [{ start: 0, end: 9 }] };
  const begins = sentencesOf([said("a b. c d.", 0)]).flatMap((sentence) =>
    runsOf(sentence, { ...NOTHING, clips: [clip] }).map((run) => run.begins),
  );
  expect(begins).toEqual([true, false]);
});

test("a place in a run's text is a word", () => {
  const run = { from: 10, to: 13, text: "one two three" };
  expect([0, 3, 4, 8, 13, 99, -1].map((offset) => wordInRun(run, offset))).toEqual([
    10, 10, 11, 12, 12, 12, 10,
  ]);
});

const found = (query: string, ...segments: TranscriptSegment[]) =>
  findIn(searchText(sentencesOf(segments)), query).map(({ from, to }) => `${from}-${to}`);

test("words are found whatever their case, accents and punctuation, from their beginnings on", () => {
  const talk = said("The Café opens; the cafes close.", 0);
  expect(found("cafe", talk)).toEqual(["1-2", "4-5"]);
  expect(found("  CAFÉ   opens the ", talk)).toEqual(["1-4"]);
  expect(found("afe", talk)).toEqual([]);
  expect(found("قهوه", said("شربت قَهْوَهً اليوم", 0))).toEqual(["1-2"]);
});

test("what was searched for may go on in the next sentence", () => {
  expect(found("end now", said("The end. Now", 0))).toEqual(["1-3"]);
});

test("nothing is found for nothing, and signs alone are nothing", () => {
  for (const query of ["", "   ", "?!"]) expect(found(query, said("what? no!", 0))).toEqual([]);
});

test("a hundred thousand words are searched", () => {
  const talk = said(Array(100_000).fill("word").join(" "), 0);
  expect(found("word word", talk).length).toBe(2000);
});
