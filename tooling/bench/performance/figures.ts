/** One thing that was measured. */
export interface Figure {
  /** What goals name, such as "cpu.supoclip". */
  id: string;
  what: string;
  /** Null: it could not be measured, and `note` says why. */
  value: number | null;
  unit: string;
  /** The same from each pair of runs, where there were several: `value` is their median. */
  samples?: number[];
  /** Why a ratio does not count although it is there: what it is compared with is better, or smaller. */
  doesNotCount?: string;
  note?: string;
}

/** What one part of the bench found. */
export interface Found {
  figures: Figure[];
  /** For the plots: by series, points of it. */
  series?: Record<string, { x: number | string; y: number }[]>;
  about?: string[];
}

/** The middle value, or the mean of the two in the middle. Pure. @throws Error where there are none */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (low === undefined || high === undefined) throw new Error("there are no values");
  return (low + high) / 2;
}

/**
 * The exponent with which y grows with x: the slope of a straight line through the points on log-log paper, by least squares. Pure.
 * @throws Error with fewer than two places of x, or where something is not above 0
 */
export function exponent(points: readonly { x: number; y: number }[]): number {
  if (points.some(({ x, y }) => !(x > 0 && y > 0))) throw new Error("only what is above 0 has a logarithm");
  const logs = points.map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const mean = (of: (point: { x: number; y: number }) => number) =>
    logs.reduce((sum, point) => sum + of(point), 0) / logs.length;
  const [mx, my] = [mean(({ x }) => x), mean(({ y }) => y)];
  const spread = logs.reduce((sum, { x }) => sum + (x - mx) ** 2, 0);
  if (!(spread > 0)) throw new Error("a line needs points at two places");
  return logs.reduce((sum, { x, y }) => sum + (x - mx) * (y - my), 0) / spread;
}

/** A ratio of what was measured in turns: one sample for each turn, and their median. Pure. */
export function ratio(id: string, what: string, above: readonly number[], below: readonly number[]): Figure {
  const samples = above.slice(0, below.length).map((value, i) => value / (below[i] ?? Number.NaN));
  return { id, what, value: median(samples), unit: "x", samples };
}

/** The exponent as a figure; null where it cannot be had. Pure. */
export function slope(id: string, what: string, points: readonly { x: number; y: number }[]): Figure {
  try {
    return { id, what, value: exponent(points), unit: "" };
  } catch (error) {
    return { id, what, value: null, unit: "", note: (error as Error).message };
  }
}
