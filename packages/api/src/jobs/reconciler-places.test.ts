import type { ProviderErrorKind } from "@kangklip/providers";
import { describe, expect, test, vi } from "vitest";
import { currentAttempt, isFinal } from "./job.ts";
import { NATIVE_SUBMIT_MS, SUBMIT_MS } from "./launch.ts";
import type { Trouble } from "./testing-provider.ts";
import { aWorld } from "./testing-world.ts";

// several providers, the first one preferred: where a job goes, and what a provider's failures make of it

vi.setConfig({ testTimeout: 120_000 });
const TWO = { more: [{ id: "second", usdPerHour: 0.5 }] };
/** Every launch that runs now, anywhere. */
const live = (world: Awaited<ReturnType<typeof aWorld>>) => [
  ...world.provider.live(),
  ...world.compute.slice(1).flatMap((_id, index) => world.other(index).live()),
];

test("the first provider is taken, and the job says why and at what price", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  await world.pass(1000);
  expect(world.other().count("submit")).toBe(0);
  const view = await world.api.jobs.view(id, { token: undefined, operator: true });
  expect(view).toMatchObject({
    state: "STARTING",
    usd: 0,
    attempts: [
      {
        ...{ provider: "testing", reason: "first choice", usd: 0, ended_because: null },
        offer: { label: "testing's only place", gpu: null, usd_per_hour: 0.5 },
      },
    ],
  });
});

test("a launch that speaks is looked at once, so that its node is known, and then left alone", async () => {
  await using world = await aWorld();
  await world.pass(60_000); // long after its start
  const id = await world.job();
  const { provider } = world.provider;
  const observe = provider.observe;
  provider.observe = async (ref, ...rest) => ({ ...(await observe(ref, ...rest)), node: "node-7" });
  const worker = await world.working(id);
  await world.pass(5000, { meanwhile: async () => void (await worker.pulse()) });
  expect(currentAttempt(await world.see(id))).toMatchObject({ state: "CLAIMED", node: "node-7" });
  const asked = world.provider.count("observe");
  await world.pass(30_000, { meanwhile: async () => void (await worker.pulse()) });
  expect(world.provider.count("observe")).toBe(asked);
});

test("work that would cost more than its job may is stopped, and says so", async () => {
  await using world = await aWorld();
  const id = await world.job({ max_usd: 2 }); // four hours at this price, which a video of unknown length may take
  const first = await world.working(id);
  const told = {
    job_id: id,
    epoch: 1,
    seq: 1,
    stage: "DOWNLOAD",
    stage_progress: 0.5,
    message: null,
  } as const;
  await first.report({ ...told, status: "RUNNING", source_seconds: 60 });
  world.launch().seen = { phase: "exited", exitCode: 69, reason: "error", usd: 1.75 };
  await world.until(id, (job) => currentAttempt(job).epoch === 2);
  const second = await world.working(id);
  expect(currentAttempt(await world.see(id)).run_ms).toBe(30 * 60_000); // what the rest of the money buys
  let steps = 0;
  const meanwhile = async () => void (await second.at("TRANSCRIPT", ++steps / 400).catch(() => {}));
  await world.pass(29 * 60_000, { stepMs: 10_000, meanwhile });
  expect((await world.see(id)).state).toBe("RUNNING");
  await world.pass(2 * 60_000, { stepMs: 10_000, meanwhile });
  expect(await world.see(id)).toMatchObject({
    ...{ state: "FAILED", error_code: "OVER_BUDGET" },
    error: "The work took longer than the job may cost, and was stopped",
  });
  expect(live(world)).toEqual([]);
});

