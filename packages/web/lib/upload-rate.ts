/** How many bytes had been sent at a time (milliseconds since 1970). */
export interface RateSample {
  atMs: number;
  bytes: number;
}

/** Long enough that one slow second does not show, short enough that another network does. */
const RATE_MS = 12_000;
const RATE_LEAST_MS = 1500;

/** The samples that still count, with a new one; where bytes were taken back (a part that failed) it begins anew. Pure. */
export function withSample(samples: readonly RateSample[], sample: RateSample): RateSample[] {
  const last = samples.at(-1);
  if (last && sample.bytes < last.bytes) return [sample];
  if (last && sample.atMs - last.atMs < 250) return [...samples]; // progress is told many times a second
  return [...samples.filter(({ atMs }) => sample.atMs - atMs <= RATE_MS), sample];
}

/** Bytes per second of late; null while that would be a guess. Pure. */
export function rateOf(samples: readonly RateSample[]): number | null {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || last.atMs - first.atMs < RATE_LEAST_MS) return null;
  const rate = ((last.bytes - first.bytes) * 1000) / (last.atMs - first.atMs);
  return rate > 0 ? rate : null;
}
