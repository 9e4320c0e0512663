import type { SelectInput } from "../../../packages/worker/src/stage.ts";

/** A talk, and what people (or the maker of the set) found good in it. The selector is given `input` alone. */
export interface Labelled {
  id: string;
  channel: string;
  /** Whether it may be looked at while the selector is changed. Sets that users bring are always held out. */
  use: "tuning" | "held out";
  input: SelectInput;
  heat: Heat;
  /** Moments with what somebody would ask for who wants to see them (seconds), where the set knows. */
  told?: { start: number; end: number; wish: string }[];
}

/** Scores of equal parts of a video, ready to be asked about any stretch. */
export interface Heat {
  seconds: number;
  /** Scores, the first one replaced by the second: everybody has seen the start. */
  graph: number[];
  /** Mean score between two times, seconds. */
  mean(from: number, to: number): number;
}

/** @param scores one per equal part of the video, from the start; any number of parts, 0..1 each. */
export function heatOf(scores: readonly number[], seconds: number): Heat {
  const graph = [...scores];
  if (graph.length > 1) graph[0] = graph[1] ?? 0;
  const part = seconds / graph.length;
  const sums = new Float64Array(graph.length + 1);
  for (const [index, score] of graph.entries()) sums[index + 1] = (sums[index] ?? 0) + score * part;
  const until = (at: number) => {
    const within = Math.min(seconds, Math.max(0, at)) / part;
    const index = Math.min(graph.length - 1, Math.floor(within));
    return (sums[index] ?? 0) + (within - index) * part * (graph[index] ?? 0);
  };
  return {
    seconds,
    graph,
    mean: (from, to) => (to > from ? (until(to) - until(from)) / (to - from) : 0),
  };
}