/** What a refusal of the first provider makes of a job: where it is after so many seconds, and how often the first one was asked. */
const REFUSALS: [ProviderErrorKind, { at: "testing" | "second"; seconds: number; asked: number }][] = [
  ["CAPACITY", { at: "second", seconds: 2, asked: 1 }],
  ["FUNDS", { at: "second", seconds: 2, asked: 1 }],
  ["UNSUPPORTED", { at: "second", seconds: 2, asked: 1 }],
  ["IMAGE", { at: "second", seconds: 2, asked: 1 }],
  ["AUTH", { at: "second", seconds: 2, asked: 1 }],
  ["UNAVAILABLE", { at: "testing", seconds: 10, asked: 2 }], // worth a moment
  ["RATE_LIMITED", { at: "testing", seconds: 10, asked: 2 }],
  ["CONFLICT", { at: "testing", seconds: 10, asked: 2 }],
  ["PREPARING", { at: "testing", seconds: 10, asked: 2 }],
  ["AMBIGUOUS", { at: "testing", seconds: 10, asked: 2 }],
];
test.each(REFUSALS)("a launch that is refused with %s", async (kind, { at, seconds, asked }) => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  world.provider.plan("submit", { error: kind });
  await world.pass(seconds * 1000);
  expect(await world.see(id)).toMatchObject({
    ...{ state: "STARTING", start_error: null },
    attempts: [{ epoch: 1, provider: at, state: "SUBMITTED" }], // nothing was started, so it is the same attempt
  });
  expect(world.provider.count("submit")).toBe(asked);
  expect(live(world)).toHaveLength(1);
  if (at === "second")
    expect(currentAttempt(await world.see(id)).reason).toMatch(
      /^testing (refuses this installation's key|has no (free place|credits left)|cannot (run|get) [a-z' ]+)$/,
    );
});

test("what is wrong with the job is wrong everywhere: nobody else is asked", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  world.provider.plan("submit", { error: "INVALID" });
  await world.pass(10_000);
  expect(await world.see(id)).toMatchObject({ state: "FAILED", error: "testing does not accept this work" });
  expect(world.other().count("submit")).toBe(0);
});

test("where every provider refuses for good the job fails at once, and says what each of them said", async () => {
  await using world = await aWorld(TWO);
  world.provider.plan("submit", { error: "AUTH" }, 100);
  world.other().plan("submit", { error: "FUNDS" }, 100);
  const id = await world.job();
  await world.pass(3000);
  expect(await world.see(id)).toMatchObject({
    ...{ state: "FAILED", error_code: "PROVIDER_UNAVAILABLE" },
    // what a provider says word by word is for the operator's log
    error: "testing refuses this installation's key; second has no credits left",
  });
  const next = await world.job(); // is spared the same two questions
  await world.pass(3000);
  expect((await world.see(next)).state).toBe("FAILED");
  expect([world.provider.count("submit"), world.other().count("submit")]).toEqual([1, 1]);
});

test("a launch that its provider keeps until somebody pays is taken back, and the job goes elsewhere within seconds", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  await world.until(id, ({ state }) => state === "STARTING");
  const [launch] = world.provider.launches;
  if (launch) launch.seen = { phase: "blocked", reason: "funds", message: "waits for credits" };
  const job = await world.until(
    id,
    ({ state, attempts }) => state === "STARTING" && attempts.length === 2,
    60_000,
  );
  expect(job.attempts).toMatchObject([
    { provider: "testing", outcome: "PROVIDER_UNAVAILABLE", ended_because: "testing has no credits left" },
    { provider: "second" },
  ]);
  await world.pass(5000);
  expect(world.provider.count("cancel")).toBeGreaterThan(0);
  const next = await world.job(); // is spared the same
  expect((await world.until(next, ({ state }) => state === "STARTING")).attempts).toMatchObject([
    { provider: "second", reason: expect.stringContaining("testing has no credits left") },
  ]);
  expect(launch?.released).toBe(true);
});

test("while one provider is full and the other has no money the job waits, and goes where there is room first", async () => {
  await using world = await aWorld(TWO);
  world.other().plan("submit", { error: "FUNDS" }, 100);
  world.provider.plan("submit", { error: "CAPACITY" }, 3);
  const id = await world.job();
  await world.pass(4000);
  expect(await world.see(id)).toMatchObject({
    ...{ state: "QUEUED", message: "Waiting for a place to run" },
    start_error: expect.stringMatching(/testing has no free place; second has no credits left/),
  });
  expect(await world.until(id, ({ state }) => state === "STARTING")).toMatchObject({
    attempts: [{ provider: "testing" }],
  });
});

