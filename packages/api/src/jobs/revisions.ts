import { type ClipFile, type JobId, KangKlipError } from "@kangklip/contract";
import type { Job, Revision } from "./job.ts";

// which revisions a job's clips have; all pure, called by decide() alone but for what only looks

/** Of one clip. Each is a job and a line of the record of the clip's own. */
export const MAX_REVISIONS = 50;

/** The revisions of a clip after the first one, oldest first. */
export const revisionsOf = ({ revisions }: Pick<Job, "revisions">, file: string): Revision[] =>
  revisions.filter(({ clip_file }) => clip_file === file);

/** The number of the clip's newest revision, rendered or not. */
export const newestRevision = (job: Pick<Job, "revisions">, file: string): number =>
  Math.max(1, ...revisionsOf(job, file).map(({ revision }) => revision));

/** Writes a new revision down. Of two that are made of the same one the second is refused, so neither writes over the other. */
export function revised(job: Job, { newest, revision: made }: { newest: number; revision: Revision }): Job {
  mayChange(job);
  if (job.revisions.some(({ edit_job_id }) => edit_job_id === made.edit_job_id)) return job;
  const known = newestRevision(job, made.clip_file);
  if (known !== newest || made.revision !== known + 1) throw outdated(known);
  if (made.revision > MAX_REVISIONS)
    throw new KangKlipError(
      "CONFLICT",
      `This clip has ${MAX_REVISIONS} revisions, and there are no more: make a new job`,
    );
  return { ...job, revisions: [...job.revisions, made] };
}

/** Another revision came in between, or the edited one is not the one that counts. */
export const outdated = (newest: number) =>
  new KangKlipError(
    "CONFLICT",
    `The newest revision of this clip is ${newest}: load it, and make the change once more`,
  );

/** The job of a revision is there: what it was made of is in its own record. */
export function ordered(job: Job, id: JobId): Job {
  const isNew = (one: Revision) => one.edit_job_id === id && one.order !== null;
  if (!job.revisions.some(isNew)) return job;
  return { ...job, revisions: job.revisions.map((one) => (isNew(one) ? { ...one, order: null } : one)) };
}

/** A revision that the record does not know. Numbers may be missing before it: what was never rendered left nothing behind. */
export function found(job: Job, revision: Revision): Job {
  const { clip_file, revision: number } = revision;
  const isKnown = revisionsOf(job, clip_file).some((one) => one.revision === number);
  if (isKnown || job.removing || job.edit || job.state !== "SUCCEEDED") return job;
  const revisions = [...job.revisions, revision].toSorted((a, b) => a.revision - b.revision);
  return { ...job, revisions };
}

/** Somebody wants to see this revision of a clip. Whether it is rendered is known to who asks. */
export function chosen(job: Job, { clip_file, revision }: { clip_file: ClipFile; revision: number }): Job {
  mayChange(job);
  const newest = newestRevision(job, clip_file);
  if (revision > newest) throw new KangKlipError("NOT_FOUND", "revision not found");
  const before = job.shown[clip_file];
  if (before?.revision === revision && before.newest === newest) return job;
  return { ...job, shown: { ...job.shown, [clip_file]: { revision, newest } } };
}

/** Whether there are clips that something may be decided about. @throws KangKlipError NOT_FOUND, CONFLICT */
export function mayChange(job: Job): void {
  if (job.removing) throw new KangKlipError("NOT_FOUND", "job not found");
  if (job.state !== "SUCCEEDED") throw new KangKlipError("CONFLICT", "job not completed");
  if (job.edit) throw noClipsOfItsOwn(job.edit);
}

/** What is asked of an edit's job is asked of the clip's own. */
export const noClipsOfItsOwn = ({ of, clip_file, clip }: NonNullable<Job["edit"]>) =>
  new KangKlipError(
    "CONFLICT",
    `This job renders revision ${clip.revision} of ${clip_file} of ${of}: ask that job for the clip`,
  );
