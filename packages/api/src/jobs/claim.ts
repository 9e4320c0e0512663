import { changeAttempt, endAttempt, fresh, plannedAttempt } from "./attempt.ts";
import { LEASE_MS, RUN_MS, runsUntil } from "./deadlines.ts";
import { type Attempt, currentAttempt, isFinal, type Job } from "./job.ts";
import { fenced } from "./report.ts";

// who holds an attempt; all pure, called by decide() alone

/** A worker takes the attempt: the first one gets it. @throws KangKlipError FENCED for any other */
export function claimed(job: Job, attempt: Attempt, nonceHash: string, now: number): Job {
  if (attempt.nonce_hash === nonceHash) return job; // the answer was lost; it is given again
  const spent = attempt.nonce_hash !== null || attempt.state === "CLAIMED"; // the latter by what it uploaded
  if (spent || attempt.submitting_at === null || job.cancel_requested) throw fenced(job);
  return holding(job, attempt, nonceHash, now);
}

/** The store was put back to an older copy: what a worker was granted since then holds, unless something else was begun meanwhile. */
export function remembered(
  job: Job,
  { epoch, nonceHash }: { epoch: number; nonceHash: string },
  now: number,
): Job {
  const attempt = currentAttempt(job);
  if (isFinal(job) || job.cancel_requested || job.state === "COMMITTING" || epoch < attempt.epoch) return job;
  if (epoch === attempt.epoch)
    return attempt.nonce_hash === null
      ? holding(job, { ...attempt, submitting_at: attempt.submitting_at ?? now }, nonceHash, now)
      : job;
  const because = "The job store had lost time: a later attempt was begun before";
  const ended = endAttempt(job, attempt, "WORKER_LOST", now, { because });
  const next = { ...plannedAttempt(job.job_id, epoch, now), submitting_at: now };
  return holding(
    { ...ended, ...fresh, notices: job.notices, attempts: [...ended.attempts, next] },
    next,
    nonceHash,
    now,
  );
}

function holding(job: Job, attempt: Attempt, nonceHash: string, now: number): Job {
  const running_at = attempt.running_at ?? now;
  const claim: Partial<Attempt> = {
    state: "CLAIMED",
    running_at,
    doubt_until: null,
    submitting_at: attempt.submitting_at,
    claimed_at: now,
    nonce_hash: nonceHash,
    lease_until: now + LEASE_MS,
    deadline: runsUntil({ ...attempt, running_at }, now + RUN_MS),
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

/** Whoever uploaded a manifest had claimed the attempt, also where the store does not remember it. */
export function foundWorking(job: Job, attempt: Attempt, now: number): Job {
  if (attempt.state === "CLAIMED") return job;
  return changeAttempt({ ...job, started_at: job.started_at ?? now, start_error: null }, attempt.epoch, {
    state: "CLAIMED",
    claimed_at: now,
    lease_until: now,
  });
}
