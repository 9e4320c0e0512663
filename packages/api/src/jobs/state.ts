import {
  type CreateJob,
  type ErrorCode,
  EXIT_FENCED,
  type JobId,
  jobProgress,
  KangKlipError,
  type Report,
  STAGES,
} from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import { attemptFailed, changeAttempt, endAttempt, fresh, jobFailed, plannedAttempt } from "./attempt.ts";
import { type Attempt, currentAttempt, isFinal, type Job, type JobSource } from "./job.ts";
import { endedBecause, released, SILENT, STOPPED, submitFailed, submitted, submitting } from "./launch.ts";

export const HEARTBEAT_SECONDS = 10;
export const LEASE_MS = 45_000;
/** From the launch being seen running to the claim. */
export const CLAIM_MS = 120_000;
export const STALL_MS = 10 * 60_000;
export const RUN_MS = 4 * 3_600_000;
/** After this long a cancelled job ends although its launch was not seen gone; it is still looked after. */
export const CANCEL_MS = 10 * 60_000;
export const COMMIT_MS = 3_600_000;
const MAX_NOTICES = 20;

/**
 * Everything that can happen to a job. Times are not part of it: `now` is given to `decide`. Events of an attempt that is over are
 * harmless, so who sends one need not look first.
 */
export type JobEvent =
  | { type: "cancel" }
  | { type: "retry" }
  /** About to ask a provider for the launch. Whoever gets the same object back was not first and must not submit. */
  | { type: "submitting"; epoch: number; provider: string }
  /** Also for a launch that was found later. Where the attempt holds another `ref` afterwards, this one is a duplicate to cancel. */
  | { type: "submitted"; epoch: number; ref: LaunchRef }
  /** Surely nothing was started. For an answer that leaves doubt send nothing: the submission is taken up again. */
  | { type: "submit_failed"; epoch: number; message: string; again: boolean; afterMs?: number }
  | { type: "claimed"; epoch: number; nonceHash: string }
  | { type: "pulse"; epoch: number }
  | { type: "report"; report: Report }
  | { type: "observed"; epoch: number; observation: Observation }
  | { type: "committed"; epoch: number }
  | { type: "commit_failed"; epoch: number; code: ErrorCode; error: string }
  /** The launch of an ended attempt is gone, and nothing is left of it. */
  | { type: "released"; epoch: number }
  /** Time went by; send it for every job that is not final, after all else that is due. */
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
  if (event.type === "released") return released(job, event.epoch);
  if (event.type === "submitted") return submitted(job, event, now);
  if (event.type === "retry") return retried(job, now);
  if (event.type === "report") return reported(job, event.report, now);
  if (event.type === "cancel") return cancelRequested(job, now);
  if (event.type === "tick") return isFinal(job) ? job : ticked(job, attempt, now);
  if (event.epoch !== attempt.epoch || attempt.state === "FINISHED") {
    if (event.type === "claimed" || event.type === "pulse") throw fenced(job);
    return job;
  }
  switch (event.type) {
    case "submitting":
      return submitting(job, attempt, event.provider, now);
    case "submit_failed":
      return submitFailed(job, attempt, event, now);
    case "claimed":
      return claimed(job, attempt, event.nonceHash, now);
    case "pulse":
      if (attempt.state !== "CLAIMED") throw fenced(job);
      return heard(job, attempt, now);
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
      return attemptFailed(job, attempt, event.code, event.error, now);
  }
}

const fenced = (job: Job) => new KangKlipError("FENCED", `This attempt of ${job.job_id} is over`);

function retried(job: Job, now: number): Job {
  if (job.state !== "FAILED" && job.state !== "CANCELLED")
    throw new KangKlipError("CONFLICT", "Only a job that failed or was cancelled can be retried");
  const epoch = currentAttempt(job).epoch + 1;
  return {
    ...job,
    ...fresh,
    state: "QUEUED",
    budget_from: epoch,
    attempts: [...job.attempts.filter((one) => !one.released), plannedAttempt(job.job_id, epoch, now)],
  };
}

