import { JobId, UploadId } from "@kangklip/contract";
import { decodeTime } from "ulid";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Logger } from "../log.ts";
import { isActive, isFinal, type Job } from "./job.ts";
import type { JobStore, StoredJob } from "./store.ts";

interface RetentionOptions {
  store: JobStore;
  artifacts: ArtifactStore;
  /** How long a job is kept after its end, and a file that somebody sent after it was announced (ms). */
  keepJobsMs: number;
  keepUploadsMs: number;
  /** Of each kind, removed in one round; what is left is removed an hour later. */
  mostAtOnce?: number;
  /** ms since 1970. */
  now: () => number;
  log: Logger;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MOST_AT_ONCE = 500;
/** A job can be made of an upload until its time is over; the one that was made last is surely stored this much later. */
const UPLOAD_SLACK_MS = 10 * 60_000;
/** What proves that a job was removed here and not lost, for as long as a straggler may write into its folder again. */
const removedNote = (id: JobId) => `removed:${id}`;
const REMOVED_MS = 90 * DAY_MS;

/** Whether a job that is not there was removed here for its age, within the last 90 days; else it was lost, or that is longer ago. */
export const wasRemoved = async (store: JobStore, id: JobId): Promise<boolean> =>
  (await store.recall(removedNote(id))) !== undefined;

/**
 * Removes what is kept no longer: jobs that ended long ago with all their files, files that were sent and are not needed, unfinished
 * writes, and folders of jobs that are no more. Whatever is cut off half-way is gone on with in the next round.
 */
export function createRetention(options: RetentionOptions) {
  const { store, artifacts, keepJobsMs, keepUploadsMs, mostAtOnce = MOST_AT_ONCE, now, log } = options;

  /**
   * Removes a job with the revisions of its clips, or the job of a revision whose clip is gone. Files first, the job last: where this is cut
   * off, the job is still there to be removed.
   */
  async function removeJob(id: JobId): Promise<boolean> {
    const stored = await store.get(id);
    if (!stored || !isOver(stored.job)) return false;
    const { edit, revisions } = stored.job;
    if (edit && (await store.get(edit.of))) return false; // it goes with the clip
    const edits = await Promise.all(revisions.map(({ edit_job_id }) => store.get(edit_job_id)));
    if (!edits.every((one) => one === undefined || isDone(one.job))) return false;
    if (!(await begun(stored))) return false;
    for (const one of edits) if (one && !(await removed(one))) return false; // somebody has started it again
    return removed(stored);
  }

  /** From here on nobody can start it again; who was faster keeps it. */
  const begun = async ({ job, version }: StoredJob): Promise<boolean> =>
    job.removing === true || (await store.replace({ ...job, removing: true }, version));

  async function removed({ job: { job_id: id } }: StoredJob): Promise<boolean> {
    const present = await store.get(id);
    if (present && !(isDone(present.job) && (await begun(present)))) return false;
    await store.note(removedNote(id), "1", REMOVED_MS);
    await artifacts.delete(`jobs/${id}/`);
    await store.remove(id);
    return true;
  }

  const isDone = (job: Job) => isFinal(job) && !isActive(job);
  const isOver = (job: Job) => isDone(job) && (job.ended_at ?? job.updated_at) < now() - keepJobsMs;

  async function jobs(): Promise<number> {
    let removed = 0;
    for (const id of await store.ended(now() - keepJobsMs, mostAtOnce)) if (await removeJob(id)) removed++;
    return removed;
  }

  async function uploads(): Promise<number> {
    const before = now() - keepUploadsMs - UPLOAD_SLACK_MS;
    const old = new Set<UploadId>();
    for await (const key of artifacts.list("uploads/")) {
      const id = UploadId.safeParse(key.split("/")[1]).data;
      if (id && timeOf(id) < before) old.add(id);
      if (old.size >= mostAtOnce) break;
    }
    if (old.size === 0) return 0;
    for (const id of await store.active()) {
      const source = (await store.get(id))?.job.source;
      if (source?.kind === "upload") old.delete(source.upload_id);
    }
    for (const id of old) await artifacts.delete(`uploads/${id}/`);
    return old.size;
  }

  /**
   * Folders that belong to no job. One whose job was removed here is removed too: a straggler wrote into it. Any other may belong to a job
   * that the store has lost and that can be repaired from it: it stays until the job would have been removed by its age.
   */
  async function folders(): Promise<number> {
    let removed = 0;
    let last: string | undefined;
    for await (const key of artifacts.list("jobs/")) {
      const name = key.split("/")[1];
      if (name === last) continue;
      last = name;
      const id = JobId.safeParse(name).data;
      if (!id || (await store.get(id))) continue;
      const old = timeOf(id) < now() - keepJobsMs - DAY_MS;
      if (!old && !(await wasRemoved(store, id))) continue;
      await artifacts.delete(`jobs/${id}/`);
      if (++removed >= mostAtOnce) break;
    }
    return removed;
  }

  /** One round. @returns how many of each were removed */
  async function sweep(): Promise<{ jobs: number; uploads: number; folders: number }> {
    const done = { jobs: await jobs(), uploads: await uploads(), folders: await folders() };
    await artifacts.tidy(now() - Math.max(DAY_MS, keepUploadsMs)); // a file may be sent in parts until then
    if (done.jobs + done.uploads + done.folders > 0) log.info(done, "removed what is kept no longer");
    return done;
  }

  return {
    sweep,
    /** The same at most once an hour, by one of the processes that share the store. */
    async hourly(): Promise<void> {
      if (await store.remember("retention", "1", HOUR_MS)) await sweep();
    },
  };
}

/** When an id was made, ms since 1970: ids are made of it. One that was never made by us is of no time that has passed. */
function timeOf(id: JobId | UploadId): number {
  try {
    return decodeTime(id.slice(3));
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
