import {
  type ClipFile,
  type CreateJob,
  type ErrorCode,
  type JobId,
  KangKlipError,
  type Report,
  type ShareId,
} from "@kangklip/contract";
import type { LaunchRef, Observation } from "@kangklip/providers";
import { attemptFailed, changeAttempt, endAttempt, fresh, jobFailed, plannedAttempt } from "./attempt.ts";
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
import { claimed, remembered } from "./claim.ts";
import { CANCEL_MS } from "./deadlines.ts";
import {
  type Attempt,
  type Charge,
  currentAttempt,
  isFinal,
  type Job,
  type JobSource,
  type Ready,
  type Revision,
  type Share,
} from "./job.ts";
import {
  type Chosen,
  epochTaken,
  moved,
  providerMissing,
  type Refusal,
  released,
  submitFailed,
  submitNever,
  submitted,
  submitting,
  submitUnsure,
} from "./launch.ts";
import { begun, withLog } from "./log.ts";
import { moreTime, observed, ticked } from "./observed.ts";
import { readied } from "./ready.ts";
import { fenced, heard, reported } from "./report.ts";
import { chosen, found, ordered, revised } from "./revisions.ts";
import { shared, unshared } from "./shares.ts";

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
  /** A clip is to be rendered once more. `newest`: the revision that was the newest when the order was made. */
  | { type: "revised"; newest: number; revision: Revision }
  /** The job that renders a revision is there. */
  | { type: "ordered"; edit_job_id: JobId }
  /** A revision whose job was restored: the store was lost, or put back to an older copy. */
  | { type: "revision_found"; revision: Revision }
  /** This revision of a clip is to be shown. */
  | { type: "chosen"; clip_file: ClipFile; revision: number }
  /** Somebody who has no token may see clips, by a link. */
  | { type: "shared"; share: Share }
  /** That link is worth nothing any more. */
  | { type: "unshared"; share_id: ShareId }
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
  /** A clip is whole and uploaded while others are still being made. */
  | { type: "clip_ready"; epoch: number; clip: Ready }
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

/** What somebody wants of a job. */
type Asked = Pick<Job, "clip_duration_seconds" | "clip_count" | "language"> &
  Pick<CreateJob, "compute" | "max_usd" | "caption_preset" | "tighten" | "output_language" | "about">;

/** A new job with its first attempt planned. `wallet`: whose it is; `fee`: credits that it costs this wallet before anything is started. */
export function newJob(
  id: JobId,
  tokenHash: string,
  source: JobSource,
  request: Asked,
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
    caption_preset: request.caption_preset ?? null,
    tighten: request.tighten ?? false,
    output_language: request.output_language ?? null,
    about: request.about ?? null,
    edit: null,
    revisions: [],
    shown: {},
    shares: [],
    log: [begun(now)],
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
  return next === job ? job : withLog(job, { ...withRefunds(next, now), updated_at: now }, now);
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
  if (event.type === "revised") return revised(job, event);
  if (event.type === "ordered") return ordered(job, event.edit_job_id);
  if (event.type === "revision_found") return found(job, event.revision);
  if (event.type === "chosen") return chosen(job, event);
  if (event.type === "shared") return shared(job, event.share, now);
  if (event.type === "unshared") return unshared(job, event.share_id, now);
  if (event.type === "report") return reported(job, event.report, now);
  if (event.type === "claim_remembered") return remembered(job, event, now);
  if (event.type === "cancel") return cancelRequested(job, now);
  if (event.type === "away") return moreTime(job, attempt, event.ms);
  if (event.type === "tick") return isFinal(job) ? job : ticked(job, attempt, event.heardSince ?? 0, now);
  if (event.epoch !== attempt.epoch || attempt.state === "FINISHED") {
    if (["claimed", "pulse", "clip_ready"].includes(event.type)) throw fenced(job);
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
    case "clip_ready":
      return readied(job, attempt, event.clip, now);
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