function cancelRequested(job: Job, now: number): Job {
  if (isFinal(job) || job.cancel_requested) return job;
  const cancelled = { ...job, cancel_requested: true };
  const attempt = currentAttempt(job);
  if (job.state === "COMMITTING") return cancelled; // too late for a good end, in time to stop another attempt
  if (attempt.state === "PLANNED") return jobFailed(cancelled, attempt, "CANCELLED", "cancelled", now);
  return changeAttempt({ ...cancelled, state: "CANCELLING", message: "Stopping the work" }, attempt.epoch, {
    deadline: now + CANCEL_MS,
  });
}

function claimed(job: Job, attempt: Attempt, nonceHash: string, now: number): Job {
  if (attempt.nonce_hash === nonceHash) return job; // the answer was lost; it is given again
  if (attempt.nonce_hash !== null || attempt.submitting_at === null || job.cancel_requested)
    throw fenced(job);
  const claim: Partial<Attempt> = {
    state: "CLAIMED",
    claimed_at: now,
    nonce_hash: nonceHash,
    lease_until: now + LEASE_MS,
    deadline: now + RUN_MS,
    progress_at: now,
  };
  return changeAttempt(
    {
      ...job,
      state: "RUNNING",
      started_at: job.started_at ?? now,
      message: null,
      start_error: null,
      stage_started_at: { DOWNLOAD: now },
    },
    attempt.epoch,
    claim,
  );
}

/** The worker lives. While nobody could hear it (its lease had run out) it is not held against it that it made no progress. */
function heard(job: Job, attempt: Attempt, now: number, seq = attempt.seq): Job {
  const silentMs = Math.max(0, now - (attempt.lease_until ?? now));
  return changeAttempt(job, attempt.epoch, {
    seq,
    lease_until: now + LEASE_MS,
    missed_leases: 0,
    progress_at: (attempt.progress_at ?? now) + silentMs,
  });
}

/** Reports are idempotent: an old or repeated one changes nothing, one of an attempt that is over is refused. */
function reported(job: Job, report: Report, now: number): Job {
  const attempt = currentAttempt(job);
  if (report.epoch !== attempt.epoch) throw fenced(job);
  if (report.seq <= attempt.seq || job.state === "COMMITTING") return job;
  if (attempt.state !== "CLAIMED") throw fenced(job);
  const told = heard(job, attempt, now, report.seq);
  if (report.status === "SUCCEEDED") return committing(told, attempt, report.manifest_sha256, now);
  if (report.status === "FAILED") {
    const [code, error] = report.code === "CANCELLED" ? STOPPED : ([report.code, report.error] as const);
    return attemptFailed({ ...told, stage: report.stage }, attempt, code, error, now);
  }
  return progressed(told, report, now);
}

function committing(job: Job, attempt: Attempt, manifestSha256: string | null, now: number): Job {
  return changeAttempt(
    {
      ...job,
      state: "COMMITTING",
      message: "Publishing the clips",
      result: { epoch: attempt.epoch, manifest_sha256: manifestSha256 },
    },
    attempt.epoch,
    { deadline: now + COMMIT_MS },
  );
}

