import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { CreditsLedger } from "../../packages/api/src/credits/ledger.ts";
import { isActive, isFinal, type Job } from "../../packages/api/src/jobs/job.ts";
import { states } from "../../packages/api/src/jobs/testing.ts";
import type { StorePlace } from "../../packages/api/src/jobs/testing-place.ts";
import { aWorld } from "../../packages/api/src/jobs/testing-world.ts";
import { artifactKey, type JobId, KangKlipError, type Manifest } from "../../packages/contract/src/index.ts";
import { type Bank, memoryBank } from "./bank.ts";
import { CLIPS, checkBooks, checkLaunches, timesPaid } from "./books.ts";
import { createRandom, type Random } from "./random.ts";

export interface MoneyOptions {
  /** Where the jobs are kept; a SQLite file where it is left out. */
  place?: StorePlace;
  /** The chain of one history; in memory where it is left out. `luck` draws what goes wrong. */
  bank?: (luck: Random) => Promise<Bank> | Bank;
  /** What has not come to its end soon is not waited for. */
  hasty?: boolean;
  /** Something in the place of the ledger that the processes are given: to see that one with a fault is found out. */
  wrap?: (ledger: CreditsLedger) => CreditsLedger;
}

/** What came out of one run, and what happened in it. */
interface MoneyRun {
  violations: string[];
  kills: number;
  /** Calls of the ledger that failed, or whose answer was lost; transactions that were dropped or late. */
  faults: number;
  charged: number;
  refunded: number;
  jobs: number;
  answers: Record<string, number>;
}

const FEE = 2;
/** Jobs that had their clips before there was trouble. */
const OLD_JOBS = 2;
const CLOCK = [200, 1000, 5000, 20_000, 40_000]; // ms
const CALM_ROUNDS = 100;
/** On a machine that has much to do, a process that found its survey slow makes the next one after so long in truth (reconciler.ts). */
const REST_MS = 6000;
/** In truth: whoever waits for a charge that another process holds gives up after so long (ms). */
const WAIT_MS = 15;
const MEMORY = "/dev/shm";

type World = Awaited<ReturnType<typeof aWorld>>;
type Process = World["api"];

/**
 * Lives through one history of money: jobs that cost a fee, clips that are unlocked, by several wallets at two processes, while processes are
 * killed at any call of any port and the chain loses, drops and delays. Then it is calm, and every cent must be where it belongs. What is
 * attempted follows from the seed; who is faster does not.
 */
