import type { Heat } from "./labelled.ts";
import {
  averagePrecision,
  f1,
  hit,
  partsOf,
  precision,
  recall,
  runsOf,
  type Stretch,
  truthOf,
} from "./metrics.ts";

/** What is measured of the clips chosen from one video, each 0..1, more is better. */
export const MEASURES = {
  "hit@1": "the best clip is on a highlight",
  "hit@k": "one of the clips is on a highlight",
  percentile: "share of all stretches of a clip's length with less heat, mean over the clips",
  AP: "average precision of the parts in the clips, best clip first",
  precision: "share of the parts in the clips that are highlights",
  recall: "share of the highlights that are in the clips",
  F1: "harmonic mean of both; never to be read alone",
  coverage: "share of the moments (runs of highlights) that a clip touches, of as many as there are clips",
  diversity: "share of the k equal parts of the video in which a clip has its middle",
} as const;
export type Measure = keyof typeof MEASURES;
export type Measures = Record<Measure, number>;

/** Distance of the stretches that a clip is compared with, seconds. */
const GRID_SECONDS = 1;

/** Everything about one video's labels that is asked for again and again. */
export interface Judge {
  seconds: number;
  truth: number[];
  /** @param clips best first; `count` is how many were asked for. */
  measure(clips: readonly Stretch[], count: number): Measures;
}

export function judgeOf(heat: Heat): Judge {
  const { seconds, graph } = heat;
  const truth = truthOf(graph);
  const moments = runsOf(truth);
  const ranks = new Map<number, Float64Array>();
  const ordered = (length: number) => {
    const key = Math.round(length * 10) / 10; // a tenth of a second changes no rank that matters
    const known = ranks.get(key);
    if (known) return known;
    const starts = Math.max(1, Math.floor((seconds - key) / GRID_SECONDS) + 1);
    const means = Float64Array.from({ length: starts }, (_, at) =>
      heat.mean(at * GRID_SECONDS, at * GRID_SECONDS + key),
    ).sort();
    ranks.set(key, means);
    return means;
  };
  const percentile = ({ start, end }: Stretch) => {
    const means = ordered(end - start);
    const own = heat.mean(start, end);
    return (below(means, own - 1e-9) + below(means, own + 1e-9)) / 2 / means.length;
  };
  return {
    seconds,
    truth,
    measure(clips, count) {
      const parts = clips.map((clip) => partsOf(clip, seconds, graph.length));
      const predicted = [...new Set(parts.flat())];
      const touched = moments.filter((moment) => moment.some((index) => predicted.includes(index))).length;
      const places = new Set(
        clips.map(({ start, end }) => Math.min(count - 1, Math.floor(((start + end) / 2 / seconds) * count))),
      );
      return {
        "hit@1": hit(truth, parts[0] ?? []),
        "hit@k": hit(truth, predicted),
        percentile: clips.reduce((sum, clip) => sum + percentile(clip), 0) / Math.max(1, clips.length),
        AP: averagePrecision(truth, predicted),
        precision: precision(truth, predicted),
        recall: recall(truth, predicted),
        F1: f1(truth, predicted),
        coverage: touched / Math.max(1, Math.min(count, moments.length)),
        diversity: places.size / count,
      };
    },
  };
}

/** How many of ordered numbers are below `limit`. */
function below(ordered: Float64Array, limit: number): number {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ordered[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
