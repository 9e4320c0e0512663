import { firstIndex, LEAD_MS, type Lengths, placeAfter, placeBefore, type Span, TAIL_MS } from "./cuts.ts";
import { BORDER_STRENGTH, type Border } from "./sentences.ts";
import type { Talk } from "./talk.ts";

/** What a candidate's edge lies on: a border between words, a pause or scene cut where nothing is said, or anywhere in a silence. */
type Edge = Border | "sound" | "free";

/** A stretch that could become a clip. `first > last` where it holds no words. */
export interface Window extends Span {
  first: number;
  last: number;
  opens: Edge;
  closes: Edge;
}

/** Ends tried per start; of more, those before the longest silences. */
const TRIES = 6;
/** Above this many words the word-by-word search is not made: such a talk has sentences enough. */
const WORD_SEARCH_LIMIT = 20_000;
/** Where nothing is said: distance of starts where the sound gives none, milliseconds. */
const GRID_MS = 5000;

/**
 * Windows of an allowed length over the whole video, from sentence to sentence. A sentence that no window of whole sentences
 * reaches gets one that ends, or begins, at the best border between words; silences long enough to be a clip get windows by sound.
 */
export function sentenceWindows(talk: Talk, lengths: Lengths): Window[] {
  const isStrong = (border: number) => BORDER_STRENGTH[borderBefore(talk, border)] >= BORDER_STRENGTH.breath;
  const strong = Array.from({ length: talk.words.length + 1 }, (_, border) => border).filter(isStrong);
  const windows: Window[] = [];
  const closed = new Set<number>();
  for (const start of strong) {
    const ends = endsFor(talk, lengths, start);
    const tried = ends
      .filter(isStrong)
      .sort((a, b) => silenceAt(talk, b) - silenceAt(talk, a) || a - b)
      .slice(0, TRIES);
    if (tried.length === 0)
      windows.push(...(bestOf(talk, ends, start, "end") ?? shortest(talk, lengths, start)));
    for (const end of tried) {
      closed.add(end);
      windows.push(windowBetween(talk, start, end));
    }
  }
  for (const end of strong) {
    if (closed.has(end) || end === 0) continue;
    windows.push(
      ...(bestOf(talk, startsFor(talk, lengths, end), end, "start") ?? shortestBefore(talk, lengths, end)),
    );
  }
  for (const silence of talk.cuts.free) windows.push(...soundWindows(talk, lengths, silence));
  return windows;
}

/** For videos in which whole sentences do not give enough clips: for each word the best window that begins or ends with it. */
export function wordWindows(talk: Talk, lengths: Lengths): Window[] {
  if (talk.words.length > WORD_SEARCH_LIMIT) return [];
  return talk.words.flatMap((_, word) => {
    const ends = endsFor(talk, lengths, word);
    const starts = startsFor(talk, lengths, word + 1);
    return [
      ...ends.slice(0, 1).map((end) => windowBetween(talk, word, end)),
      ...(bestOf(talk, ends, word, "end") ?? []),
      ...starts.slice(-1).map((start) => windowBetween(talk, start, word + 1)),
      ...(bestOf(talk, starts, word + 1, "start") ?? []),
    ];
  });
}

/** The window of an allowed span, with the words in it. */
export function windowOf(talk: Talk, { startMs, endMs }: Span): Window {
  const { words } = talk;
  const first = firstIndex(words.length, (index) => (words[index]?.startMs ?? 0) >= startMs);
  const last = firstIndex(words.length, (index) => (words[index]?.endMs ?? 0) > endMs) - 1;
  const atWord = first <= last && startMs >= (words[first]?.startMs ?? 0) - LEAD_MS;
  const opens = atWord ? borderBefore(talk, first) : "free";
  const afterWord = first <= last && endMs <= (words[last]?.endMs ?? 0) + TAIL_MS;
  const closes = afterWord ? borderBefore(talk, last + 1) : "free";
  return { startMs, endMs, first, last, opens, closes };
}

const borderBefore = ({ borders }: Talk, border: number): Border => borders[border - 1] ?? "sentence";

/** Milliseconds without a word at a border, as it was spoken: also where some of them are left out. */
export const silenceAt = ({ pausesMs }: Talk, border: number) => pausesMs[border] ?? 0;

/** The window of the words from border `start` to border `end`, cut by the rule. */
function windowBetween(talk: Talk, start: number, end: number): Window {
  return {
    startMs: talk.cuts.opening[start] ?? 0,
    endMs: talk.cuts.closing[end - 1] ?? 0,
    first: start,
    last: end - 1,
    opens: borderBefore(talk, start),
    closes: borderBefore(talk, end),
  };
}

