import {
  type CreateJob,
  ERRORS,
  type ErrorCode,
  type JobId,
  jobProgress,
  KangKlipError,
  launchKeyOf,
  type Report,
  STAGES,
} from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import { type Attempt, currentAttempt, isFinal, type Job, type JobSource } from "./job.ts";

export const MAX_ATTEMPTS = 3;
export const HEARTBEAT_SECONDS = 10;
export const LEASE_MS = 45_000;
/** From the submission to the claim; covers the start of a process, not the pull of an image. */
export const CLAIM_MS = 120_000;
export const STALL_MS = 10 * 60_000;
export const RUN_MS = 4 * 3_600_000;
const RETRY_MS = 2000;
const MAX_NOTICES = 20;

/** Everything that can happen to a job. Times are not part of it: `now` is given to `decide`. */
export type JobEvent =
  | { type: "cancel" }
  | { type: "retry" }
  | { type: "submitting"; epoch: number; provider: string }
  | { type: "submitted"; epoch: number; ref: LaunchRef }
  | { type: "submit_failed"; epoch: number; message: string; again: boolean; afterMs?: number }
  | { type: "claimed"; epoch: number; nonceHash: string }
  | { type: "pulse"; epoch: number }
  | { type: "report"; report: Report }
  | { type: "observed"; epoch: number; observation: Observation }
  | { type: "committed"; epoch: number }
  | { type: "commit_failed"; epoch: number; code: ErrorCode; error: string }
  | { type: "released"; epoch: number }
  | { type: "tick" };

/** A new job with its first attempt planned. */
export function newJob(
  id: JobId,
  tokenHash: string,
  source: JobSource,
  request: Pick<CreateJob, "clip_duration_seconds" | "clip_count"> & { language: Job["language"] },
  now: number,
): Job {
  return {
    job_id: id,
    token_hash: tokenHash,
    created_at: now,
    updated_at: now,
    source,
    clip_duration_seconds: request.clip_duration_seconds,
    clip_count: request.clip_count,
    language: request.language,
    source_title: null,
    source_seconds: null,
    attempts: [plannedAttempt(id, 1, now)],
    budget_from: 1,
    ...fresh,
    state: "QUEUED",
  };
}

/** What a job knows before its (next) attempt has said anything. */
const fresh = {
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
  result: null,
} as const satisfies Partial<Job>;

function plannedAttempt(id: JobId, epoch: number, notBefore: number): Attempt {
  return {
    epoch,
    launch_key: launchKeyOf(id, epoch),
    state: "PLANNED",
    provider: null,
    ref: null,
    node: null,
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
    released: false,
  };
}

/**
 * What an event makes of a job: the only place where job truth moves. Pure. An event that changes nothing gives the same object.
 * Final states do not move (but by `retry`), progress never goes back within an attempt, and an attempt that is not the current
 * one is fenced.
 * @throws KangKlipError FENCED for a worker that must stop, CONFLICT for a request that does not fit the job's state.
 */
export function decide(job: Job, event: JobEvent, now: number): Job {
  const next = moved(job, event, now);
  return next === job ? job : { ...next, updated_at: now };
}

function moved(job: Job, event: JobEvent, now: number): Job {
  const attempt = currentAttempt(job);
  if (event.type === "released") return changeAttempt(job, event.epoch, { released: true });
  if (event.type === "retry") return retried(job, now);
  if (event.type === "report") return reported(job, event.report, now);
  if (event.type === "cancel") return cancelRequested(job, now);
  if (event.type === "tick") return isFinal(job) ? job : pastDeadline(job, attempt, now);
  if (event.epoch !== attempt.epoch || attempt.state === "FINISHED" || isFinal(job)) {
    if (event.type === "claimed" || event.type === "pulse") throw fenced(job);
    return job;
  }
  switch (event.type) {
    case "submitting":
      return changeAttempt(job, event.epoch, {
        state: "SUBMITTING",
        submitting_at: now,
        provider: event.provider,
      });
    case "submitted":
      return changeAttempt(
        { ...job, state: job.state === "CANCELLING" ? job.state : "STARTING", start_error: null },
        event.epoch,
        attempt.state === "CLAIMED"
          ? { ref: event.ref }
          : { state: "SUBMITTED", submitted_at: now, ref: event.ref },
      );
    case "submit_failed":
      return submitFailed(job, attempt, event, now);
    case "claimed":
      return claimed(job, attempt, event.nonceHash, now);
    case "pulse":
      return changeAttempt(job, event.epoch, { lease_until: now + LEASE_MS, missed_leases: 0 });
    case "observed":
      return observed(job, attempt, event.observation, now);
    case "committed":
      if (job.state !== "COMMITTING") return job;
      return {
        ...endAttempt(job, attempt, "succeeded", now),
        state: "SUCCEEDED",
        progress: 100,
        stage_progress: 1,
        message: null,
        ended_at: now,
      };
    case "commit_failed":
      if (job.state !== "COMMITTING") return job;
      return attemptFailed({ ...job, result: null }, attempt, event.code, event.error, now);
  }
}