function progressed(job: Job, report: Extract<Report, { status: "RUNNING" }>, now: number): Job {
  const { epoch, claimed_at } = currentAttempt(job);
  const { notice, source_seconds: seconds } = report;
  const runMs = seconds == null ? RUN_MS : Math.min(RUN_MS, 30 * 60_000 + 3000 * Math.max(0, seconds));
  const deadline =
    seconds == null || claimed_at === null || job.cancel_requested ? {} : { deadline: claimed_at + runMs };
  const told: Job = {
    ...changeAttempt(job, epoch, deadline),
    source_title: report.source_title ?? job.source_title,
    source_seconds: seconds ?? job.source_seconds,
    notices:
      notice && !job.notices.includes(notice) ? [...job.notices, notice].slice(-MAX_NOTICES) : job.notices,
  };
  const ahead = STAGES.indexOf(report.stage) - STAGES.indexOf(job.stage);
  if (ahead < 0 || (ahead === 0 && report.stage_progress < job.stage_progress)) return told;
  const stands =
    ahead === 0 && report.stage_progress === job.stage_progress && report.message === job.message;
  return changeAttempt(
    {
      ...told,
      stage: report.stage,
      stage_progress: report.stage_progress,
      progress: Math.max(job.progress, jobProgress(report.stage, report.stage_progress)),
      message: job.cancel_requested ? job.message : report.message,
      stage_started_at: {
        ...job.stage_started_at,
        [report.stage]: job.stage_started_at[report.stage] ?? now,
      },
    },
    epoch,
    stands ? {} : { progress_at: now },
  );
}

/** What the provider says of the launch; the worker's own word goes first. */
function observed(job: Job, attempt: Attempt, seen: Observation, now: number): Job {
  if (attempt.state === "PLANNED") return job;
  const looked = changeAttempt(job, attempt.epoch, { observed_at: now, node: seen.node ?? attempt.node });
  if (job.state === "COMMITTING") return looked;
  const silent = attempt.lease_until === null || attempt.lease_until <= now;
  if (seen.phase === "exited" || seen.phase === "lost") {
    // it ended well but its report never came: what it uploaded decides
    if (seen.exitCode === 0 && attempt.state === "CLAIMED" && !job.cancel_requested)
      return committing(looked, attempt, null, now);
    // a second launch of the attempt was sent away; the one that holds the claim goes on
    if (seen.exitCode === EXIT_FENCED && attempt.state === "CLAIMED" && !silent) return looked;
    return attemptFailed(looked, attempt, ...endedBecause(seen), now);
  }
  if (attempt.state === "SUBMITTED" && seen.phase === "running")
    return changeAttempt(looked, attempt.epoch, {
      deadline: Math.min(attempt.deadline ?? Number.POSITIVE_INFINITY, now + CLAIM_MS),
    });
  if (attempt.state !== "CLAIMED" || !silent) return looked;
  if (attempt.missed_leases > 0) return attemptFailed(looked, attempt, ...SILENT, now);
  return changeAttempt(looked, attempt.epoch, { missed_leases: 1, lease_until: now + LEASE_MS });
}

/** Every state but PLANNED ends by itself: whatever never answers is given up at a time that is known beforehand. */
function ticked(job: Job, attempt: Attempt, now: number): Job {
  if (attempt.state === "PLANNED") return job;
  const late = attempt.deadline !== null && now > attempt.deadline;
  if (job.state === "COMMITTING")
    return late ? jobFailed(job, attempt, "UPLOAD_FAILED", "The clips could not be published", now) : job;
  if (late && attempt.state === "SUBMITTING")
    // it may have started: a second launch could be paid twice
    return jobFailed(job, attempt, "PROVIDER_UNAVAILABLE", job.start_error ?? "No provider answered", now);
  if (late && attempt.state === "SUBMITTED")
    return attemptFailed(job, attempt, "WORKER_LOST", "The worker did not start", now);
  if (late) return attemptFailed(job, attempt, "TIMED_OUT", "The work took longer than it may", now);
  if (attempt.state !== "CLAIMED" || job.cancel_requested || attempt.lease_until === null) return job;
  if (attempt.ref === null && now > attempt.lease_until + LEASE_MS)
    return attemptFailed(job, attempt, ...SILENT, now); // no launch that could be looked at
  if (now <= attempt.lease_until && now - (attempt.progress_at ?? now) > STALL_MS)
    return attemptFailed(job, attempt, "TIMED_OUT", `No progress for ${STALL_MS / 60_000} minutes`, now);
  return job;
}
