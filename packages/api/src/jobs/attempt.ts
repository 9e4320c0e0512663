import { ERRORS, type ErrorCode, type JobId, launchKeyOf } from "@kangklip/contract";
import type { Attempt, Job } from "./job.ts";

export const MAX_ATTEMPTS = 3;
const RETRY_MS = 2000;

/** What a job knows before its (next) attempt has said anything. */
export const fresh = {
  started_at: null,
  ended_at: null,
  stage: "DOWNLOAD",
  stage_progress: 0,
  progress: 0,
  message: null,
  stage_started_at: {},
  error: null,
  error_code: null,
  start_error: null,
  notices: [],
  cancel_requested: false,
  result: null,
  ready: [] as Job["ready"],
} as const satisfies Partial<Job>;

export function plannedAttempt(id: JobId, epoch: number, notBefore: number): Attempt {
  return {
    epoch,
    launch_key: launchKeyOf(id, epoch),
    state: "PLANNED",
    provider: null,
    ref: null,
    node: null,
    offer: null,
    reason: null,
    doubt_until: null,
    usd: null,
    running_at: null,
    run_ms: null,
    not_before: notBefore,
    submitting_at: null,
    submitted_at: null,
    claimed_at: null,
    ended_at: null,
    nonce_hash: null,
    lease_until: null,
    missed_leases: 0,
    deadline: null,
    seq: 0,
    progress_at: null,
    observed_at: null,
    outcome: null,
    ended_because: null,
    blame: null,
    released: false,
  };
}

/** The job with one of its attempts changed. Pure. */
export function changeAttempt(job: Job, epoch: number, change: Partial<Attempt>): Job {
  return {
    ...job,
    attempts: job.attempts.map((attempt) => (attempt.epoch === epoch ? { ...attempt, ...change } : attempt)),
  };
}

/** Code and sentence with which an attempt ends, and whether its place is to blame rather than its work. */
export type Ending = readonly [ErrorCode, string, Attempt["blame"]?];

/** Ends the attempt. Its launch counts as there until somebody saw it gone, unless nobody ever asked a provider for one. Pure. */
export function endAttempt(
  job: Job,
  attempt: Attempt,
  outcome: string,
  now: number,
  { because = null, blame = null }: { because?: string | null; blame?: Attempt["blame"] } = {},
): Job {
  return changeAttempt({ ...job, ready: [] }, attempt.epoch, {
    state: "FINISHED",
    outcome,
    ended_because: because,
    blame,
    ended_at: now,
    lease_until: null,
    deadline: null,
    doubt_until: null,
    released: attempt.submitting_at === null && attempt.ref === null,
  });
}

/** The attempt ended badly: the next one is planned where that may help, the budget allows it and nobody wants the job gone. Pure. */
export function attemptFailed(job: Job, attempt: Attempt, ending: Ending, now: number): Job {
  const [code, error, blame = null] = ending;
  const used = attempt.epoch - job.budget_from + 1;
  if (job.cancel_requested || !ERRORS[code].retry || used >= MAX_ATTEMPTS)
    return jobFailed(job, attempt, ending, now);
  const ended = endAttempt(job, attempt, code, now, { because: error, blame });
  const pause = RETRY_MS * 4 ** (used - 1);
  return {
    ...ended,
    ...fresh,
    started_at: job.started_at,
    notices: job.notices,
    state: "RETRYING",
    message: `Attempt ${used} of ${MAX_ATTEMPTS} ended: ${error}`,
    attempts: [...ended.attempts, plannedAttempt(job.job_id, attempt.epoch + 1, now + pause)],
  };
}

/** The attempt and its job end here: CANCELLED where that was asked for, else FAILED. Pure. */
export function jobFailed(job: Job, attempt: Attempt, ending: Ending, now: number): Job {
  const [code, error, blame = null] = ending;
  const end = job.cancel_requested
    ? ({ state: "CANCELLED", error_code: "CANCELLED", error: "cancelled" } as const)
    : ({ state: "FAILED", error_code: code, error } as const);
  return {
    ...endAttempt(job, attempt, end.error_code, now, { because: end.error, blame }),
    ...end,
    message: null,
    result: null,
    ended_at: now,
  };
}
