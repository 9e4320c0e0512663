import type { TranscriptSegment, Word } from "@kangklip/contract";

/** A word of the transcript; `at` is its number among all. Times are seconds of the source. */
interface SaidWord extends Pick<Word, "word" | "start" | "end"> {
  at: number;
}

export interface Sentence {
  /** Its number among all. */
  at: number;
  start: number;
  words: readonly SaidWord[];
}

/** A clip as the transcript marks it: its parts, seconds of the source. */
export interface MarkedClip {
  index: number;
  file: string;
  parts: readonly { start: number; end: number }[];
}

/** A sentence ends with such a mark, before such a silence, or where it would be longer than anybody can overlook. */
const ENDS_WITH = /[.!?…。！？؟۔।][)\]"'”’»]*$/u;
const SILENCE_SECONDS = 1;
const MOST_WORDS = 40;

/** The transcript in sentences. Lines without words of their own, as of captions, give theirs evenly spread. Pure. */
export function sentencesOf(segments: readonly TranscriptSegment[]): Sentence[] {
  const words = segments.flatMap((segment) => (segment.words.length > 0 ? segment.words : spread(segment)));
  const sentences: { at: number; start: number; words: SaidWord[] }[] = [];
  let before: Word | undefined;
  for (const [at, word] of words.entries()) {
    const present = sentences.at(-1);
    const isOver =
      !before ||
      !present ||
      ENDS_WITH.test(before.word) ||
      word.start - before.end >= SILENCE_SECONDS ||
      present.words.length >= MOST_WORDS;
    const said = { word: word.word.trim(), start: word.start, end: word.end, at };
    if (isOver) sentences.push({ at: sentences.length, start: word.start, words: [said] });
    else present.words.push(said);
    before = word;
  }
  return sentences;
}

function spread({ text, start, duration }: TranscriptSegment): Word[] {
  const parts = text.split(/\s+/).filter(Boolean);
  const each = duration / Math.max(1, parts.length);
  return parts.map((word, index) => ({ word, start: start + index * each, end: start + (index + 1) * each }));
}

const middle = ({ start, end }: Pick<Word, "start" | "end">) => (start + end) / 2;

/** Which clip a word is in; undefined for none. Pure. */
export const clipOf = (
  clips: readonly MarkedClip[],
  word: Pick<Word, "start" | "end">,
): MarkedClip | undefined =>
  clips.find(({ parts }) => parts.some(({ start, end }) => middle(word) >= start && middle(word) < end));

/** Where in a clip a word of it begins, seconds of the clip; null where the word is not in it. Pure. */
export function placeIn({ parts }: MarkedClip, word: Pick<Word, "start" | "end">): number | null {
  let before = 0;
  for (const { start, end } of parts) {
    if (middle(word) >= start && middle(word) < end) return before + Math.max(0, word.start - start);
    before += end - start;
  }
  return null;
}

/** The number of the word that is said at a moment (seconds of the source), or was last, up to a breath before; null where there is none. Pure. */
export function wordAt(words: readonly Pick<Word, "start" | "end">[], seconds: number): number | null {
  let [low, high] = [0, words.length];
  while (low < high) {
    const half = (low + high) >> 1;
    if ((words[half]?.start ?? 0) <= seconds) low = half + 1;
    else high = half;
  }
  const word = words[low - 1];
  return word && seconds < word.end + 0.3 ? low - 1 : null;
}

/** Some words that follow each other and are shown in one way. */
export interface Run {
  /** Their numbers: from this one up to, not including, that one. */
  from: number;
  to: number;
  text: string;
  clip: MarkedClip | undefined;
  /** Whether the clip, or a later part of it, begins here. */
  begins: boolean;
  /** What was searched for; "now" for the place that is looked at. */
  found: "now" | "also" | null;
  isChosen: boolean;
  isSpoken: boolean;
}

