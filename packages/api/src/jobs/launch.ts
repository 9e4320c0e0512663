import type { ErrorCode, JobId } from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import { changeAttempt, endAttempt, jobFailed, plannedAttempt } from "./attempt.ts";
import type { Attempt, Job } from "./job.ts";

// what happens between an attempt and its provider; all pure, called by decide() alone

/** Somebody else may take up a submission that says nothing for this long: it was looked for and asked for (limited.ts), one after the other. */
export const SUBMIT_MS = 65_000;
/** The same where the provider knows a launch key again: who asks twice gets the same launch, so nobody waits for long. */
export const NATIVE_SUBMIT_MS = 5000;
/** How long a job looks for a place while every place refuses it. */
export const PLACE_MS = 4 * 3_600_000;
/** A place that refuses and does not say for how long is asked again after this time. */
export const ASK_AGAIN_MS = 5000;
/** From the submission until the launch is seen running: queues of a market, the pull of an image. */
export const START_MS = 10 * 60_000;

/** The job that a launch says it is for; the other half of `launchKeyOf`. */
export const jobOfLaunch = (launchKey: string): JobId => `kk_${launchKey.slice(3, 29).toUpperCase()}`;
export const epochOfLaunch = (launchKey: string) => Number(launchKey.slice(launchKey.lastIndexOf("-e") + 2));

/** The longest that a provider's "later" is believed. */
const MAX_PAUSE_MS = 30 * 60_000;
/** Clocks of several processes may differ by this; a time that lies further ahead was written before a clock was put back. */
const SKEW_MS = 60_000;

/** Whether a planned attempt may be submitted now. Pure. */
export const isDue = ({ not_before }: Pick<Attempt, "not_before">, now: number) =>
  not_before <= now || not_before - now > MAX_PAUSE_MS + SKEW_MS;

/** Whether whoever was about to submit the attempt has had the time for it. Pure. `native`: the provider knows a launch key again. */
export function isAbandoned({ submitting_at }: Attempt, now: number, native: boolean): boolean {
  const waited = now - (submitting_at ?? now);
  return waited >= (native ? NATIVE_SUBMIT_MS : SUBMIT_MS) || waited < -SKEW_MS;
}

/** One asker at a time: a provider may not notice that it is asked twice for the same launch. */
export function submitting(
  job: Job,
  attempt: Attempt,
  { provider, native }: { provider: string; native: boolean },
  now: number,
): Job {
  const due = attempt.state === "PLANNED" && isDue(attempt, now);
  const abandoned =
    attempt.state === "SUBMITTING" &&
    attempt.provider === provider && // it may have been started there
    isAbandoned(attempt, now, native);
  if (job.cancel_requested || !(due || abandoned)) return job;
  return changeAttempt(job, attempt.epoch, {
    state: "SUBMITTING",
    submitting_at: now,
    provider,
    deadline: attempt.deadline ?? now + PLACE_MS,
  });
}

/** Keeps the first reference that is told; `decide`'s caller cancels any other. */
export function submitted(job: Job, { epoch, ref }: { epoch: number; ref: LaunchRef }, now: number): Job {
  const attempt = job.attempts.find((one) => one.epoch === epoch);
  if (!attempt || (attempt.ref && (!attempt.released || attempt.ref.ref === ref.ref))) return job;
  const known = { ref, provider: ref.provider };
  // it came up after its attempt had ended: kept so that it can be cancelled
  if (attempt.state === "FINISHED") return changeAttempt(job, epoch, { ...known, released: false });
  if (attempt.state === "CLAIMED") return changeAttempt(job, epoch, known); // the worker was faster
  const starting: Partial<Attempt> = { ...known, state: "SUBMITTED", submitted_at: now };
  if (job.cancel_requested) return changeAttempt(job, epoch, starting);
  return changeAttempt({ ...job, state: "STARTING", start_error: null, message: null }, epoch, {
    ...starting,
    deadline: now + START_MS,
  });
}