async function liveMoney(seed: number, options: MoneyOptions = {}): Promise<MoneyRun> {
  const { place, wrap = (ledger) => ledger, bank: newBank = memoryBank, hasty = false } = options;
  const random = createRandom(seed);
  const luck = createRandom(seed ^ 0x5eed); // asked whenever somebody calls, and that is never in the same order twice
  const run: MoneyRun = {
    violations: [],
    kills: 0,
    faults: 0,
    charged: 0,
    refunded: 0,
    jobs: 0,
    answers: {},
  };
  let calm = false;
  const bank = await newBank(luck);
  const { wallets } = bank;
  const dally = async () => {
    for (let turns = luck.whole(0, 4); turns > 0; turns--) await new Promise(setImmediate);
  };
  const money = { chain: { pace: bank.pace, ledger: wrap(bank.ledger) }, fee: FEE, waitMs: WAIT_MS };
  // a disk that is flushed with each write would be most of the time
  const root = existsSync(MEMORY) ? { root: MEMORY } : {};
  await using world = await aWorld({ money, dally, ...root, ...(place && { place }) });
  let other = await world.aProcess();
  const wrong = (text: string) => void run.violations.push(text);
  const pending: Promise<unknown>[] = [];
  const known = new Set<string>();
  const workers = new Map<
    string,
    { step: number; worker: ReturnType<World["worker"]>; fails: boolean; hash: string }
  >();

  /** Something a client does; nobody waits for it, and whatever comes of it is looked at when it comes. */
  const ask = (what: string, asked: Promise<unknown>) => {
    const count = (how: string) => (run.answers[`${what} ${how}`] = (run.answers[`${what} ${how}`] ?? 0) + 1);
    pending.push(
      asked.then(
        () => count("done"),
        (error: unknown) => {
          if (error instanceof KangKlipError) count(error.code);
          else if (/killed|database is not open/.test(String(error))) count("killed");
          else wrong(`${what} failed: ${String(error)}`);
        },
      ),
    );
  };
  /** One that lives, if any does. */
  const anyProcess = (): Process => {
    const both = [world.api, other];
    const live = both.filter((process) => !process.isDead());
    return random.of(live.length > 0 ? live : both);
  };
  const eye = await world.place.open(); // that looks on
  const jobs = (): Promise<Job[]> => eye.list({ limit: 200 });

  const old = new Set<string>();
  for (let serial = 1; serial <= OLD_JOBS; serial++) old.add(await oldJob(world, serial));

  async function create(): Promise<void> {
    const wallet = random.of(wallets);
    const api = anyProcess();
    const request = { video_url: "https://example.com/talk.mp4", clip_duration_seconds: 30, clip_count: 1 };
    known.add((await api.jobs.create({ ...request, language: "en" }, undefined, { wallet })).job_id);
  }

  async function unlock(job: Job): Promise<void> {
    const [wallet, id] = [random.of(wallets), random.of(["a", "b", "c"])];
    const operator = { token: undefined, operator: true };
    const { job_id } = job;
    const file = old.has(job_id) ? random.of(CLIPS) : CLIPS[0];
    const input = { job_id, clip_file: file, unlock_request_id: id };
    const answer = await anyProcess().unlock?.clip(input, operator, wallet);
    // whoever is told so may download from now on: then somebody has paid
    if (!answer?.unlocked) return;
    const paid = await timesPaid(bank, job_id, file);
    if (paid !== 1) wrong(`${file} of ${job_id} was unlocked and paid for ${paid} times`);
  }

  /** What runs in the launches goes on by a step. */
  async function work(): Promise<void> {
    for (const launch of world.provider.live()) {
      const fresh = { step: 0, worker: world.worker(launch), fails: random.chance(0.3), hash: "" };
      const one = workers.get(launch.ref.ref) ?? fresh;
      workers.set(launch.ref.ref, one);
      try {
        if (one.step === 0) await one.worker.claim();
        else if (one.step === 1) one.hash = await one.worker.upload();
        else if (one.step === 2 && one.fails) one.worker.exit(65);
        else if (one.step === 2) await one.worker.succeeded(one.hash);
        else one.worker.exit(0);
        one.step++;
      } catch (error) {
        if (error instanceof KangKlipError && error.code === "FENCED") one.worker.exit(75);
      }
    }
  }
  async function rounds(): Promise<void> {
    for (const process of [world.api, other]) await process.reconciler.once().catch(() => {});
  }
  async function revive(): Promise<void> {
    const dies = () =>
      calm || random.chance(0.3)
        ? {}
        : { dies: { atCall: random.whole(5, 250), when: random.of(["before", "after"] as const) } };
    if (world.api.isDead()) await world.restart(dies());
    if (other.isDead()) other = await world.aProcess(dies());
  }

  const turns = random.whole(30, 70);
  for (let turn = 0; turn < turns; turn++) {
    const dice = random.next();
    if (dice < 0.09) ask("create", create());
    else if (dice < 0.34) {
      const done = (await jobs()).filter(({ state }) => state === "SUCCEEDED");
      for (let clients = random.whole(1, 4); clients > 0; clients--) ask("unlock", unlock(random.of(done)));
    } else if (dice < 0.4) {
      const access = { token: undefined, operator: true, wallet: random.of(wallets) };
      const all = await jobs();
      const over = all.filter(({ state }) => state === "FAILED" || state === "CANCELLED");
      if (over.length > 0 && random.chance(0.6))
        ask("retry", anyProcess().jobs.retry(random.of(over).job_id, access));
      else ask("cancel", anyProcess().jobs.cancel(random.of(all).job_id, access));
    } else if (dice < 0.47) {
      const victim = anyProcess();
      if (!victim.isDead()) run.kills++;
      victim.kill();
    } else if (dice < 0.6) {
      const ms = random.of(CLOCK);
      world.clock.now += ms;
      bank.pass(Math.ceil(ms / 400));
    } else if (dice < 0.75) await work();
    else {
      world.clock.now += 1000;
      await rounds();
    }
    const dead = [world.api, other].filter((process) => process.isDead()).length;
    if (dead > 0 && random.chance(0.6)) await revive();
    if (random.chance(0.5)) bank.disturb();
  }

  calm = true;
  bank.calm();
  await Promise.all(pending);
  for (let round = 0; round < 2 * CALM_ROUNDS; round++) {
    if (round === CALM_ROUNDS && hasty) break;
    if (round === CALM_ROUNDS) await sleep(REST_MS);
    await revive();
    world.clock.now += 5000;
    bank.pass(13);
    for (let step = 0; step < 4; step++) await work();
    await rounds();
    if ((await jobs()).every((job) => isFinal(job) && !isActive(job))) break;
  }
  const begun = world.provider.launches.map(({ launchKey }) => launchKey);
  await checkLaunches(await jobs(), begun, bank, wrong);
  await checkBooks(await jobs(), bank, run, wrong);
  run.faults = bank.faults();
  run.jobs = known.size;
  return run;
}

