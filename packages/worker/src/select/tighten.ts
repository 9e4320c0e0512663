import type { SoundMap } from "../stage.ts";
import { firstIndex, SHORTEST_PIECE_MS, type Span } from "./cuts.ts";
import { fillersIn, mended } from "./fillers.ts";
import type { SpokenWord } from "./words.ts";

/** A pause that is longer than this is shortened, milliseconds. */
const LONG_PAUSE_MS = 600;
/** What stays of it on either side: a breath of a quarter of a second. */
const BREATH_MS = 125;
/** A silence is not cut for less. */
const LEAST_GAIN_MS = 200;
/** At most `JOINS` in any stretch of `JOINS_MS`: in 20 s and more never more than one a second. */
const [JOINS, JOINS_MS] = [4, 5000];
/** Sound between two words is laughter or music where less than this share of it is silent. */
const SILENT_SHARE = 0.8;
/** In a silence of this length a clip may begin and end anywhere, so there is no cut in what stays of one. */
const FREE_MS = 2000;

/** A stretch of the source that is left out, and where the two ends meet on the tight timeline. */
interface Removed extends Span {
  atMs: number;
}

/** A talk without its fillers and long silences. */
export interface Tight {
  /** Length of what is left. */
  durationMs: number;
  removed: Removed[];
  /** The words that stay, on the source's timeline and on the tight one. */
  sourceWords: SpokenWord[];
  words: SpokenWord[];
  /** The silence that there was before each word, and after the last one. */
  pausesMs: number[];
  /** How many words were left out. */
  fillers: number;
}

/**
 * Leaves fillers and long silences out. A cut lies in a silence or on the border of a word that goes; no word that stays is touched,
 * what stays between two cuts is 0.3 s long or longer, and there is no more than one cut a second. Pure: the same words give the same.
 * @param words in order, none overlapping. @param silences where there is no sound; undefined: nobody listened, so where no word is
 * @param language code of it. @param areExact whether the words' times were heard, and not spread over a line
 */
export function tightened(
  words: readonly SpokenWord[],
  durationMs: number,
  options: { silences: readonly Span[] | undefined; language: string | null; areExact: boolean },
): Tight {
  const { silences, language, areExact } = options;
  const fills = areExact ? fillersIn(words, language) : words.map(() => false);
  const kept: number[] = [];
  const removed: Removed[] = [];
  let gone = 0;
  for (let at = 0; at < words.length; ) {
    const last = kept.at(-1);
    let next = at;
    while (last !== undefined && next < words.length && fills[next]) next++;
    // fillers behind the last word stay: a clip may end anywhere there
    const cut =
      last === undefined || next === words.length ? undefined : cutBetween(words, last, next, silences);
    const atMs = (cut?.startMs ?? 0) - gone;
    const isFar = atMs - (removed.at(-1)?.atMs ?? 0) >= SHORTEST_PIECE_MS;
    const isRare = atMs - (removed.at(-JOINS)?.atMs ?? Number.NEGATIVE_INFINITY) >= JOINS_MS;
    if (cut && isFar && isRare && durationMs - cut.endMs >= SHORTEST_PIECE_MS) {
      removed.push({ ...cut, atMs });
      gone += cut.endMs - cut.startMs;
      at = next;
    }
    // all of an aside stays where it cannot go: half of one is worse than either
    while (at <= Math.min(next, words.length - 1)) kept.push(at++);
  }
  return { ...laidOut(words, kept, removed, durationMs), durationMs: durationMs - gone, removed };
}

/** A talk that is left as it is. */
export const untightened = (words: SpokenWord[], durationMs: number): Tight => ({
  durationMs,
  removed: [],
  sourceWords: words,
  words,
  pausesMs: [...words, undefined].map(
    (word, at) => (word?.startMs ?? durationMs) - (words[at - 1]?.endMs ?? 0),
  ),
  fillers: 0,
});

/** What can go between two words that stay, with the fillers between them; undefined where nothing can. */
function cutBetween(
  words: readonly SpokenWord[],
  last: number,
  next: number,
  silences: readonly Span[] | undefined,
): Span | undefined {
  const [before, after] = [words[last], words[next]];
  if (!before || !after) return undefined;
  const gap = { startMs: before.endMs, endMs: after.startMs };
  const fillers = words.slice(last + 1, next);
  const must = fillers[0] && { startMs: fillers[0].startMs, endMs: fillers.at(-1)?.endMs ?? 0 };
  const may = must ? aroundFillers(gap, must, silences) : silenceIn(gap, silences);
  if (!may) return undefined;
  const cutMs = may.endMs - may.startMs;
  const leftMs = gap.endMs - gap.startMs - cutMs;
  return leftMs < FREE_MS && cutMs >= (must ? 1 : LEAST_GAIN_MS) ? may : undefined;
}

