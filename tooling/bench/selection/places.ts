import type { SpokenWord } from "../../../packages/worker/src/select/words.ts";

/** Where quality figure S2 lets a clip begin and end, told from the words by its letter: another way than the selector's. */
export interface Places {
  mayStart(ms: number): boolean;
  mayEnd(ms: number): boolean;
  /** The most clips that stand side by side with cuts on a grid of 0.1 s: never more than there are. */
  mostApart(shortestMs: number, longestMs: number): number;
}

const LEAD_MS = 350;
const TAIL_MS = 450;
/** In a silence of this length a cut may lie anywhere. */
const SILENCE_MS = 2000;
const GRID_MS = 100;

/** @param words in order, none overlapping, milliseconds */
export function placesIn(words: readonly SpokenWord[], durationMs: number): Places {
  /** The words around a moment; undefined where it cuts one. */
  const around = (ms: number) => {
    let [low, high] = [0, words.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((words[middle]?.endMs ?? 0) <= ms) low = middle + 1;
      else high = middle;
    }
    const next = words[low];
    if (next && next.startMs < ms) return undefined;
    return { before: words[low - 1]?.endMs, after: next?.startMs };
  };
  const isSilent = ({
    before = 0,
    after = durationMs,
  }: {
    before?: number | undefined;
    after?: number | undefined;
  }) => after - before >= SILENCE_MS;
  const mayStart = (ms: number) => {
    const place = around(ms);
    if (!place) return false;
    return ms === 0 || isSilent(place) || (place.after !== undefined && place.after - ms <= LEAD_MS);
  };
  const mayEnd = (ms: number) => {
    const place = around(ms);
    if (!place) return false;
    return (
      ms === durationMs || isSilent(place) || (place.before !== undefined && ms - place.before <= TAIL_MS)
    );
  };
  return {
    mayStart,
    mayEnd,
    mostApart(shortestMs, longestMs) {
      const ticks = Math.floor(durationMs / GRID_MS);
      const starts = Array.from({ length: ticks + 1 }, (_, tick) => mayStart(tick * GRID_MS));
      // for each tick the first one from it on at which a clip may end
      const ends = new Float64Array(ticks + 2).fill(Number.POSITIVE_INFINITY);
      for (let tick = ticks; tick >= 0; tick--)
        ends[tick] = mayEnd(tick * GRID_MS) ? tick : (ends[tick + 1] ?? Number.POSITIVE_INFINITY);
      const shortest = Math.ceil(shortestMs / GRID_MS);
      let count = 0;
      for (let from = 0; ; count++) {
        let best = Number.POSITIVE_INFINITY;
        for (let tick = from; tick + shortest <= Math.min(ticks, best); tick++) {
          if (!starts[tick]) continue;
          const end = ends[tick + shortest] ?? Number.POSITIVE_INFINITY;
          if ((end - tick) * GRID_MS <= longestMs) best = Math.min(best, end);
        }
        if (!Number.isFinite(best)) return count;
        from = best;
      }
    },
  };
}
