import { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import { currentAttempt, isFinal } from "./job.ts";
import { SUBMIT_MS } from "./launch.ts";
import type { Trouble } from "./testing-provider.ts";
import { aWorld } from "./testing-world.ts";

// what a provider can do to a job, and what a killed control plane leaves behind (fault catalogue of the reliability reference)

test("F01: a process killed after a job was saved and before its launch: the next one launches it, once", async () => {
  await using world = await aWorld();
  const id = await world.job();
  await world.restart();
  await world.pass(5000);
  expect(world.provider.launches).toHaveLength(1);
  expect(await world.see(id)).toMatchObject({ state: "STARTING", attempts: [{ epoch: 1 }] });
});

test.each(["native", "lookup"] as const)(
  "F02: a process killed after the launch and before it was written down: the next one finds it (%s)",
  async (submit) => {
    await using world = await aWorld({ submit });
    const id = await world.job();
    const { provider } = world.provider;
    const { submit: started } = provider;
    provider.submit = async (spec) => {
      const ref = await started(spec);
      world.api.kill();
      return ref;
    };
    await world.pass(1000);
    provider.submit = started;
    await world.restart();
    expect((await world.see(id)).attempts).toMatchObject([{ state: "SUBMITTING", ref: null }]);
    await world.pass(SUBMIT_MS);
    expect(world.provider.launches).toHaveLength(1);
    expect((await world.see(id)).attempts).toMatchObject([
      { epoch: 1, state: "SUBMITTED", ref: world.launch().ref },
    ]);
  },
);

test.each(["native", "lookup"] as const)(
  "F03: the answer to a launch is lost: it is found and adopted, never made again (%s)",
  async (submit) => {
    await using world = await aWorld({ submit });
    const ids = await Promise.all(Array.from({ length: 40 }, () => world.job()));
    world.provider.plan("submit", { dropped: true }, 15);
    await world.pass(2 * SUBMIT_MS);
    expect(world.provider.launches).toHaveLength(ids.length);
    for (const id of ids) expect((await world.see(id)).attempts).toMatchObject([{ state: "SUBMITTED" }]);
  },
  60_000,
);

test("F03: what is not known of a launch is said, until it is known", async () => {
  await using world = await aWorld();
  const id = await world.job();
  world.provider.plan("submit", { dropped: true });
  await world.pass(2000);
  expect(await world.see(id)).toMatchObject({
    state: "QUEUED",
    start_error: expect.stringContaining("did not say whether it started"),
  });
  await world.pass(SUBMIT_MS);
  expect(await world.see(id)).toMatchObject({ state: "STARTING", start_error: null });
});

test("F04: where a provider starts one key twice, one launch claims, the other is sent away and both are gone in the end", async () => {
  await using world = await aWorld({ submit: "lookup" });
  const id = await world.job();
  await world.pass(1000);
  const first = world.launch();
  const double = world.provider.plant(first.launchKey, first.env);
  const worker = world.worker(double); // the one that nobody knows is faster
  await worker.claim();
  await expect(world.worker(first).claim()).rejects.toMatchObject({ code: "FENCED" });
  world.worker(first).exit(75);
  await world.pass(40_000, { meanwhile: async () => void (await worker.pulse()) });
  expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ ref: double.ref }] });
  expect(first.released).toBe(true);
  await worker.succeeded(await worker.upload());
  worker.exit(0);
  await world.pass(5000);
  expect(await world.see(id)).toMatchObject({ state: "SUCCEEDED", attempts: [{ epoch: 1, released: true }] });
  expect(world.provider.launches.every(({ released }) => released)).toBe(true);
});

test("F04: a double that has not claimed yet is cancelled, and never started again", async () => {
  await using world = await aWorld({ submit: "lookup" });
  const id = await world.job();
  await world.pass(1000);
  const first = world.launch();
  const double = world.provider.plant(first.launchKey, first.env, { phase: "queued" });
  await world.pass(10_000);
  expect(double.seen).toMatchObject({ reason: "cancelled" });
  const worker = await world.working(id);
  const late = world.provider.plant(first.launchKey, first.env, { phase: "queued" });
  await world.pass(40_000, { meanwhile: async () => void (await worker.pulse()) });
  expect(late.seen).toMatchObject({ reason: "cancelled" });
  expect(first.seen).toEqual({ phase: "running" });
  expect(world.provider.count("submit")).toBe(1);
});

