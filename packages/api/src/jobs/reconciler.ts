import { setTimeout as sleep } from "node:timers/promises";
import type { JobId, WorkerEnv } from "@kangklip/contract";
import { type ComputeProvider, type LaunchRef, ProviderError, type ProviderId } from "@kangklip/providers";
import type { ArtifactStore } from "../artifacts/store.ts";
import type { Charging } from "../credits/charging.ts";
import type { Logger } from "../log.ts";
import { createChore } from "./chore.ts";
import { beginEdits } from "./edits.ts";
import { currentAttempt, isFinal, isOrdered, type Job } from "./job.ts";
import { epochOfLaunch, jobOfLaunch } from "./launch.ts";
import { limited } from "./limited.ts";
import type { Limits } from "./placement.ts";
import { createPlaces } from "./places.ts";
import { createPlacing } from "./placing.ts";
import { decide, LEASE_MS } from "./state.ts";
import { createSteps } from "./steps.ts";
import type { JobStore } from "./store.ts";
import { createSweep } from "./sweep.ts";

export interface ReconcilerOptions {
  store: JobStore;
  /** In order of preference. */
  providers: readonly ComputeProvider[];
  /** What launches need, and may cost. */
  limits: Limits;
  /** Launches that may run at once at a provider that does not know it itself. */
  runningAt?: Readonly<Record<string, number>>;
  artifacts: ArtifactStore;
  secret: Buffer;
  /** Where workers at a provider reach this API. */
  baseUrl: (provider: ProviderId) => string;
  /** Launches that may run at once, wherever. */
  maxRunning: number;
  log: Logger;
  workerLogLevel: WorkerEnv["KK_LOG_LEVEL"];
  /** Settles what jobs take of wallets; undefined: nothing is taken. */
  charging?: Pick<Charging, "look" | "idle" | "stop"> | undefined;
  /** Told of each job whose clips were published here; never throws. */
  learn?: ((job: Job) => Promise<void>) | undefined;
  /** Work that is due now and then beside the jobs, asked for every minute: it knows itself when it is its turn. */
  chores?: readonly (() => Promise<unknown>)[];
  /** ms since 1970; never goes back. */
  now?: () => number;
  /** How long a provider is waited for (ms). */
  callMs?: number;
  /** 0..1, for waits that should not all end at once. */
  random?: () => number;
}

const TICK_MS = 1000;
const SWEEP_MS = 60_000;
/** No round for so long: this process slept, or its store was away, and no worker could be heard. */
const DEAF_MS = 15_000;
/** More than what may run at once, so that a provider that hangs leaves room for those that are being published. */
const STEPS_AT_ONCE = 128;
const MAX_PAUSE_MS = 15_000;
/** A survey that takes no longer (ms) is made in every round; a longer one is followed by a rest of so many times its length. */
const SHORT_MS = 50;
const REST = 20;
const MAX_REST_MS = 5000; // well below DEAF_MS
/** Ending waits this long for steps that are being made; what they leave open is taken up by the next process. */
const STOP_MS = 3000;

/**
 * Drives every job to its end: compares what is stored with what is seen and does the next step, again and again. Nothing else starts,
 * watches, stops or publishes work, and a restart of this process needs no special path: the loop just goes on. Any number of processes
 * may do so at once. A step that hangs or fails holds up no other job.
 */
