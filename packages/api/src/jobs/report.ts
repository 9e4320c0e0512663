import { type JobId, jobProgress, KangKlipError, type Report, STAGES } from "@kangklip/contract";
import { attemptFailed, changeAttempt, type Ending } from "./attempt.ts";
import { COMMIT_MS, LEASE_MS, RUN_MS, runsUntil } from "./deadlines.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import { STOPPED } from "./launch.ts";

// what a worker's own words make of its job; all pure, called by decide() alone

const MAX_NOTICES = 20;

export const fenced = ({ job_id }: { job_id: JobId }) =>
  new KangKlipError("FENCED", `This attempt of ${job_id} is over`);

/** The worker lives. While nobody could hear it (its lease had run out) it is not held against it that it made no progress. */
export function heard(job: Job, attempt: Attempt, now: number, seq = attempt.seq): Job {
  const silentMs = Math.max(0, now - (attempt.lease_until ?? now));
  return changeAttempt(job, attempt.epoch, {
    seq,
    lease_until: now + LEASE_MS,
    missed_leases: 0,
    progress_at: (attempt.progress_at ?? now) + silentMs,
  });
}

/** Reports are idempotent: an old or repeated one changes nothing, one of an attempt that is over is refused. */
export function reported(job: Job, report: Report, now: number): Job {
  const attempt = currentAttempt(job);
  if (report.epoch !== attempt.epoch) throw fenced(job);
  if (report.seq <= attempt.seq || job.state === "COMMITTING") return job;
  if (attempt.state !== "CLAIMED") throw fenced(job);
  const told = heard(job, attempt, now, report.seq);
  if (report.status === "SUCCEEDED") return committing(told, attempt, report.manifest_sha256, now);
  if (report.status === "FAILED") {
    return attemptFailed({ ...told, stage: report.stage }, attempt, endingOf(report), now);
  }
  return progressed(told, report, now);
}

function endingOf({ code, error }: Extract<Report, { status: "FAILED" }>): Ending {
  if (code === "CANCELLED") return STOPPED;
  return [code, error, code === "GPU_UNAVAILABLE" ? "offer" : null];
}

export function committing(job: Job, attempt: Attempt, manifestSha256: string | null, now: number): Job {
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
  const attempt = currentAttempt(job);
  const { epoch, claimed_at } = attempt;
  const { notice, source_seconds: seconds } = report;
  const runMs = seconds == null ? RUN_MS : Math.min(RUN_MS, 30 * 60_000 + 3000 * Math.max(0, seconds));
  const deadline =
    seconds == null || claimed_at === null || job.cancel_requested
      ? {}
      : { deadline: runsUntil(attempt, claimed_at + runMs) };
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
