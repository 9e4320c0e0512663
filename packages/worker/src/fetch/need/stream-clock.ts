/** When each piece of a stream begins: by the list's lengths, put right wherever a piece has been looked into. */
interface StreamClock {
  /** A piece was seen to begin at so many seconds. */
  learn(index: number, seconds: number): void;
  startOf(index: number): number;
  /** The pieces that are shown from one time to another: first and last. */
  cover(from: number, to: number): [first: number, last: number];
  /** What was learnt. */
  known(): [index: number, seconds: number][];
}

/**
 * Lists round: over an hour that adds up to more than a piece, so the nearest piece that is known counts.
 * @param lengths seconds of each piece @param known where pieces were seen to begin, at least the first, seconds on the stream's own clock
 */
export function createClock(
  lengths: readonly number[],
  known: readonly [index: number, seconds: number][],
): StreamClock {
  const sums = [0];
  for (const [index, seconds] of lengths.entries()) sums.push((sums[index] ?? 0) + seconds);
  const seen = new Map(known);
  const startOf = (index: number) => {
    const nearest = [...seen].reduce((a, b) => (Math.abs(b[0] - index) < Math.abs(a[0] - index) ? b : a));
    return nearest[1] + (sums[index] ?? 0) - (sums[nearest[0]] ?? 0);
  };
  return {
    startOf,
    learn: (index, seconds) => void seen.set(index, seconds),
    known: () => [...seen],
    cover(from, to) {
      let [first, last] = [0, 0];
      for (let index = 1; index < lengths.length; index++) {
        const start = startOf(index);
        if (start <= from) first = index;
        if (start < to) last = index;
      }
      return [first, Math.max(first, last)];
    },
  };
}
