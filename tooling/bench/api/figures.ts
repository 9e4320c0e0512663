import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** Times in microseconds go in, milliseconds come out. */
export function createTimes() {
  const histogram: RecordableHistogram = createHistogram();
  return {
    add: (us: number) => histogram.record(Math.max(1, Math.round(us))),
    /** The time that this share (0..1) of all stays within, ms. */
    at: (share: number) => (histogram.count === 0 ? 0 : round(histogram.percentile(share * 100) / 1000)),
  };
}

/** Microseconds of the machine's clock that never goes back: the same in all of its processes. */
export const clockUs = () => Number(process.hrtime.bigint() / 1000n);

export const round = (value: number, digits = 1) => Number(value.toFixed(digits));

/** @throws Error where there is nothing to take the middle of */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error("no values");
  return middle;
}
