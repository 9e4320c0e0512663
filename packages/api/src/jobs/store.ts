import { type JobId, KangKlipError } from "@kangklip/contract";
import type { Job } from "./job.ts";

export interface StoredJob {
  job: Job;
  /** Rises by one with each change, from 1. */
  version: number;
}

/**
 * Keeps jobs and short-lived notes. Every method is atomic, and durable once it has returned: each is one statement or transaction
 * in SQLite and one script in Redis (which is as durable as its `appendfsync`). A write that throws UNAVAILABLE may have happened:
 * read to know. Every adapter passes `testJobStore`.
 */
export interface JobStore {
  /** Keeps a new job at version 1; false, and nothing written, when the id is taken. */
  insert(job: Job): Promise<boolean>;
  get(id: JobId): Promise<StoredJob | undefined>;
  /** Writes the job if it is still at `version`; false, and nothing written, when somebody was first. */
  replace(job: Job, version: number): Promise<boolean>;
  /** Removes the job; missing is fine. */
  remove(id: JobId): Promise<void>;
  /** Jobs that something still has to be done for (`isActive`): not final, or with an attempt that is not released, or an open charge. Oldest first. */
  active(): Promise<JobId[]>;
  /** Newest first (ids sort by time), `before` excluded; with `wallet` those that are its own. */
  list(page: { before?: JobId | undefined; limit: number; wallet?: string | undefined }): Promise<Job[]>;
  /**
   * Jobs that ended before a time (ms since 1970) and for which nothing is left to be done: those that `active` does not name.
   * Those that ended first come first.
   */
  ended(before: number, limit: number): Promise<JobId[]>;
  /** The store's own clock, ms since 1970: one for all processes that share it. */
  time(): Promise<number>;
  /**
   * Calls `listener` soon after a version of the job was written, by this process at once and by another one within a second.
   * Gives the function that ends it. A hint only: read the job to know.
   */
  watch(id: JobId, listener: () => void): () => void;

  /** Keeps a note under a free key; false, and nothing written, when the key holds one that has not expired. */
  remember(key: string, value: string, ttlMs: number): Promise<boolean>;
  /** Keeps a note, whatever the key held. */
  note(key: string, value: string, ttlMs: number): Promise<void>;
  recall(key: string): Promise<string | undefined>;
  /** Gives the note and removes it: of two callers at once only one gets it. */
  take(key: string): Promise<string | undefined>;

  /** Throws where the store cannot be used now. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** When a job that is not active ended, ms since 1970: stores sort by it. */
export const endedAt = (job: Job): number => job.ended_at ?? job.updated_at;

const MAX_TRIES = 50;

/**
 * Moves a job by a pure function, from the start again whenever somebody else moved it first. `move` may throw: nothing is written.
 * @returns the job as it now is, and its version. @throws KangKlipError NOT_FOUND
 */
export async function update(store: JobStore, id: JobId, move: (job: Job) => Job): Promise<StoredJob> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const stored = await store.get(id);
    if (!stored) throw new KangKlipError("NOT_FOUND", "job not found");
    const next = move(stored.job);
    if (next === stored.job) return stored;
    if (await store.replace(next, stored.version)) return { job: next, version: stored.version + 1 };
  }
  throw new Error(`${id} was moved by others ${MAX_TRIES} times in a row`);
}