const fenced = (job: Job) => new KangKlipError("FENCED", `This attempt of ${job.job_id} is over`);

function changeAttempt(job: Job, epoch: number, change: Partial<Attempt>): Job {
  return {
    ...job,
    attempts: job.attempts.map((attempt) => (attempt.epoch === epoch ? { ...attempt, ...change } : attempt)),
  };
}

function endAttempt(job: Job, attempt: Attempt, outcome: string, now: number): Job {
  const neverLaunched = attempt.state === "PLANNED";
  return changeAttempt(job, attempt.epoch, {
    state: "FINISHED",
    outcome,
    ended_at: now,
    lease_until: null,
    released: neverLaunched,
  });
}

/** An attempt ended badly: the next one is planned where that may help and the budget allows it. */
function attemptFailed(job: Job, attempt: Attempt, code: ErrorCode, error: string, now: number): Job {
  const ended = endAttempt(job, attempt, code, now);
  if (code === "CANCELLED" || job.state === "CANCELLING")
    return { ...ended, state: "CANCELLED", error: "cancelled", error_code: "CANCELLED", ended_at: now };
  const used = attempt.epoch - job.budget_from + 1;
  if (!ERRORS[code].retry || used >= MAX_ATTEMPTS)
    return { ...ended, state: "FAILED", error, error_code: code, ended_at: now };
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

function retried(job: Job, now: number): Job {
  if (job.state !== "FAILED" && job.state !== "CANCELLED")
    throw new KangKlipError("CONFLICT", "Only a job that failed or was cancelled can be retried");
  const epoch = currentAttempt(job).epoch + 1;
  return {
    ...job,
    ...fresh,
    state: "QUEUED",
    budget_from: epoch,
    attempts: [...job.attempts.filter(({ released }) => !released), plannedAttempt(job.job_id, epoch, now)],
  };
}

function cancelRequested(job: Job, now: number): Job {
  if (isFinal(job) || job.state === "COMMITTING" || job.state === "CANCELLING") return job;
  const attempt = currentAttempt(job);
  if (attempt.state === "PLANNED") return attemptFailed(job, attempt, "CANCELLED", "cancelled", now);
  return { ...job, state: "CANCELLING", message: "Stopping the work" };
}

function submitFailed(
  job: Job,
  attempt: Attempt,
  { message, again, afterMs }: Extract<JobEvent, { type: "submit_failed" }>,
  now: number,
): Job {
  if (job.state === "CANCELLING") return attemptFailed(job, attempt, "CANCELLED", "cancelled", now);
  const failed = { ...job, start_error: message };
  if (!again || now - job.created_at > RUN_MS)
    return attemptFailed(
      { ...failed, budget_from: -MAX_ATTEMPTS },
      attempt,
      "PROVIDER_UNAVAILABLE",
      message,
      now,
    );
  return changeAttempt({ ...failed, message: "Waiting for a place to run" }, attempt.epoch, {
    state: "PLANNED",
    not_before: now + (afterMs ?? 5000),
  });
}

function claimed(job: Job, attempt: Attempt, nonceHash: string, now: number): Job {
  if (attempt.nonce_hash === nonceHash) return job; // the answer was lost; it is given again
  if (attempt.nonce_hash !== null || attempt.state === "PLANNED") throw fenced(job);
  const change: Partial<Attempt> = {
    state: "CLAIMED",
    claimed_at: now,
    nonce_hash: nonceHash,
    lease_until: now + LEASE_MS,
    deadline: now + RUN_MS,
    progress_at: now,
  };
  const state = job.state === "CANCELLING" ? job.state : "RUNNING";
  return changeAttempt(
    { ...job, state, started_at: job.started_at ?? now, message: null, stage_started_at: { DOWNLOAD: now } },
    attempt.epoch,
    change,
  );
}

/** Reports are idempotent: an old or repeated one changes nothing, one of another epoch is refused. */
function reported(job: Job, report: Report, now: number): Job {
  const attempt = currentAttempt(job);
  if (report.epoch !== attempt.epoch) throw fenced(job);
  if (isFinal(job) || job.state === "COMMITTING" || report.seq <= attempt.seq) return job;
  if (attempt.state !== "CLAIMED") throw fenced(job);
  const heard = changeAttempt(job, attempt.epoch, {
    seq: report.seq,
    lease_until: now + LEASE_MS,
    missed_leases: 0,
  });
  if (report.status === "SUCCEEDED")
    return {
      ...heard,
      state: "COMMITTING",
      message: "Publishing the clips",
      result: { epoch: attempt.epoch, manifest_sha256: report.manifest_sha256 },
    };
  if (report.status === "FAILED")
    return attemptFailed({ ...heard, stage: report.stage }, attempt, report.code, report.error, now);
  return progressed(heard, report, now);
}

function progressed(job: Job, report: Extract<Report, { status: "RUNNING" }>, now: number): Job {
  const { notice } = report;
  const told: Job = {
    ...job,
    source_title: report.source_title ?? job.source_title,
    source_seconds: report.source_seconds ?? job.source_seconds,
    notices:
      notice && !job.notices.includes(notice) ? [...job.notices, notice].slice(-MAX_NOTICES) : job.notices,
  };
  const behind = STAGES.indexOf(report.stage) - STAGES.indexOf(job.stage);
  if (behind < 0 || (behind === 0 && report.stage_progress < job.stage_progress)) return told;
  const { epoch, claimed_at } = currentAttempt(job);
  const deadline =
    report.source_seconds != null && claimed_at !== null
      ? { deadline: claimed_at + Math.min(RUN_MS, 30 * 60_000 + 3000 * report.source_seconds) }
      : {};
  return changeAttempt(
    {
      ...told,
      stage: report.stage,
      stage_progress: report.stage_progress,
      progress: Math.max(job.progress, jobProgress(report.stage, report.stage_progress)),
      message: job.state === "CANCELLING" ? job.message : report.message,
      stage_started_at: {
        ...job.stage_started_at,
        [report.stage]: job.stage_started_at[report.stage] ?? now,
      },
    },
    epoch,
    { progress_at: now, ...deadline },
  );
}

/** What the provider says of the launch; the worker's own word goes first. */
function observed(job: Job, attempt: Attempt, seen: Observation, now: number): Job {
  const looked = changeAttempt(job, attempt.epoch, { observed_at: now, node: seen.node ?? attempt.node });
  if (job.state === "COMMITTING") return looked;
  if (
    seen.phase === "exited" &&
    seen.exitCode === 0 &&
    attempt.state === "CLAIMED" &&
    job.state !== "CANCELLING"
  )
    // it ended well but its report never came: what it uploaded decides
    return { ...looked, state: "COMMITTING", result: { epoch: attempt.epoch, manifest_sha256: null } };
  if (seen.phase === "exited" || seen.phase === "lost") {
    const [code, error] = endedBecause(seen);
    return attemptFailed(looked, attempt, code, error, now);
  }
  if (attempt.state !== "CLAIMED" || attempt.lease_until === null || attempt.lease_until > now) return looked;
  if (attempt.missed_leases > 0)
    return attemptFailed(looked, attempt, "WORKER_LOST", "The worker stopped answering", now);
  return changeAttempt(looked, attempt.epoch, { missed_leases: 1, lease_until: now + LEASE_MS });
}

function endedBecause(seen: Observation): [ErrorCode, string] {
  if (seen.reason === "oom") return ["OUT_OF_MEMORY", "The worker ran out of memory"];
  if (seen.reason === "timeout") return ["TIMED_OUT", "The work took longer than it may"];
  if (seen.reason === "cancelled") return ["CANCELLED", "cancelled"];
  return ["WORKER_LOST", "The worker ended before its work was done"];
}

function pastDeadline(job: Job, attempt: Attempt, now: number): Job {
  if (attempt.state !== "CLAIMED" || job.state === "COMMITTING" || job.state === "CANCELLING") {
    const unclaimed = attempt.state === "SUBMITTED" && now - (attempt.submitted_at ?? now) > CLAIM_MS;
    return unclaimed ? attemptFailed(job, attempt, "WORKER_LOST", "The worker did not start", now) : job;
  }
  if (attempt.deadline !== null && now > attempt.deadline)
    return attemptFailed(job, attempt, "TIMED_OUT", "The work took longer than it may", now);
  if (attempt.progress_at !== null && now - attempt.progress_at > STALL_MS)
    return attemptFailed(job, attempt, "TIMED_OUT", `No progress for ${STALL_MS / 60_000} minutes`, now);
  return job;
}
