import { attemptKey } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { currentAttempt, isFinal } from "./job.ts";
import { CLAIM_MS, LEASE_MS } from "./state.ts";
import { sqlitePlace } from "./testing-place.ts";
import { testTimeTravel } from "./testing-time-travel.ts";
import { aWorld } from "./testing-world.ts";

// stores that lose time, clocks that disagree, and times in which nobody was there

describe("time travel on SQLite", () => testTimeTravel(sqlitePlace));

describe("times in which nobody was there", () => {
  test("a store that is away for a minute costs no attempt: leases are extended", async () => {
    await using world = await aWorld();
    const id = await world.job();
    const worker = await world.working(id);
    await world.pass(2 * LEASE_MS, { meanwhile: async () => void (await worker.pulse()) });
    const { active } = world.api.store;
    world.api.store.active = () => Promise.reject(new Error("away"));
    for (let second = 0; second < 120; second++) {
      world.clock.now += 1000;
      await world.api.reconciler.once().catch(() => {});
    }
    world.api.store.active = active;
    await world.pass(LEASE_MS - 2000);
    expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ missed_leases: 0 }] });
    await worker.pulse();
    await world.pass(LEASE_MS, { meanwhile: async () => void (await worker.pulse()) });
    expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1 }] });
  });

  test("a worker that died meanwhile is still noticed", async () => {
    await using world = await aWorld();
    const id = await world.job();
    await world.working(id);
    world.clock.now += 3_600_000;
    const from = world.clock.now;
    await world.until(id, (job) => currentAttempt(job).epoch === 2);
    expect(world.clock.now - from).toBeLessThanOrEqual(3 * LEASE_MS);
  });

  test("a process that is late with every round still ends what must end", async () => {
    await using world = await aWorld();
    const id = await world.job();
    await world.pass(1000);
    world.launch().seen = { phase: "queued" };
    await world.pass(20 * 60_000, { stepMs: 20_000 });
    expect((await world.see(id)).attempts[0]).toMatchObject({ outcome: "WORKER_LOST" });
  });

  test("a machine that slept through the time to start lets its launches start after all", async () => {
    await using world = await aWorld();
    const id = await world.job();
    await world.pass(60_000);
    world.clock.now += 8 * 3_600_000;
    await world.pass(CLAIM_MS - 60_000 - 5000);
    const worker = world.worker(world.launch());
    await worker.claim();
    expect(await world.see(id)).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1 }] });
  });
});

describe("clocks", () => {
  test("F39: processes on machines whose clocks differ by ten minutes look after the same jobs in peace", async () => {
    await using world = await aWorld();
    const others = [
      await world.aProcess({ skewMs: -5 * 60_000 }),
      await world.aProcess({ skewMs: 5 * 60_000 }),
    ];
    const id = await world.job();
    await world.pass(2000);
    const worker = world.worker(world.launch());
    await worker.claim();
    for (let second = 0; second < 300; second++) {
      world.clock.now += 1000;
      if (second % 10 === 0) await worker.at("RENDER", second / 300);
      for (const { reconciler } of [world.api, ...others]) await reconciler.once();
    }
    const job = await world.see(id);
    expect(job).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1, missed_leases: 0 }] });
    expect(world.provider.launches).toHaveLength(1);
  });

  test("F40: a process that starts with a clock put back an hour looks after everything all the same", async () => {
    await using world = await aWorld();
    const [running, dying, waiting] = [await world.job(), await world.job(), await world.job()];
    const worker = await world.working(running);
    await world.working(dying);
    await world.pass(30_000, { meanwhile: async () => void (await worker.pulse()) });
    const dead = world.provider.launches.find(({ launchKey }) =>
      launchKey.includes(dying.slice(3).toLowerCase()),
    );
    world.clock.now -= 3_600_000;
    await world.restart();
    if (dead) dead.seen = { phase: "exited", exitCode: null, reason: "oom" };
    await worker.pulse();
    await world.pass(3 * LEASE_MS, { meanwhile: async () => void (await worker.pulse()) });
    expect(await world.see(running)).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1 }] });
    expect((await world.see(dying)).attempts[0]).toMatchObject({ outcome: "OUT_OF_MEMORY" });
    expect(currentAttempt(await world.see(waiting)).state).not.toBe("PLANNED");
    await worker.succeeded(await worker.upload());
    expect(await world.until(running, isFinal)).toMatchObject({ state: "SUCCEEDED" });
    expect(await world.artifacts.head(attemptKey(running, 1, "manifest.json"))).toBeUndefined();
  });
});
