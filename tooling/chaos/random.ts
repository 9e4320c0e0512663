export type Random = ReturnType<typeof createRandom>;

/** Draws that are the same for the same seed (mulberry32): what a run did can be done again. */
export function createRandom(seed: number) {
  let state = seed >>> 0;
  /** 0 ≤ x < 1 */
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    /** A whole number from `from` to `to`, both included. */
    whole: (from: number, to: number) => from + Math.floor(next() * (to - from + 1)),
    chance: (probability: number) => next() < probability,
    of: <T>(list: readonly T[]): T => {
      const drawn = list[Math.floor(next() * list.length)];
      if (drawn === undefined) throw new Error("Nothing to draw from");
      return drawn;
    },
  };
}

/** A seed for a run that nobody gave one; printed, so that the run can be repeated. */
export const newSeed = () => Math.floor(Math.random() * 0xffff_ffff);
