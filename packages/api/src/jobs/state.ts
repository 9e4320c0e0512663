import {
  type CreateJob,
  type ErrorCode,
  EXIT_FENCED,
  type JobId,
  KangKlipError,
  type Report,
} from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import {
  attemptFailed,
  changeAttempt,
  type Ending,
  endAttempt,
  fresh,
  jobFailed,
  plannedAttempt,
} from "./attempt.ts";
import {
  bound,
  chargeMoved,
  type Due,
  newFee,
  recalled,
  unlocking,
  type Wanted,
  withRefunds,
} from "./charges.ts";
import { claimed, foundWorking, remembered } from "./claim.ts";
import { CANCEL_MS, CLAIM_MS, LEASE_MS, STALL_MS, UNREACHABLE_MS } from "./deadlines.ts";
import { type Attempt, type Charge, currentAttempt, isFinal, type Job, type JobSource } from "./job.ts";
import {
  type Chosen,
  endedBecause,
  epochTaken,
  moved,
  providerMissing,
  type Refusal,
  released,
  SILENT,
  submitFailed,
  submitNever,
  submitted,
  submitting,
  submitUnsure,
} from "./launch.ts";
import { committing, fenced, heard, reported } from "./report.ts";

export {
  CANCEL_MS,
  CLAIM_MS,
  COMMIT_MS,
  HEARTBEAT_SECONDS,
  LEASE_MS,
  RUN_MS,
  STALL_MS,
  UNREACHABLE_MS,
} from "./deadlines.ts";

/**
 * Everything that can happen to a job. Times are not part of it: `now` is given to `decide`. Events of an attempt that is over are
 * harmless, so who sends one need not look first.
 */
export type JobEvent =
  | { type: "cancel" }
  /** `fee`: what the next run costs, and whom. */
  | { type: "retry"; fee?: Due | undefined }
  /** A wallet takes a job that is nobody's. */
  | { type: "bound"; wallet: string }
  /** Somebody wants a clip. */
  | ({ type: "unlock" } & Wanted)
  /** What was paid for is kept beside the clips too. */
  | { type: "recalled"; charges: readonly Charge[] }
  /** Whoever settles a charge has done a step, or is about to: of two at once the first counts. */
  | { type: "charge"; from: Charge; to: Charge }
  /**
   * About to ask a provider for the launch. Whoever gets the same object back was not first and must not submit. `native`: the provider
   * knows a launch key again, so who was silent for a moment may be helped.
   */
  | { type: "submitting"; epoch: number; provider: string; native: boolean; place?: Chosen | undefined }
  /** Also for a launch that was found later. Where the attempt holds another `ref` afterwards, this one is a duplicate to cancel. */
  | { type: "submitted"; epoch: number; ref: LaunchRef }
  /** Surely nothing was started by who says so; `code` where it is not the provider's fault. For an answer that leaves doubt: `submit_unsure`. */
  | ({ type: "submit_failed"; epoch: number } & Refusal)
  /** There is no telling whether it was started. `message` is for people; the submission is taken up again. */
  | { type: "submit_unsure"; epoch: number; message: string }
  /** What was asked before has begun nothing: it was looked for, after all the time that it may take. */
  | { type: "submit_never"; epoch: number; since: number | null }
  /** The provider of the attempt is not configured any more. */
  | { type: "provider_missing"; epoch: number; provider: string }
  /**
   * A launch of this epoch is there already although nobody here ever asked for one. `since`: the `submitting_at` of who says so; another
   * one that has taken up the submission meanwhile may have made that launch.
   */
  | { type: "epoch_taken"; epoch: number; ref: LaunchRef; since?: number | null }
  /** Another launch of the attempt than the one that is written down holds its claim. */
  | { type: "moved"; epoch: number; ref: LaunchRef }
  | { type: "claimed"; epoch: number; nonceHash: string }
  /** A worker proves a claim that the store has forgotten, perhaps together with the whole attempt. */
  | { type: "claim_remembered"; epoch: number; nonceHash: string }
  /** A worker of another release was turned away: it can do nothing for this attempt. */
  | { type: "unfit"; epoch: number; message: string }
  | { type: "pulse"; epoch: number }
  | { type: "report"; report: Report }
  /** `uploaded`: whether the attempt's manifest is in the artifact store; only told of a launch that ended well. */
  | { type: "observed"; epoch: number; observation: Observation; uploaded?: boolean }
  /** The job's clips are published already, whatever the store thinks: it was put back to an older copy. */
  | { type: "published"; epoch: number }
  | { type: "committed"; epoch: number }
  | { type: "commit_failed"; epoch: number; code: ErrorCode; error: string }
  /** The launch of an ended attempt is gone, and nothing is left of it. */
  | { type: "released"; epoch: number; usd?: number | undefined }
  /** For so long (ms) nobody could hear or do anything: what is to be done by a time may take that much longer. */
  | { type: "away"; ms: number }
  /**
   * Time went by; send it for every job that is not final, after all else that is due. `heardSince`: since when (ms since 1970) a worker
   * could have been heard by the sender; a silence from before that is nobody's fault.
   */
  | { type: "tick"; heardSince?: number };

