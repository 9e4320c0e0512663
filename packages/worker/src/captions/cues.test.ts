import fc from "fast-check";
import { expect, test } from "vitest";
import { type Cue, captionCues } from "./cues.ts";
import { captionStyle } from "./style.ts";
import { clipWords, lineText } from "./words.ts";

const style = await captionStyle({
  ...{ renderWidth: 1080, renderHeight: 1920, captionFont: "Roboto", captionFontSize: undefined },
  ...{
    captionMaxChars: undefined,
    captionMaxLines: undefined,
    captionMarginH: undefined,
    captionMarginV: undefined,
  },
});

interface Spoken {
  word: string;
  start: number;
  end: number;
}

/** Words spoken at an even pace from 0.3 s on, with pauses after signs. */
function speak(text: string, { secondsPerLetter = 0.06, pause = 0.35 } = {}): Spoken[] {
  let at = 0.3;
  return text.split(" ").map((word) => {
    const start = at;
    const end = start + 0.08 + secondsPerLetter * word.length;
    at = end + (/[.?!]$/.test(word) ? pause : /,$/.test(word) ? pause / 3 : 0.03);
    return { word, start, end };
  });
}

function cuesOf(words: Spoken[], clipSeconds = 60, span = { start: 0, end: 60, clipStart: 0 }): Cue[] {
  const captionWords = clipWords(words, [span], clipSeconds, style.fits);
  return captionCues(captionWords, { clipSeconds, maxLines: style.maxLines, fits: style.fits });
}
const textsOf = (cues: Cue[]) => cues.map(({ lines }) => lines.map(lineText).join(" / "));

const STORY =
  "So the most important thing I learned, after ten years of running restaurants, is that people don't remember the food. " +
  "They remember how you made them feel when they walked in. Honestly? It was terrifying at first.";

test("captions end where a reader pauses and never after an article or a preposition", () => {
  expect(textsOf(cuesOf(speak(STORY)))).toEqual([
    "So the most / important thing",
    "I learned, / after ten years",
    "of running / restaurants,",
    "is that people / don't remember",
    "the food.",
    "They remember how / you made them feel",
    "when they walked in.",
    "Honestly?",
    "It was terrifying / at first.",
  ]);
});

test("no caption bridges a pause, and it goes out soon after the last word", () => {
  const words = [
    { word: "Before", start: 1, end: 1.6 },
    { word: "after", start: 4, end: 4.5 },
  ];
  const [before, after] = cuesOf(words);
  expect(before).toMatchObject({ start: 1, end: expect.closeTo(1.9) });
  expect(after).toMatchObject({ start: 4 });
});

test("a short word stays long enough to be read when nobody speaks after it", () => {
  const [cue] = cuesOf([{ word: "Yes.", start: 2, end: 2.2 }]);
  expect(cue?.end).toBeCloseTo(2.83);
});

test("captions at a cut of the clip do not run over it", () => {
  const words = speak("one two three four five six seven eight nine ten");
  const spans = [
    { start: 0, end: 1.5, clipStart: 0 },
    { start: 1.5, end: 10, clipStart: 1.5 },
  ];
  const captionWords = clipWords(words, spans, 10, style.fits);
  const cues = captionCues(captionWords, { clipSeconds: 10, maxLines: 2, fits: style.fits });
  const starts = cues.map(({ lines }) => lines[0]?.[0]);
  expect(starts.some((word) => word?.afterCut)).toBe(true);
  expect(cues.flatMap(({ lines }) => lines.flat()).map(({ text }) => text)).toEqual(
    words.map(({ word }) => word),
  );
});

const word = fc.oneof(
  fc.constantFrom(
    "a",
    "the",
    "and",
    "I",
    "so",
    "because",
    "kindness",
    "restaurants,",
    "yes.",
    "why?",
    "extraordinary",
  ),
  fc.string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzäöüß-'".split("")),
    minLength: 1,
    maxLength: 34,
  }),
  fc.constantFrom(
    "人工智能的未来",
    "สวัสดีครับวันนี้",
    "DONAUDAMPFSCHIFFFAHRTSGESELLSCHAFT",
    "👩‍🔧👩‍🔧👩‍🔧",
    "مرحبا",
    "नमस्ते",
  ),
);
const talk = fc
  .array(
    fc.tuple(
      word,
      fc.double({ min: 0.12, max: 0.6, noNaN: true }),
      fc.double({ min: 0, max: 1.5, noNaN: true }),
    ),
    {
      maxLength: 80,
    },
  )
  .map((said) => {
    let at = 0;
    return said.map(([text, length, gap]) => {
      const start = at + (gap > 1 ? gap - 0.9 : 0);
      at = start + length;
      return { word: text, start, end: at };
    });
  });

test("every word is shown once and in order, in lines that fit, by captions that do not overlap or flicker", () => {
  fc.assert(
    fc.property(talk, (words) => {
      const clipSeconds = (words.at(-1)?.end ?? 0) + 1;
      const cues = cuesOf(words, clipSeconds, { start: 0, end: clipSeconds, clipStart: 0 });
      const shown = cues.flatMap(({ lines }) => lines.flat());
      expect(shown.map(({ text }) => text).join("")).toBe(words.map((said) => said.word).join(""));
      for (const [i, { start, end, lines }] of cues.entries()) {
        const spoken = lines.flat();
        expect(lines.length).toBeLessThanOrEqual(2);
        for (const line of lines) expect(style.fits(lineText(line))).toBe(true);
        expect(start).toBe(spoken[0]?.start);
        expect(end - start).toBeLessThanOrEqual(3.0001);
        expect(spoken.every((one, at) => one.start < (spoken[at + 1]?.start ?? end))).toBe(true);
        const gap = (cues[i + 1]?.start ?? Number.POSITIVE_INFINITY) - end;
        expect(gap === 0 || gap >= 2 / 24, `gap ${gap}`).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test("at the pace of a talk captions stand 0.83 to 3 s and ask for at most 20 characters a second", () => {
  const vocabulary = STORY.split(" ");
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...vocabulary), { minLength: 8, maxLength: 90 }), (said) => {
      const words = speak(said.join(" "), { secondsPerLetter: 0.055 });
      const clipSeconds = (words.at(-1)?.end ?? 0) + 0.45;
      for (const { start, end, lines } of cuesOf(words, clipSeconds)) {
        expect(end - start, lines.map(lineText).join("/")).toBeGreaterThanOrEqual(0.8299);
        expect(lines.map(lineText).join(" ").length / (end - start)).toBeLessThanOrEqual(20);
      }
    }),
    { numRuns: 100 },
  );
});

test("words with broken times still appear inside the clip, in order", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          word: fc.constantFrom("ab", "cd", "ef."),
          start: fc.integer({ min: 0, max: 9 }),
          end: fc.integer({ min: 0, max: 9 }),
        }),
        { maxLength: 60 },
      ),
      (words) => {
        const cues = cuesOf(words, 10, { start: 0, end: 10, clipStart: 0 });
        const shown = cues.flatMap(({ lines }) => lines.flat());
        expect(shown.map(({ text }) => text)).toEqual(words.map((said) => said.word));
        for (const { start, end } of shown) expect(start >= 0 && end > start && end <= 10).toBe(true);
        for (const [i, cue] of cues.entries()) expect(cue.end).toBeLessThanOrEqual(cues[i + 1]?.start ?? 10);
      },
    ),
    { numRuns: 300 },
  );
});