test("a provider that gets ready is waited for, and its words are shown instead of an error", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  const preparing: Trouble = { error: "PREPARING", retryAfterMs: 2000 };
  world.provider.plan("submit", preparing, 20);
  await world.pass(20_000);
  expect(await world.see(id)).toMatchObject({
    ...{ state: "QUEUED", message: "the provider said PREPARING", start_error: null },
    attempts: [{ provider: "testing", state: "PLANNED" }],
  });
  expect(world.other().count("submit")).toBe(0);
  world.provider.mend();
  await world.until(id, ({ state }) => state === "STARTING", 10_000);
});

test("a provider that is away for longer than a moment is left for the next one, and tried again by one job now and then", async () => {
  await using world = await aWorld(TWO);
  world.provider.plan("submit", { error: "UNAVAILABLE" }, 1e6);
  const first = await world.job();
  await world.until(first, ({ state }) => state === "STARTING", 60_000);
  expect(currentAttempt(await world.see(first))).toMatchObject({ provider: "second", epoch: 1 });
  const asked = world.provider.count("submit");
  const ids = await Promise.all(Array.from({ length: 20 }, () => world.job()));
  await world.pass(10_000);
  expect(world.other().live()).toHaveLength(21);
  expect(world.provider.count("submit") - asked).toBeLessThanOrEqual(1);
  for (const id of ids) expect((await world.see(id)).state).toBe("STARTING");
  world.provider.mend();
  await world.pass(60_000);
  const later = await world.job();
  await world.pass(2000);
  expect(currentAttempt(await world.see(later)).provider).toBe("testing");
});

test("a provider that does not say what it offers holds up nobody for long", async () => {
  await using world = await aWorld({ ...TWO, callMs: 100 });
  world.provider.plan("offers", { delayMs: 2000 }, 1000);
  const id = await world.job();
  await world.until(id, ({ state }) => state === "STARTING", 60_000);
  expect(currentAttempt(await world.see(id)).provider).toBe("second");
});

describe("after an attempt that ended", () => {
  test.each([
    ["evicted", { phase: "exited", exitCode: null, reason: "evicted" }, "second"],
    ["broken under it", { phase: "exited", exitCode: null, reason: "infra" }, "second"],
    ["lost", { phase: "lost" }, "second"],
    ["without its image", { phase: "exited", exitCode: null, reason: "image" }, "second"],
    ["without money", { phase: "exited", exitCode: null, reason: "funds" }, "second"],
    ["without its GPU", { phase: "exited", exitCode: 71, reason: "error" }, "second"],
    ["by itself", { phase: "exited", exitCode: 70, reason: "error" }, "testing"],
    ["for want of memory", { phase: "exited", exitCode: 137, reason: "oom" }, "testing"],
  ] as const)("%s, the next one is elsewhere only where the place was to blame", async (_name, seen, at) => {
    await using world = await aWorld(TWO);
    const id = await world.job();
    await world.pass(60_000);
    world.launch().seen = seen;
    await world.until(id, (job) => currentAttempt(job).epoch === 2 && job.state === "STARTING");
    const { attempts } = await world.see(id);
    expect(attempts[1]?.provider).toBe(at);
    expect(attempts[0]?.ended_because).toMatch(/\w/);
    expect(live(world)).toHaveLength(1);
  });

  test("a worker that says its GPU is gone is not sent there again", async () => {
    await using world = await aWorld(TWO);
    const id = await world.job();
    const worker = await world.working(id);
    const said = { job_id: id, epoch: 1, seq: 1, stage: "TRANSCRIPT" } as const;
    await worker.report({ ...said, status: "FAILED", code: "GPU_UNAVAILABLE", error: "The GPU is gone" });
    await world.until(id, (job) => currentAttempt(job).epoch === 2 && job.state === "STARTING");
    expect((await world.see(id)).attempts).toMatchObject([
      { outcome: "GPU_UNAVAILABLE", ended_because: "The GPU is gone", blame: "offer" },
      { provider: "second", reason: "testing failed this job before" },
    ]);
  });

  test("another offer of the same provider is good enough", async () => {
    await using world = await aWorld(TWO);
    const [one] = world.provider.offers;
    if (one) world.provider.offers.push({ ...one, offerId: "another", label: "another place" });
    const id = await world.job();
    await world.pass(60_000);
    const first = world.launch();
    first.seen = { phase: "lost" };
    await world.until(id, (job) => currentAttempt(job).epoch === 2 && job.state === "STARTING");
    const { provider, offer } = currentAttempt(await world.see(id));
    expect(provider).toBe("testing");
    expect(offer?.offer_id).not.toBe(first.offerId);
    expect(world.launch().offerId).toBe(offer?.offer_id);
  });
});

