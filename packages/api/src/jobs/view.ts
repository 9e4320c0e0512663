import { type AttemptView, ERRORS, type JobRow, type JobStatus, type JobView } from "@kangklip/contract";
import { feeOf } from "./charges.ts";
import { costOf, spentOn } from "./cost.ts";
import { etaSeconds } from "./eta.ts";
import { type Attempt, currentAttempt, type Job } from "./job.ts";
import type { Pace } from "./pace.ts";
import { LEASE_MS } from "./state.ts";

const SILENT_MS = 15_000;

/** The closed set of states that 1.x clients know. */
export function statusOf({ state }: Job): JobStatus {
  if (state === "SUCCEEDED") return "SUCCEEDED";
  if (state === "FAILED" || state === "CANCELLED") return "FAILED";
  return state === "QUEUED" || state === "STARTING" ? "QUEUED" : "RUNNING";
}

/** Whether the worker has been silent for so long that people should be told (invariant I9). Pure; `now` in ms since 1970. */
export function isStalled(job: Job, now: number): boolean {
  if (job.state !== "RUNNING") return false;
  const { lease_until } = currentAttempt(job);
  return lease_until !== null && now - (lease_until - LEASE_MS) > SILENT_MS;
}

/**
 * A job as people see it. Pure. `owner`: whether the job is the asker's; only they see where the video came from and who pays.
 * A job that ended after a worker had begun shows DONE and 100, as in 1.x; `failed_stage` tells where it was. `pace`: of earlier jobs where it
 * runs, if any is known; what is left of the job is as it is at `now`, and readers count it down themselves until there is a newer view.
 */
export function viewOf(
  job: Job,
  version: number,
  { owner, now, pace }: { owner: boolean; now: number; pace?: Pace | undefined },
): JobView {
  const status = statusOf(job);
  const attempt = currentAttempt(job);
  const failed = status === "FAILED";
  const begun = job.started_at !== null;
  const done = status === "SUCCEEDED" || (failed && begun);
  return {
    job_id: job.job_id,
    status,
    stage: done ? "DONE" : job.stage,
    progress: done ? 100 : job.progress,
    start_error: job.start_error,
    nosana_run_id: attempt.provider === "nosana" ? (attempt.ref?.ref ?? null) : null,
    error: failed ? job.error : null,
    state: job.state,
    failed_stage: failed && begun ? job.stage : null,
    stage_progress: job.stage_progress,
    message: job.message,
    error_code: job.error_code,
    error_action: job.error_code ? ERRORS[job.error_code].action : null,
    created_at: iso(job.created_at),
    updated_at: iso(job.updated_at),
    started_at: isoOrNull(job.started_at),
    ended_at: isoOrNull(job.ended_at),
    stage_started_at: Object.fromEntries(
      Object.entries(job.stage_started_at).map(([stage, time]) => [stage, iso(time)]),
    ),
    request: {
      clip_duration_seconds: job.clip_duration_seconds,
      clip_count: job.clip_count,
      language: job.language,
      compute: job.compute,
      max_usd: job.max_usd,
      caption_preset: job.caption_preset,
      tighten: job.tighten,
      output_language: job.output_language,
      about: owner ? job.about : null,
    },
    edit: editedBy(job),
    attempts: job.attempts.map((one) => attemptView(one, now)),
    usd: spentOn(job, now),
    notices: job.notices,
    source: owner ? { title: job.source_title, seconds: job.source_seconds, url: sourceText(job) } : null,
    wallet: owner ? job.wallet : null,
    fee: owner ? feeView(job) : null,
    clips_ready: job.ready.length,
    eta_seconds: etaSeconds(job, pace, now),
    stalled: isStalled(job, now),
    version,
  };
}

function attemptView(attempt: Attempt, now: number): AttemptView {
  const { epoch, provider, node, state, offer, outcome, reason, ended_because } = attempt;
  return {
    epoch,
    provider: provider ?? "",
    node,
    state,
    started_at: isoOrNull(attempt.claimed_at),
    ended_at: isoOrNull(attempt.ended_at),
    outcome,
    offer: offer && { label: offer.label, gpu: offer.gpu, usd_per_hour: offer.usd_per_hour },
    usd: costOf(attempt, now),
    reason,
    ended_because,
  };
}

function editedBy({ edit }: Job): JobView["edit"] {
  return edit && { of: edit.of, clip_file: edit.clip_file, revision: edit.clip.revision };
}

function feeView(job: Job): JobView["fee"] {
  const fee = feeOf(job);
  return fee ? { credits: fee.amount, state: fee.state } : null;
}

/** One row of a list of jobs, for whoever owns them. Pure. */
export function rowOf(job: Job): JobRow {
  const view = viewOf(job, 1, { owner: true, now: job.updated_at });
  const { job_id, status, state, stage, progress, created_at, error, edit } = view;
  return {
    job_id,
    status,
    state,
    stage,
    progress,
    title: job.source_title,
    source: sourceText(job),
    created_at,
    error,
    edit,
  };
}

const iso = (time: number) => new Date(time).toISOString();
const isoOrNull = (time: number | null) => (time === null ? null : iso(time));
const sourceText = ({ source }: Job) => (source.kind === "url" ? source.url : source.filename);
