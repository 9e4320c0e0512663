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

/** A phrase that comes again and again without anything between is kept once. */
function withoutLoops(words: readonly Word[]): Word[] {
  const plain = words.map(({ word }) => word.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""));
  const kept: Word[] = [];
  for (let at = 0; at < words.length; ) {
    const { length, times } = loopAt(plain, at);
    kept.push(...words.slice(at, at + length));
    at += length * times;
  }
  return kept;
}

/** The phrase that starts at `at` and how often it stands there in a row; once, one word long, where it is no loop. */
function loopAt(plain: string[], at: number): { length: number; times: number } {
  for (let length = 1; length <= LONGEST_LOOP_WORDS; length++) {
    let same = 0;
    while (at + length + same < plain.length && plain[at + same] === plain[at + length + same]) same++;
    const times = 1 + Math.floor(same / length);
    // people do say "no, no, no, no", and a chorus comes three times
    if (times >= (length === 1 ? 8 : length <= 3 ? 5 : 4)) return { length, times };
  }
  return { length: 1, times: 1 };
}