test("a launch that waits in a queue says so, is given up in time and tried elsewhere", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  await world.pass(1000);
  const queued = world.launch();
  queued.seen = { phase: "queued", message: "3 jobs are before this one" };
  await world.pass(60_000, { stepMs: 5000 });
  expect(await world.see(id)).toMatchObject({ state: "STARTING", message: "3 jobs are before this one" });
  await world.pass(10 * 60_000, { stepMs: 5000 });
  expect(await world.see(id)).toMatchObject({
    attempts: [{ ended_because: "The worker did not start", blame: "offer" }, { provider: "second" }],
  });
  expect(queued).toMatchObject({ seen: { reason: "cancelled" }, released: true });
  expect(live(world)).toHaveLength(1);
});

describe("what somebody chose", () => {
  test("a job that may run at one provider only never leaves it", async () => {
    await using world = await aWorld(TWO);
    const id = await world.job({ compute: ["testing"] });
    world.provider.plan("submit", { error: "CAPACITY" }, 1e6);
    await world.pass(5 * 60_000, { stepMs: 5000 });
    expect(await world.see(id)).toMatchObject({ state: "QUEUED", compute: ["testing"] });
    expect(world.other().count("submit")).toBe(0);
  });
  test("goes before the order of the installation", async () => {
    await using world = await aWorld(TWO);
    const id = await world.job({ compute: ["second", "testing"] });
    await world.pass(2000);
    expect(currentAttempt(await world.see(id)).provider).toBe("second");
  });
  test("must be there", async () => {
    await using world = await aWorld(TWO);
    await expect(world.job({ compute: ["cloud"] })).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "compute: cloud is not configured; there is testing, second",
    });
  });
});

test("a provider gets no more than it may have at once; what is more goes to the next", async () => {
  await using world = await aWorld({ ...TWO, runningAt: { testing: 2 } });
  await Promise.all(Array.from({ length: 5 }, () => world.job()));
  await world.pass(3000);
  expect([world.provider.live().length, world.other().live().length]).toEqual([2, 3]);
});

describe("money", () => {
  test("a job that might cost too much is not begun, and says what it might cost", async () => {
    await using world = await aWorld({ more: [{ id: "free", usdPerHour: 0 }], maxUsd: 1.5 });
    const here = await world.job();
    await world.pass(2000); // four hours at half a dollar
    expect(currentAttempt(await world.see(here))).toMatchObject({
      ...{ provider: "free", reason: "testing may cost $2.00, more than $1.50" },
    });
    const there = await world.job({ compute: ["testing"] });
    await world.pass(2000);
    expect(await world.see(there)).toMatchObject({
      ...{ state: "FAILED", error_code: "OVER_BUDGET", error: "testing may cost $2.00, more than $1.50" },
    });
    expect(world.provider.count("submit")).toBe(0);
  });

  test("what earlier attempts have cost is counted, as their provider tells it", async () => {
    await using world = await aWorld({ maxUsd: 2.2 });
    const id = await world.job();
    await world.pass(60_000);
    world.launch().seen = { phase: "exited", exitCode: 70, reason: "error", usd: 0.3 };
    await world.until(id, isFinal);
    expect(await world.see(id)).toMatchObject({
      ...{ state: "FAILED", error_code: "OVER_BUDGET" },
      error: "testing may cost $2.00, more than the $1.90 that are left of $2.20",
      attempts: [{ usd: 0.3 }, { outcome: "OVER_BUDGET" }],
    });
  });

  test("an attempt is ended before it has cost more than the job may", async () => {
    await using world = await aWorld({ maxUsd: 2 });
    const id = await world.job({ max_usd: 2 });
    const worker = await world.working(id);
    await world.pass(60_000, { meanwhile: async () => void (await worker.pulse()), stepMs: 10_000 });
    world.clock.now += 4 * 3_600_000 - 120_000;
    const view = await world.api.jobs.view(id, { token: undefined, operator: true });
    expect(view.usd).toBeCloseTo(1.99, 1);
    expect(view.request.max_usd).toBe(2);
  });
});

