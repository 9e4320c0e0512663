/**
 * The figures of Rhapsody (COLM 2025, arXiv 2505.19429, section 4 and appendix A.3; the authors' evaluator is younghanstark/rhapsody,
 * Apache-2.0), written anew from their definitions. Indices are those of the equal parts (a hundred) of a video.
 */

/** A part with a score above this is a highlight, … */
const THRESHOLD = 0.5;
/** … and of those the best so many. */
const MOST = 20;

/** The highlights of a graph of scores, best first. Its first score must have been replaced by the second already (`heatOf`). */
export function truthOf(graph: readonly number[]): number[] {
  return graph
    .map((score, index) => ({ score, index }))
    .filter(({ score }) => score > THRESHOLD)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, MOST)
    .map(({ index }) => index);
}

const shared = (truth: readonly number[], predicted: readonly number[]) =>
  new Set(truth).intersection(new Set(predicted)).size;

/** What every figure is where there is nothing to find, or nothing was named: agreeing that there is nothing is right. */
function emptyCase(truth: readonly number[], predicted: readonly number[]): number | undefined {
  if (truth.length === 0) return predicted.length === 0 ? 1 : 0;
  return predicted.length === 0 ? 0 : undefined;
}

/** 1 where one part at least is in both. */
export const hit = (truth: readonly number[], predicted: readonly number[]) =>
  emptyCase(truth, predicted) ?? Number(shared(truth, predicted) > 0);

export const precision = (truth: readonly number[], predicted: readonly number[]) =>
  emptyCase(truth, predicted) ?? shared(truth, predicted) / predicted.length;

export const recall = (truth: readonly number[], predicted: readonly number[]) =>
  emptyCase(truth, predicted) ?? shared(truth, predicted) / truth.length;

export function f1(truth: readonly number[], predicted: readonly number[]): number {
  const [p, r] = [precision(truth, predicted), recall(truth, predicted)];
  return p + r === 0 ? 0 : (2 * p * r) / (p + r);
}

/** Over the predicted parts in their order: the sum of (found so far / rank) at each part that is found, by the number to find. */
export function averagePrecision(truth: readonly number[], predicted: readonly number[]): number {
  const empty = emptyCase(truth, predicted);
  if (empty !== undefined) return empty;
  const wanted = new Set(truth);
  let found = 0;
  let sum = 0;
  for (const [rank, index] of predicted.entries()) if (wanted.has(index)) sum += ++found / (rank + 1);
  return sum / truth.length;
}

/** A stretch of a video, seconds. */
export interface Stretch {
  start: number;
  end: number;
}

/** The parts that a stretch stands for: those of which half or more is in it; where there is none, the one with most of it. */
export function partsOf({ start, end }: Stretch, seconds: number, parts: number): number[] {
  const length = seconds / parts;
  const share = (index: number) =>
    (Math.min(end, (index + 1) * length) - Math.max(start, index * length)) / length;
  const from = Math.max(0, Math.floor(start / length));
  const to = Math.min(parts - 1, Math.floor(end / length));
  const touched = Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);
  const held = touched.filter((index) => share(index) >= 0.5 - 1e-9);
  if (held.length > 0 || touched.length === 0) return held;
  return [touched.reduce((best, index) => (share(index) > share(best) ? index : best))];
}

/** Runs of neighbours among indices: the moments that they make up. */
export function runsOf(indices: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const index of indices.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.at(-1) === index - 1) run.push(index);
    else runs.push([index]);
  }
  return runs;
}
