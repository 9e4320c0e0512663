import {
  type CreatedJob,
  CreateJob,
  type FetchPolicy,
  type JobId,
  type JobRow,
  type JobView,
  KangKlipError,
  parseSourceUrl,
} from "@kangklip/contract";
import { ulid } from "ulid";
import type { z } from "zod";
import type { Uploads } from "../uploads.ts";
import type { Job, JobSource } from "./job.ts";
import { decide, newJob } from "./state.ts";
import { type JobStore, type StoredJob, update } from "./store.ts";
import { matchesHash, newJobToken, sha256 } from "./tokens.ts";
import { rowOf, statusOf, viewOf } from "./view.ts";

export type Jobs = ReturnType<typeof createJobs>;

interface JobsOptions {
  store: JobStore;
  uploads: Uploads;
  fetchPolicy: FetchPolicy;
  /** Tells the reconciler that something is due for this job. */
  wake: (id: JobId) => void;
  now?: () => number;
}

/** Who asks: the token that came with the request, and whether it is the operator of the machine, who may do anything. */
export interface Access {
  token: string | undefined;
  operator: boolean;
}

/** How often a quiet subscription looks whether its job has gone silent. */
const LOOK_MS = 5000;

const mayOwn = ({ job }: { job: Job }, { token, operator }: Access) =>
  operator || matchesHash(token, job.token_hash);

/** Everything a person can do with jobs. */
export function createJobs({ store, uploads, fetchPolicy, wake, now = Date.now }: JobsOptions) {
  /** @throws KangKlipError NOT_FOUND "job not found" */
  async function found(id: JobId): Promise<StoredJob> {
    const stored = await store.get(id);
    if (!stored) throw new KangKlipError("NOT_FOUND", "job not found");
    return stored;
  }

  /** The job, for whoever holds its token. @throws KangKlipError NOT_FOUND, then UNAUTHORIZED "invalid job token" */
  async function owned(id: JobId, access: Access): Promise<StoredJob> {
    const stored = await found(id);
    if (!mayOwn(stored, access)) throw new KangKlipError("UNAUTHORIZED", "invalid job token");
    return stored;
  }

  const seen = ({ job, version }: StoredJob, access: Access) =>
    viewOf(job, version, { owner: mayOwn({ job }, access), now: now() });

  async function moved(id: JobId, access: Access, type: "cancel" | "retry"): Promise<JobView> {
    await owned(id, access);
    const stored = await update(store, id, (job) => decide(job, { type }, now()));
    wake(id);
    return seen(stored, access);
  }

  async function sourceOf(request: z.output<typeof CreateJob>): Promise<JobSource> {
    if (request.upload_id) return uploads.finished(request.upload_id);
    const url = parseSourceUrl(request.video_url ?? "", fetchPolicy);
    return { kind: "url", url: url.href };
  }

  return {
    owned,

    /** Keeps a new job; its worker starts as soon as there is room. The token is shown this once. */
    async create(input: z.input<typeof CreateJob>): Promise<CreatedJob> {
      const request = CreateJob.parse(input);
      const source = await sourceOf(request);
      const token = newJobToken();
      const time = now();
      const job: Job = newJob(`kk_${ulid(time)}`, sha256(token), source, request, time);
      if (!(await store.insert(job))) throw new Error(`${job.job_id} was drawn twice`);
      wake(job.job_id);
      return { job_id: job.job_id, job_token: token, status: statusOf(job) };
    },

    async view(id: JobId, access: Access): Promise<JobView> {
      return seen(await found(id), access);
    },

    /** Jobs start by themselves: this 1.x call only tells whether that went well. */
    async start(id: JobId, access: Access): Promise<{ ok: true } | { ok: false; start_error: string }> {
      const { job } = await owned(id, access);
      return job.start_error === null ? { ok: true } : { ok: false, start_error: job.start_error };
    },

    /** Wants the job gone; cancelling an ended job changes nothing. */
    cancel: (id: JobId, access: Access) => moved(id, access, "cancel"),

    /** Starts a failed or cancelled job again. @throws KangKlipError CONFLICT for any other */
    retry: (id: JobId, access: Access) => moved(id, access, "retry"),

    /** For the operator of the machine: newest first. */
    async list(page: { before?: JobId | undefined; limit: number }): Promise<JobRow[]> {
      return (await store.list(page)).map(rowOf);
    },

    /**
     * The job's view now (unless the caller has seen that version) and each newer one; versions in between may be skipped.
     * Ends after the view of an ended job, or when `signal` aborts.
     */
    async *events(
      id: JobId,
      access: Access,
      { seenVersion, signal }: { seenVersion: number | undefined; signal: AbortSignal },
    ): AsyncGenerator<JobView> {
      let last = { version: seenVersion ?? 0, stalled: false };
      let changed = Promise.withResolvers<void>();
      const stopWatching = store.watch(id, () => changed.resolve());
      const looking = setInterval(() => changed.resolve(), LOOK_MS);
      const onAbort = () => changed.resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        while (!signal.aborted) {
          changed = Promise.withResolvers();
          const view = seen(await found(id), access);
          const ended = view.status === "SUCCEEDED" || view.status === "FAILED";
          if (view.version > last.version || view.stalled !== last.stalled) yield view;
          last = view;
          if (ended) return;
          await changed.promise;
        }
      } finally {
        clearInterval(looking);
        stopWatching();
        signal.removeEventListener("abort", onAbort);
      }
    },
  };
}