interface Marks {
  clips: readonly MarkedClip[];
  /** Where what was searched for is, in order; and which of these places is looked at. */
  found: readonly Found[];
  now: Found | undefined;
  chosen: number | null;
  spoken: number | null;
}

/** Words from one number up to, not including, another. */
export interface Found {
  from: number;
  to: number;
}

/** A sentence as runs of words that look the same, which are few: 100 000 words are no 100 000 elements. Pure. */
export function runsOf({ words }: Sentence, { clips, found, now, chosen, spoken }: Marks): Run[] {
  const runs: Run[] = [];
  let before: SaidWord | undefined;
  for (const word of words) {
    const clip = clipOf(clips, word);
    const place = found.find(({ from, to }) => word.at >= from && word.at < to);
    const look = {
      clip,
      found: place ? (place.from === now?.from ? ("now" as const) : ("also" as const)) : null,
      isChosen: word.at === chosen,
      isSpoken: word.at === spoken,
    };
    const last = runs.at(-1);
    const isSame =
      last !== undefined &&
      last.clip === look.clip &&
      last.found === look.found &&
      last.isChosen === look.isChosen &&
      last.isSpoken === look.isSpoken;
    if (isSame) {
      last.text += ` ${word.word}`;
      last.to = word.at + 1;
    } else {
      const begins = clip !== undefined && (before === undefined ? isFirst(clip, word) : clip !== last?.clip);
      runs.push({ from: word.at, to: word.at + 1, text: word.word, begins, ...look });
    }
    before = word;
  }
  return runs;
}

/** At the beginning of a sentence a clip begins only if the sentence before was not of it too. */
const isFirst = ({ parts }: MarkedClip, word: SaidWord) =>
  parts.some(({ start, end }) => middle(word) >= start && middle(word) < end && word.start - start < 0.8);

/** Which word of a run a place in its text belongs to. @param offset of letters, from the run's beginning. Pure. */
export function wordInRun({ from, to, text }: Pick<Run, "from" | "to" | "text">, offset: number): number {
  const spaces = text.slice(0, Math.max(0, offset)).split(" ").length - 1;
  return Math.min(to - 1, from + spaces);
}

/** Letters as they are compared: without case, accents, vowel signs and punctuation around words. */
const folded = (text: string) =>
  text
    .normalize("NFKD")
    .replace(/[\p{M}ـ]/gu, "")
    .toLocaleLowerCase()
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "");

/** All words as one text to be searched, made once. */
interface SearchText {
  text: string;
  /** Where each word begins in the text. */
  starts: readonly number[];
}

/** Pure. */
export function searchText(sentences: readonly Sentence[]): SearchText {
  const starts: number[] = [];
  let text = " ";
  for (const { words } of sentences)
    for (const { word } of words) {
      starts.push(text.length);
      text += `${folded(word)} `;
    }
  return { text, starts };
}

const MOST_FOUND = 2000;

/** Where words stand one after the other as they were written, the first from the beginning of a word on; across sentences too. Pure. */
export function findIn({ text, starts }: SearchText, query: string): Found[] {
  const wanted = query.trim().split(/\s+/).map(folded).filter(Boolean).join(" ");
  if (wanted === "") return [];
  const found: Found[] = [];
  const numberOf = (offset: number) => {
    let [low, high] = [0, starts.length];
    while (low < high) {
      const half = (low + high) >> 1;
      if ((starts[half] ?? 0) <= offset) low = half + 1;
      else high = half;
    }
    return low - 1;
  };
  for (let at = text.indexOf(` ${wanted}`); at !== -1 && found.length < MOST_FOUND; ) {
    const from = numberOf(at + 1);
    found.push({ from, to: numberOf(at + wanted.length) + 1 });
    at = text.indexOf(` ${wanted}`, at + 1);
  }
  return found;
}

/** All that was said, a sentence a line. Pure. */
export const plainText = (sentences: readonly Sentence[]): string =>
  sentences.map(({ words }) => words.map(({ word }) => word).join(" ")).join("\n");
