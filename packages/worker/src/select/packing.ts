import { type Cuts, type Lengths, placeAfter, type Span } from "./cuts.ts";

/**
 * When clips may stand together: a before b exactly if `closes(a) <= opens(b)`. Both rules turn packing clips into scheduling of
 * intervals, for which "always the one that closes first" yields the largest number (Kleinberg & Tardos, Algorithm Design, 4.1).
 */
export interface Rule {
  opens(span: Span): number;
  closes(span: Span): number;
}

/** No moment is in two clips. */
export const APART: Rule = { opens: ({ startMs }) => startMs, closes: ({ endMs }) => endMs };

/**
 * Intersection over union of at most 0.10. With overlap o = a.end - b.start the limit reads 11 o <= length(a) + length(b), which
 * sorts to 10 a.end + a.start <= 10 b.start + b.end: one number per clip and side, all whole milliseconds.
 */
export const TOUCHING: Rule = {
  opens: ({ startMs, endMs }) => 10 * startMs + endMs,
  closes: ({ startMs, endMs }) => 10 * endMs + startMs,
};

/** Clips packed as tightly as the allowed cuts permit, at most `limit`: no choice of clips under the rule has more. */
export function tightestRow(cuts: Cuts, lengths: Lengths, rule: Rule, limit: number): Span[] {
  const row: Span[] = [];
  let after = 0;
  while (row.length < limit) {
    const next = firstToClose(cuts, lengths, rule, after);
    if (!next) break;
    row.push(next);
    after = rule.closes(next);
  }
  return row;
}

/** Of all allowed spans with `opens(span) >= after` the one that closes first; every millisecond that can matter is tried. */
function firstToClose(cuts: Cuts, lengths: Lengths, rule: Rule, after: number): Span | undefined {
  const { shortestMs, longestMs } = lengths;
  let best: Span | undefined;
  const earliest = rule === APART ? after : Math.ceil((after - longestMs) / 11);
  let startMs = placeAfter(cuts.starts, Math.max(0, earliest));
  while (Number.isFinite(startMs)) {
    const soonest = { startMs, endMs: startMs + shortestMs };
    if (best && rule.closes(soonest) >= rule.closes(best)) break;
    const leastEndMs = rule === APART ? soonest.endMs : Math.max(soonest.endMs, after - 10 * startMs);
    const span = { startMs, endMs: placeAfter(cuts.ends, leastEndMs) };
    const fits = span.endMs - startMs <= longestMs;
    if (fits && (!best || rule.closes(span) < rule.closes(best))) best = span;
    // where the rule holds the end, a later start may end earlier; where only the length does, it cannot
    const nextMs =
      fits || leastEndMs > soonest.endMs ? startMs + 1 : Math.max(startMs + 1, span.endMs - longestMs);
    startMs = placeAfter(cuts.starts, nextMs);
  }
  return best;
}

/** The largest number of spans of `pool` that may stand together. */
export const mostTogether = (pool: readonly Span[], rule: Rule) => chain(pool, rule).length;

/** The largest number that may stand together when these are among them: they stand together themselves, and need not be of `pool`. */
export const mostBeside = (pool: readonly Span[], taken: readonly Span[], rule: Rule) =>
  roomIn(pool, taken, rule).most;

/** The closing numbers of the largest row, from the left. `pool` need not be in order. */
function chain(pool: readonly Span[], { opens, closes }: Rule): number[] {
  const row: number[] = [];
  for (const span of pool.toSorted((a, b) => closes(a) - closes(b)))
    if (opens(span) >= (row.at(-1) ?? Number.NEGATIVE_INFINITY)) row.push(closes(span));
  return row;
}

const backwards = ({ opens, closes }: Rule): Rule => ({
  opens: (span) => -closes(span),
  closes: (span) => -opens(span),
});

/** How many fitting spans are weighed against the chosen ones, best first: further down nothing better comes. */
const WEIGHED_LIMIT = 400;

/**
 * Chooses `count` spans of `pool` under `rule`: beside those `taken` first those of `wanted` in their order, then always the one that is
 * worth most beside those already chosen. One that would make `count` unreachable is passed over, so exactly `count` come back whenever
 * `mostBeside(pool, taken, rule) >= count`.
 * @param pool best first: `worth` of a span must never be above its own `score`, so that the search can stop early.
 */
export function choose<T extends Span & { score: number }>(options: {
  pool: readonly T[];
  rule: Rule;
  count: number;
  /** Chosen already. */
  taken?: readonly T[];
  wanted: readonly T[];
  worth(span: T, chosen: readonly T[]): number;
}): T[] {
  const { pool, rule, count, taken = [], wanted, worth } = options;
  const chosen: T[] = [...taken];
  while (chosen.length < count) {
    const fits = roomBeside(pool, chosen, rule, count);
    let next = wanted.find(fits);
    if (!next) {
      let bestWorth = Number.NEGATIVE_INFINITY;
      let weighed = 0;
      for (const span of pool) {
        if (span.score <= bestWorth || weighed === WEIGHED_LIMIT) break;
        if (!fits(span)) continue;
        weighed++;
        const itsWorth = worth(span, chosen);
        if (itsWorth > bestWorth) [next, bestWorth] = [span, itsWorth];
      }
    }
    if (!next) break;
    chosen.push(next);
  }
  return chosen;
}

/** The gaps between the chosen ones with the rows that fit into them, and how many there can be in all. */
function roomIn(pool: readonly Span[], chosen: readonly Span[], rule: Rule) {
  const { opens, closes } = rule;
  const inOrder = chosen.toSorted((a, b) => closes(a) - closes(b));
  const gaps = [undefined, ...inOrder].map((left, index) => {
    const from = left ? closes(left) : Number.NEGATIVE_INFINITY;
    const right = inOrder[index];
    const to = right ? opens(right) : Number.POSITIVE_INFINITY;
    const inside = pool.filter((span) => opens(span) >= from && closes(span) <= to);
    return { from, to, leftward: chain(inside, rule), rightward: chain(inside, backwards(rule)) };
  });
  return { gaps, most: chosen.length + gaps.reduce((sum, { leftward }) => sum + leftward.length, 0) };
}

/** Tells of a span whether it fits beside the chosen ones and leaves room for as many more as are needed. */
function roomBeside(pool: readonly Span[], chosen: readonly Span[], rule: Rule, count: number) {
  const { opens, closes } = rule;
  const { gaps, most } = roomIn(pool, chosen, rule);
  return (span: Span): boolean => {
    const gap = gaps.find(({ from, to }) => opens(span) >= from && closes(span) <= to);
    if (!gap) return false;
    const before = gap.leftward.filter((closing) => closing <= opens(span)).length;
    const after = gap.rightward.filter((closing) => closing <= -closes(span)).length;
    return most - gap.leftward.length + before + 1 + after >= count;
  };
}