test("F05: a provider that is too slow is not asked for a second launch, its late answer counts, and no other job waits for it", async () => {
  await using world = await aWorld({ callMs: 50 });
  const slow = await world.job();
  world.provider.plan("submit", { delayMs: 300 });
  await world.pass(1000);
  expect((await world.see(slow)).attempts).toMatchObject([{ state: "SUBMITTING" }]);
  const other = await world.job();
  await world.pass(1000);
  expect((await world.see(other)).state).toBe("STARTING");
  await expect
    .poll(async () => (await world.see(slow)).attempts, { timeout: 10_000 })
    .toMatchObject([{ state: "SUBMITTED", ref: { ref: "launch 2" } }]);
  await world.pass(2 * SUBMIT_MS);
  expect(world.provider.launches).toHaveLength(2);
});

test("F05: an observation that hangs holds up neither the loop nor the end of the process", async () => {
  await using world = await aWorld({ callMs: 60_000 });
  const hung = await world.job();
  await world.pass(60_000);
  world.provider.plan("observe", { delayMs: 60_000 });
  const { reconciler } = world.api;
  world.clock.now += 5000;
  reconciler.start();
  await expect.poll(() => world.provider.count("observe"), { timeout: 5000 }).toBeGreaterThan(0);
  const other = await world.job();
  await expect.poll(async () => (await world.see(other)).state, { timeout: 10_000 }).toBe("STARTING");
  expect((await world.see(hung)).state).toBe("STARTING");
  const from = performance.now();
  await reconciler.stop();
  expect(performance.now() - from).toBeLessThan(30_000);
});

