import { CUT_LEAD_SECONDS, CUT_TAIL_SECONDS, type Word } from "@kangklip/contract";

// the rule by which the API moves a cut to where no word is cut (packages/api/src/clips/cut.ts), so that the page shows what will be

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
    const lead = Math.min(CUT_LEAD_SECONDS, Math.max(0, start - from) / 2);
    starts.push({ at: rounded(start - lead), word });
    from = Math.max(from, end);
    const next = ordered[index + 1]?.start ?? sourceSeconds ?? Number.POSITIVE_INFINITY;
    const tail = Math.min(CUT_TAIL_SECONDS, Math.max(0, next - from) / 2);
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

/** All places of a clip, and where it begins and ends now, seconds of the source. */
interface Cuts {
  places: { starts: readonly CutPlace[]; ends: readonly CutPlace[] };
  span: { start: number; end: number };
}

/** Where an end of the clip goes that somebody wants at a moment; undefined where it would be beyond the other end. Pure. */
export function placeToCut(
  { places, span }: Cuts,
  edge: "start" | "end",
  seconds: number,
): CutPlace | undefined {
  if (edge === "start" ? seconds >= span.end : seconds <= span.start) return undefined;
  const allowed =
    edge === "start"
      ? places.starts.filter(({ at }) => at < span.end)
      : places.ends.filter(({ at }) => at > span.start);
  return nearestPlace(allowed, seconds);
}

/** Where the clip begins (or ends) so that a word is its first (or last); undefined where that is beyond the other end. Pure. */
export function placeBeside(
  { places, span }: Cuts,
  edge: "start" | "end",
  word: Pick<Word, "start" | "end">,
): CutPlace | undefined {
  const HAIR = 0.001;
  const place =
    edge === "start"
      ? places.starts.findLast(({ at }) => at <= word.start + HAIR)
      : places.ends.find(({ at }) => at >= word.end - HAIR);
  if (!place || (edge === "start" ? place.at >= span.end : place.at <= span.start)) return undefined;
  return place;
}
