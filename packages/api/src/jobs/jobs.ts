import {
  type CreatedJob,
  CreateJob,
  type FetchPolicy,
  isEnded,
  type JobId,
  type JobRow,
  type JobView,
  KangKlipError,
  type LogLine,
  type MyJobsInput,
  parseSourceUrl,
} from "@kangklip/contract";
import type { z } from "zod";
import type { Fee } from "../credits/fee.ts";
import type { Uploads } from "../uploads.ts";
import { parentOf } from "./edits.ts";
import { createFeeds } from "./feeds.ts";
import type { Job, JobSource } from "./job.ts";
import { linesOf } from "./log.ts";
import type { Paces } from "./pace.ts";
import { decide, type JobEvent, newJob } from "./state.ts";
import { type JobStore, type StoredJob, update } from "./store.ts";
import { type Identity, matchesHash, newIdentity, sha256 } from "./tokens.ts";
import { rowOf, statusOf, viewOf } from "./view.ts";
import { type ViewText, viewText } from "./view-text.ts";

export type Jobs = ReturnType<typeof createJobs>;

interface JobsOptions {
  store: JobStore;
  uploads: Uploads;
  fetchPolicy: FetchPolicy;
  /** The providers that there are, in order of preference. */
  compute: readonly string[];
  /** What making a job costs; undefined: nothing. */
  fee?: Fee | undefined;
  /** How long jobs take; undefined: nobody is told. */
  paces?: Pick<Paces, "ofJob" | "atOnce"> | undefined;
  /** Tells the reconciler that something is due for this job, and what it is where that is known. */
  wake: (id: JobId, job?: Job | undefined) => void;
  now?: () => number;
}

/**
 * Who asks: the token that came with the request, whether it is the operator of the machine, who may do anything, and the wallet that is
 * signed in.
 */
export interface Access {
  token: string | undefined;
  operator: boolean;
  wallet?: string | undefined;
}

/** What somebody has seen last of a job. */
type Shown = { version: number | undefined; stalled: boolean };

/** Whether a view says more than the last one. A version that went back is news too: the store was put back to an older copy. Pure. */
export const isNews = (view: JobView, seen: Shown) =>
  view.version !== seen.version || view.stalled !== seen.stalled;

const mayOwn = (job: Job, { token, operator, wallet }: Access) =>
  operator || matchesHash(token, job.token_hash) || (wallet !== undefined && wallet === job.wallet);

