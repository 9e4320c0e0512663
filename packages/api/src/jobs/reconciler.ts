import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, type JobId, KangKlipError, type WorkerEnv } from "@kangklip/contract";
import { type ComputeProvider, type LaunchRef, ProviderError } from "@kangklip/providers";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Logger } from "../log.ts";
import { commit, publishError } from "./commit.ts";
import { type Attempt, currentAttempt, isFinal, type Job } from "./job.ts";
import { SUBMIT_MS } from "./launch.ts";
import { decide, type JobEvent, LEASE_MS, RUN_MS } from "./state.ts";
import { type JobStore, update } from "./store.ts";
import { claimToken } from "./tokens.ts";

interface ReconcilerOptions {
  store: JobStore;
  provider: ComputeProvider;
  artifacts: ArtifactStore;
  secret: Buffer;
  /** Where workers reach this API. */
  baseUrl: () => string;
  /** Launches that may run at once. */
  maxRunning: number;
  log: Logger;
  workerLogLevel: WorkerEnv["KK_LOG_LEVEL"];
  now?: () => number;
}

const TICK_MS = 1000;
const OBSERVE_MS = 3000;
const SWEEP_MS = 60_000;
const ORPHAN_AGE_MS = 5 * 60_000;
const CANCEL_GRACE_SECONDS = 10;

/**
 * Drives every job to its end: compares what is stored with what is seen and does the next step, again and again. Nothing else starts,
 * watches, stops or publishes work, and a restart of this process needs no special path: the loop just goes on.
 */
