import type { JobSpec, OutputLanguage, WastedAttempt } from "@kangklip/contract";
import { costOf } from "./cost.ts";
import type { Job } from "./job.ts";

// what a worker is told of its job; all pure

type Wishes = Omit<JobSpec, "epoch" | "source" | "fetch_policy" | "can_rank" | "preview" | "wasted_attempts">;

/** What somebody wants of a job. @param outputLanguage of titles, where the job does not say */
export const wishesOf = (job: Job, outputLanguage: OutputLanguage): Wishes => ({
  job_id: job.job_id,
  clip_duration_seconds: job.clip_duration_seconds,
  clip_count: job.clip_count,
  language: job.language,
  ...(job.caption_preset && { caption_preset: job.caption_preset }),
  tighten: job.tighten,
  output_language: job.output_language ?? outputLanguage,
  about: job.about,
  edit: job.edit && { of: job.edit.of, clip: job.edit.clip },
});

/** The attempts of the present run that came before this one: all of them made nothing. `now` in ms since 1970. */
export function wastedBefore({ attempts, budget_from }: Job, epoch: number, now: number): WastedAttempt[] {
  return attempts
    .filter((one) => one.epoch >= budget_from && one.epoch < epoch)
    .map((one) => ({
      epoch: one.epoch,
      provider: one.provider,
      outcome: one.outcome ?? "WORKER_LOST",
      seconds:
        one.claimed_at === null || one.ended_at === null
          ? null
          : Math.max(0, (one.ended_at - one.claimed_at) / 1000),
      usd: costOf(one, now),
    }));
}
