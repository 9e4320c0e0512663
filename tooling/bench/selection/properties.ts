import { KangKlipError } from "../../../packages/contract/src/errors.ts";
import { sentenceWindows } from "../../../packages/worker/src/select/candidates.ts";
import { clipLengths, type Span } from "../../../packages/worker/src/select/cuts.ts";
import { hintsOf } from "../../../packages/worker/src/select/hints.ts";
import { talkOf } from "../../../packages/worker/src/select/talk.ts";
import { aSelectContext, randomInput, SHAPES } from "../../../packages/worker/src/select/testing.ts";
import { spokenWords } from "../../../packages/worker/src/select/words.ts";
import type { SelectInput } from "../../../packages/worker/src/stage.ts";
import { select } from "../../../packages/worker/src/stages/select.ts";
import type { Random } from "../../chaos/random.ts";
import { createOriginal, type OriginalFigures } from "./original.ts";
import { randomFor } from "./random.ts";
import { checkClips, endOf, leftOutMs, madeOf, type Trial } from "./rules.ts";

export interface Properties {
  transcripts: number;
  clips: number;
  /** Hours of video in all. */
  hours: number;
  /** Broken rules: S1, S2, S4, S5 or S9 with the trial that broke it, a few of each. */
  broken: string[];
  brokenCount: number;
  /** In how many trials each rule was broken. */
  brokenBy: Record<Rule, number>;
  /** The most that two clips share (intersection over union). */
  mostShared: number;
  /** Trials with fillers and silences left out, the clips made of more than one piece, and what was left out of them in seconds. */
  tight: { trials: number; clips: number; seconds: number };
  /** The same rules in the way of 1.x, on the same transcripts. */
  original: OriginalFigures;
  /** S3: clips that could end with a sentence or before a pause of 0.5 s, and those that do. */
  endable: number;
  ended: number;
  /** The least share of speech that candidates reach (S5). */
  leastReached: number;
  /** Seconds that choosing took, per hour of video: in all, and of the longest videos. */
  secondsPerHour: number;
  secondsPerLongHour: number;
}

export type Rule = "S1" | "S2" | "S4" | "S5" | "S9";

/** The rules S1 to S5 and S9 (quality figures) on random transcripts, told from the words alone wherever that is possible. */
export async function tryTranscripts(options: {
  seed: number;
  transcripts: number;
  /** Called now and then with how many are done. */
  onProgress?: (done: number) => void;
}): Promise<Properties> {
  const random = randomFor(options.seed, "transcripts");
  const sums = { clips: 0, hours: 0, endable: 0, ended: 0, seconds: 0, longHours: 0, longSeconds: 0 };
  const broken: string[] = [];
  const brokenBy: Record<Rule, number> = { S1: 0, S2: 0, S4: 0, S5: 0, S9: 0 };
  const tight = { trials: 0, clips: 0, seconds: 0 };
  const original = createOriginal();
  let brokenCount = 0;
  let mostShared = 0;
  let leastReached = 1;
  for (let at = 0; at < options.transcripts; at++) {
    if (at % 500 === 0) options.onProgress?.(at);
    const trial = aTrial(random);
    const brokenHere = new Set<Rule>();
    const fault = (rule: Rule, what: string) => {
      brokenCount++;
      if (!brokenHere.has(rule)) brokenBy[rule]++;
      brokenHere.add(rule);
      if (broken.length < 20) broken.push(`${rule}, ${what}: ${JSON.stringify(trial)}`);
    };
    const started = performance.now();
    const clips = await chosen(inputOf(trial), trial).catch((error: unknown) => {
      fault("S1", error instanceof Error ? error.message : String(error));
      return undefined;
    });
    const took = (performance.now() - started) / 1000;
    sums.seconds += took;
    sums.hours += trial.seconds / 3600;
    if (trial.seconds >= 3600) {
      sums.longHours += trial.seconds / 3600;
      sums.longSeconds += took;
    }
    if (!clips) continue;
    const again = await chosen(inputOf(trial), trial);
    if (JSON.stringify(again.edl) !== JSON.stringify(clips.edl))
      fault("S9", "another result the second time");
    const words = spokenWords(inputOf(trial).transcript.segments, Math.round(trial.seconds * 1000));
    const durationMs = Math.round(trial.seconds * 1000);
    const { shared } = checkClips({ ...trial, durationMs }, words, clips.made, fault);
    mostShared = Math.max(mostShared, shared);
    sums.clips += clips.made.length;
    original.add(trial, words);
    if (trial.tighten) {
      tight.trials++;
      for (const { pieces } of clips.made) {
        tight.clips += Number(pieces.length > 1);
        tight.seconds += leftOutMs(pieces) / 1000;
      }
      continue; // what was reached and where it ends is told of whole talks
    }
    for (const { pieces } of clips.made) {
      const { canEnd, doesEnd } = endOf(trial, words, pieces[0] as Span);
      sums.endable += Number(canEnd);
      sums.ended += Number(canEnd && doesEnd);
    }
    const reached = reachedShare(trial);
    if (reached < 0.95) fault("S5", `candidates reach ${reached.toFixed(3)} of the speech`);
    leastReached = Math.min(leastReached, reached);
  }
  return {
    transcripts: options.transcripts,
    clips: sums.clips,
    hours: sums.hours,
    broken,
    brokenCount,
    brokenBy,
    mostShared,
    tight,
    original: original.figures(),
    endable: sums.endable,
    ended: sums.ended,
    leastReached,
    secondsPerHour: sums.seconds / Math.max(1e-9, sums.hours),
    secondsPerLongHour: sums.longSeconds / Math.max(1e-9, sums.longHours),
  };
}

