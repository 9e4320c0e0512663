import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDiskStore } from "../../../packages/api/src/artifacts/disk.ts";
import { currentAttempt, type Job } from "../../../packages/api/src/jobs/job.ts";
import { createReconciler } from "../../../packages/api/src/jobs/reconciler.ts";
import { createSqliteStore } from "../../../packages/api/src/jobs/sqlite-store.ts";
import { decide, LEASE_MS, newJob } from "../../../packages/api/src/jobs/state.ts";
import type { JobStore, StoredJob } from "../../../packages/api/src/jobs/store.ts";
import { newIdentity } from "../../../packages/api/src/jobs/tokens.ts";
import { createLog } from "../../../packages/api/src/log.ts";
import type { ComputeProvider, LaunchRef } from "../../../packages/providers/src/index.ts";
import { median } from "../api/figures.ts";

/** CPU time of this process (ms), and on the clock. */
interface Cost {
  cpuMs: number;
  ms: number;
}

/** One kind of round. */
export interface Rounds {
  /** The middle one. */
  round: Cost;
  /** The same calls of the store and the provider, made one after the other by nobody who thinks. */
  bare: Cost;
  /** CPU time of a round, to that of its bare calls. */
  ratio: number;
  /** What one round asks, by the name of the call. */
  calls: Record<string, number>;
}

export interface Reconcile {
  /** Attempts whose workers are at work. */
  open: number;
  /** How many of them are left when their workers become silent. */
  quiet: number;
  /** Their workers speak: nothing is to be done but to know it. */
  heard: Rounds;
  /** Their workers have been silent for a few seconds: each launch is looked for at its provider. */
  silent: Rounds;
}

const HEARD_MS = 1000;
/** Longer than a worker may be silent before its provider is asked, shorter than its lease by far. */
const SILENT_MS = 4000;
const AT_ONCE = 128; // as many as the reconciler makes

/**
 * What it costs to look after `open` attempts for one round, which comes every second.
 * @param options `launches`: where each attempt's launch is; there may be fewer than attempts, which then share them
 */
