import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CreateJob, type JobId, KangKlipError } from "@kangklip/contract";
import { aJob } from "@kangklip/contract/testing";
import { createDiskStore } from "../artifacts/disk.ts";
import { createClips } from "../clips/clips.ts";
import { createEdits } from "../clips/edits.ts";
import { createCharging } from "../credits/charging.ts";
import { createFee } from "../credits/fee.ts";
import type { CreditsLedger } from "../credits/ledger.ts";
import type { SettleOptions } from "../credits/settle.ts";
import { createUnlock } from "../credits/unlock.ts";
import { createLog } from "../log.ts";
import { createUploads } from "../uploads.ts";
import { createClock } from "./clock.ts";
import { currentAttempt, type Job } from "./job.ts";
import { createJobs } from "./jobs.ts";
import { createReconciler } from "./reconciler.ts";
import { START } from "./testing.ts";
import { launchedWorker } from "./testing-launched.ts";
import { type StorePlace, sqlitePlace } from "./testing-place.ts";
import { createTestingProvider, type FakeLaunch } from "./testing-provider.ts";
import { createWork } from "./work.ts";

const WAIT_MS = 200;
/** Calls that give no promise. */
const AT_ONCE = ["watch", "list", "close"];
const FETCH_POLICY = { allow_private: false, allow_origins: [], max_bytes: 1e9, max_seconds: 3600 };

/**
 * The control plane on a store and an artifact store that are real, with a provider and a clock that are not. Processes of it are begun and
 * killed as a test likes, and launches do what a test makes them do.
 */