/** A new job with its first attempt planned. `wallet`: whose it is; `fee`: credits that it costs this wallet before anything is started. */
export function newJob(
  id: JobId,
  tokenHash: string,
  source: JobSource,
  request: Pick<CreateJob, "clip_duration_seconds" | "clip_count" | "compute" | "max_usd"> & {
    language: Job["language"];
  },
  now: number,
  { wallet = null, fee = 0 }: { wallet?: string | null | undefined; fee?: number | undefined } = {},
): Job {
  const charge = wallet !== null && fee > 0 ? newFee(id, 1, { wallet, amount: fee }, now) : undefined;
  return {
    job_id: id,
    token_hash: tokenHash,
    wallet,
    charges: charge ? [charge] : [],
    fee: charge?.request_id ?? null,
    created_at: now,
    updated_at: now,
    source,
    clip_duration_seconds: request.clip_duration_seconds,
    clip_count: request.clip_count,
    language: request.language,
    compute: request.compute ?? null,
    max_usd: request.max_usd ?? null,
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
  const next = after(job, event, now);
  return next === job ? job : { ...withRefunds(next, now), updated_at: now };
}

function after(job: Job, event: JobEvent, now: number): Job {
  const attempt = currentAttempt(job);
  if (event.type === "released") return released(job, event);
  if (event.type === "submitted") return submitted(job, event, now);
  if (event.type === "retry") return retried(job, event.fee, now);
  if (event.type === "bound") return bound(job, event.wallet);
  if (event.type === "unlock") return unlocking(job, event, now);
  if (event.type === "recalled") return recalled(job, event.charges);
  if (event.type === "charge") return chargeMoved(job, event, now);
  if (event.type === "report") return reported(job, event.report, now);
  if (event.type === "claim_remembered") return remembered(job, event, now);
  if (event.type === "cancel") return cancelRequested(job, now);
  if (event.type === "away")
    return attempt.deadline === null
      ? job
      : changeAttempt(job, attempt.epoch, { deadline: attempt.deadline + event.ms });
  if (event.type === "tick") return isFinal(job) ? job : ticked(job, attempt, event.heardSince ?? 0, now);
  if (event.epoch !== attempt.epoch || attempt.state === "FINISHED") {
    if (event.type === "claimed" || event.type === "pulse") throw fenced(job);
    return job;
  }
  switch (event.type) {
    case "submitting":
      return submitting(job, attempt, event, now);
    case "submit_failed":
      return submitFailed(job, attempt, event, now);
    case "submit_never":
      return submitNever(job, attempt, event, now);
    case "provider_missing":
      return providerMissing(job, attempt, event, now);
    case "submit_unsure":
      return submitUnsure(job, attempt, event.message);
    case "epoch_taken":
      return epochTaken(job, attempt, event, now);
    case "moved":
      return moved(job, attempt, event.ref);
    case "unfit":
      if (attempt.state === "CLAIMED" || attempt.submitting_at === null) return job;
      return attemptFailed(job, attempt, ["PROVIDER_UNAVAILABLE", event.message, "provider"], now);
    case "claimed":
      return claimed(job, attempt, event.nonceHash, now);
    case "pulse":
      if (attempt.state !== "CLAIMED") throw fenced(job);
      return heard(job, attempt, now);
    case "observed":
      return observed(job, attempt, event, now);
    case "published":
      return succeeded({ ...job, result: { epoch: attempt.epoch, manifest_sha256: null } }, attempt, now);
    case "committed":
      return job.state === "COMMITTING" ? succeeded(job, attempt, now) : job;
    case "commit_failed":
      if (job.state !== "COMMITTING") return job;
      return attemptFailed(job, attempt, [event.code, event.error], now);
  }
}

function succeeded(job: Job, attempt: Attempt, now: number): Job {
  return {
    ...endAttempt(job, attempt, "succeeded", now),
    state: "SUCCEEDED",
    progress: 100,
    stage_progress: 1,
    message: null,
    start_error: null,
    ended_at: now,
  };
}

function retried(job: Job, fee: Due | undefined, now: number): Job {
  if (job.removing) throw new KangKlipError("NOT_FOUND", "job not found");
  if (job.state !== "FAILED" && job.state !== "CANCELLED")
    throw new KangKlipError("CONFLICT", "Only a job that failed or was cancelled can be retried");
  const epoch = currentAttempt(job).epoch + 1;
  const charge = fee && newFee(job.job_id, epoch, fee, now);
  return {
    ...job,
    ...fresh,
    state: "QUEUED",
    budget_from: epoch,
    attempts: [...job.attempts.filter((one) => !one.released), plannedAttempt(job.job_id, epoch, now)],
    charges: charge ? [...job.charges, charge] : job.charges,
    fee: charge?.request_id ?? null,
    wallet: job.wallet ?? fee?.wallet ?? null,
  };
}

function cancelRequested(job: Job, now: number): Job {
  if (isFinal(job) || job.cancel_requested) return job;
  const cancelled = { ...job, cancel_requested: true };
  const attempt = currentAttempt(job);
  if (job.state === "COMMITTING") return cancelled; // too late for a good end, in time to stop another attempt
  if (attempt.state === "PLANNED") return jobFailed(cancelled, attempt, ["CANCELLED", "cancelled"], now);
  return changeAttempt({ ...cancelled, state: "CANCELLING", message: "Stopping the work" }, attempt.epoch, {
    deadline: now + CANCEL_MS,
  });
}

/** What the provider says of the launch; the worker's own word goes first. */
function observed(
  job: Job,
  attempt: Attempt,
  { observation: seen, uploaded }: { observation: Observation; uploaded?: boolean },
  now: number,
): Job {
  if (attempt.state === "PLANNED") return job;
  const runs = seen.phase === "running" || seen.phase === "stopping" || seen.startedAt !== undefined;
  const looked = changeAttempt(job, attempt.epoch, {
    observed_at: now,
    node: seen.node ?? attempt.node,
    usd: seen.usd ?? attempt.usd,
    running_at: attempt.running_at ?? (runs ? Math.min(now, seen.startedAt ?? now) : null),
  });
  if (job.state === "COMMITTING") return looked;
  const silent = attempt.lease_until === null || attempt.lease_until <= now;
  if (seen.phase === "exited" || seen.phase === "lost") {
    // a worker that speaks is there, and a launch that was just made may not be listed yet
    const young = attempt.state === "SUBMITTED" && now - (attempt.submitted_at ?? 0) < LEASE_MS;
    if (seen.phase === "lost" && !job.cancel_requested && (young || !silent)) return looked;
    // it ended well but its report never came (or its claim was forgotten): what it uploaded decides
    if (seen.exitCode === 0 && !job.cancel_requested && (uploaded || attempt.state === "CLAIMED"))
      return committing(foundWorking(looked, attempt, now), attempt, null, now);
    // a second launch of the attempt was sent away; the one that holds the claim goes on
    if (seen.exitCode === EXIT_FENCED && attempt.state === "CLAIMED" && !silent) return looked;
    return attemptFailed(looked, attempt, endedBecause(seen), now);
  }
  // its provider keeps it and waits for money; another one may not have to
  if (attempt.state === "SUBMITTED" && seen.reason === "funds" && !job.cancel_requested)
    return attemptFailed(looked, attempt, outOfFunds(attempt), now);
  if (attempt.state === "SUBMITTED" && seen.phase !== "running" && !job.cancel_requested)
    return { ...looked, message: seen.message ?? job.message }; // it waits, and its provider knows for what
  if (attempt.state === "SUBMITTED" && seen.phase === "running")
    return changeAttempt(job.cancel_requested ? looked : { ...looked, message: null }, attempt.epoch, {
      deadline: Math.min(attempt.deadline ?? Number.POSITIVE_INFINITY, now + CLAIM_MS),
    });
  if (attempt.state !== "CLAIMED" || !silent) return looked;
  if (attempt.missed_leases > 0) return attemptFailed(looked, attempt, SILENT, now);
  return changeAttempt(looked, attempt.epoch, { missed_leases: 1, lease_until: now + LEASE_MS });
}

/** Every state but PLANNED ends by itself: whatever never answers is given up at a time that is known beforehand. */
function ticked(job: Job, attempt: Attempt, heardSince: number, now: number): Job {
  if (attempt.state === "PLANNED") return job;
  const late = attempt.deadline !== null && now > attempt.deadline;
  if (job.state === "COMMITTING")
    return late ? jobFailed(job, attempt, ["UPLOAD_FAILED", "The clips could not be published"], now) : job;
  if (late && attempt.state === "SUBMITTING")
    // it may have started: a second launch could be paid twice
    return jobFailed(job, attempt, ["PROVIDER_UNAVAILABLE", job.start_error ?? "No provider answered"], now);
  if (late && attempt.state === "SUBMITTED")
    return attemptFailed(job, attempt, ["WORKER_LOST", "The worker did not start", "offer"], now);
  if (late) return attemptFailed(job, attempt, tooLong(attempt, now), now);
  if (attempt.state !== "CLAIMED" || job.cancel_requested || attempt.lease_until === null) return job;
  if (now > Math.max(attempt.lease_until, heardSince) + UNREACHABLE_MS)
    return attemptFailed(job, attempt, SILENT, now);
  if (now <= attempt.lease_until && now - (attempt.progress_at ?? now) > STALL_MS)
    return attemptFailed(job, attempt, ["TIMED_OUT", `No progress for ${STALL_MS / 60_000} minutes`], now);
  return job;
}

const outOfFunds = ({ provider }: Attempt): Ending => [
  "PROVIDER_UNAVAILABLE",
  `${provider ?? "The provider"} has no credits left`,
  "provider",
];

function tooLong({ running_at, run_ms }: Attempt, now: number): Ending {
  const spent = run_ms !== null && running_at !== null && now > running_at + run_ms;
  return spent
    ? ["OVER_BUDGET", "The work took longer than the job may cost, and was stopped"]
    : ["TIMED_OUT", "The work took longer than it may"];
}
