import { ERRORS, type ErrorCode, type JobId } from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import { changeAttempt, type Ending, endAttempt, jobFailed, plannedAttempt } from "./attempt.ts";
import { isPaid } from "./charges.ts";
import { startMs } from "./deadlines.ts";
import type { Attempt, Job, Place } from "./job.ts";

// what happens between an attempt and its provider; all pure, called by decide() alone

/** Somebody else may take up a submission that says nothing for this long: it was looked for and asked for (limited.ts), one after the other. */
export const SUBMIT_MS = 65_000;
/** The same where the provider knows a launch key again: who asks twice gets the same launch, so nobody waits for long. */
export const NATIVE_SUBMIT_MS = 5000;
/** How long a job looks for a place while every place refuses it. */
export const PLACE_MS = 4 * 3_600_000;
/** A place that refuses and does not say for how long is asked again after this time. */
export const ASK_AGAIN_MS = 5000;

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

/** Since when a planned attempt waits for a place: it was due then, or was refused for the first time. Pure. */
export const waitsSince = ({ not_before, deadline }: Pick<Attempt, "not_before" | "deadline">) =>
  deadline === null ? not_before : deadline - PLACE_MS;

/** Whether whoever was about to submit the attempt has had the time for it. Pure. `native`: the provider knows a launch key again. */
export function isAbandoned({ submitting_at }: Attempt, now: number, native: boolean): boolean {
  const waited = now - (submitting_at ?? now);
  return waited >= (native ? NATIVE_SUBMIT_MS : SUBMIT_MS) || waited < -SKEW_MS;
}

/** Where an attempt is to run, why there, and for how long at most (ms; null: as long as any job). */
export interface Chosen {
  offer: Place;
  reason: string;
  run_ms: number | null;
}

/**
 * Nobody is asked before the job is paid for. One asker at a time: a provider may not notice that it is asked twice for the same launch. And one place: where an earlier asker may
 * still begin the launch (`doubt_until`), nobody is asked until it is sure that it did not.
 */
export function submitting(
  job: Job,
  attempt: Attempt,
  { provider, native, place }: { provider: string; native: boolean; place?: Chosen | undefined },
  now: number,
): Job {
  const due = attempt.state === "PLANNED" && attempt.doubt_until === null && isDue(attempt, now);
  const abandoned =
    attempt.state === "SUBMITTING" &&
    attempt.provider === provider && // it may have been started there
    isAbandoned(attempt, now, native);
  if (job.cancel_requested || !isPaid(job) || !(due || abandoned)) return job;
  return changeAttempt(job, attempt.epoch, {
    state: "SUBMITTING",
    submitting_at: now,
    provider,
    ...(due && { offer: null, reason: null, run_ms: null, ...place }),
    ...(abandoned && {
      doubt_until: Math.max(attempt.doubt_until ?? 0, (attempt.submitting_at ?? now) + SUBMIT_MS),
    }),
    deadline: attempt.deadline ?? now + PLACE_MS,
  });
}

/** Keeps the first reference that is told; `decide`'s caller cancels any other. */
export function submitted(job: Job, { epoch, ref }: { epoch: number; ref: LaunchRef }, now: number): Job {
  const attempt = job.attempts.find((one) => one.epoch === epoch);
  if (!attempt || (attempt.ref && (!attempt.released || attempt.ref.ref === ref.ref))) return job;
  const late = attempt.provider !== null && attempt.provider !== ref.provider; // another one was asked since
  const known: Partial<Attempt> = {
    ref,
    provider: ref.provider,
    doubt_until: null,
    ...(late && { offer: null, reason: `${ref.provider} answered late` }),
  };
  // it came up after its attempt had ended: kept so that it can be cancelled
  if (attempt.state === "FINISHED") return changeAttempt(job, epoch, { ...known, released: false });
  if (attempt.state === "CLAIMED") return changeAttempt(job, epoch, known); // the worker was faster
  const starting: Partial<Attempt> = { ...known, state: "SUBMITTED", submitted_at: now };
  if (job.cancel_requested) return changeAttempt(job, epoch, starting);
  return changeAttempt({ ...job, state: "STARTING", start_error: null, message: null }, epoch, {
    ...starting,
    deadline: now + startMs(ref.provider),
  });
}

export interface Refusal {
  message: string;
  again: boolean;
  afterMs?: number;
  code?: ErrorCode;
  /** No refusal: the place gets ready, and `message` says how far it is. */
  preparing?: boolean;
  since?: number | null;
}

