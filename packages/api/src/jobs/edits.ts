import type { EdlClip } from "@kangklip/contract";
import { KangKlipError } from "@kangklip/contract";
import { isOrdered, type Job, type Revision } from "./job.ts";
import { decide, newJob } from "./state.ts";
import { type JobStore, update } from "./store.ts";

/**
 * The job that renders a revision of a clip of `job`: an ordinary one, of the same source, at the same places and prices, with the same token.
 * It costs no credits. It belongs to no wallet by itself: whoever owns the clip's job owns it.
 */
export function editJob(job: Job, { edit_job_id, created_at, clip_file }: Revision, clip: EdlClip): Job {
  const request = {
    clip_duration_seconds: job.clip_duration_seconds,
    clip_count: 1,
    language: job.language,
    compute: job.compute ?? undefined,
    max_usd: job.max_usd ?? undefined,
    caption_preset: job.caption_preset ?? undefined,
    tighten: job.tighten,
    output_language: job.output_language ?? undefined,
    about: job.about ?? undefined,
  };
  return {
    ...newJob(edit_job_id, job.token_hash, job.source, request, created_at),
    source_title: job.source_title,
    source_seconds: job.source_seconds,
    edit: { of: job.job_id, clip_file, clip },
  };
}

/**
 * Begins the jobs of all revisions that are written down and not known to be there. Doing it again is harmless, and so is doing it twice at
 * once: a revision names its job, and a store takes a job once.
 */
export async function beginEdits(store: JobStore, job: Job, now: () => number): Promise<void> {
  for (const one of job.revisions.filter(isOrdered)) {
    if (one.order) await store.insert(editJob(job, one, one.order));
    const event = { type: "ordered", edit_job_id: one.edit_job_id } as const;
    await update(store, job.job_id, (before) => decide(before, event, now()));
  }
}

/** The job whose clip an edit's job renders, which must be there still. @throws KangKlipError NOT_FOUND */
export async function parentOf(store: JobStore, { of }: NonNullable<Job["edit"]>): Promise<Job> {
  const stored = await store.get(of);
  if (!stored || stored.job.removing) throw new KangKlipError("NOT_FOUND", "job not found");
  return stored.job;
}