/** From 20 s to 3 h, most of them short, for there the number of clips is hardest; every shape, count and length alike. */
function aTrial(random: Random): Trial {
  const draw = random.next();
  const seconds =
    draw < 0.6
      ? random.whole(200, 3000) / 10
      : draw < 0.97
        ? random.whole(300, 1500)
        : draw < 0.99
          ? random.whole(1500, 3600)
          : random.whole(3600, 10_800);
  const shape = random.of(SHAPES);
  const seed = random.whole(0, 2 ** 31);
  return {
    shape,
    seed,
    seconds,
    tighten: seed % 3 === 0,
    count: random.whole(1, 5),
    clipSeconds: random.chance(0.5) ? random.of([30, 45, 60]) : random.whole(30, 60),
  };
}

/** Every fifth video comes with chapters and replays, some of them broken, as a page might give them. */
function inputOf(trial: Trial): SelectInput {
  const input = randomInput(trial);
  if (trial.tighten) addFillers(input, trial.seed);
  if (trial.seed % 5 !== 0) return input;
  const random = randomFor(trial.seed, "hints");
  const time = () => (random.chance(0.1) ? random.of([-1, Number.NaN, 1e12]) : random.next() * trial.seconds);
  const part = trial.seconds / 100;
  const heatmap = Array.from({ length: 100 }, (_, index) => ({
    start_time: random.chance(0.05) ? time() : index * part,
    end_time: (index + 1) * part,
    value: random.chance(0.05) ? random.of([-3, Number.POSITIVE_INFINITY, null]) : random.next(),
  }));
  const chapters = Array.from({ length: random.whole(0, 12) }, () => ({ start_time: time() }));
  return { ...input, ...hintsOf({ heatmap, chapters }) };
}

/** Makes every eighth word one that fills time, or one that was said before. */
function addFillers({ transcript }: SelectInput, seed: number): void {
  const random = randomFor(seed, "fillers");
  for (const { words } of transcript.segments)
    for (const [at, word] of words.entries()) {
      if (!random.chance(0.12)) continue;
      const before = words[at - 1];
      word.word = random.of(["um", "Uh,", "um.", "I", before?.word ?? "er", "you"]);
      if (before && random.chance(0.3)) [before.word, word.word] = ["you", "know,"];
    }
}

/** What is chosen; nothing where the video is too short for one clip, which must be said and only then. */
async function chosen(input: SelectInput, { count, clipSeconds, seconds, tighten }: Trial) {
  const isTooShort = Math.round(seconds * 1000) < clipLengths(clipSeconds).shortestMs;
  try {
    const context = aSelectContext({ clip_count: count, clip_duration_seconds: clipSeconds, tighten });
    const { edl } = await select(context, input);
    if (isTooShort) throw new Error("clips from a video that is too short for one");
    return { edl, made: edl.clips.map(madeOf) };
  } catch (error) {
    if (isTooShort && error instanceof KangKlipError && error.code === "SOURCE_TOO_SHORT")
      return { edl: null, made: [] };
    throw error;
  }
}

/** Share of the milliseconds of speech that some candidate holds; 1 where the video is hardly longer than a clip. */
function reachedShare(trial: Trial): number {
  const lengths = clipLengths(trial.clipSeconds);
  if (trial.seconds * 1000 < 2 * lengths.longestMs) return 1;
  const talk = talkOf(inputOf(trial));
  const windows = sentenceWindows(talk, lengths).toSorted((a, b) => a.startMs - b.startMs);
  const totalMs = talk.speechMs(0, talk.words.length - 1);
  if (totalMs === 0) return 1;
  let [reachedMs, next, furthestMs] = [0, 0, 0];
  for (const { startMs, endMs } of talk.words) {
    for (; (windows[next]?.startMs ?? Number.POSITIVE_INFINITY) <= startMs; next++)
      furthestMs = Math.max(furthestMs, windows[next]?.endMs ?? 0);
    if (endMs <= furthestMs) reachedMs += endMs - startMs;
  }
  return reachedMs / totalMs;
}

/** What does not hold, in words. */
export const brokenRules = ({ broken, brokenCount, endable, ended }: Properties): string[] => [
  ...broken,
  ...(brokenCount > broken.length ? [`and ${brokenCount - broken.length} more`] : []),
  ...(ended < 0.9 * endable
    ? [`S3: only ${ended} of ${endable} clips end with a sentence or before a pause`]
    : []),
];