export async function aWorld(
  options: {
    submit?: "native" | "lookup";
    usdPerHour?: number;
    place?: StorePlace;
    maxRunning?: number;
    callMs?: number;
    /** More providers than the one that every world has, each less preferred than the ones before it. */
    more?: readonly { id: string; submit?: "native" | "lookup"; usdPerHour?: number | null }[];
    maxUsd?: number;
    runningAt?: Record<string, number>;
    /** Credits are on; making a job costs `fee`. `waitMs`: how long in truth anybody waits for a charge that another process holds. */
    money?: {
      chain: { ledger: CreditsLedger; pace: Pick<SettleOptions, "now" | "pause"> };
      fee?: number;
      waitMs?: number;
    };
    /** Where the files are for as long as the world is there. */
    root?: string;
    /** Awaited by each call to anything outside before it is made: meanwhile others are faster. */
    dally?: () => Promise<void>;
  } = {},
) {
  const { root = tmpdir(), place = sqlitePlace(root) } = options;
  const dir = mkdtempSync(join(root, "kk-world-artifacts-"));
  const secret = randomBytes(32);
  const clock = { now: START };
  const artifacts = createDiskStore({ dir, secret, basePath: "/artifacts" });
  const provider = createTestingProvider({
    ...(options.submit && { submit: options.submit }),
    ...(options.usdPerHour !== undefined && { usdPerHour: options.usdPerHour }),
    now: () => clock.now,
  });

  const others = (options.more ?? []).map((one) => createTestingProvider({ ...one, now: () => clock.now }));
  const providers = [provider, ...others];
  /** Of those which a process is told of; a test may take one away, or put it back. */
  const compute = providers.map((one) => one.provider.id);

  /**
   * One process. `skewMs`: how much its machine's clock is ahead of the store's. It is dead once `kill` was called: nothing that it does has
   * an effect. `dies`: it is killed with its n-th call to anything outside of it, before or right after that call has had its effect.
   */
  async function aProcess({
    skewMs = 0,
    dies,
  }: {
    skewMs?: number;
    dies?: { atCall: number; when: "before" | "after" };
  } = {}) {
    let dead = false;
    let calls = 0;
    const alive = <T extends object>(port: T): T =>
      new Proxy(port, {
        get(target, name) {
          const value = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          return (...args: unknown[]) => {
            const last = ++calls === dies?.atCall;
            if (last && dies?.when === "before") dead = true;
            if (dead) throw new Error("killed");
            const call = () => Reflect.apply(value, target, args);
            const answer =
              options.dally && !AT_ONCE.includes(String(name)) ? options.dally().then(call) : call();
            if (!last) return answer;
            dead = true;
            if (AT_ONCE.includes(String(name)) || Symbol.asyncIterator in Object(answer))
              throw new Error("killed");
            return Promise.resolve(answer).then((value) => {
              value?.body?.destroy?.(); // what a dead process had opened is closed by its system
              throw new Error("killed");
            });
          };
        },
      });
    const store = alive(await place.open());
    const { now, sync } = createClock(
      { time: async () => clock.now },
      { steady: () => clock.now - START, wall: () => clock.now + skewMs },
    );
    await sync();
    const uploads = createUploads({ store, artifacts, secret, maxBytes: 1e9 });
    const log = createLog(process.env.KK_TEST_LOG ?? "silent");
    const { money } = options;
    const ledger = money && alive(money.chain.ledger);
    const charging =
      ledger &&
      createCharging({
        ...{ store, ledger, log, now, pace: money.chain.pace, waitMs: money.waitMs ?? WAIT_MS },
      });
    const fee =
      charging && money?.fee ? createFee({ store, ledger, charging, amount: money.fee }) : undefined;
    const reconciler = createReconciler({
      store,
      charging,
      providers: providers
        .filter((one) => compute.includes(one.provider.id))
        .map((one) => alive(one.provider)),
      limits: {
        requirements: { gpu: "preferred", diskGb: 1, maxRuntimeSeconds: 4 * 3600 },
        maxSourceSeconds: 4 * 3600,
        maxUsd: options.maxUsd,
      },
      ...(options.runningAt && { runningAt: options.runningAt }),
      random: () => 0,
      artifacts: alive(artifacts),
      secret,
      baseUrl: () => "http://127.0.0.1:9",
      maxRunning: options.maxRunning ?? 1000,
      log,
      workerLogLevel: "info",
      now,
      ...(options.callMs !== undefined && { callMs: options.callMs }),
    });
    const wake = () => {};
    const jobs = createJobs({ store, uploads, fetchPolicy: FETCH_POLICY, compute, fee, wake, now });
    const clips = createClips({ jobs, artifacts, credits: money !== undefined });
    return {
      store,
      uploads,
      reconciler,
      jobs,
      clips,
      edits: createEdits({ store, jobs, clips, artifacts: alive(artifacts), wake, now }),
      charging,
      /** Wallets show their names in the place of auth tokens. */
      unlock:
        charging &&
        createUnlock({
          ...{ store, jobs, clips, charging, now },
          walletOf: async (token) => {
            if (!token) throw new KangKlipError("NOT_SIGNED_IN", "auth token required");
            return token;
          },
        }),
      work: createWork({
        store,
        artifacts,
        uploads,
        secret,
        fetchPolicy: FETCH_POLICY,
        baseUrl: () => "http://127.0.0.1:9",
        rank: undefined,
        wake,
        now,
      }),
      kill: () => {
        dead = true;
      },
      isDead: () => dead,
      calls: () => calls,
    };
  }

  let api = await aProcess();
  const world = {
    clock,
    secret,
    artifacts,
    provider,
    /** Another one, by its place among `more`. */
    other(index = 0) {
      const one = others[index];
      if (!one) throw new Error("there is no such provider");
      return one;
    },
    compute,
    place,
    aProcess,
    get api() {
      return api;
    },
    /** kill -9, and another process in its place. */
    async restart(options: Parameters<typeof aProcess>[0] = {}): Promise<void> {
      api.kill();
      api = await aProcess(options);
    },
    /** The store forgets all that was written since `photograph`; the API is started again on what is left. */
    async travel(back: () => Promise<void>): Promise<void> {
      api.kill();
      await back();
      api = await aProcess();
    },
    /** Begins to keep what is in the store now. */
    async photograph(): Promise<() => Promise<void>> {
      const back = await place.photograph();
      api = await aProcess();
      return back;
    },
    /** @param wallet whose job it is */
    async job(request: Partial<CreateJob> = {}, wallet?: string): Promise<JobId> {
      const asked = { ...aJob(), video_url: "https://example.com/talk.mp4", ...request };
      return (await api.jobs.create(asked, undefined, { wallet })).job_id;
    },
    async see(id: JobId): Promise<Job> {
      const stored = await api.store.get(id);
      if (!stored) throw new Error(`${id} is not in the store`);
      return stored.job;
    },
    /** Time goes by in steps of `stepMs`, with a round of the reconciler after each; `meanwhile` is what workers do in between. */
    async pass(ms: number, { stepMs = 1000, meanwhile = async () => {} } = {}): Promise<void> {
      for (const end = clock.now + ms; clock.now < end; ) {
        clock.now += Math.min(stepMs, end - clock.now);
        await meanwhile();
        await api.reconciler.once();
      }
    },
    /** Time goes by until the job fits; one that never does is an error. */
    async until(id: JobId, fits: (job: Job) => boolean, limitMs = 3_600_000): Promise<Job> {
      for (const end = clock.now + limitMs; clock.now <= end; ) {
        const job = await world.see(id);
        if (fits(job)) return job;
        await world.pass(1000);
      }
      throw new Error(`${id} is still ${(await world.see(id)).state} after ${limitMs} ms`);
    },
    /** What runs in a launch: it speaks the worker's protocol with whatever API is there. */
    worker: (launch: FakeLaunch) => launchedWorker(launch, { work: () => api.work, artifacts }),
    /** The newest launch. @throws Error where there is none */
    launch(): FakeLaunch {
      const last = provider.launches.at(-1);
      if (!last) throw new Error("nothing was launched");
      return last;
    },
    /** Waits until the newest launch of the job is there, and claims it. */
    async working(id: JobId) {
      await world.until(id, (job) => ["SUBMITTED", "CLAIMED"].includes(currentAttempt(job).state));
      const launch = provider.launches.findLast(({ launchKey }) =>
        launchKey.includes(id.slice(3).toLowerCase()),
      );
      const worker = world.worker(launch ?? world.launch());
      await worker.claim();
      return worker;
    },
    async [Symbol.asyncDispose]() {
      await place.remove();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return world;
}
