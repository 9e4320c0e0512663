import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { createRedisStore } from "../../packages/api/src/jobs/redis-store.ts";
import { createSqliteStore } from "../../packages/api/src/jobs/sqlite-store.ts";
import { KEEPS_ALL, startTestRedis } from "../../packages/api/src/testing-redis.ts";
import { startTcpFault } from "../../packages/api/src/testing-tcp-fault.ts";
import { createApiProcess, freePort } from "./api-process.ts";
import { createClients } from "./clients.ts";
import { type ComputeKind, startCompute } from "./compute.ts";
import { wrongEnds } from "./ends.ts";
import { checkInvariants, type Fact, type Violation } from "./invariants.ts";
import { findKeys, findLeftovers, lookAtFiles } from "./leftovers.ts";
import { behaviours, type Kill, plan } from "./plan.ts";
import type { Point } from "./points.ts";
import { createRandom } from "./random.ts";
import { pointsAt } from "./wire.ts";
import type { Behaviour } from "./worker.ts";

export interface ChaosOptions {
  kills: number;
  jobs: number;
  store: "sqlite" | "redis";
  /** Where the launches run; processes of this machine unless given. */
  compute?: ComputeKind;
  seed: number;
  /** Where the API is killed on purpose; all that there are unless given. */
  points?: readonly Point[];
  /** So many of the kills come at any moment, and not at a point; a quarter of them unless given. */
  atRandom?: number;
  /** With ports that keep no promise: the run must find violations. */
  naive?: boolean;
  /** How many times slower than an idle computer this one may be. */
  patience?: number;
  /** Told again and again how far it is. */
  onProgress?: (text: string) => void;
  /** Ends the run; its children are gone when `runChaos` has thrown. */
  signal?: AbortSignal;
  /** Every line that the API logs. */
  onLog?: (line: string) => void;
}

export interface ChaosReport {
  violations: Violation[];
  facts: Fact[];
  killed: Record<Kill["what"], number>;
  /** Points at which the API was killed, and those that it never came to. */
  points: { hit: string[]; missed: string[] };
  ends: Record<string, number>;
  launches: number;
  /** ms from the start of a killed API to its first answer. */
  boots: number[];
  slowestAnswerMs: number;
  seconds: number;
}

const PREFIX = "chaos";
const IN_FLIGHT = 8;
/** No more jobs than this are on their way, or a slow machine has ever more to do: those that wait lead to the point as well. */
const MOST = 3 * IN_FLIGHT;
/** A point is waited for so long, each time a little longer until another job is made that leads there. */
const REACH_MS = 90_000;
const AGAIN_MS = 1000;
/** The API dies at whichever of so many points it comes to first. */
const ARMED = 6;
const LIVE_MS = 1000;
const END_MS = 300_000;
const SETTLE_MS = 90_000;
const TOLD_MS = 45_000; // a claim on an Idempotency-Key may have been cut off a moment ago
/** What keeps no promise is not waited for either. */
const NAIVE_MS = 5000;