export function createReconciler(options: ReconcilerOptions) {
  const { store, artifacts, secret, baseUrl, maxRunning, log, workerLogLevel } = options;
  const { charging, chores = [], now = Date.now, callMs, runningAt, random } = options;
  const stopping = new AbortController();
  let heardAt = now();
  let heardSince = now();
  let surveyAt = 0; // on the clock of performance.now()

  const late = (launchKey: string, ref: LaunchRef) => {
    const epoch = epochOfLaunch(launchKey);
    log.warn({ launch: launchKey }, "a submission that was given up has been answered");
    steps
      .launched(jobOfLaunch(launchKey), epoch, ref)
      .catch((err) => log.error({ launch: launchKey, err }, "not written down"));
  };
  const providers = new Map(
    options.providers.map((provider) => [
      provider.id,
      limited(provider, { ...(callMs !== undefined && { ms: callMs }), late }),
    ]),
  );
  const places = createPlaces({ size: maxRunning, now, begin: (id) => begin(id) });
  const placing = createPlacing({
    ...options.limits,
    providers: [...providers.values()],
    ...(runningAt && { limits: runningAt }),
    running: places.at,
    log,
    now,
    ...(random && { random }),
    ...(callMs !== undefined && { offersMs: callMs }),
  });
  const steps = createSteps({
    store,
    providers,
    placing,
    artifacts,
    secret,
    baseUrl,
    log,
    workerLogLevel,
    now,
    moved: places.seen,
    learn: options.learn,
    listened: () => now() - heardSince >= LEASE_MS,
    assign: places.assign,
    hold: places.hold,
  });

  /** Jobs that a step is being made for; `again`: something happened to it meanwhile; `job`: as it was then, where whoever began it knew. */
  const stepping = new Map<JobId, { again: boolean; job?: Job | undefined }>();
  let queue: JobId[] = [];
  let head = 0; // where the queue begins: shifting a long array costs its length
  let running = 0;
  let idle = Promise.withResolvers<void>();
  /** Jobs whose last step failed: left alone for a while, longer each time. */
  const pauses = new Map<JobId, { until: number; ms: number }>();

  /** For how long (ms) nobody looked after a job; it is told so with its next step. */
  const awayFor = new Map<JobId, number>();

  /** Makes the next step for a job soon: one at a time for each, a limited number in all. */
  function begin(id: JobId, job?: Job | undefined): void {
    if (stopping.signal.aborted) return;
    const under = stepping.get(id);
    if (under) {
      under.again = true;
      return;
    }
    if (stepping.size === 0) idle = Promise.withResolvers();
    stepping.set(id, { again: false, job });
    queue.push(id);
    work();
  }

  function work(): void {
    while (running < STEPS_AT_ONCE) {
      const id = queue[head];
      if (id === undefined) {
        queue = [];
        head = 0;
        return;
      }
      head++;
      running++;
      void step(id)
        .catch((err) => {
          places.drop(id);
          log.error({ job_id: id, err }, "a job could not be looked after; it is tried again");
        })
        .finally(() => {
          running--;
          const again = stepping.get(id)?.again && !stopping.signal.aborted;
          if (again) {
            stepping.set(id, { again: false });
            queue.push(id);
          } else stepping.delete(id);
          if (stepping.size === 0) idle.resolve();
          places.fill();
          work();
        });
    }
  }

  /** One step for one job. Every step stores its intent before its effect, decided on what is stored then, and may be repeated. */
  async function step(id: JobId): Promise<void> {
    const job = stepping.get(id)?.job ?? (await store.get(id))?.job;
    if (!job) return places.drop(id);
    places.seen(job);
    const ms = awayFor.get(id);
    if (ms !== undefined) await steps.happened(id, { type: "away", ms });
    awayFor.delete(id);
    if (now() >= (pauses.get(id)?.until ?? 0)) await lookAfter(job);
    // silence is no fault of the worker's while nobody could hear it; from then on every state has its deadline
    if (now() - heardSince < LEASE_MS) return;
    const tick = { type: "tick", heardSince } as const;
    if (decide(job, tick, now()) !== job) await steps.happened(id, tick);
  }

  async function lookAfter(job: Job): Promise<void> {
    const id = job.job_id;
    if (charging)
      charging.look(job); // nothing waits for a chain
    else await steps.chargeNothing(job);
    if (job.revisions.some(isOrdered)) await beginEdits(store, job, now);
    let fine = true;
    let unstoppable = false;
    for (const attempt of job.attempts)
      if (attempt.state === "FINISHED" && !attempt.released)
        await steps.release(job, attempt).catch((err) => {
          fine = false;
          unstoppable ||= err instanceof ProviderError && attempt.offer?.usd_per_hour !== 0;
          log.error({ job_id: id, epoch: attempt.epoch, err }, "releasing failed; it is tried again");
        });
    const attempt = currentAttempt(job);
    const fresh = attempt.state === "PLANNED";
    if (!isFinal(job) && (!fresh || places.has(id)))
      await advance(job, unstoppable).catch((err) => {
        fine = false;
        log.error({ job_id: id, epoch: attempt.epoch, err }, "a step failed; it is tried again");
      });
    if (fresh) places.giveBack(id);
    if (fine) pauses.delete(id);
    else {
      const ms = Math.min(MAX_PAUSE_MS, (pauses.get(id)?.ms ?? TICK_MS / 2) * 2);
      pauses.set(id, { ms, until: now() + ms });
    }
  }

  async function advance(job: Job, unstoppable: boolean): Promise<void> {
    const attempt = currentAttempt(job);
    if (attempt.state !== "PLANNED" || !unstoppable) return steps.advance(job, attempt);
    // the launch before may still be paid for, and cannot be told to stop: no second one beside it
    const message = "The provider cannot be reached to stop the attempt before this one";
    const { epoch, submitting_at: since } = attempt;
    await steps.happened(job.job_id, { type: "submit_failed", epoch, since, message, again: true });
  }

  /** Begins a step for each job that something may be due for. */
  async function round(): Promise<void> {
    if (performance.now() >= surveyAt) await survey();
    for (const id of places.due()) begin(id);
    places.fill();
  }

  /** Asks which jobs there are: in every round, but where they are so many that it takes long, only for a small part of the time. */
  async function survey(): Promise<void> {
    const from = performance.now();
    const ids = await store.active();
    const at = now();
    const away = at - heardAt;
    heardAt = at;
    if (away > DEAF_MS) {
      log.warn({ seconds: Math.round(away / 1000) }, "workers could not be heard for a while");
      // a process that is always late must not wait for ever: part of the time counts, and a short silence only now and then
      if (away > LEASE_MS || at - heardSince > 2 * LEASE_MS) heardSince = at;
      for (const id of ids) awayFor.set(id, (awayFor.get(id) ?? 0) + away - DEAF_MS);
    }
    const there = new Set(ids);
    for (const kept of [pauses, awayFor]) for (const id of kept.keys()) if (!there.has(id)) kept.delete(id);
    await places.survey(ids, async (id) => (await store.get(id))?.job);
    const took = performance.now() - from;
    surveyAt = took < SHORT_MS ? 0 : performance.now() + Math.min(MAX_REST_MS, took * REST);
  }

  /** What is due now and then; no job waits for it, and none of it for a provider that hangs. */
  const sweeps = [...providers.values()].map((provider) => {
    const sweep = createSweep({ store, provider, artifacts, log, now });
    return createChore({ everyMs: SWEEP_MS, now, log, work: sweep.find, always: sweep.end });
  });
  const others = chores.map((work) => createChore({ everyMs: SWEEP_MS, now, log, work }));
  const beginChores = () => Promise.all([...sweeps, ...others].map((chore) => chore()));

  let chore: Promise<unknown> | undefined;
  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      await round().catch((err) => log.error({ err }, "round failed; it is tried again"));
      chore = beginChores();
      await sleep(TICK_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  let looping: Promise<void> | undefined;
  return {
    placing,
    providers,
    /** Launches that are there or on their way at a provider, as far as this process knows. */
    running: places.at,
    /** The same for all providers, and who waits. */
    queue: places.queue,
    start: () => {
      looping ??= loop();
    },
    /** Something is due for this job: do not wait for the next tick. `job`: as it was just stored, where that is known; it is not read again. */
    wake: (id: JobId, job?: Job | undefined) => {
      if (looping !== undefined) begin(id, job);
    },
    /** One round, and all steps that it began: for tests that have a clock of their own. */
    async once(): Promise<void> {
      surveyAt = 0; // its rest is on the machine's clock, not on theirs
      await round();
      await beginChores();
      while (stepping.size > 0) await idle.promise;
      await charging?.idle();
    },
    /** Ends after the steps that are being made, but soon: work that runs goes on by itself and is taken up again by the next process. */
    async stop(): Promise<void> {
      stopping.abort();
      charging?.stop();
      for (const id of queue.splice(head)) stepping.delete(id);
      if (stepping.size === 0) idle.resolve();
      await Promise.race([
        Promise.all([looping, chore, stepping.size > 0 ? idle.promise : undefined, charging?.idle()]),
        sleep(STOP_MS, undefined, { ref: false }),
      ]);
    },
  };
}