/** What the provider answers to a launch, what becomes of the job in ten seconds, and how often it was asked. */
const ANSWERS: [string, Trouble, { state: string; start_error?: RegExp | null; asked: number }][] = [
  [
    "429 with Retry-After",
    { error: "RATE_LIMITED", retryAfterMs: 60_000 },
    { state: "QUEUED", start_error: /wants to be asked later/, asked: 1 },
  ],
  ["429 without Retry-After", { error: "RATE_LIMITED" }, { state: "STARTING", asked: 2 }],
  ["500", { error: "UNAVAILABLE" }, { state: "STARTING", asked: 2 }],
  ["HTML with 502", { error: "AMBIGUOUS" }, { state: "STARTING", asked: 2 }],
  ["malformed JSON", { bug: "Unexpected token < in JSON" }, { state: "STARTING", asked: 2 }],
  ["an empty 200", { bug: "Unexpected end of JSON input" }, { state: "STARTING", asked: 2 }],
  ["401", { error: "AUTH" }, { state: "FAILED", start_error: /refuses this installation's key/, asked: 1 }],
  ["403", { error: "AUTH" }, { state: "FAILED", start_error: /refuses this installation's key/, asked: 1 }],
  ["402", { error: "FUNDS" }, { state: "FAILED", start_error: /has no credits left/, asked: 1 }],
  ["409 duplicate", { error: "CONFLICT" }, { state: "STARTING", asked: 2 }],
  ["no capacity", { error: "CAPACITY" }, { state: "STARTING", asked: 2 }],
  ["400", { error: "INVALID" }, { state: "FAILED", start_error: /does not accept this work/, asked: 1 }],
  [
    "an image that does not exist",
    { error: "IMAGE" },
    { state: "FAILED", start_error: /cannot get the worker's image/, asked: 1 },
  ],
  ["a socket cut after the commit", { dropped: true }, { state: "STARTING", asked: 2 }],
];
test.each(ANSWERS)(
  "F06: a launch answered by %s",
  async (_name, trouble, { state, start_error = null, asked }) => {
    await using world = await aWorld();
    const id = await world.job();
    world.provider.plan("submit", trouble);
    await world.pass(10_000);
    const job = await world.see(id);
    expect(job.state).toBe(state);
    if (start_error === null) expect(job.start_error).toBeNull();
    else expect(job.start_error).toMatch(start_error);
    if (state === "FAILED")
      expect(job).toMatchObject({ error_code: "PROVIDER_UNAVAILABLE", error: job.start_error });
    expect(world.provider.count("submit")).toBe(asked);
  },
);

test("F06: Retry-After is honoured, for the jobs behind it too", async () => {
  await using world = await aWorld({ maxRunning: 1 });
  await Promise.all([world.job(), world.job(), world.job()]);
  world.provider.plan("submit", { error: "RATE_LIMITED", retryAfterMs: 60_000 });
  await world.pass(58_000);
  expect(world.provider.count("submit")).toBe(1);
  await world.pass(5000);
  expect(world.provider.count("submit")).toBe(2);
});

test.each<[string, Trouble]>([
  ["401", { error: "AUTH" }],
  ["500", { error: "UNAVAILABLE" }],
  ["malformed JSON", { bug: "Unexpected token <" }],
])("F06: a look that is answered by %s changes nothing", async (_name, trouble) => {
  await using world = await aWorld();
  const id = await world.job();
  const worker = await world.working(id);
  world.provider.plan("observe", trouble, 1000);
  await world.pass(60_000, { meanwhile: async () => void (await worker.pulse()) });
  expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ state: "CLAIMED" }] });
});

test.each([
  ["404", { phase: "lost" }],
  ["a word that nobody knows", { phase: "hibernating" as "running" }],
] as const)(
  "F06: a launch that is looked up and is %s ends its attempt in time, and another follows",
  async (_name, seen) => {
    await using world = await aWorld();
    const id = await world.job();
    await world.pass(1000);
    world.launch().seen = seen;
    await world.pass(11 * 60_000, { stepMs: 5000 });
    expect((await world.see(id)).attempts.map(({ outcome }) => outcome)).toContain("WORKER_LOST");
  },
);

test("F07: a provider that says RUNNING for ever about a dead worker: the launch is stopped and another one follows", async () => {
  await using world = await aWorld();
  const id = await world.job();
  await world.working(id);
  const dead = world.launch();
  const from = world.clock.now;
  await world.until(id, (job) => currentAttempt(job).epoch === 2);
  expect(world.clock.now - from).toBeLessThanOrEqual(100_000);
  await world.pass(10_000);
  expect(dead).toMatchObject({ seen: { reason: "cancelled" }, released: true });
  expect(world.provider.live()).toHaveLength(1);
});

test.each([
  ["evicted", { phase: "exited", exitCode: null, reason: "evicted" }],
  ["gone without a trace", { phase: "lost" }],
] as const)("F08: a launch that is %s is replaced within a minute", async (_name, seen) => {
  await using world = await aWorld();
  const id = await world.job();
  await world.pass(60_000); // long after its start
  await world.working(id);
  world.launch().seen = seen;
  const from = world.clock.now;
  await world.until(id, (job) => currentAttempt(job).epoch === 2 && job.state === "STARTING");
  expect(world.clock.now - from).toBeLessThanOrEqual(60_000);
});

test("F21: four processes sweep five hundred due jobs: each is launched once", async () => {
  await using world = await aWorld({ submit: "lookup" });
  const ids = await Promise.all(Array.from({ length: 500 }, () => world.job()));
  const others = await Promise.all([world.aProcess(), world.aProcess(), world.aProcess()]);
  const all = [world.api, ...others];
  for (let round = 0; round < 3; round++) {
    world.clock.now += 1000;
    await Promise.all(all.map(({ reconciler }) => reconciler.once()));
  }
  expect(new Set(world.provider.launches.map(({ launchKey }) => launchKey)).size).toBe(ids.length);
  expect(world.provider.launches).toHaveLength(ids.length);
}, 60_000);

test("F21: what may run at once holds for several processes too, but for a moment", async () => {
  await using world = await aWorld({ maxRunning: 3 });
  await Promise.all(Array.from({ length: 30 }, () => world.job()));
  const other = await world.aProcess();
  for (let round = 0; round < 10; round++) {
    world.clock.now += 5000;
    await Promise.all([world.api.reconciler.once(), other.reconciler.once()]);
    expect(world.provider.live().length).toBeLessThanOrEqual(6);
  }
});

test("I1: a provider that is away for good ends every job, and asks it no more often than it must", async () => {
  await using world = await aWorld();
  const id = await world.job();
  world.provider.plan("submit", { error: "UNAVAILABLE" }, 1e6);
  await world.pass(4.1 * 3_600_000, { stepMs: 15_000 });
  expect(await world.see(id)).toMatchObject({ state: "FAILED", error_code: "PROVIDER_UNAVAILABLE" });
  expect(world.provider.launches).toEqual([]);
  expect(world.provider.count("submit")).toBeLessThan(4.2 * 60);
}, 60_000);

test("F38: a bucket that refuses its key ends jobs by name before anything is paid for them", async () => {
  await using world = await aWorld();
  const id = await world.job();
  let asked = 0;
  world.artifacts.head = async () => {
    asked++;
    throw new KangKlipError("STORAGE_DENIED", "The bucket refuses the key");
  };
  await world.pass(10_000);
  expect(await world.see(id)).toMatchObject({
    state: "FAILED",
    error_code: "STORAGE_DENIED",
    error: "The bucket refuses the key",
  });
  expect(world.provider.launches).toEqual([]);
  expect(asked).toBeLessThanOrEqual(3);
});

test("an artifact store that is away for a while keeps jobs waiting, and says so", async () => {
  await using world = await aWorld();
  const id = await world.job();
  const { head } = world.artifacts;
  world.artifacts.head = () => Promise.reject(new KangKlipError("UNAVAILABLE", "The bucket does not answer"));
  await world.pass(60_000);
  expect(await world.see(id)).toMatchObject({ state: "QUEUED", start_error: "The bucket does not answer" });
  world.artifacts.head = head;
  await world.pass(10_000);
  expect(await world.see(id)).toMatchObject({ state: "STARTING", start_error: null });
});

test("clips that cannot be published just now are published later; the work is not done again", async () => {
  await using world = await aWorld();
  const id = await world.job();
  const worker = await world.working(id);
  const { copy } = world.artifacts;
  let asked = 0;
  world.artifacts.copy = () => {
    asked++;
    return Promise.reject(new KangKlipError("UNAVAILABLE", "The bucket does not answer"));
  };
  await worker.succeeded(await worker.upload());
  worker.exit(0);
  await world.pass(10 * 60_000);
  expect((await world.see(id)).state).toBe("COMMITTING");
  expect(asked).toBeLessThan(60); // and not once a second
  world.artifacts.copy = copy;
  expect(await world.until(id, isFinal)).toMatchObject({ state: "SUCCEEDED", attempts: [{ epoch: 1 }] });
});

test("a cancel is driven until the launch is gone, whatever it takes", async () => {
  await using world = await aWorld();
  const id = await world.job();
  await world.working(id);
  const launch = world.launch();
  launch.stubborn = 30;
  world.provider.plan("cancel", { error: "UNAVAILABLE" }, 5);
  await world.api.jobs.cancel(id, { token: undefined, operator: true });
  await world.pass(20_000);
  expect((await world.see(id)).state).toBe("CANCELLING");
  await world.until(id, isFinal);
  await world.pass(5000);
  expect(await world.see(id)).toMatchObject({ state: "CANCELLED", attempts: [{ released: true }] });
  expect(launch.released).toBe(true);
});

test("while a provider cannot be told to stop a launch, no second one is paid beside it", async () => {
  await using world = await aWorld();
  const id = await world.job();
  await world.working(id);
  for (const call of ["observe", "cancel"] as const) world.provider.plan(call, { error: "UNAVAILABLE" }, 1e6);
  await world.pass(9 * 60_000, { stepMs: 5000 });
  expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1 }] }); // may be back soon
  await world.pass(20 * 60_000, { stepMs: 5000 });
  expect(await world.see(id)).toMatchObject({
    state: "RETRYING",
    start_error: expect.stringContaining("cannot be reached to stop"),
    attempts: [{ outcome: "WORKER_LOST" }, {}],
  });
  expect(world.provider.launches).toHaveLength(1);
  world.provider.mend();
  await world.pass(60_000);
  expect(world.provider.launches).toHaveLength(2);
  expect(world.provider.live()).toHaveLength(1);
});