/** Runs jobs through the real API while it, its workers and its Redis are killed, and judges what was seen. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const { kills, jobs: jobCount, store: kind, seed, naive = false, patience = 1 } = options;
  const { compute: computeKind = "process" } = options;
  const { onProgress = () => {}, onLog = () => {}, signal = new AbortController().signal } = options;
  const from = performance.now();
  const random = createRandom(seed);
  const dir = mkdtempSync(join(tmpdir(), "kk-chaos-"));
  const dataDir = join(dir, "data");
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }));
  const redis = kind === "redis" ? cleanup.use(await startTestRedis({ args: KEEPS_ALL })) : undefined;
  const way = redis && cleanup.use(await startTcpFault({ port: redis.port }));
  const facts: Fact[] = [];
  const port = await freePort(random.whole(20_000, 30_000));
  const url = `http://127.0.0.1:${port}`;
  const compute = cleanup.use(await startCompute(computeKind, { dir, dataDir, apiUrl: url, facts }));
  const points: ChaosReport["points"] = { hit: [], missed: [] };
  const api = createApiProcess({
    dir,
    env: {
      ...{ PORT: String(port), DATA_DIR: dataDir, ...compute.env },
      ...{ JOBS_PER_MINUTE: "10000", MAX_RUNNING_JOBS: String(compute.places) },
      ...(naive && { KK_CHAOS_NAIVE: "1" }),
      ...(way && { REDIS_URL: `redis://127.0.0.1:${way.port}/0`, REDIS_PREFIX: PREFIX }),
    },
    onCrash: (point) => points.hit.push(point),
    onDeath: (how) =>
      facts.push({ is: "broken", id: "I15", job: null, text: `the API ended by itself (${how})` }),
    onLog,
  });
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  cleanup.defer(async () => {
    over.abort(new Error("The run is over"));
    await api.kill();
  });
  const clients = createClients({ url, facts, random, patience, signal: stop });

  const todo = plan(kills, {
    random,
    redis: redis !== undefined,
    points: options.points ?? pointsAt(computeKind),
    atRandom: options.atRandom,
  });
  const killsLeft = () => todo.filter(({ what }) => what !== "way").length;
  const waiting = behaviours(jobCount, random);
  const killed: ChaosReport["killed"] = { point: 0, api: 0, worker: 0, redis: 0, way: 0 };
  const lostWorkers = new Map<string, number>();
  const making = new Set<Promise<unknown>>();
  /** Points that a job was made for already. */
  const led = new Set<Kill>();
  let made = 0;

  const make = (behaviour: Behaviour) => {
    made++;
    const one = clients.make(behaviour).finally(() => making.delete(one));
    one.catch(() => {}); // the run was ended
    making.add(one);
  };
  const inFlight = () => clients.jobs.filter(({ view }) => !view?.ended_at).length + making.size;
  const up = async () => {
    for (let tries = 0; tries < 5 && !(await api.start()); tries++);
    signal.throwIfAborted();
  };
  const progress = (text: string) =>
    onProgress(
      `${kills - killsLeft()} of ${kills} kills · ${made} jobs, ${inFlight()} on their way · ${text}`,
    );

  /** Waits for something. @returns whether it came */
  async function until(fits: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
    for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(20)) {
      signal.throwIfAborted();
      if (await fits()) return true;
    }
    return fits();
  }

  /** Until the API dies at this point, or at one that is to come later in the plan: that one is done then, and this one comes again. */
  async function killAt(next: Extract<Kill, { what: "point" }>): Promise<boolean> {
    const { name, behaviour } = next.point;
    const later = todo.filter((kill) => kill.what === "point").slice(0, ARMED - 1);
    api.arm([name, ...later.map(({ point }) => point.name)]);
    for (const kill of [next, ...later]) {
      const special = kill.point.behaviour === "ok" ? undefined : kill.point.behaviour;
      if (led.has(kill) || !(special || kill === next)) continue;
      led.add(kill);
      const any = waiting.pop() ?? "ok";
      make(special ?? any);
    }
    const died = () => !api.isRunning();
    // a kill before this one may have held up the job that leads there, so that another one comes there first
    for (
      const [from, pause] = [Date.now(), { ms: AGAIN_MS }];
      !(await until(died, pause.ms));
      pause.ms *= 1.5
    ) {
      if (inFlight() < MOST) make(behaviour);
      if (Date.now() - from < REACH_MS * patience) continue;
      api.arm([]);
      points.missed.push(name);
      return false;
    }
    await api.gone();
    const hit = points.hit.at(-1);
    const other = name === hit ? undefined : later.find(({ point }) => point.name === hit);
    if (other) {
      todo.splice(todo.indexOf(other), 1);
      todo.unshift(next);
    }
    return true;
  }

  /** Kills a worker that runs. There has to be one: who finds none makes one. */
  async function killWorker({ afterMs, group }: Extract<Kill, { what: "worker" }>) {
    for (;;) {
      signal.throwIfAborted();
      if (!(await until(() => compute.live().length > 0, LIVE_MS)) && inFlight() < MOST) make("slow");
      await sleep(afterMs / 4);
      await compute.look();
      const live = compute.live();
      if (live.length === 0) continue;
      const victim = random.of(live);
      if (!(await compute.kill(victim, { group }))) continue;
      lostWorkers.set(victim.job, (lostWorkers.get(victim.job) ?? 0) + 1);
      return;
    }
  }

  async function kill(next: Kill): Promise<void> {
    switch (next.what) {
      case "point":
        if (!(await killAt(next))) return;
        killed.point++;
        return up();
      case "api":
        await sleep(next.afterMs);
        killed.api++;
        await api.kill();
        return up();
      case "worker":
        await killWorker(next);
        killed.worker++;
        return;
      case "redis":
        if (!redis) return;
        killed.redis++;
        await Promise.all([redis.kill(), next.api && api.kill()]);
        await sleep(next.downMs);
        await redis.restart();
        if (next.api) await up();
        return;
      case "way":
        killed.way++;
        await way?.set(next.fault);
        await sleep(next.ms);
        way?.cut(); // a connection that lost bytes does not go on: no network gives the answer to one question to the next
        await way?.set({ mode: "ok" });
    }
  }

  await up();
  for (let next = todo.shift(); next; next = todo.shift()) {
    progress(next.what === "point" ? next.point.name : next.what);
    while (inFlight() < IN_FLIGHT && waiting.length > 0 && random.chance(0.7)) make(waiting.pop() ?? "ok");
    if (inFlight() === 0) make("ok"); // a kill with nothing on its way shows nothing
    await kill(next);
    await sleep(random.whole(20, 200));
  }
  while (waiting.length > 0) {
    make(waiting.pop() ?? "ok");
    await until(() => inFlight() < IN_FLIGHT * 2, END_MS * patience);
  }

  await until(
    () => {
      progress("waiting for the last jobs");
      return inFlight() === 0;
    },
    naive ? NAIVE_MS * 6 : END_MS * patience,
  );
  const store = redis
    ? await createRedisStore({ url: redis.url, prefix: PREFIX })
    : createSqliteStore({ file: join(dataDir, "kangklip.db") });
  cleanup.defer(() => store.close());
  const isSettled = async () => {
    progress("waiting until nothing is left to be done");
    const left = globSync("artifacts/jobs/*/attempts/*", { cwd: dataDir });
    return (left.length || (await compute.left()).length || (await store.active()).length) === 0;
  };
  await until(isSettled, naive ? NAIVE_MS : SETTLE_MS * patience);
  const stillWait = () => clients.jobs.filter(({ waitsFor }) => waitsFor !== undefined);
  await until(() => stillWait().length === 0, naive ? NAIVE_MS : TOLD_MS * patience);
  for (const { id, waitsFor } of stillWait())
    facts.push({ is: "broken", id: "I10", job: id, text: `its owner still waits for ${waitsFor}` });

  progress("looking at what is there");
  for (const job of clients.jobs) {
    if (!job.view?.ended_at) continue;
    await clients.look(job);
    if (job.view.state !== "SUCCEEDED") continue;
    facts.push(lookAtFiles(dataDir, job.view));
    await clients.download(job);
  }
  facts.push(...wrongEnds(clients.jobs, lostWorkers));
  const code = await api.stop(15_000 * patience);
  if (code !== 0)
    facts.push({
      is: "broken",
      id: "I14",
      job: null,
      text: `the API did not stop when asked (exit code ${code})`,
    });
  await compute.look();
  for (const name of await compute.left()) facts.push({ is: "left", what: "launch", name });
  const acked = new Set(facts.flatMap((fact) => (fact.is === "acked" ? [fact.job] : [])));
  facts.push(...(await findLeftovers({ dataDir, mark: dir, store, acked })));
  if (redis) facts.push(...(await findKeys(redis, PREFIX, acked)));

  const states = clients.jobs.map(({ view }) => view?.state ?? "never seen");
  return {
    violations: checkInvariants(facts),
    facts,
    killed,
    points,
    ends: Object.fromEntries(
      [...new Set(states)].map((state) => [state, states.filter((one) => one === state).length]),
    ),
    launches: compute.count(),
    boots: api.boots,
    slowestAnswerMs: clients.slowestMs(),
    seconds: (performance.now() - from) / 1000,
  };
}
