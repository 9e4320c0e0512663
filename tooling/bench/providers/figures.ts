/** A tenth of the values is below `low`, a tenth above `high`. */
export interface Spread {
  low: number;
  median: number;
  high: number;
}

/** @param values ms @throws Error where there are none */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => {
    const value = sorted[Math.round((sorted.length - 1) * share)];
    if (value === undefined) throw new Error("no values");
    return Number(value.toFixed(1));
  };
  return { low: at(0.1), median: at(0.5), high: at(0.9) };
}
