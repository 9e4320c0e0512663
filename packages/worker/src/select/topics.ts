import type { Lexicon } from "./lexicon.ts";
import type { Sentence } from "./sentences.ts";

/** Words of content on either side of a border that are compared: about half a minute of speech. */
const BLOCK_WORDS = 40;
/** Words are told apart by their first letters, so that "garden" and "gardens" are one. */
const STEM_LETTERS = 6;
/** A word that is in more than this share of the sentences says nothing about where one is. */
const EVERYWHERE = 0.2;
/** How many borders a valley is looked at to either side. */
const HILL = 12;
/** Depths that differ less than this are no landscape. */
const LEAST_SPREAD = 0.015;
/** With fewer sentences there is nothing to part. */
const FEWEST_SENTENCES = 12;

/**
 * How clearly the talk changes its subject before each sentence, 0..1: TextTiling (Hearst, Computational Linguistics 23, 1997). The
 * words before and after each border between sentences are compared (cosine); where they are less alike than around it lies a valley,
 * and what counts is how deep it is beside the others of the talk.
 * @param plain the talk's words as they are looked up
 * @returns one figure per sentence; the first is 1.
 */
export function topicChanges(
  plain: readonly string[],
  sentences: readonly Sentence[],
  lexicon: Lexicon,
  sentencesWith: ReadonlyMap<string, number>,
): Float64Array {
  const changes = new Float64Array(sentences.length);
  if (sentences.length > 0) changes[0] = 1;
  if (sentences.length < FEWEST_SENTENCES) return changes;
  const { stems, before } = contentOf(plain, sentences, lexicon, sentencesWith);
  // with little on one side nothing can be compared
  const isFull = before.map((count) => Math.min(count, stems.length - count) >= BLOCK_WORDS / 2);
  const from = isFull.indexOf(true);
  const to = isFull.lastIndexOf(true) + 1;
  if (from < 0) return changes;
  const likeness = Float64Array.from(before.slice(from, to), (at) => cosine(stems, at));
  const depths = depthsOf(smoothed(likeness));
  const mean = depths.reduce((sum, depth) => sum + depth, 0) / depths.length;
  const spread = Math.sqrt(depths.reduce((sum, depth) => sum + (depth - mean) ** 2, 0) / depths.length);
  if (spread < LEAST_SPREAD) return changes;
  for (const [index, depth] of depths.entries()) {
    const isDeepest = depth >= (depths[index - 1] ?? 0) && depth >= (depths[index + 1] ?? 0);
    const figure = Math.min(1, Math.max(0, (depth - mean) / (2 * spread)));
    if (from + index > 0) changes[from + index] = isDeepest ? figure : figure / 2;
  }
  return changes;
}

/** The stems of all words of content, as numbers, and how many of them come before each sentence. */
function contentOf(
  plain: readonly string[],
  sentences: readonly Sentence[],
  { stop }: Lexicon,
  sentencesWith: ReadonlyMap<string, number>,
) {
  const most = Math.max(3, sentences.length * EVERYWHERE);
  const numbers = new Map<string, number>();
  const stems: number[] = [];
  const before: number[] = [];
  for (const { first, last } of sentences) {
    before.push(stems.length);
    for (let at = first; at <= last; at++) {
      const word = plain[at] ?? "";
      if (word.length < 3 || stop.has(word) || (sentencesWith.get(word) ?? 0) > most) continue;
      const stem = word.slice(0, STEM_LETTERS);
      const number = numbers.get(stem) ?? numbers.size;
      numbers.set(stem, number);
      stems.push(number);
    }
  }
  return { stems, before };
}

/** How alike the words of the blocks before and after a place are, 0..1. */
function cosine(stems: readonly number[], at: number): number {
  const left = counts(stems.slice(Math.max(0, at - BLOCK_WORDS), at));
  const right = counts(stems.slice(at, at + BLOCK_WORDS));
  let shared = 0;
  for (const [stem, count] of left) shared += count * (right.get(stem) ?? 0);
  const length = (of: Map<number, number>) => Math.sqrt([...of.values()].reduce((sum, n) => sum + n * n, 0));
  return shared === 0 ? 0 : shared / (length(left) * length(right));
}

function counts(stems: readonly number[]): Map<number, number> {
  const count = new Map<number, number>();
  for (const stem of stems) count.set(stem, (count.get(stem) ?? 0) + 1);
  return count;
}

const smoothed = (values: Float64Array) =>
  values.map((value, at) => ((values[at - 1] ?? value) + 2 * value + (values[at + 1] ?? value)) / 4);

/** How far the values rise to either side of each place before they fall again, both sides together. */
function depthsOf(values: Float64Array): Float64Array {
  const climb = (from: number, step: -1 | 1) => {
    let top = values[from] ?? 0;
    for (let walked = 1; walked <= HILL; walked++) {
      const next = values[from + step * walked];
      if (next === undefined || next < top) break;
      top = next;
    }
    return top - (values[from] ?? 0);
  };
  return values.map((_, at) => climb(at, -1) + climb(at, 1));
}
