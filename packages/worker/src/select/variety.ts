import type { Candidate } from "./score.ts";
import type { Talk } from "./talk.ts";

/** What nearness in time costs at most, in points of the score. */
const NEAR_COST = 0.05;
/** What saying the same costs at most: a teaser at the start of a video repeats a later moment word by word. */
const SAME_COST = 0.4;
/** Shared content words (of the smaller set) up to which two clips of one talk are about different things. */
const SAME_FROM = 0.45;

/**
 * How much less a clip is worth beside those already chosen: clips should come from the whole video and not say the same.
 * @returns a function of a clip and the chosen ones, in points of the score; 0 beside none.
 */
export function likenessIn(talk: Talk, count: number) {
  const reachMs = talk.durationMs / (2 * count);
  const contents = new Map<Candidate, Set<string>>();
  const contentOf = (clip: Candidate) => {
    const known = contents.get(clip) ?? contentWords(talk, clip);
    contents.set(clip, known);
    return known;
  };
  return (clip: Candidate, chosen: readonly Candidate[]): number => {
    let cost = 0;
    for (const other of chosen) {
      const gapMs = Math.max(clip.startMs - other.endMs, other.startMs - clip.endMs, 0);
      const [a, b] = [contentOf(clip), contentOf(other)];
      const shared = a.intersection(b).size / Math.max(8, Math.min(a.size, b.size));
      const same = Math.max(0, shared - SAME_FROM) / (1 - SAME_FROM);
      cost = Math.max(cost, NEAR_COST * Math.max(0, 1 - gapMs / reachMs) + SAME_COST * same);
    }
    return cost;
  };
}

/** Words that say what a clip is about: not the language's function words, and not what half of the talk says. */
function contentWords(
  { plain, lexicon, sentences, sentencesWith }: Talk,
  { first, last }: Candidate,
): Set<string> {
  const everywhere = Math.max(3, sentences.length * 0.2);
  const carries = (word: string) =>
    word !== "" && !lexicon.stop.has(word) && (sentencesWith.get(word) ?? 0) <= everywhere;
  return new Set(plain.slice(first, last + 1).filter(carries));
}