/** A job with its clips in the world's store. @returns its id */
async function oldJob({ artifacts, api }: World, serial: number): Promise<JobId> {
  const job_id = `kk_${String(serial).padStart(26, "0")}`;
  const manifest: Manifest = {
    job_id,
    selection: { mode: "heuristic" },
    clips: CLIPS.map((file, index) => ({
      ...{ index: index + 1, title: "A clip", hook: "", start: 0, end: 30, duration: 30, segments: [] },
      file,
    })),
  };
  await artifacts.put(artifactKey(job_id, "manifest.json"), JSON.stringify(manifest), {
    contentType: "application/json",
  });
  await api.store.insert({ ...states.SUCCEEDED().released().job, job_id });
  return job_id;
}

/** Histories with the seeds `seed`, `seed + 1` … until one goes wrong. */
export async function liveThrough(
  count: number,
  {
    seed,
    show = () => {},
    signal,
    ...options
  }: MoneyOptions & { seed: number; show?: (text: string) => void; signal?: AbortSignal },
) {
  const sum = { runs: 0, kills: 0, faults: 0, charged: 0, refunded: 0, jobs: 0 };
  const answers: Record<string, number> = {};
  for (let index = 0; index < count; index++) {
    signal?.throwIfAborted();
    const run = await liveMoney(seed + index, options);
    sum.runs++;
    for (const name of ["kills", "faults", "charged", "refunded", "jobs"] as const) sum[name] += run[name];
    for (const [name, times] of Object.entries(run.answers)) answers[name] = (answers[name] ?? 0) + times;
    show(`${sum.runs} of ${count} histories of money`);
    if (run.violations.length > 0)
      return { ...sum, answers, failed: { seed: seed + index, violations: run.violations } };
  }
  return { ...sum, answers, failed: undefined };
}

/** @returns what came out of so many histories, in words, and whether every cent was where it belongs */
export async function moneyForPeople(
  count: number,
  {
    chain,
    ...options
  }: { seed: number; chain: "memory" | "localnet"; show: (text: string) => void; signal: AbortSignal },
): Promise<{ text: string; held: boolean }> {
  const from = performance.now();
  // only where it is asked for: it needs the virtual machine
  await using local =
    chain === "localnet" ? await (await import("./bank-localnet.ts")).startLocalBank() : undefined;
  const bank = local ? { bank: local.bank } : {};
  const { failed, runs, kills, faults, jobs, charged, refunded } = await liveThrough(count, {
    ...options,
    ...bank,
  });
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  const sum = `${runs} histories of money, chain: ${chain}, in ${seconds} s, seed ${options.seed}: ${jobs} jobs, ${charged} charges, ${refunded} refunds, ${kills} kills, ${faults} faults of the chain`;
  if (!failed) return { text: `${sum}. Every credit is where it belongs.`, held: true };
  const broken = [
    `History ${failed.seed} went wrong:`,
    ...failed.violations,
    `Again: --money 1 --chain ${chain} --seed ${failed.seed}`,
  ];
  return { text: [...broken, sum].join("\n"), held: false };
}