/** Borders at which a window that opens with word `start` may close, in order. */
function endsFor(
  { cuts: { opening, closing, noOpening, noClosing } }: Talk,
  { shortestMs, longestMs }: Lengths,
  start: number,
): number[] {
  const startMs = opening[start];
  if (startMs === undefined || noOpening.has(start)) return [];
  const from = firstIndex(closing.length, (index) => (closing[index] ?? 0) >= startMs + shortestMs);
  const to = firstIndex(closing.length, (index) => (closing[index] ?? 0) > startMs + longestMs);
  return Array.from({ length: to - from }, (_, index) => from + index + 1).filter(
    (end) => !noClosing.has(end - 1),
  );
}

/** Borders at which a window that closes before border `end` may open, in order. */
function startsFor(
  { cuts: { opening, closing, noOpening, noClosing } }: Talk,
  { shortestMs, longestMs }: Lengths,
  end: number,
): number[] {
  const endMs = closing[end - 1];
  if (endMs === undefined || noClosing.has(end - 1)) return [];
  const from = firstIndex(opening.length, (index) => (opening[index] ?? 0) >= endMs - longestMs);
  const to = firstIndex(opening.length, (index) => (opening[index] ?? 0) > endMs - shortestMs);
  return Array.from({ length: to - from }, (_, index) => from + index).filter(
    (start) => !noOpening.has(start),
  );
}

/** The window to the strongest of `borders`, of equal ones the one at the longest silence. */
function bestOf(
  talk: Talk,
  borders: readonly number[],
  other: number,
  side: "start" | "end",
): [Window] | undefined {
  const worth = (border: number) =>
    10_000 * BORDER_STRENGTH[borderBefore(talk, border)] + silenceAt(talk, border);
  let best: number | undefined;
  for (const border of borders) if (best === undefined || worth(border) > worth(best)) best = border;
  if (best === undefined) return undefined;
  return [side === "end" ? windowBetween(talk, other, best) : windowBetween(talk, best, other)];
}

/** The shortest window that opens with a word, closing wherever it is allowed: for speech with long silences around it. */
function shortest(talk: Talk, { shortestMs, longestMs }: Lengths, start: number): Window[] {
  const startMs = talk.cuts.opening[start];
  if (startMs === undefined || talk.cuts.noOpening.has(start)) return [];
  const endMs = placeAfter(talk.cuts.ends, startMs + shortestMs);
  return endMs - startMs <= longestMs ? [windowOf(talk, { startMs, endMs })] : [];
}

function shortestBefore(talk: Talk, { shortestMs, longestMs }: Lengths, end: number): Window[] {
  const endMs = talk.cuts.closing[end - 1];
  if (endMs === undefined || talk.cuts.noClosing.has(end - 1)) return [];
  const startMs = placeBefore(talk.cuts.starts, endMs - shortestMs);
  return endMs - startMs <= longestMs ? [windowOf(talk, { startMs, endMs })] : [];
}

/** Windows inside a stretch without words: from the end of a pause, or a scene cut, to the start of one; else on a grid. */
function soundWindows(talk: Talk, { shortestMs, targetMs, longestMs }: Lengths, stretch: Span): Window[] {
  const { sound, shots } = talk;
  const inside = (ms: number) => ms >= stretch.startMs && ms <= stretch.endMs;
  const inOrder = (places: number[]) => [...new Set(places.filter(inside))].sort((a, b) => a - b);
  // a breath of silence is kept at either side
  const starts = inOrder([
    ...sound.silences.map(({ startMs, endMs }) => Math.max(startMs, endMs - 200)),
    ...shots,
  ]);
  const ends = inOrder([
    ...sound.silences.map(({ startMs, endMs }) => Math.min(endMs, startMs + 300)),
    ...shots,
  ]);
  const grid = Array.from(
    { length: Math.max(0, Math.ceil((stretch.endMs - stretch.startMs - shortestMs) / GRID_MS) + 1) },
    (_, index) => Math.min(stretch.startMs + index * GRID_MS, stretch.endMs - shortestMs),
  );
  const windows: Window[] = [];
  for (const startMs of inOrder([...starts, ...grid.filter((ms) => isFar(starts, ms))])) {
    const onMark = starts[firstIndex(starts.length, (index) => (starts[index] ?? 0) >= startMs)] === startMs;
    const from = firstIndex(ends.length, (index) => (ends[index] ?? 0) >= startMs + shortestMs);
    const to = firstIndex(ends.length, (index) => (ends[index] ?? 0) > startMs + longestMs);
    const opens = onMark ? "sound" : "free";
    for (const endMs of ends.slice(from, Math.min(to, from + TRIES)))
      windows.push({ ...windowOf(talk, { startMs, endMs }), opens, closes: "sound" });
    const endMs = Math.min(startMs + targetMs, stretch.endMs);
    if (from === to && endMs - startMs >= shortestMs)
      windows.push({ ...windowOf(talk, { startMs, endMs }), opens, closes: "free" });
  }
  return windows;
}

/** Whether no place of an ordered list is within half a grid step. */
function isFar(places: readonly number[], ms: number): boolean {
  const next = places[firstIndex(places.length, (index) => (places[index] ?? 0) >= ms - GRID_MS / 2)];
  return next === undefined || next > ms + GRID_MS / 2;
}
