import fc from "fast-check";
import { expect, test } from "vitest";
import { believableWords, believedSoFar, withoutAsides } from "./doubt.ts";

/** Words of a text, one per half second from `start`. */
const said = (text: string, start = 0) =>
  text.split(" ").map((word, index) => ({ word, start: start + index / 2, end: start + index / 2 + 0.4 }));
const believed = (words: ReturnType<typeof said>, silences: [number, number][] = []) =>
  believableWords(
    words,
    silences.map(([start, end]) => ({ start, end })),
  )
    .map(({ word }) => word)
    .join(" ");

test("words are not believed where the sound is silent", () => {
  const words = [
    ...said("We begin here."),
    ...said("Thanks for watching this video.", 10),
    ...said("And go on.", 20),
  ];
  expect(believed(words, [[2, 19.9]])).toBe("We begin here. And go on.");
});

test("a sentence that runs into a silence keeps the words that sound", () => {
  expect(believed(said("This is a whole long sentence that stops. Now"), [[3.3, 4.6]])).toBe(
    "This is a whole long sentence that stops. Now",
  );
});

test("short silences prove nothing", () => {
  expect(believed(said("Yes it is."), [[0, 0.95]])).toBe("Yes it is.");
});

test("a line that repeats without end is kept once", () => {
  const loop = "Thank you very much. ".repeat(200);
  expect(believed(said(`Hello there. ${loop}Goodbye.`))).toBe("Hello there. Thank you very much. Goodbye.");
  expect(believed(said(`${"la ".repeat(50)}end`))).toBe("la end");
});

test("what people do repeat stays", () => {
  const text = "no, no, no, no, let it be, let it be, let it be";
  expect(believed(said(text))).toBe(text);
});

test("descriptions of sounds are no words", () => {
  const words = said("[Music] So (upbeat music) here *sighs* we ♪ la la ♪ go - now [ Applause ]");
  expect(
    withoutAsides(words)
      .map(({ word }) => word)
      .join(" "),
  ).toBe("So here we go now");
});

test("a bracket that is never closed does not swallow the rest", () => {
  expect(withoutAsides(said("f(x is (not closed at all and goes on and on and on")).length).toBe(13);
});

test("of words that go on, what is sure is the beginning of what is left of all of them", () => {
  const phrase = fc.constantFrom(
    ...[
      "We begin.",
      "no,",
      "la",
      "and so on",
      "Thank you.",
      "[Music]",
      "(a door",
      "closes)",
      "Why? Well",
      "♪ la ♪",
    ],
    ...["Thank you very much for watching this video to the very end of it all. ".repeat(5).trim()],
  );
  const looped = fc
    .tuple(phrase, fc.integer({ min: 1, max: 12 }))
    .map(([text, times]) => `${text} `.repeat(times));
  let sure = 0;
  fc.assert(
    fc.property(
      fc.array(looped, { minLength: 8, maxLength: 60 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 1, max: 9 })), { maxLength: 5 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (texts, gaps, share) => {
        const words = said(texts.join("").trim());
        const ordered = gaps.toSorted(([a], [b]) => a - b);
        const silences = ordered.flatMap(([start, length], index) =>
          start >= Math.max(0, ...ordered.slice(0, index).map(([at, long]) => at + long))
            ? [{ start, end: start + length }]
            : [],
        );
        const soFar = believedSoFar(words.slice(0, Math.round(share * words.length)), silences);
        expect(believableWords(words, silences).slice(0, soFar.length)).toEqual(soFar);
        sure += soFar.length;
      },
    ),
    { numRuns: 400 },
  );
  expect(sure).toBeGreaterThan(1000);
});
