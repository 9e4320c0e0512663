import { breakLines, clingsToNext, endsClause, endsSentence, startsClosing } from "./lines.ts";
import type { CaptionWord } from "./words.ts";
import { lineText } from "./words.ts";

/** A caption on screen, clip seconds. Its first word starts with it. */
export interface Cue {
  start: number;
  end: number;
  lines: CaptionWord[][];
}

/** Limits of the captions; seconds and characters per second. Sources: Netflix and BBC timed text guides, vertical practice. */
export const SHORTEST = 0.83;
export const LONGEST = 3;
/** Its words end a little before that, so that it can make room for the next one and still show its last word. */
const LONGEST_SPOKEN = 2.75;
/** A caption that stands this long is read at ease without lagging behind the speaker. */
const COMFORTABLE = 1.9;
/** After its last word a caption stays a little, unless the next one comes. */
const HOLD = 0.3;
/** A pause that no caption bridges. */
const PAUSE = 0.8;
/** Where the next caption comes so soon, this one stays until then: a gap of a few frames flickers. */
const SMALL_GAP = 0.25;
/** Two frames at 24 per second and some: the least gap that is not a flicker. */
const LEAST_GAP = 0.1;
export const EASY_CPS = 20;
export const FASTEST_CPS = 25;
/** No caption holds more words than this, whatever their length. */
const MOST_WORDS = 16;

export interface CueLimits {
  clipSeconds: number;
  maxLines: number;
  fits(text: string): boolean;
}

/**
 * Groups words into captions: every word once, in order. Among all groupings that fit, the one that reads best by `cost`: found by
 * going through the words once and keeping the best way to reach each.
 * @param words as `clipWords` gives them: in order, apart, inside the clip.
 */
export function captionCues(words: CaptionWord[], limits: CueLimits): Cue[] {
  const best: { cost: number; from: number; cue: Cue | null }[] = [{ cost: 0, from: 0, cue: null }];
  for (let to = 1; to <= words.length; to++) {
    let found: { cost: number; from: number; cue: Cue } | null = null;
    for (let from = to - 1; from >= Math.max(0, to - MOST_WORDS); from--) {
      const reached = best[from];
      const group = words.slice(from, to);
      if (!reached || breaksInside(group)) break;
      const lines = breakLines(group, limits.maxLines, limits.fits);
      if (!lines) break;
      const cue = timed(group, lines, words[to], limits.clipSeconds);
      const cost = reached.cost + costOf(group, cue, words[to]);
      if (!found || cost < found.cost) found = { cost, from, cue };
    }
    if (!found) throw new Error("A single word did not make a caption");
    best.push(found);
  }
  const cues: Cue[] = [];
  for (let at = words.length; at > 0; at = best[at]?.from ?? 0) {
    const cue = best[at]?.cue;
    if (cue) cues.unshift(cue);
  }
  return cues;
}

function breaksInside(group: CaptionWord[]): boolean {
  const [first, second] = group;
  const last = group.at(-1);
  if (!first || !second || !last) return false;
  // groups grow backwards, so only the newest joint has not been looked at
  return second.start - first.end >= PAUSE || last.end - first.start > LONGEST_SPOKEN;
}

/** In with the first word; out after the last one, later where there is time to read on. Gaps are 0 or clearly seen. */
function timed(
  group: CaptionWord[],
  lines: CaptionWord[][],
  next: CaptionWord | undefined,
  clipSeconds: number,
): Cue {
  const start = group[0]?.start ?? 0;
  const spoken = group.at(-1)?.end ?? start;
  const limit = next?.start ?? clipSeconds;
  const readable = Math.max(spoken + HOLD, start + SHORTEST, start + lettersOf(lines) / EASY_CPS);
  const longest = start + LONGEST;
  const wanted = Math.min(readable, longest, limit);
  if (limit - wanted >= SMALL_GAP) return { start, end: wanted, lines };
  return { start, end: limit <= longest ? limit : Math.min(longest, limit - LEAST_GAP), lines };
}

export const lettersOf = (lines: CaptionWord[][]) =>
  lines.reduce((sum, line) => sum + lineText(line).length, 0);

/** How much worse than perfect a caption reads. The weights were set by looking at captions of talks and interviews. */
function costOf(group: CaptionWord[], { start, end, lines }: Cue, next: CaptionWord | undefined): number {
  const last = group.at(-1);
  if (!last) return 0;
  const seconds = end - start;
  const cps = lettersOf(lines) / seconds;
  let cost = 1 + (seconds - COMFORTABLE) ** 2;
  if (seconds < SHORTEST - 1e-6) cost += 10 + 40 * (SHORTEST - seconds);
  cost += Math.max(0, cps - EASY_CPS) + 4 * Math.max(0, cps - FASTEST_CPS);
  for (const [i, word] of group.entries()) {
    if (i > 0 && word.afterCut) cost += 8;
    if (i < group.length - 1 && endsSentence(word)) cost += 4;
  }
  if (next) {
    const pause = Math.min(1, (next.start - last.end) / 0.5);
    cost -= next.afterCut || endsSentence(last) ? 4 : endsClause(last) ? 2 : 2 * pause;
    if (next.glued) cost += 6;
    if (startsClosing(next)) cost += 20;
    if (clingsToNext(last)) cost += 3;
    else if (clingsToNext(next)) cost -= 1;
  }
  return cost;
}