/**
 * The attempt waits to be given a place again; where that cannot help or has gone on for too long, the job fails. `since`: the
 * `submitting_at` of who was refused; where somebody else has asked meanwhile, their answer counts.
 */
export function submitFailed(job: Job, attempt: Attempt, refusal: Refusal, now: number): Job {
  if (refusal.since !== undefined && attempt.submitting_at !== refusal.since) return job;
  if (attempt.state !== "PLANNED" && attempt.state !== "SUBMITTING") return job; // it started after all
  const { message, again, afterMs, code = "PROVIDER_UNAVAILABLE", preparing = false } = refusal;
  const refused = { ...job, start_error: preparing ? null : message };
  const deadline = attempt.deadline ?? now + PLACE_MS;
  if (!again || now > deadline || job.cancel_requested)
    return jobFailed(refused, attempt, [code, message], now);
  return changeAttempt(
    { ...refused, message: preparing ? message : "Waiting for a place to run" },
    attempt.epoch,
    {
      state: "PLANNED",
      // who took the submission up was refused; who asked before may still be let in
      not_before: Math.max(now + Math.min(afterMs ?? ASK_AGAIN_MS, MAX_PAUSE_MS), attempt.doubt_until ?? 0),
      deadline,
    },
  );
}

/** Nothing came of what was asked before: it was looked for after its time. `since`: the `submitting_at` of who looked. */
export function submitNever(
  job: Job,
  attempt: Attempt,
  { since }: { since: number | null },
  now: number,
): Job {
  const { state, doubt_until: doubt, submitting_at: asked } = attempt;
  if (state !== "PLANNED" || doubt === null || doubt > now || asked !== since) return job;
  return changeAttempt(job, attempt.epoch, { doubt_until: null });
}

/**
 * The attempt is at a provider that this installation does not have any more: nobody can look after its launch. A worker that speaks,
 * or may still come, is let go on; else the job ends, and says what is missing. Nothing else is begun, for the launch may still be paid for.
 */
export function providerMissing(
  job: Job,
  attempt: Attempt,
  { provider }: { provider: string },
  now: number,
): Job {
  const { state, lease_until: lease, deadline, submitting_at: asked } = attempt;
  if (job.state === "COMMITTING" || attempt.provider !== provider) return job;
  if (state === "CLAIMED" && lease !== null && lease > now) return job;
  if (state === "SUBMITTED" && deadline !== null && deadline >= now) return job;
  if (state === "SUBMITTING" && !isAbandoned(attempt, now, false)) return job;
  if (state === "PLANNED" && (attempt.doubt_until === null || asked === null)) return job;
  const error = `The work was given to ${provider}, which is not in COMPUTE any more: put it back to have its launch looked after`;
  return jobFailed({ ...job, start_error: error }, attempt, ["PROVIDER_UNAVAILABLE", error], now);
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
  const because = "The job store had lost time: this attempt was begun before";
  const ended = changeAttempt(endAttempt(job, attempt, "WORKER_LOST", now, { because }), attempt.epoch, {
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
export function released(job: Job, { epoch, usd }: { epoch: number; usd?: number | undefined }): Job {
  const attempt = job.attempts.find((one) => one.epoch === epoch);
  if (attempt?.state !== "FINISHED" || attempt.released) return job;
  return changeAttempt(job, epoch, { released: true, usd: usd ?? attempt.usd });
}

export const SILENT: Ending = ["WORKER_LOST", "The worker stopped answering", "offer"];
/** A node that goes away, a machine that shuts down: nobody asked for the job's end, so another attempt may follow. */
export const STOPPED: Ending = ["WORKER_LOST", "The worker was stopped from outside", "offer"];
/** What a worker says, and its exit code, where the GPU of its machine is gone. */
const NO_GPU = ERRORS.GPU_UNAVAILABLE.exit;

/** Why a launch is over, as far as its provider knows. */
export function endedBecause({ phase, reason, exitCode, message }: Observation): Ending {
  if (exitCode === NO_GPU) return ["GPU_UNAVAILABLE", "The machine lost its GPU", "offer"];
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
      return [
        "PROVIDER_UNAVAILABLE",
        message ?? `The provider could not run the worker (${reason})`,
        reason === "capacity" ? "offer" : "provider",
      ];
    case "infra":
      return ["WORKER_LOST", message ?? "The machine of the worker failed", "offer"];
    default:
      return [
        "WORKER_LOST",
        "The worker ended before its work was done",
        phase === "lost" || reason === "lost" ? "offer" : null,
      ];
  }
}
