import {
  type ClipFile,
  type JobId,
  type JobState,
  KangKlipError,
  type ManifestClip,
  type RevisionView,
} from "@kangklip/contract";
import type { Job, Revision } from "../jobs/job.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { revisionsOf } from "../jobs/revisions.ts";

/** How far the job of a revision is. One that is not there yet begins soon; one that is lost was there. */
async function progressOf(
  jobs: Jobs,
  { edit_job_id, order }: Revision,
): Promise<{ state: JobState; error: string | null }> {
  const job = await jobs.known(edit_job_id);
  if (job)
    return {
      state: job.state,
      error: job.state === "FAILED" || job.state === "CANCELLED" ? job.error : null,
    };
  if (order) return { state: "QUEUED", error: null };
  return { state: "FAILED", error: "What was known of this revision is lost: make the change once more" };
}

/** A revision of a clip and the job that holds its files. */
export interface Shown {
  revision: number;
  holder: JobId;
}

/**
 * The revision that is shown of a clip: the one that somebody chose, unless a later one has been rendered since; where nobody chose, the
 * newest one that is rendered.
 */
export async function shownRevision(jobs: Jobs, job: Job, file: ClipFile): Promise<Shown> {
  const { revision = 1, newest = 1 } = job.shown[file] ?? {};
  const all = revisionsOf(job, file);
  for (const later of all.filter((one) => one.revision > newest).toReversed())
    if ((await progressOf(jobs, later)).state === "SUCCEEDED")
      return { revision: later.revision, holder: later.edit_job_id };
  const known = all.find((one) => one.revision === revision);
  return known ? { revision, holder: known.edit_job_id } : { revision: 1, holder: job.job_id };
}

/** One revision of a clip, whichever is shown. @throws KangKlipError NOT_FOUND where there is none, or none that is rendered */
export async function renderedRevision(
  jobs: Jobs,
  job: Job,
  file: ClipFile,
  revision: number,
): Promise<Shown> {
  if (revision === 1) return { revision, holder: job.job_id };
  const known = revisionsOf(job, file).find((one) => one.revision === revision);
  if (!known || (await progressOf(jobs, known)).state !== "SUCCEEDED")
    throw new KangKlipError(
      "NOT_FOUND",
      `There is no version ${revision} of this clip, or it is not rendered`,
    );
  return { revision, holder: known.edit_job_id };
}

/** All revisions of a clip, oldest first. */
export async function revisionViews(
  jobs: Jobs,
  job: Job,
  file: ClipFile,
  { title }: ManifestClip,
): Promise<RevisionView[]> {
  const shown = await shownRevision(jobs, job, file);
  const first: RevisionView = {
    ...{ revision: 1, edit_job_id: null, state: "SUCCEEDED", title, changed: [], error: null },
    shown: shown.revision === 1,
    created_at: iso(job.ended_at ?? job.created_at),
  };
  const later = revisionsOf(job, file).map(
    async (one): Promise<RevisionView> => ({
      revision: one.revision,
      edit_job_id: one.edit_job_id,
      ...(await progressOf(jobs, one)),
      shown: one.revision === shown.revision,
      title: one.title,
      changed: one.changed,
      created_at: iso(one.created_at),
    }),
  );
  return [first, ...(await Promise.all(later))];
}

/**
 * The revision that may be edited besides the newest one: the one that somebody went back to since that was made, or else the newest one that
 * did not fail. What was made meanwhile and is still being rendered is not passed over unseen.
 */
export async function editableRevision(jobs: Jobs, job: Job, file: ClipFile): Promise<number> {
  const choice = job.shown[file];
  for (const later of revisionsOf(job, file).toReversed()) {
    if (choice && later.revision <= choice.newest) break;
    const { state } = await progressOf(jobs, later);
    if (state !== "FAILED" && state !== "CANCELLED") return later.revision;
  }
  return choice?.revision ?? 1;
}

const iso = (time: number) => new Date(time).toISOString();
