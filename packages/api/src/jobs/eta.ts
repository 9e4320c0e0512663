import { STAGES, type Stage } from "@kangklip/contract";
import { currentAttempt, type Job } from "./job.ts";
import { type Pace, secondsFor, type Work } from "./pace.ts";

// how long a job still takes; all pure, in seconds

/** Publishing what was uploaded. */
const PUBLISH_SECONDS = 2;
/** A stage's own pace says something from here on (0..1), and from the second on it alone counts. */
const OWN_FROM = 0.15;
const OWN_ALONE = 0.5;
/** Nobody waits for these alone: where nothing is known of them, they keep no estimate from being made. */
const SHORT: Partial<Record<Stage, number>> = { CHUNK: 0, UPLOAD: 3 };

const expected = (pace: Pace | undefined, stage: Stage, work: Work) =>
  secondsFor(pace, stage, work) ?? SHORT[stage];

/** Of numbers of which one may not be known, then neither is the sum. */
const sum = (numbers: (number | undefined)[]): number | undefined =>
  numbers.reduce<number | undefined>(
    (all, one) => (all === undefined || one === undefined ? undefined : all + one),
    0,
  );

/** How long a whole job takes, from its start to its clips, by earlier ones; null: there is nothing to go by. */
export function expectedSeconds(pace: Pace | undefined, work: Work): number | null {
  if (!pace) return null;
  const all = sum(STAGES.map((stage) => expected(pace, stage, work)));
  return all === undefined ? null : Math.ceil(all + PUBLISH_SECONDS);
}

/**
 * What is left of a job that is being made: of the stage that it is in by its own pace, before that says something by earlier jobs, and of the
 * later stages by these. Never less than a second.
 * @param now ms since 1970 @returns null where that would be a guess: it waits, nothing is known of such jobs, or not yet how long its video is
 */
export function etaSeconds(job: Job, pace: Pace | undefined, now: number): number | null {
  if (job.state === "COMMITTING") return PUBLISH_SECONDS;
  if (job.state !== "RUNNING") return null;
  const left = sum([
    leftOfStage(job, pace, now),
    ...STAGES.slice(STAGES.indexOf(job.stage) + 1).map((stage) => ofLater(job, pace, stage)),
  ]);
  return left === undefined ? null : Math.max(1, Math.round(left + PUBLISH_SECONDS));
}

/** An edit renders one clip of a video that its machine has, as a rule: nothing comes before that. */
const ofLater = (job: Job, pace: Pace | undefined, stage: Stage) =>
  job.edit && STAGES.indexOf(stage) < STAGES.indexOf("RENDER") ? 0 : expected(pace, stage, workOf(job));

function workOf({ edit, clip_count, clip_duration_seconds, source_seconds }: Job): Work {
  const clipSeconds = edit
    ? edit.clip.segments.reduce((all, { start, end }) => all + end - start, 0)
    : clip_count * clip_duration_seconds;
  return { sourceSeconds: source_seconds, clipSeconds };
}

function leftOfStage(job: Job, pace: Pace | undefined, now: number): number | undefined {
  const { stage, stage_progress: done } = job;
  const entered = job.stage_started_at[stage];
  if (entered === undefined) return undefined;
  if (done >= 1) return 0;
  const heard = Math.max(entered, currentAttempt(job).progress_at ?? now);
  const took = (heard - entered) / 1000;
  const history = ofLater(job, pace, stage);
  // a stage that tells nothing before its end is told from outside by the time that it has had
  const byHistory = history && (done > 0 ? history * (1 - done) : Math.max(0.1 * history, history - took));
  const own = done > OWN_FROM ? (took * (1 - done)) / done : undefined;
  const left = blended(byHistory, own, (done - OWN_FROM) / (OWN_ALONE - OWN_FROM));
  // since it was heard of last it went on
  return left && Math.max(0.1 * left, left - Math.max(0, now - heard) / 1000);
}

/** @param weight of the second, 0..1 where both are known */
function blended(first: number | undefined, second: number | undefined, weight: number): number | undefined {
  if (first === undefined || second === undefined) return second ?? first;
  const share = Math.min(1, Math.max(0, weight));
  return first * (1 - share) + second * share;
}