export function createReconciler(options: ReconcilerOptions) {
  const {
    store,
    provider,
    artifacts,
    secret,
    baseUrl,
    maxRunning,
    log,
    workerLogLevel,
    now = Date.now,
  } = options;
  const bootedAt = now();
  const stopping = new AbortController();
  let woken = Promise.withResolvers<void>();
  let sweptAt = now();

  /** The job after the event, and whether the event changed it: who changed nothing was not first. */
  const happened = async (id: JobId, event: JobEvent) => {
    let changed = false;
    const { job } = await update(store, id, (before) => {
      const after = decide(before, event, now());
      changed = after !== before;
      return after;
    });
    return { job, changed };
  };

  /** One step for one job. Every step stores its intent before its effect, and may be repeated. */
  async function step(id: JobId, room: { left: number }): Promise<void> {
    const stored = await store.get(id);
    if (!stored) return;
    const { job } = stored;
    const failed = (what: string) => (err: unknown) =>
      log.error({ job_id: id, err }, `${what} failed; it is tried again`);
    for (const attempt of job.attempts)
      if (attempt.state === "FINISHED" && !attempt.released)
        await release(job, attempt).catch(failed("releasing"));
    if (isFinal(job)) return;
    await advance(job, currentAttempt(job), room).catch(failed("a step"));
    // silence is no fault of the worker's while this process was away; from then on every state has its deadline
    if (now() - bootedAt >= LEASE_MS) await happened(id, { type: "tick" });
  }

  async function advance(job: Job, attempt: Attempt, room: { left: number }): Promise<void> {
    if (job.state === "COMMITTING") return publish(job, attempt);
    if (job.state === "CANCELLING") return cancel(job, attempt);
    switch (attempt.state) {
      case "PLANNED":
        if (attempt.not_before > now() || room.left <= 0) return;
        room.left--;
        return submit(job, attempt);
      case "SUBMITTING":
        if (now() - (attempt.submitting_at ?? 0) >= SUBMIT_MS) await submit(job, attempt);
        return;
      case "SUBMITTED":
      case "CLAIMED":
        return look(job, attempt);
    }
  }

  async function submit({ job_id }: Job, { epoch, launch_key }: Attempt): Promise<void> {
    const first = await happened(job_id, { type: "submitting", epoch, provider: provider.id });
    if (!first.changed) return;
    try {
      const env: WorkerEnv = {
        KK_API_URL: baseUrl(),
        KK_LAUNCH_KEY: launch_key,
        KK_CLAIM_TOKEN: claimToken(secret, launch_key),
        KK_LOG_LEVEL: workerLogLevel,
      };
      const ref = await provider.submit({
        launchKey: launch_key,
        jobId: job_id,
        epoch,
        env,
        requirements: { gpu: "preferred", diskGb: 20, maxRuntimeSeconds: RUN_MS / 1000 },
        labels: { job: job_id, epoch: String(epoch) },
      });
      await launched(job_id, epoch, ref);
      log.info({ job_id, epoch, provider: provider.id }, "submitted");
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      log.warn({ job_id, epoch, kind: error.kind, err: error }, "submission failed");
      if (error.kind === "AMBIGUOUS") return; // it may have started: asked again, and found, a little later
      await happened(job_id, {
        type: "submit_failed",
        epoch,
        message: error.message,
        again: ["UNAVAILABLE", "RATE_LIMITED", "CAPACITY", "CONFLICT"].includes(error.kind),
        ...(error.retryAfterMs !== undefined && { afterMs: error.retryAfterMs }),
      });
    }
  }

  /** Writes down where the launch is; a second one for the same attempt is ended. */
  async function launched(id: JobId, epoch: number, ref: LaunchRef): Promise<void> {
    const { job } = await happened(id, { type: "submitted", epoch, ref });
    const kept = job.attempts.find((one) => one.epoch === epoch)?.ref;
    if (kept && kept.ref !== ref.ref) await provider.cancel(ref, { graceSeconds: CANCEL_GRACE_SECONDS });
  }

  /** A silent worker is looked for at its provider; one that speaks is left alone. */
  async function look(job: Job, attempt: Attempt): Promise<void> {
    const heard = attempt.lease_until === null ? 0 : attempt.lease_until - LEASE_MS;
    if (now() - Math.max(attempt.observed_at ?? 0, heard) < OBSERVE_MS) return;
    const [ref] = await launchesOf(attempt);
    if (!ref) return;
    // where it claimed before its submission was written down, and the process that submitted it ended in between
    if (!attempt.ref) await launched(job.job_id, attempt.epoch, ref);
    const observation = await provider.observe(ref);
    const goesOn = observation.phase !== "exited" && observation.phase !== "lost";
    if (goesOn && now() - bootedAt < LEASE_MS) return;
    await happened(job.job_id, { type: "observed", epoch: attempt.epoch, observation });
  }

  /** Where the attempt runs, as far as is known here or at the provider. */
  async function launchesOf({ ref, launch_key }: Attempt): Promise<LaunchRef[]> {
    if (ref && provider.capabilities.submit === "native") return [ref];
    const found = await provider.find(launch_key);
    return ref && !found.some((one) => one.ref === ref.ref) ? [ref, ...found] : found;
  }

  async function cancel(job: Job, attempt: Attempt): Promise<void> {
    const refs = await launchesOf(attempt);
    const answers = await Promise.all(
      refs.map((ref) => provider.cancel(ref, { graceSeconds: CANCEL_GRACE_SECONDS })),
    );
    if (answers.every((answer) => answer === "gone"))
      await happened(job.job_id, {
        type: "observed",
        epoch: attempt.epoch,
        observation: { phase: "exited", exitCode: null, reason: "cancelled" },
      });
  }

  async function publish(job: Job, attempt: Attempt): Promise<void> {
    try {
      await commit(artifacts, job);
      await happened(job.job_id, { type: "committed", epoch: attempt.epoch });
      log.info({ job_id: job.job_id, epoch: attempt.epoch }, "published");
    } catch (error) {
      if (!(error instanceof KangKlipError)) throw error;
      log.warn(
        { job_id: job.job_id, epoch: attempt.epoch, code: error.code, err: error },
        "publishing failed",
      );
      const code: ErrorCode = error.code;
      await happened(job.job_id, { type: "commit_failed", epoch: attempt.epoch, code, error: error.message });
    }
  }

  /** Frees what an ended attempt still holds: its launch, and what it uploaded. */
  async function release(job: Job, attempt: Attempt): Promise<void> {
    for (const ref of await launchesOf(attempt)) {
      if ((await provider.cancel(ref, { graceSeconds: CANCEL_GRACE_SECONDS })) !== "gone") return;
      if (attempt.outcome !== "succeeded" && attempt.outcome !== "CANCELLED")
        await keepLog(job, attempt, ref);
      await provider.release(ref);
    }
    await artifacts.delete(`jobs/${job.job_id}/attempts/${attempt.epoch}/`); // an upload may have come late
    if (job.state === "FAILED" && attempt.epoch === currentAttempt(job).epoch)
      await publishError(artifacts, job);
    await happened(job.job_id, { type: "released", epoch: attempt.epoch });
  }

  /** The last words of a worker that failed, for the operator's log. */
  async function keepLog(job: Job, attempt: Attempt, ref: LaunchRef): Promise<void> {
    const tail = await provider.logs(ref, { tail: 40 }).catch(() => "");
    log.warn({ job_id: job.job_id, epoch: attempt.epoch, outcome: attempt.outcome, tail }, "attempt ended");
  }

  /** Launches that no job knows of (any more) are removed, once they are old enough not to be on their way in. */
  async function sweep(): Promise<void> {
    for await (const { ref, launchKey, createdAt } of provider.list()) {
      if (now() - createdAt < ORPHAN_AGE_MS) continue;
      const id = `kk_${launchKey.slice(3, 29).toUpperCase()}`;
      const known = (await store.get(id))?.job.attempts.find(({ launch_key }) => launch_key === launchKey);
      if (known && !known.released) continue;
      log.warn({ launch: launchKey }, "removing a launch that belongs to no attempt");
      if ((await provider.cancel(ref, { graceSeconds: CANCEL_GRACE_SECONDS })) === "gone")
        await provider.release(ref);
    }
  }

  async function round(): Promise<void> {
    const ids = await store.active();
    const jobs = (await Promise.all(ids.map((id) => store.get(id)))).flatMap((stored) => stored?.job ?? []);
    const running = jobs.filter((job) =>
      ["SUBMITTING", "SUBMITTED", "CLAIMED"].includes(currentAttempt(job).state),
    );
    const room = { left: maxRunning - running.length };
    const steps = ids.map((id) =>
      step(id, room).catch((err) => log.error({ job_id: id, err }, "a job could not be looked after")),
    );
    await Promise.all(steps);
    if (now() - sweptAt < SWEEP_MS) return;
    sweptAt = now();
    await sweep();
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = Promise.withResolvers();
      await round().catch((err) => log.error({ err }, "round failed; it is tried again"));
      await Promise.race([
        woken.promise,
        sleep(TICK_MS, undefined, { signal: stopping.signal }).catch(() => {}),
      ]);
    }
  }

  let running: Promise<void> | undefined;
  return {
    start: () => {
      running ??= loop();
    },
    /** Something is due: do not wait for the next tick. */
    wake: (_id: JobId) => woken.resolve(),
    /** Ends after the present step; work that runs goes on by itself and is taken up again by the next process. */
    async stop(): Promise<void> {
      stopping.abort();
      woken.resolve();
      await running;
    },
  };
}
