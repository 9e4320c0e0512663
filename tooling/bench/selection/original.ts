import { clipLengths } from "../../../packages/worker/src/select/cuts.ts";
import type { SpokenWord } from "../../../packages/worker/src/select/words.ts";
import { linearClips } from "./baselines.ts";
import { placesIn } from "./places.ts";
import { endOf, type Trial } from "./rules.ts";

/** Shares of 1.x, 0..1. */
export interface OriginalFigures {
  /** Jobs that did not get as many whole clips as fit. */
  tooFew: number;
  /** Jobs with a cut where S2 allows none, and the share of all cuts that are inside a word. */
  wrongCuts: number;
  wordsCut: number;
  /** Jobs with a clip shorter or longer than S4 allows. */
  wrongLengths: number;
  /** Of the clips that could end with a sentence or before a pause, those that do. */
  ended: number;
  /** The least share of a talk's speech that lies where a clip may be. */
  leastReached: number;
}

/**
 * The way of 1.x where no language model answered, as arithmetic: a clip is the first seconds of a five-minute chunk, one for each chunk.
 * It is kinder than 1.x was, which also lost 8.4 % of its clips to a comparison of decimals and gave the same clip twice.
 */
export function createOriginal() {
  const sums = {
    jobs: 0,
    tooFew: 0,
    cuts: 0,
    wrong: 0,
    inWords: 0,
    lengths: 0,
    endable: 0,
    ended: 0,
  };
  let leastReached = 1;
  return {
    add(trial: Trial, words: readonly SpokenWord[]): void {
      const { seconds, count, clipSeconds } = trial;
      const durationMs = Math.round(seconds * 1000);
      const { shortestMs, longestMs } = clipLengths(clipSeconds);
      if (durationMs < shortestMs) return;
      const places = placesIn(words, durationMs);
      const clips = linearClips(seconds, count, clipSeconds).map(({ start, end }) => ({
        startMs: Math.round(start * 1000),
        endMs: Math.round(end * 1000),
      }));
      const whole = clips.filter(({ startMs, endMs }) => endMs - startMs >= shortestMs);
      sums.jobs++;
      sums.tooFew += Number(whole.length < Math.min(count, places.mostApart(shortestMs, longestMs)));
      let [isCutWrong, isLengthWrong] = [false, false];
      for (const span of clips) {
        const lengthMs = span.endMs - span.startMs;
        isLengthWrong ||= lengthMs < shortestMs || lengthMs > Math.min(longestMs, 60_000);
        const isCut = (ms: number) => words.some((word) => word.startMs < ms && ms < word.endMs);
        for (const [ms, may] of [
          [span.startMs, places.mayStart(span.startMs)],
          [span.endMs, places.mayEnd(span.endMs)],
        ] as const) {
          sums.cuts++;
          isCutWrong ||= !may;
          sums.inWords += Number(isCut(ms));
        }
        const { canEnd, doesEnd } = endOf(trial, words, span);
        sums.endable += Number(canEnd);
        sums.ended += Number(canEnd && doesEnd && !isCut(span.endMs));
      }
      sums.wrong += Number(isCutWrong);
      sums.lengths += Number(isLengthWrong);
      if (durationMs < 2 * longestMs) return;
      const reach = linearClips(seconds, Number.POSITIVE_INFINITY, clipSeconds);
      const total = words.reduce((sum, word) => sum + word.endMs - word.startMs, 0);
      const reached = words
        .filter((word) =>
          reach.some(({ start, end }) => start * 1000 <= word.startMs && word.endMs <= end * 1000),
        )
        .reduce((sum, word) => sum + word.endMs - word.startMs, 0);
      if (total > 0) leastReached = Math.min(leastReached, reached / total);
    },
    figures(): OriginalFigures {
      const share = (part: number, all: number) => part / Math.max(1, all);
      return {
        tooFew: share(sums.tooFew, sums.jobs),
        wrongCuts: share(sums.wrong, sums.jobs),
        wordsCut: share(sums.inWords, sums.cuts),
        wrongLengths: share(sums.lengths, sums.jobs),
        ended: share(sums.ended, sums.endable),
        leastReached,
      };
    },
  };
}
