import { EXIT_FENCED } from "@kangklip/contract";
import type { Observation } from "@kangklip/providers";
import { attemptFailed, changeAttempt, type Ending, jobFailed } from "./attempt.ts";
import { foundWorking } from "./claim.ts";
import { CLAIM_MS, LEASE_MS, STALL_MS, UNREACHABLE_MS } from "./deadlines.ts";
import type { Attempt, Job } from "./job.ts";
import { endedBecause, SILENT } from "./launch.ts";
import { committing } from "./report.ts";

// what is seen of an attempt from outside, and what its silence means; all pure, called by decide() alone

/** What the provider says of the launch; the worker's own word goes first. */
export function observed(
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

/** What nobody could hear of for a while (ms) has that much longer. */
export const moreTime = (job: Job, { epoch, deadline }: Attempt, ms: number): Job =>
  deadline === null ? job : changeAttempt(job, epoch, { deadline: deadline + ms });

/** Every state but PLANNED ends by itself: whatever never answers is given up at a time that is known beforehand. */
export function ticked(job: Job, attempt: Attempt, heardSince: number, now: number): Job {
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
