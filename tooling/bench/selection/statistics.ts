import type { Random } from "../../chaos/random.ts";

export const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/** The value below which a share of the others lies; between two of them in proportion. `share` 0..1. */
export function quantile(values: readonly number[], share: number): number {
  const ordered = Float64Array.from(values).sort();
  const place = share * (ordered.length - 1);
  const [low, high] = [ordered[Math.floor(place)] ?? Number.NaN, ordered[Math.ceil(place)] ?? Number.NaN];
  return low + (high - low) * (place - Math.floor(place));
}

const RESAMPLES = 2000;

/** 95 % interval of the mean by the percentile bootstrap: the same number of values drawn again with putting back, 2,000 times. */
export function bootstrap(values: readonly number[], random: Random): { low: number; high: number } {
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let draw = 0; draw < values.length; draw++) sum += values[random.whole(0, values.length - 1)] ?? 0;
    return sum / values.length;
  });
  return { low: quantile(means, 0.025), high: quantile(means, 0.975) };
}
