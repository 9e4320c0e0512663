import { expect, test, vi } from "vitest";
import { currentAttempt, isActive, isFinal } from "./job.ts";
import { aWorld } from "./testing-world.ts";

// providers that are taken out of COMPUTE, or that do not answer

vi.setConfig({ testTimeout: 120_000 });
const TWO = { more: [{ id: "second" }] };
type World = Awaited<ReturnType<typeof aWorld>>;
/** The service is started again without a provider. */
async function without(world: World, id: string): Promise<void> {
  world.compute.splice(world.compute.indexOf(id), 1);
  await world.restart();
}
async function with_(world: World, id: string): Promise<void> {
  world.compute.push(id);
  await world.restart();
}

test("a worker whose provider is not configured any more is let go on while it speaks, and its clips are published", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  const worker = await world.working(id);
  await without(world, "testing");
  await world.pass(5 * 60_000, { stepMs: 5000, meanwhile: async () => void (await worker.pulse()) });
  expect((await world.see(id)).state).toBe("RUNNING");
  await worker.succeeded(await worker.upload());
  await world.pass(5000);
  const job = await world.see(id);
  expect(job.state).toBe("SUCCEEDED");
  expect(isActive(job)).toBe(false); // nothing hangs on what is not there
});

test("one that goes silent ends its job, which names what is missing; its launch is swept when the provider is back", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  await world.working(id);
  const launch = world.launch();
  await without(world, "testing");
  expect(await world.until(id, isFinal)).toMatchObject({
    ...{ state: "FAILED", error_code: "PROVIDER_UNAVAILABLE" },
    error: expect.stringMatching(/given to testing, which is not in COMPUTE any more/),
  });
  await world.pass(60_000, { stepMs: 5000 });
  expect(isActive(await world.see(id))).toBe(false);
  expect(world.other().count("submit")).toBe(0); // the first one may still be paid for
  expect(launch.seen.phase).toBe("running");
  await with_(world, "testing");
  await world.pass(8 * 60_000, { stepMs: 5000 });
  expect(launch).toMatchObject({ released: true, seen: { reason: "cancelled" } });
});

test("a job that was being submitted there, or waits in its queue, ends by name as well", async () => {
  await using world = await aWorld(TWO);
  const unsure = await world.job();
  world.provider.plan("submit", { dropped: true });
  await world.pass(1000);
  const queued = await world.job();
  await world.pass(1000);
  await without(world, "testing");
  for (const id of [unsure, queued])
    expect(await world.until(id, isFinal)).toMatchObject({
      state: "FAILED",
      error: expect.stringContaining("testing, which is not in COMPUTE any more"),
    });
});

test("a job that may run nowhere else ends by name before anything is begun; any other goes to what is left", async () => {
  await using world = await aWorld(TWO);
  const only = await world.job({ compute: ["testing"] });
  const any = await world.job();
  await without(world, "testing");
  await world.pass(3000);
  expect(await world.see(only)).toMatchObject({
    state: "FAILED",
    error: "The job may run only at testing, which is not in COMPUTE any more",
  });
  expect(await world.see(any)).toMatchObject({ state: "STARTING", attempts: [{ provider: "second" }] });
});

test("a cancel of work at a provider that is gone ends the job at once", async () => {
  await using world = await aWorld(TWO);
  const id = await world.job();
  await world.working(id);
  await without(world, "testing");
  await world.api.jobs.cancel(id, { token: undefined, operator: true });
  expect(await world.until(id, isFinal, 120_000)).toMatchObject({ state: "CANCELLED" });
});

test("a provider that hangs in all it is asked holds up neither the jobs nor the sweep of another", async () => {
  await using world = await aWorld({ ...TWO, callMs: 300 });
  for (const call of ["offers", "submit", "find", "observe", "cancel", "release", "list"] as const)
    world.provider.plan(call, { delayMs: 3000 }, 1e6);
  const ids = await Promise.all(Array.from({ length: 3 }, () => world.job()));
  const orphan = world.other().plant("kk-00000000000000000000000000-e1");
  const kept = await world.job({ compute: ["second"] });
  await world.until(kept, ({ state }) => state === "STARTING", 60_000);
  for (const id of ids) await world.until(id, ({ state }) => state === "STARTING", 120_000);
  for (const id of ids) expect(currentAttempt(await world.see(id)).provider).toBe("second");
  await world.pass(7 * 60_000, { stepMs: 30_000 });
  expect(orphan.released).toBe(true);
}, 120_000);

test.each([
  [0, 2],
  [0.5, 1],
])(
  "where a launch cannot be told to stop another one is begun elsewhere only if nobody pays for it (%d USD)",
  async (usdPerHour, launches) => {
    await using world = await aWorld({ ...TWO, usdPerHour });
    const id = await world.job();
    await world.working(id);
    for (const call of ["offers", "observe", "cancel"] as const)
      world.provider.plan(call, { error: "UNAVAILABLE" }, 1e6);
    await world.pass(10 * 60_000, { stepMs: 15_000 });
    await world.until(id, (job) => currentAttempt(job).epoch === 2);
    await world.pass(90_000, { stepMs: 5000 });
    expect(world.provider.launches.length + world.other().launches.length).toBe(launches);
    expect(currentAttempt(await world.see(id)).epoch).toBe(2);
  },
);
