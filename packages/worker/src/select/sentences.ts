import { ABBREVIATIONS, type Lexicon } from "./lexicon.ts";
import { plainWord } from "./plain-text.ts";
import type { SpokenWord } from "./words.ts";

/** What lies between a word and the next one, from the best place for a cut to the worst. */
export type Border = "sentence" | "pause" | "breath" | "clause" | "word";

/** How good a place for a cut a border is, 0..1. */
export const BORDER_STRENGTH: Record<Border, number> = {
  sentence: 1,
  pause: 0.7,
  breath: 0.5, // the best place in a run of words that has neither full stop nor pause
  clause: 0.4,
  word: 0.1,
};

/** A silence between two words from which on it counts as a pause (quality figure S3). */
export const PAUSE_MS = 500;
/** A silence that ends a sentence even where no full stop was written. */
const LONG_PAUSE_MS = 1500;
/** A run of more words than this (about 17 s) is divided; 30 words make a part of about 11 s. */
const RUN_ON_WORDS = 45;
const PART_WORDS = 30;

/** Words `first` to `last` (indexes, inclusive). */
export interface Sentence {
  first: number;
  last: number;
  isQuestion: boolean;
}

const ENDS_SENTENCE = /[.?!…。！？｡؟।॥]["'”’»)\]]*$/u;
const ENDS_CLAUSE = /[,;:،、，；：–—-]["'”’»)\]]*$/u;
const IS_QUESTION = /[?？؟]["'”’»)\]]*$/u;

/**
 * The border after each word; after the last one it is always the end of a sentence.
 * @param pausesMs the silence before each word, where it is not what their times leave
 */
export function bordersOf(words: readonly SpokenWord[], pausesMs = silencesBetween(words)): Border[] {
  const stops = words.filter(({ text }) => ENDS_SENTENCE.test(text)).length;
  const isPunctuated = stops * 40 >= words.length;
  const borders = words.map((word, index): Border => {
    const next = words[index + 1];
    if (!next) return "sentence";
    const silenceMs = pausesMs[index + 1] ?? 0;
    if (
      silenceMs >= LONG_PAUSE_MS ||
      (ENDS_SENTENCE.test(word.text) && !isAbbreviation(word.text, next.text))
    )
      return "sentence";
    if (silenceMs >= PAUSE_MS) return isPunctuated ? "pause" : "sentence";
    return ENDS_CLAUSE.test(word.text) ? "clause" : "word";
  });
  divideRunOns(words, borders, pausesMs);
  return borders;
}

const silencesBetween = (words: readonly SpokenWord[]) =>
  words.map(({ startMs }, index) => startMs - (words[index - 1]?.endMs ?? 0));

/** "Mr.", "e.g.", an initial as in "J. Harrison"; a number with a full stop goes on when the next word is one too. */
function isAbbreviation(text: string, next: string): boolean {
  if (!text.endsWith(".")) return false;
  const plain = plainWord(text);
  if (plain === "no" || plain === "i") return false;
  return ABBREVIATIONS.has(plain) || /^\p{Lu}\.$/u.test(text) || (/^\d+\.$/.test(text) && /^\d/.test(next));
}

/** Puts a breath at the longest silence, or the best clause, near the length of a part, as often as a run is too long. */
function divideRunOns(words: readonly SpokenWord[], borders: Border[], pausesMs: readonly number[]) {
  const worthAfter = (index: number, first: number) =>
    (pausesMs[index + 1] ?? 0) +
    (borders[index] === "clause" ? 250 : 0) -
    10 * Math.abs(index - first - PART_WORDS);
  let first = 0;
  let index = 0;
  for (; index < words.length; index++) {
    if (borders[index] === "sentence") first = index + 1;
    if (index - first < RUN_ON_WORDS) continue;
    let best = first + PART_WORDS;
    for (let at = first + PART_WORDS / 2; at < first + RUN_ON_WORDS - 5; at++)
      if (worthAfter(at, first) > worthAfter(best, first)) best = at;
    borders[best] = "breath";
    first = best + 1;
  }
}

/** Whether plain words open a question: "why did he", "how long was it", but not "when they arrived". */
export function asks(
  [opener = "", ...next]: readonly string[],
  { questions, auxiliaries }: Lexicon,
): boolean {
  const verbs = next.slice(0, opener === "how" ? 2 : 1);
  return questions.has(opener) && (auxiliaries.size === 0 || verbs.some((word) => auxiliaries.has(word)));
}

/** The sentences that the borders make. Without question marks a question is known by its first words. */
export function sentencesOf(words: readonly SpokenWord[], borders: readonly Border[], lexicon: Lexicon) {
  const sentences: Sentence[] = [];
  const isPunctuated = words.some(({ text }) => IS_QUESTION.test(text));
  let first = 0;
  for (const [last, border] of borders.entries()) {
    if (border !== "sentence" && border !== "breath") continue;
    const opening = () =>
      words.slice(first, Math.min(last, first + 2) + 1).map(({ text }) => plainWord(text));
    const isQuestion = isPunctuated ? IS_QUESTION.test(words[last]?.text ?? "") : asks(opening(), lexicon);
    sentences.push({ first, last, isQuestion });
    first = last + 1;
  }
  return sentences;
}
