import type { TranscriptSegment, Word } from "@kangklip/contract";
import { lengthOf, visible } from "./plain-text.ts";

/** A word that was said, in whole milliseconds on the source's timeline. */
export interface SpokenWord {
  text: string;
  startMs: number;
  endMs: number;
  /** How sure the recogniser was of it, 0..1, where it says so. */
  confidence?: number | undefined;
}

/** Recognisers stretch a short word over the pause or the music after it; nobody says one for longer than this. */
const LONGEST_WORD_MS = 3000;
/** Milliseconds per character that a long "word" may take: scripts without spaces come as one word per line. */
const MS_PER_CHARACTER = 250;
/** What a word without a length takes of the silence after it. */
const SHORTEST_WORD_MS = 60;

/**
 * The words of a transcript in order, each of some length, none overlapping the next, all inside the video. Words without text or
 * with times that are no numbers or lie outside are left out; a segment without words is spread over its time by length.
 */
export function spokenWords(segments: readonly TranscriptSegment[], durationMs: number): SpokenWord[] {
  const sorted = segments
    .flatMap((segment) => (segment.words.length > 0 ? segment.words : spread(segment)))
    .flatMap(({ word, start, end, confidence }: Word): SpokenWord[] => {
      const text = visible(word);
      const [startMs, endMs] = [Math.round(start * 1000), Math.round(end * 1000)];
      if (text === "" || !Number.isFinite(startMs) || !Number.isFinite(endMs) || startMs < 0) return [];
      const longestMs = Math.max(LONGEST_WORD_MS, lengthOf(text) * MS_PER_CHARACTER);
      const untilMs = Math.min(Math.max(startMs + SHORTEST_WORD_MS, endMs), startMs + longestMs);
      return [{ text, startMs, endMs: untilMs, confidence }];
    })
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const words: SpokenWord[] = [];
  for (const { startMs, endMs, ...word } of sorted) {
    const last = words.at(-1);
    const from = Math.max(startMs, last ? last.startMs + 1 : 0);
    if (from >= durationMs) break;
    if (last) last.endMs = Math.min(last.endMs, from);
    words.push({ ...word, startMs: from, endMs: Math.min(Math.max(endMs, from + 1), durationMs) });
  }
  return words;
}

function spread({ text, start, duration }: TranscriptSegment) {
  const parts = text.split(/\s+/u).filter(Boolean);
  const characters = parts.reduce((sum, part) => sum + part.length, 0);
  let said = 0;
  return parts.map((word) => {
    const from = start + (duration * said) / characters;
    said += word.length;
    return { word, start: from, end: start + (duration * said) / characters };
  });
}