export async function measureReconcile(options: {
  provider: ComputeProvider;
  launches: (launchKeys: readonly string[]) => Promise<readonly LaunchRef[]>;
  open: number;
  quiet: number;
  rounds: number;
  say: (line: string) => void;
}): Promise<Reconcile> {
  const { provider, launches, open, rounds, say } = options;
  const quiet = Math.min(open, options.quiet);
  const dir = mkdtempSync(join(tmpdir(), "kangklip-bench-"));
  const sqlite = createSqliteStore({ file: join(dir, "jobs.db") });
  const calls: Record<string, number> = {};
  const store = counting("store", sqlite, calls);
  const counted = counting("provider", provider, calls);
  let time = Date.now();
  const reconciler = createReconciler({
    providers: [counted],
    limits: {
      requirements: { gpu: "preferred", diskGb: 20, maxRuntimeSeconds: 4 * 3600 },
      maxSourceSeconds: 4 * 3600,
    },
    ...{ store, secret: Buffer.alloc(32), baseUrl: () => "http://127.0.0.1:9" },
    artifacts: createDiskStore({
      dir: join(dir, "artifacts"),
      secret: Buffer.alloc(32),
      basePath: "/artifacts",
    }),
    ...{ maxRunning: open, log: createLog("silent"), workerLogLevel: "error", now: () => time },
  });

  async function round(): Promise<Cost> {
    for (const name of Object.keys(calls)) delete calls[name];
    return costOf(() => reconciler.once());
  }

  try {
    // a worker's silence means something only to who could have heard it for a lease
    for (const end = time + LEASE_MS; time <= end; time += 5000) await round();
    say(`${open} attempts are stored`);
    const jobs = Array.from({ length: open }, () => newRunning(time, provider));
    const refs = await launches(jobs.map((job) => currentAttempt(job).launch_key));
    const stored = jobs.map((job, index) => withLaunch(job, refs[index % refs.length], time));
    for (const job of stored) await sqlite.insert(job);
    await round(); // reads each of them for the first time

    const measure = async (what: "heard" | "silent", on: readonly Job[], stepMs: number): Promise<Rounds> => {
      const seen: Cost[] = [];
      const plain: Cost[] = [];
      let asked: Record<string, number> = {};
      for (let turn = 1; turn <= rounds; turn++) {
        say(`${on.length} attempts, their workers ${what}: round ${turn} of ${rounds}`);
        time += stepMs;
        seen.push(await round());
        asked = { ...calls };
        plain.push(await costOf(() => again(asked, { store: sqlite, provider, jobs: on, refs })));
      }
      const middle = (costs: Cost[]): Cost => ({
        cpuMs: Math.round(median(costs.map(({ cpuMs }) => cpuMs))),
        ms: Math.round(median(costs.map(({ ms }) => ms))),
      });
      const [mine, bare] = [middle(seen), middle(plain)];
      return {
        round: mine,
        bare,
        ratio: Number((mine.cpuMs / Math.max(1, bare.cpuMs)).toFixed(2)),
        calls: asked,
      };
    };
    const heard = await measure("heard", stored, HEARD_MS / rounds);
    for (const { job_id } of stored.slice(quiet)) await sqlite.remove(job_id);
    await round(); // sees that they are gone
    return { open, quiet, heard, silent: await measure("silent", stored.slice(0, quiet), SILENT_MS) };
  } finally {
    await reconciler.stop();
    await sqlite.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const [cpu, from] = [process.cpuUsage(), performance.now()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1000, ms: performance.now() - from };
}

/** The port, and every call of it is counted under its name. */
function counting<Port extends object>(name: string, port: Port, calls: Record<string, number>): Port {
  const counted = Object.entries(port).map(([method, work]) => {
    if (typeof work !== "function") return [method, work];
    const call = `${name}.${method}`;
    return [
      method,
      (...args: unknown[]) => {
        calls[call] = (calls[call] ?? 0) + 1;
        return work(...args);
      },
    ];
  });
  return Object.fromEntries(counted);
}

/** As many calls of each kind as were counted, as many at once as the reconciler makes. */
async function again(
  calls: Record<string, number>,
  on: { store: JobStore; provider: ComputeProvider; jobs: readonly Job[]; refs: readonly LaunchRef[] },
): Promise<void> {
  const { store, provider, jobs, refs } = on;
  const nth = <T>(list: readonly T[], index: number): T => {
    const item = list[index % list.length];
    if (item === undefined) throw new Error("nothing to ask for");
    return item;
  };
  const read = new Map<string, StoredJob>();
  const ask: Record<string, (index: number) => Promise<unknown>> = {
    "store.active": () => store.active(),
    "store.get": async (index) => {
      const one = await store.get(nth(jobs, index).job_id);
      if (one) read.set(one.job.job_id, one);
    },
    "store.replace": async (index) => {
      const one = read.get(nth(jobs, index).job_id);
      if (!one || !(await store.replace(one.job, one.version))) throw new Error("somebody else writes");
      one.version++; // it may be its turn again
    },
    "provider.observe": (index) => provider.observe(nth(refs, index)),
    "provider.list": async () => {
      for await (const _ of provider.list());
    },
    "provider.find": (index) => provider.find(currentAttempt(nth(jobs, index)).launch_key),
  };
  for (const [call, count] of Object.entries(calls)) {
    const work = ask[call];
    if (!work) continue;
    let next = 0;
    const one = async () => {
      while (next < count) await work(next++);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, one));
  }
}

const newRunning = (time: number, { id, capabilities }: ComputeProvider): Job => {
  const source = { kind: "url", url: "https://example.com/talk.mp4" } as const;
  const request = { clip_duration_seconds: 30, clip_count: 3, language: "en" } as const;
  const job = newJob(newIdentity(time).id, "0".repeat(64), source, request, time);
  const native = capabilities.submit === "native";
  return decide(job, { type: "submitting", epoch: 1, provider: id, native }, time);
};

function withLaunch(job: Job, ref: LaunchRef | undefined, time: number): Job {
  if (!ref) throw new Error("There is no launch");
  const { epoch } = currentAttempt(job);
  const started = decide(job, { type: "submitted", epoch, ref }, time);
  return decide(started, { type: "claimed", epoch, nonceHash: "0".repeat(64) }, time);
}
