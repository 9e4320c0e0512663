import { expect, test } from "vitest";
import { believableWords, withoutAsides } from "./doubt.ts";

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