test("I4: launches that belong to nobody are stopped within two sweeps once they are five minutes old", async () => {
  await using world = await aWorld();
  await world.job();
  await world.pass(1000);
  const stranger = world.provider.plant("kk-00000000000000000000000000-e1");
  const [own] = world.provider.launches;
  const later = world.provider.plant(`${own?.launchKey.slice(0, -1)}9`); // an epoch that its job never had
  stranger.stubborn = 3;
  await world.pass(4.5 * 60_000, { stepMs: 5000 });
  expect(world.provider.live()).toHaveLength(3);
  await world.pass(2.5 * 60_000, { stepMs: 5000 });
  expect(stranger.released).toBe(true);
  expect(later.released).toBe(true);
  expect(world.provider.live()).toHaveLength(1);
});

test("a long queue costs a round next to nothing while there is no place", async () => {
  await using world = await aWorld({ maxRunning: 2 });
  await Promise.all(Array.from({ length: 500 }, () => world.job()));
  await world.pass(2000);
  const read = { times: 0 };
  const { get } = world.api.store;
  world.api.store.get = (id) => {
    read.times++;
    return get(id);
  };
  await world.pass(5000);
  expect(world.provider.live()).toHaveLength(2);
  expect(read.times).toBeLessThan(100);
}, 60_000);
