import type { EdlClip } from "../../../packages/contract/src/edl.ts";
import { clipLengths, type Span } from "../../../packages/worker/src/select/cuts.ts";
import { pairsOf, type Shape, sharedMs } from "../../../packages/worker/src/select/testing.ts";
import type { SpokenWord } from "../../../packages/worker/src/select/words.ts";
import { placesIn } from "./places.ts";

/** One random job: what is asked of which transcript. */
export interface Trial {
  shape: Shape;
  seed: number;
  seconds: number;
  count: number;
  clipSeconds: number;
  /** Whether fillers and long silences are to go. */
  tighten: boolean;
}

/** A clip as the rules see it: the stretches of the source that it is made of, and the words that it shows (milliseconds). */
export interface Made {
  pieces: Span[];
  words: Span[];
}

/** No piece of a clip is shorter, milliseconds. */
const SHORTEST_PIECE_MS = 300;

const ms = (seconds: number) => Math.round(seconds * 1000);
const spanOf = ({ start, end }: { start: number; end: number }): Span => ({
  startMs: ms(start),
  endMs: ms(end),
});
export const madeOf = ({ segments, words }: Pick<EdlClip, "segments" | "words">): Made => ({
  pieces: segments.map(spanOf),
  words: words.map(spanOf),
});

const lengthOf = (pieces: readonly Span[]) =>
  pieces.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
/** What lies between the pieces. */
export const leftOutMs = (pieces: readonly Span[]) =>
  (pieces.at(-1)?.endMs ?? 0) - (pieces[0]?.startMs ?? 0) - lengthOf(pieces);

const sharedBy = (a: readonly Span[], b: readonly Span[]) =>
  a.reduce((sum, one) => sum + b.reduce((part, other) => part + sharedMs(one, other), 0), 0);

/**
 * Tries S1, S2 and S4 on what was chosen, told from the words by their letter: another way than the selector's.
 * @param words of the talk, in order, none overlapping
 * @returns the most that two of the clips share (intersection over union)
 */
export function checkClips(
  of: { count: number; clipSeconds: number; durationMs: number },
  words: readonly SpokenWord[],
  made: readonly Made[],
  fault: (rule: "S1" | "S2" | "S4", what: string) => void,
): { shared: number } {
  const { count, clipSeconds, durationMs } = of;
  const { shortestMs, longestMs } = clipLengths(clipSeconds);
  if (durationMs < shortestMs) return { shared: 0 };
  const most = 1 + Math.floor((durationMs - shortestMs) / Math.ceil((shortestMs * 9) / 11));
  const places = placesIn(words, durationMs);
  const least = Math.min(count, places.mostApart(shortestMs, longestMs));
  if (made.length < Math.max(1, least) || made.length > Math.min(count, most))
    fault("S1", `${made.length} clips, from ${least} to ${most} are possible`);
  let mostShared = 0;
  for (const [{ pieces: a }, { pieces: b }] of pairsOf(made)) {
    const shared = sharedBy(a, b);
    const iou = shared / (lengthOf(a) + lengthOf(b) - shared);
    mostShared = Math.max(mostShared, iou);
    if (iou > 0.1) fault("S1", `two clips share ${iou.toFixed(3)}`);
  }
  for (const clip of made) {
    const lengthMs = lengthOf(clip.pieces);
    const [startMs, endMs] = [clip.pieces[0]?.startMs ?? -1, clip.pieces.at(-1)?.endMs ?? -1];
    if (lengthMs < shortestMs || lengthMs > Math.min(longestMs, 60_000))
      fault("S4", `a clip of ${lengthMs} ms`);
    if (startMs < 0 || endMs > durationMs) fault("S4", "a clip outside the video");
    if (!places.mayStart(startMs)) fault("S2", `a clip starts at ${startMs} ms`);
    if (!places.mayEnd(endMs)) fault("S2", `a clip ends at ${endMs} ms`);
    for (const what of piecesFaults(clip, words)) fault("S2", what);
  }
  return { shared: mostShared };
}

/** What is wrong inside a clip of several pieces: a word that is cut, shown and not heard or heard and not shown, a piece too short, too many. */
export function piecesFaults({ pieces, words: shown }: Made, words: readonly SpokenWord[]): string[] {
  const faults: string[] = [];
  const [startMs, endMs] = [pieces[0]?.startMs ?? 0, pieces.at(-1)?.endMs ?? 0];
  const around = words.filter((word) => word.endMs > startMs && word.startMs < endMs);
  const edges = pieces.flatMap((piece) => [piece.startMs, piece.endMs]);
  if (edges.some((edge, at) => at > 0 && edge <= (edges[at - 1] ?? 0))) faults.push("pieces out of order");
  for (const edge of edges.slice(1, -1))
    if (around.some((word) => word.startMs < edge && edge < word.endMs))
      faults.push(`a word is cut at ${edge} ms`);
  const heard = around.filter((word) =>
    pieces.some((piece) => piece.startMs <= word.startMs && word.endMs <= piece.endMs),
  );
  const key = (span: Span) => `${span.startMs} ${span.endMs}`;
  if (heard.map(key).join() !== shown.map(key).join()) faults.push("the words shown are not those heard");
  if (pieces.length > 1 && pieces.some((piece) => piece.endMs - piece.startMs < SHORTEST_PIECE_MS))
    faults.push("a piece is shorter than 0.3 s");
  if ((pieces.length - 1) * 1000 > lengthOf(pieces))
    faults.push(`${pieces.length - 1} joins in ${lengthOf(pieces)} ms`);
  return faults;
}

/** Whether a clip with this start could end with a sentence or before a pause of 0.5 s, and whether it does. */
export function endOf(
  { clipSeconds, seconds }: Pick<Trial, "clipSeconds" | "seconds">,
  words: readonly SpokenWord[],
  { startMs, endMs }: Span,
) {
  const { shortestMs, longestMs } = clipLengths(clipSeconds);
  const isGood = (word: SpokenWord, index: number) =>
    /[.?!]$/.test(word.text) || (words[index + 1]?.startMs ?? seconds * 1000) - word.endMs >= 500;
  const good = words.filter((word, index) => isGood(word, index) && word.endMs > startMs);
  const last = words.findLast((word) => word.endMs <= endMs && word.endMs > startMs);
  return {
    canEnd: good.some(
      (word) => word.endMs >= startMs + shortestMs && word.endMs <= startMs + longestMs - 450,
    ),
    doesEnd: last === undefined || good.includes(last),
  };
}