/** Fillers with the silence around them, but for a breath; laughter beside them stays. */
function aroundFillers(gap: Span, must: Span, silences: readonly Span[] | undefined): Span {
  const startMs = Math.min(must.startMs, gap.startMs + BREATH_MS);
  const endMs = Math.max(must.endMs, gap.endMs - BREATH_MS);
  const isSilent = (span: Span) =>
    silences === undefined ||
    span.endMs - span.startMs <= 2 * BREATH_MS ||
    silentMs(silences, span) >= SILENT_SHARE * (span.endMs - span.startMs);
  return {
    startMs: isSilent({ startMs, endMs: must.startMs }) ? startMs : must.startMs,
    endMs: isSilent({ startMs: must.endMs, endMs }) ? endMs : must.endMs,
  };
}

/** The longest silence between two words without a breath at its ends, where it is a long one. */
function silenceIn(gap: Span, silences: readonly Span[] | undefined): Span | undefined {
  let best: Span | undefined;
  for (const span of silences === undefined ? [gap] : within(silences, gap))
    if (!best || span.endMs - span.startMs > best.endMs - best.startMs) best = span;
  if (!best || best.endMs - best.startMs <= LONG_PAUSE_MS) return undefined;
  return { startMs: best.startMs + BREATH_MS, endMs: best.endMs - BREATH_MS };
}

/** The parts of ordered spans that lie in a stretch. */
function within(spans: readonly Span[], { startMs, endMs }: Span): Span[] {
  const found: Span[] = [];
  for (let at = firstIndex(spans.length, (index) => (spans[index]?.endMs ?? 0) > startMs); ; at++) {
    const span = spans[at];
    if (!span || span.startMs >= endMs) return found;
    found.push({ startMs: Math.max(startMs, span.startMs), endMs: Math.min(endMs, span.endMs) });
  }
}

const silentMs = (silences: readonly Span[], span: Span) =>
  within(silences, span).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);

function laidOut(
  words: readonly SpokenWord[],
  kept: readonly number[],
  removed: readonly Removed[],
  durationMs: number,
): Pick<Tight, "sourceWords" | "words" | "pausesMs" | "fillers"> {
  const sourceWords = kept.map((at, place): SpokenWord => {
    const word = words[at] as SpokenWord;
    const leftBefore = words.slice((kept[place - 1] ?? -1) + 1, at);
    const leftAfter = words.slice(at + 1, kept[place + 1] ?? words.length);
    return { ...word, text: mended(word.text, leftBefore, leftAfter, words[kept[place + 1] ?? -1]) };
  });
  const toTight = onTight(removed);
  // between two words stands the longest of the silences there: a filler is none
  const pausesMs = [...kept, words.length].map((at, place) => {
    let longest = 0;
    for (let index = (kept[place - 1] ?? -1) + 1; index <= at; index++)
      longest = Math.max(longest, (words[index]?.startMs ?? durationMs) - (words[index - 1]?.endMs ?? 0));
    return longest;
  });
  return {
    sourceWords,
    words: sourceWords.map((word) => ({
      ...word,
      startMs: toTight(word.startMs),
      endMs: toTight(word.endMs),
    })),
    pausesMs,
    fillers: words.length - kept.length,
  };
}

/** Brings a time of the source onto the tight timeline; what is left out lies where its ends meet. */
export function onTight(removed: readonly Removed[]): (ms: number) => number {
  const ends = removed.map(({ endMs, atMs }) => endMs - atMs); // how much is gone after each
  return (ms) => {
    const count = firstIndex(removed.length, (index) => (removed[index]?.startMs ?? 0) > ms);
    const last = removed[count - 1];
    if (!last) return ms;
    return ms < last.endMs ? last.atMs : ms - (ends[count - 1] ?? 0);
  };
}

/** The pieces of the source that make up a stretch of the tight timeline, in order. */
export function onSource(removed: readonly Removed[]): (span: Span) => Span[] {
  return ({ startMs, endMs }) => {
    const from = firstIndex(removed.length, (index) => (removed[index]?.atMs ?? 0) > startMs);
    const to = firstIndex(removed.length, (index) => (removed[index]?.atMs ?? 0) >= endMs);
    const offset = (index: number) => {
      const span = removed[index];
      return span ? span.endMs - span.atMs : 0;
    };
    const pieces: Span[] = [];
    let start = startMs + offset(from - 1);
    for (const span of removed.slice(from, to)) {
      pieces.push({ startMs: start, endMs: span.startMs });
      start = span.endMs;
    }
    pieces.push({ startMs: start, endMs: endMs + offset(Math.max(from, to) - 1) });
    return pieces;
  };
}

/** The sound of what is left. */
export function tightSound({ silences, levels }: SoundMap, removed: readonly Removed[]): SoundMap {
  if (removed.length === 0) return { silences, levels };
  const toTight = onTight(removed);
  const tight = (seconds: number) => toTight(Math.round(seconds * 1000)) / 1000;
  const isGone = (ms: number) => {
    const span = removed[firstIndex(removed.length, (index) => (removed[index]?.endMs ?? 0) > ms)];
    return span !== undefined && span.startMs <= ms;
  };
  return {
    silences: silences.map(({ start, end }) => ({ start: tight(start), end: tight(end) })),
    levels: {
      ...levels,
      dbfs: levels.dbfs.filter((_, index) => !isGone((index + 0.5) * levels.step * 1000)),
    },
  };
}
