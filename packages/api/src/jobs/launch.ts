import type { ErrorCode } from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import { changeAttempt, jobFailed } from "./attempt.ts";
import type { Attempt, Job } from "./job.ts";

// what happens between an attempt and its provider; all pure, called by decide() alone

/** Somebody else may take up a submission that says nothing for this long. */
export const SUBMIT_MS = 35_000;
/** How long a job looks for a place while every place refuses it. */
export const PLACE_MS = 4 * 3_600_000;
/** From the submission until the launch is seen running: queues of a market, the pull of an image. */
export const START_MS = 10 * 60_000;

/** One asker at a time: a provider may not notice that it is asked twice for the same launch. */
export function submitting(job: Job, attempt: Attempt, provider: string, now: number): Job {
  const due = attempt.state === "PLANNED" && now >= attempt.not_before;
  const abandoned =
    attempt.state === "SUBMITTING" &&
    attempt.provider === provider && // it may have been started there
    now - (attempt.submitting_at ?? now) >= SUBMIT_MS;
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

/** The attempt waits to be submitted again; where that cannot help or has gone on for too long, the job fails. */
export function submitFailed(
  job: Job,
  attempt: Attempt,
  { message, again, afterMs }: { message: string; again: boolean; afterMs?: number },
  now: number,
): Job {
  if (attempt.state !== "PLANNED" && attempt.state !== "SUBMITTING") return job; // it started after all
  const refused = { ...job, start_error: message };
  const deadline = attempt.deadline ?? now + PLACE_MS;
  if (!again || now > deadline || job.cancel_requested)
    return jobFailed(refused, attempt, "PROVIDER_UNAVAILABLE", message, now);
  return changeAttempt({ ...refused, message: "Waiting for a place to run" }, attempt.epoch, {
    state: "PLANNED",
    not_before: now + (afterMs ?? 5000),
    deadline,
  });
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