/**
 * The attempt waits to be submitted again; where that cannot help or has gone on for too long, the job fails. `since`: the `submitting_at`
 * of who was refused; where somebody else has asked meanwhile, their answer counts.
 */
export function submitFailed(
  job: Job,
  attempt: Attempt,
  refusal: { message: string; again: boolean; afterMs?: number; code?: ErrorCode; since?: number | null },
  now: number,
): Job {
  if (refusal.since !== undefined && attempt.submitting_at !== refusal.since) return job;
  if (attempt.state !== "PLANNED" && attempt.state !== "SUBMITTING") return job; // it started after all
  const { message, again, afterMs, code = "PROVIDER_UNAVAILABLE" } = refusal;
  const refused = { ...job, start_error: message };
  const deadline = attempt.deadline ?? now + PLACE_MS;
  if (!again || now > deadline || job.cancel_requested)
    return jobFailed(refused, attempt, code, message, now);
  return changeAttempt({ ...refused, message: "Waiting for a place to run" }, attempt.epoch, {
    state: "PLANNED",
    not_before: now + Math.min(afterMs ?? ASK_AGAIN_MS, MAX_PAUSE_MS),
    deadline,
  });
}

/** What is known of an answer that leaves doubt: nothing but words for people. */
export function submitUnsure(job: Job, attempt: Attempt, message: string): Job {
  if (attempt.state !== "SUBMITTING" || job.start_error === message) return job;
  return { ...job, start_error: message };
}

/**
 * A launch of an attempt that nobody here ever submitted: the store was put back to an older copy. Its epoch is spent, for a worker of it
 * may be anywhere: the launch is ended, and the next epoch begins. It costs none of the job's attempts.
 */
export function epochTaken(
  job: Job,
  attempt: Attempt,
  { ref, since }: { ref: LaunchRef; since?: number | null },
  now: number,
): Job {
  if (since !== undefined && attempt.submitting_at !== since) return job;
  if ((attempt.state !== "PLANNED" && attempt.state !== "SUBMITTING") || job.cancel_requested) return job;
  const ended = changeAttempt(endAttempt(job, attempt, "WORKER_LOST", now), attempt.epoch, {
    ref,
    provider: ref.provider,
    released: false,
  });
  return {
    ...ended,
    budget_from: job.budget_from + 1,
    attempts: [...ended.attempts, plannedAttempt(job.job_id, attempt.epoch + 1, now)],
  };
}

/** Of two launches of the attempt the one that works is not the one that was thought to. */
export function moved(job: Job, attempt: Attempt, ref: LaunchRef): Job {
  if (attempt.state !== "SUBMITTED" && attempt.state !== "CLAIMED") return job;
  if (attempt.ref?.ref === ref.ref) return job;
  return changeAttempt(job, attempt.epoch, { ref, provider: ref.provider });
}

/** An ended attempt has nothing left to look after. */
export function released(job: Job, epoch: number): Job {
  const attempt = job.attempts.find((one) => one.epoch === epoch);
  if (attempt?.state !== "FINISHED" || attempt.released) return job;
  return changeAttempt(job, epoch, { released: true });
}

/** Code and sentence with which an attempt ends. */
export type Ending = readonly [ErrorCode, string];
export const SILENT: Ending = ["WORKER_LOST", "The worker stopped answering"];
/** A node that goes away, a machine that shuts down: nobody asked for the job's end, so another attempt may follow. */
export const STOPPED: Ending = ["WORKER_LOST", "The worker was stopped from outside"];

/** Why a launch is over, as far as its provider knows. */
export function endedBecause({ reason }: Observation): Ending {
  switch (reason) {
    case "oom":
      return ["OUT_OF_MEMORY", "The worker ran out of memory"];
    case "timeout":
      return ["TIMED_OUT", "The work took longer than it may"];
    case "cancelled":
    case "evicted":
      return STOPPED;
    case "image":
    case "funds":
    case "capacity":
      return ["PROVIDER_UNAVAILABLE", `The provider could not run the worker (${reason})`];
    default:
      return ["WORKER_LOST", "The worker ended before its work was done"];
  }
}
