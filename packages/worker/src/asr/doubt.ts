import type { Word } from "@kangklip/contract";
import type { SoundMap } from "../stage.ts";
import { endsSentence } from "./segments.ts";

/** Only silences this long can prove that nobody spoke: word times are too inexact for shorter ones. */
const PROVING_SILENCE_SECONDS = 1;
const TIME_ERROR_SECONDS = 0.3;
const LONGEST_LOOP_WORDS = 20;
const LONGEST_ASIDE_WORDS = 8;

/**
 * What is left of recognised words when the inventions of whisper models are taken out: words where the sound is silent, lines
 * that repeat without end, and descriptions of sounds ("[Music]"). All three are known faults on silence and music.
 * @param words as `orderedWords` gives them
 * @param speechless where surely nobody speaks (gate.ts), seconds
 */
export function believableWords(words: readonly Word[], speechless: SoundMap["silences"]): Word[] {
  return withoutLoops(withoutSilentSentences(withoutAsides(words), speechless));
}

/**
 * What `believableWords` will leave of words that go on, as far as that is sure: it looks at whole sentences, and ahead for the ends of
 * asides and loops.
 * @param words the first ones, none of which will change
 */
export function believedSoFar(words: readonly Word[], speechless: SoundMap["silences"]): Word[] {
  const known = withoutAsides(words).slice(0, -LONGEST_ASIDE_WORDS);
  const closed = known.slice(0, known.findLastIndex(({ word }) => endsSentence(word)) + 1);
  return withoutLoops(withoutSilentSentences(closed, speechless), LONGEST_LOOK_WORDS);
}

/** Without what stands in brackets or between notes: "[Applause]", "(upbeat music)", "♪ la la ♪". */
export function withoutAsides<T extends { word: string }>(words: readonly T[]): T[] {
  const kept: T[] = [];
  for (let at = 0; at < words.length; ) {
    const closing = closerOf(words[at]?.word ?? "");
    const length = closing ? asideLength(words, at, closing) : 0;
    const word = words[at];
    if (length === 0 && word && /[\p{L}\p{N}]/u.test(word.word)) kept.push(word);
    at += Math.max(1, length);
  }
  return kept;
}

function closerOf(word: string): RegExp | undefined {
  if (word.startsWith("[")) return /\]\W*$/;
  if (word.startsWith("(")) return /\)\W*$/;
  if (word.startsWith("*")) return /.\*\W*$/;
  if (/^[♩-♯]/u.test(word)) return /[♩-♯]$/u;
  return undefined;
}

function asideLength(words: readonly { word: string }[], from: number, closing: RegExp): number {
  for (let length = 1; length <= LONGEST_ASIDE_WORDS; length++) {
    const word = words[from + length - 1]?.word;
    if (word === undefined) return 0;
    if (closing.test(word) && (length > 1 || word.length > 1)) return length;
  }
  return 0;
}

/** A word is not believed when all of it lies in a long silence; a sentence that lost more than half of its words goes as a whole. */
function withoutSilentSentences(words: readonly Word[], speechless: SoundMap["silences"]): Word[] {
  const proving = speechless
    .filter(({ start, end }) => end - start >= PROVING_SILENCE_SECONDS)
    .map(({ start, end }) => ({ start: start + TIME_ERROR_SECONDS, end: end - TIME_ERROR_SECONDS }));
  const kept: Word[] = [];
  let sentence: Word[] = [];
  let heard: Word[] = [];
  let at = 0;
  for (const [index, word] of words.entries()) {
    while (at < proving.length && (proving[at]?.end ?? 0) < word.end) at++;
    sentence.push(word);
    if (!(word.start >= (proving[at]?.start ?? Number.POSITIVE_INFINITY))) heard.push(word);
    if (!endsSentence(word.word) && index < words.length - 1) continue;
    if (heard.length * 2 >= sentence.length) kept.push(...heard);
    sentence = [];
    heard = [];
  }
  return kept;
}

/** A phrase that comes again and again without anything between is kept once. @param ahead how many words at the end are only looked at */
function withoutLoops(words: readonly Word[], ahead = 0): Word[] {
  const plain = words.map(({ word }) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""));
  const kept: Word[] = [];
  for (let at = 0; at < words.length - ahead; ) {
    const { length, times } = loopAt(plain, at);
    kept.push(...words.slice(at, at + length));
    at += length * times;
  }
  return kept;
}

/** How often a phrase of so many words stands in a row before it is a loop: people do say "no, no, no, no", and a chorus comes three times. */
const loopTimes = (length: number) => (length === 1 ? 8 : length <= 3 ? 5 : 4);
/** So many words from the first one tell whether a loop begins with it. */
const LONGEST_LOOK_WORDS = LONGEST_LOOP_WORDS * loopTimes(LONGEST_LOOP_WORDS);

/** The phrase that starts at `at` and how often it stands there in a row; once, one word long, where it is no loop. */
function loopAt(plain: string[], at: number): { length: number; times: number } {
  for (let length = 1; length <= LONGEST_LOOP_WORDS; length++) {
    let same = 0;
    while (at + length + same < plain.length && plain[at + same] === plain[at + length + same]) same++;
    const times = 1 + Math.floor(same / length);
    if (times >= loopTimes(length)) return { length, times };
  }
  return { length: 1, times: 1 };
}
