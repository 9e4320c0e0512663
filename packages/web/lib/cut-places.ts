import type { Word } from "@kangklip/contract";

// the rule by which the API moves a cut to where no word is cut (packages/api/src/clips/cut.ts), so that the page shows what will be
const LEAD_SECONDS = 0.35;
const TAIL_SECONDS = 0.45;
export const LEAST_SECONDS = 1;
export const MOST_SECONDS = 180;

/** A place where a clip may begin or end, seconds of the source, and the word that it begins or ends with. */
export interface CutPlace {
  at: number;
  word: string;
}

/** Where a clip may begin: just before each word; and where it may end: just after each. In order. Pure. */
export function cutPlaces(
  words: readonly Pick<Word, "word" | "start" | "end">[],
  sourceSeconds: number | null,
): { starts: CutPlace[]; ends: CutPlace[] } {
  const ordered = words.toSorted((one, other) => one.start - other.start);
  const starts: CutPlace[] = [];
  const ends: CutPlace[] = [];
  let from = 0;
  for (const [index, { word, start, end }] of ordered.entries()) {
    const lead = Math.min(LEAD_SECONDS, Math.max(0, start - from) / 2);
    starts.push({ at: rounded(start - lead), word });
    from = Math.max(from, end);
    const next = ordered[index + 1]?.start ?? sourceSeconds ?? Number.POSITIVE_INFINITY;
    const tail = Math.min(TAIL_SECONDS, Math.max(0, next - from) / 2);
    ends.push({ at: rounded(from + tail), word });
  }
  return { starts, ends };
}

const rounded = (seconds: number) => Math.round(seconds * 1000) / 1000;

/** The place nearest to a moment; undefined where there is none. Pure. */
export function nearestPlace(places: readonly CutPlace[], seconds: number): CutPlace | undefined {
  let best: CutPlace | undefined;
  for (const place of places)
    if (!best || Math.abs(place.at - seconds) < Math.abs(best.at - seconds)) best = place;
  return best;
}

/** The place this many words later (or with a negative number earlier) than a moment; the last one there is where there are not as many. Pure. */
export function stepPlace(places: readonly CutPlace[], seconds: number, words: number): CutPlace | undefined {
  const AT_IT = 0.005;
  if (words > 0) {
    const later = places.filter(({ at }) => at > seconds + AT_IT);
    return later[Math.min(words, later.length) - 1];
  }
  const earlier = places.filter(({ at }) => at < seconds - AT_IT);
  return earlier[Math.max(0, earlier.length + words)];
}