describe("never two launches for one attempt", () => {
  test("a submission that nobody answered stays at its provider, whoever else has room", async () => {
    await using world = await aWorld({ ...TWO, submit: "lookup" });
    const id = await world.job();
    world.provider.plan("submit", { dropped: true });
    await world.pass(1000);
    world.provider.plan("find", { error: "UNAVAILABLE" }, 30);
    await world.pass(2 * SUBMIT_MS);
    expect(world.other().count("submit")).toBe(0);
    expect(world.provider.count("find")).toBeLessThan(20);
    world.provider.mend();
    await world.until(id, ({ state }) => state === "STARTING", 3 * SUBMIT_MS);
    expect(world.provider.launches).toHaveLength(1);
    expect(live(world)).toHaveLength(1);
  });

  test("who took a submission up and is refused does not go elsewhere while the first asker may still be let in", async () => {
    await using world = await aWorld({ ...TWO, callMs: 600_000 });
    const id = await world.job();
    // the first asker's launch begins late, and its answer never comes: it is dead by then
    world.provider.plan("submit", { bug: "no answer yet" });
    await world.pass(1000);
    const { launch_key } = currentAttempt(await world.see(id));
    world.provider.plan("submit", { error: "CAPACITY" });
    await world.pass(NATIVE_SUBMIT_MS + 2000); // taken up, and refused
    expect(await world.see(id)).toMatchObject({ attempts: [{ state: "PLANNED", provider: "testing" }] });
    expect(world.other().count("submit")).toBe(0);
    const late = world.provider.plant(launch_key); // and there it is
    await world.pass(2 * SUBMIT_MS);
    expect(await world.see(id)).toMatchObject({
      attempts: [{ epoch: 1, ref: late.ref, state: "SUBMITTED" }],
    });
    expect(live(world)).toHaveLength(1);
    expect(world.other().count("submit")).toBe(0);
  });

  test("and goes there as soon as it is sure that nothing came of it", async () => {
    await using world = await aWorld(TWO);
    const id = await world.job();
    world.provider.plan("submit", { bug: "no answer" });
    await world.pass(1000);
    world.provider.plan("submit", { error: "CAPACITY" }, 100);
    await world.pass(SUBMIT_MS - 10_000);
    expect(world.other().count("submit")).toBe(0);
    await world.pass(20_000);
    expect(await world.see(id)).toMatchObject({
      attempts: [{ epoch: 1, provider: "second", state: "SUBMITTED", doubt_until: null }],
    });
    expect(live(world)).toHaveLength(1);
  });

  test("a launch that comes up at a provider which was left is ended by the sweep, and the job goes on", async () => {
    await using world = await aWorld(TWO);
    const id = await world.job();
    world.provider.plan("submit", { error: "CAPACITY" });
    const worker = await world.working(id).catch(async () => {
      const launch = world.other().launches.at(-1);
      if (!launch) throw new Error("nothing was launched");
      const other = world.worker(launch);
      await other.claim();
      return other;
    });
    const { launch_key } = currentAttempt(await world.see(id));
    const ghost = world.provider.plant(launch_key, {}, { phase: "queued" });
    await world.pass(8 * 60_000, { stepMs: 5000, meanwhile: async () => void (await worker.pulse()) });
    expect(ghost).toMatchObject({ released: true, seen: { reason: "cancelled" } });
    expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ provider: "second" }] });
  });
});
