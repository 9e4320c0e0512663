import type { TranscriptSegment, Word } from "@kangklip/contract";
import type { SoundMap } from "../stage.ts";

const MIN_WORD_SECONDS = 0.01;
const MAX_WORD_CHARACTERS = 80;
const SLOW_WORD_SECONDS = 0.6;
const SLOW_LETTER_SECONDS = 0.12;
/** Words that had to move further than this to find room are not speech. */
const MAX_SHIFT_SECONDS = 2;
/** A pause that ends a segment whatever the punctuation says. */
const LONG_PAUSE_SECONDS = 1.5;
/** The same where the text has no punctuation to go by. */
export const PAUSE_SECONDS = 0.45;
/** Longest segment, in words: with punctuation, and without. */
const MAX_WORDS = 30;
const MAX_WORDS_UNPUNCTUATED = 16;

const SENTENCE_END = /[.!?…。！？؟।]["'”’»)\]]*$/u;
const NOT_AN_END = /^(?:mr|mrs|ms|dr|prof|st|vs|etc|jr|sr|e\.g|i\.e|p\.m|a\.m|(?!i)\p{L})\.$/iu;
const CLAUSE_END = /[,;:，、；–—-]["'”’»)\]]*$/u;
/** Scripts that are written without spaces between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\u3000-\u303f\uff01-\uff0f\uff1a-\uff1f]/u;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const INVISIBLE = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]/g;

/** Text as a person sees it: no control, bidirectional or zero-width characters, single spaces, composed letters. */
export function visibleText(text: string): string {
  return text
    .toWellFormed()
    .normalize("NFC")
    .replace(CONTROLS, " ")
    .replace(INVISIBLE, "")
    .replace(/\s+/g, " ")
    .trim();
}

/** Whether a word ends a sentence. "Dr." and initials do not. */
export function endsSentence(word: string): boolean {
  return SENTENCE_END.test(word) && !NOT_AN_END.test(word);
}

/** Whether the border between two pieces of text needs a space. */
export function needsSpace(before: string, after: string): boolean {
  return !(UNSPACED.test(before.slice(-1)) || UNSPACED.test(after.slice(0, 1)));
}

/** Words as one line of text. */
export function joined(words: readonly { word: string }[]): string {
  let text = "";
  for (const { word } of words) text += text && needsSpace(text, word) ? ` ${word}` : word;
  return text;
}

/**
 * Words as everything after the transcript may rely on them: visible text, in order, inside [0, `durationSeconds`], each
 * longer than nothing, none overlapping the next; to the millisecond. Words that claim the same moment share the time up to the next one.
 */
export function orderedWords(words: readonly Word[], durationSeconds: number): Word[] {
  const known = words
    .map(({ word, start, end, ...rest }) => ({
      ...rest,
      word: [...visibleText(word)].slice(0, MAX_WORD_CHARACTERS).join(""),
      start: Math.max(0, start),
      end: Math.min(durationSeconds, end),
    }))
    .filter(
      ({ word, start, end }) => word && start < durationSeconds && end >= 0 && Number.isFinite(start + end),
    )
    .sort((a, b) => a.start - b.start);

  const ordered: Word[] = [];
  for (let first = 0; first < known.length; ) {
    const from = known[first]?.start ?? 0;
    let next = first + 1;
    while ((known[next]?.start ?? Number.POSITIVE_INFINITY) - from < MIN_WORD_SECONDS) next++;
    const run = known.slice(first, next);
    const latest = run.reduce((most, { end }) => Math.max(most, end), 0);
    const room = Math.min(known[next]?.start ?? durationSeconds, latest);
    const start = Math.max(from, ordered.at(-1)?.end ?? 0);
    const share = Math.max(MIN_WORD_SECONDS, (room - start) / run.length);
    for (const [index, word] of run.entries()) {
      const begin = milliseconds(start + index * share);
      const end = milliseconds(start + (index + 1) * share);
      if (end <= durationSeconds && begin - from < MAX_SHIFT_SECONDS)
        ordered.push({ ...word, start: begin, end });
    }
    first = next;
  }
  return ordered;
}

/**
 * Words where they sound: of the stretches of sound that a word's time touches it gets the longest, and no more than a slow speaker
 * would take for it. Recognisers let words run on into the pause that follows, or begin in the one before. The order stays.
 */
export function trimmedToSound(words: readonly Word[], { silences }: SoundMap): Word[] {
  let first = 0;
  let earliest = 0;
  return words.map(({ word, start, end, ...rest }) => {
    while (first < silences.length && (silences[first]?.end ?? 0) <= start) first++;
    let [best, from] = [{ start, end: start }, start];
    for (let index = first; from < end; index++) {
      const silence = silences[index] ?? { start: end, end };
      const stretch = { start: from, end: Math.min(end, silence.start) };
      if (stretch.end - stretch.start > best.end - best.start) best = stretch;
      from = silence.end;
    }
    const sounds = best.end - best.start > MIN_WORD_SECONDS ? best : { start, end };
    earliest = Math.max(earliest, sounds.start);
    const slowest = SLOW_WORD_SECONDS + SLOW_LETTER_SECONDS * word.length;
    const latest = Math.min(sounds.end, sounds.start + slowest);
    return { ...rest, word, start: earliest, end: Math.max(earliest, latest) };
  });
}

/**
 * Words as segments: one sentence each where the text has punctuation, else one breath each (pauses of 0.45 s); long ones are
 * split at their widest pause or comma. Each word is in exactly one segment. `words` as `orderedWords` gives them.
 */
export function segmentsOf(words: readonly Word[]): TranscriptSegment[] {
  const ends = words.filter(({ word }) => endsSentence(word)).length;
  const punctuated = ends * 60 >= words.length;
  const pause = punctuated ? LONG_PAUSE_SECONDS : PAUSE_SECONDS;
  const groups: Word[][] = [];
  for (const [index, word] of words.entries()) {
    const previous = words[index - 1];
    const open = previous && !endsSentence(previous.word) && word.start - previous.end < pause;
    const group = groups.at(-1);
    if (open && group) group.push(word);
    else groups.push([word]);
  }
  const most = punctuated ? MAX_WORDS : MAX_WORDS_UNPUNCTUATED;
  return groups.flatMap((group) => split(group, most)).map(segmentOf);
}

function segmentOf(words: Word[]): TranscriptSegment {
  const start = words[0]?.start ?? 0;
  const end = words.at(-1)?.end ?? start;
  return { text: joined(words), start, duration: milliseconds(end - start), words };
}

/** Splits at the best place of the middle half until no piece has more than `most` words. */
function split(words: Word[], most: number): Word[][] {
  if (words.length <= most) return [words];
  let best = { at: Math.floor(words.length / 2), worth: -1 };
  for (let at = Math.floor(words.length / 4); at <= Math.ceil((words.length * 3) / 4); at++) {
    const [before, after] = [words[at - 1], words[at]];
    if (!before || !after) continue;
    const worth = after.start - before.end + (CLAUSE_END.test(before.word) ? 0.3 : 0);
    if (worth > best.worth + 1e-9) best = { at, worth };
  }
  return [...split(words.slice(0, best.at), most), ...split(words.slice(best.at), most)];
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000;