/** Everything a person can do with jobs. */
export function createJobs(options: JobsOptions) {
  const { store, uploads, fetchPolicy, compute, fee, paces, wake, now = Date.now } = options;
  const feeds = createFeeds({ store, now, paceOf: paces?.atOnce });

  /** @throws KangKlipError NOT_FOUND "job not found" */
  async function found(id: JobId): Promise<StoredJob> {
    const stored = await store.get(id);
    if (!stored) throw new KangKlipError("NOT_FOUND", "job not found");
    return stored;
  }

  /** Whether it is the asker's: an edit's job is that of whoever owns the clip's. */
  async function isOwner(job: Job, access: Access): Promise<boolean> {
    if (mayOwn(job, access)) return true;
    const clipsOwn = job.edit && access.wallet !== undefined ? await store.get(job.edit.of) : undefined;
    return clipsOwn !== undefined && mayOwn(clipsOwn.job, access);
  }

  /** The job, for whoever holds its token or is its wallet. @throws KangKlipError NOT_FOUND, then UNAUTHORIZED "invalid job token" */
  async function owned(id: JobId, access: Access): Promise<StoredJob> {
    const stored = await found(id);
    if (!(await isOwner(stored.job, access))) throw new KangKlipError("UNAUTHORIZED", "invalid job token");
    return stored;
  }

  const seen = async ({ job, version }: StoredJob, access: Access) =>
    viewOf(job, version, {
      ...{ owner: await isOwner(job, access), pace: await paces?.ofJob(job) },
      now: now(),
    });

  /** As `seen`, in the text that is answered. */
  const seenText = async ({ job, version }: StoredJob, access: Access) =>
    viewText(job, version, {
      ...{ owner: await isOwner(job, access), pace: await paces?.ofJob(job) },
      now: now(),
    });

  async function moved(id: JobId, access: Access, event: JobEvent): Promise<JobView> {
    const stored = await update(store, id, (job) => decide(job, event, now()));
    wake(id);
    return seen(stored, access);
  }

  /** @throws KangKlipError INVALID_INPUT where one of the providers is not there */
  function mustBeThere(wanted: readonly string[] = []): void {
    const missing = wanted.filter((id) => !compute.includes(id));
    if (missing.length === 0) return;
    const text = `compute: ${missing.join(", ")} is not configured; there is ${compute.join(", ")}`;
    throw new KangKlipError("INVALID_INPUT", text);
  }

  async function sourceOf(request: z.output<typeof CreateJob>): Promise<JobSource> {
    if (request.upload_id) return uploads.finished(request.upload_id);
    const url = parseSourceUrl(request.video_url ?? "", fetchPolicy);
    return { kind: "url", url: url.href };
  }

  /**
   * Follows a job: `changed` is called when there is a newer view, and when none can be had any longer. `view` gives the view now, or
   * throws what keeps it from being known; `stop` ends it. @throws KangKlipError NOT_FOUND "job not found"
   */
  async function follow(id: JobId, access: Access, changed: () => void) {
    const { sight, stop } = await feeds.follow(id, changed);
    try {
      const owner = await isOwner(sight().job, access);
      return { view: () => sight().view(owner), stop };
    } catch (error) {
      stop();
      throw error;
    }
  }

  /**
   * Keeps a new job, of a request that was read; its worker starts as soon as it is paid for and there is room. The token is shown this once.
   * @param identity of a request that may be made again: where its job is there already, the answer is the same
   * @param wallet that is signed in, if any: the job becomes its own
   * @throws KangKlipError where making a job costs credits: NOT_SIGNED_IN "auth token required", INSUFFICIENT_CREDITS, UNAVAILABLE
   */
  async function make(
    request: z.output<typeof CreateJob>,
    identity?: Identity | undefined,
    { wallet }: { wallet?: string | undefined } = {},
  ): Promise<CreatedJob> {
    mustBeThere(request.compute);
    const source = await sourceOf(request);
    const { id, token } = identity ?? newIdentity(now());
    const known = identity !== undefined && (await store.get(id)) !== undefined;
    if (!known) await fee?.mustAfford(wallet);
    const job: Job = newJob(id, sha256(token), source, request, now(), { wallet, fee: fee?.amount });
    const isNew = await store.insert(job);
    if (!isNew && (await store.get(id))?.job.token_hash !== job.token_hash)
      throw new Error(`${id} was drawn twice`);
    await fee?.paid(id);
    wake(id, isNew && !fee ? job : undefined); // what is paid is written down too
    return { job_id: id, job_token: token, status: statusOf(job) };
  }

  return {
    owned,
    mustBeThere,

    /** A job as it is stored, for whoever is allowed to see it anyway. */
    known: async (id: JobId): Promise<Job | undefined> => (await store.get(id))?.job,

    make,

    /** As `make`, of a request that was not read yet. @throws z.ZodError too */
    async create(
      input: z.input<typeof CreateJob>,
      identity?: Identity | undefined,
      by: { wallet?: string | undefined } = {},
    ): Promise<CreatedJob> {
      return make(CreateJob.parse(input), identity, by);
    },

    /** The jobs of a wallet, newest first. */
    async mine(wallet: string, page: MyJobsInput): Promise<JobRow[]> {
      return (await store.list({ ...page, wallet })).map(rowOf);
    },

    /** Gives a job that is nobody's to a wallet, for whoever holds its token. @throws KangKlipError CONFLICT where it is another wallet's */
    async claim(id: JobId, access: Access, wallet: string): Promise<JobView> {
      await owned(id, access);
      return moved(id, access, { type: "bound", wallet });
    },

    async view(id: JobId, access: Access): Promise<JobView> {
      return seen(await found(id), access);
    },

    /** The view as text, for those who ask for it again and again. */
    async viewText(id: JobId, access: Access): Promise<ViewText> {
      return seenText(await found(id), access);
    },

    /** What happened to it, oldest first, for whoever owns it. */
    async log(id: JobId, access: Access): Promise<LogLine[]> {
      return linesOf((await owned(id, access)).job);
    },

    /** Jobs start by themselves: this 1.x call only tells whether that went well. */
    async start(id: JobId, access: Access): Promise<{ ok: true } | { ok: false; start_error: string }> {
      const { job } = await owned(id, access);
      return job.start_error === null ? { ok: true } : { ok: false, start_error: job.start_error };
    },

    /** Wants the job gone; cancelling an ended job changes nothing. */
    async cancel(id: JobId, access: Access): Promise<JobView> {
      await owned(id, access);
      return moved(id, access, { type: "cancel" });
    },

    /**
     * Starts a failed or cancelled job again. Where making a job costs credits, the wallet that is signed in pays again: what it had paid
     * was given back.
     * @throws KangKlipError CONFLICT for any other job, and as `create`
     */
    async retry(id: JobId, access: Access): Promise<JobView> {
      const { job } = await owned(id, access);
      const { wallet } = access;
      decide(job, { type: "retry" }, now()); // refused before anybody is asked for money
      if (job.edit) {
        await parentOf(store, job.edit); // else it is about to be removed
        return moved(id, access, { type: "retry" }); // edits cost nothing
      }
      await fee?.mustAfford(wallet);
      const charge = fee && wallet !== undefined ? { wallet, amount: fee.amount } : undefined;
      const view = await moved(id, access, { type: "retry", fee: charge });
      if (!fee) return view;
      await fee.paid(id);
      wake(id);
      return seen(await found(id), access);
    },

    /** For the operator of the machine: newest first. */
    async list(page: { before?: JobId | undefined; limit: number }): Promise<JobRow[]> {
      return (await store.list(page)).map(rowOf);
    },

    follow,

    /** How many jobs are followed now, and by how many. */
    followed: feeds.counts,

    /**
     * The job's view now (unless the caller has seen that version) and each newer one; versions in between may be skipped.
     * Ends after the view of an ended job, or when `signal` aborts.
     */
    async *events(
      id: JobId,
      access: Access,
      { seenVersion, signal }: { seenVersion: number | undefined; signal: AbortSignal },
    ): AsyncGenerator<JobView> {
      let changed = Promise.withResolvers<void>();
      const wake = () => changed.resolve();
      const { view: viewNow, stop } = await follow(id, access, wake);
      signal.addEventListener("abort", wake, { once: true });
      try {
        let seen: Shown = { version: seenVersion, stalled: false };
        while (!signal.aborted) {
          changed = Promise.withResolvers();
          const view = viewNow();
          if (isNews(view, seen)) yield view;
          seen = view;
          if (isEnded(view.status)) return;
          await changed.promise;
        }
      } finally {
        stop();
        signal.removeEventListener("abort", wake);
      }
    },
  };
}
