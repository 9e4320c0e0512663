import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasRedisServer, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { update } from "./store.ts";
import { aStoredJob } from "./testing.ts";
import { expectBack, expectUnavailable, READS, startFaultyStore, WRITES } from "./testing-redis-store.ts";

const [one, two] = [aStoredJob(1), aStoredJob(2)];
const ALL = { ...WRITES, ...READS };

/** Faults of the way to Redis, and of what it answers; F numbers: the fault catalogue. */
describe.skipIf(!hasRedisServer)("a Redis store under one fault at a time (needs redis-server)", () => {
  let shared: TestRedis;
  beforeAll(async () => {
    shared = await startTestRedis();
  });
  afterAll(() => shared[Symbol.asyncDispose]());
  const faulty = () => startFaultyStore({ redis: shared });

  test.concurrent.each([
    ["F26 nobody listens", { mode: "refuse" } as const],
    ["F27 everything is swallowed", { mode: "blackhole" } as const],
    ["F28 every answer is lost", { mode: "eatReply" } as const],
    ["a byte comes now and then", { mode: "throttle", bytesPerSecond: 1 } as const],
  ])("%s: each call fails within 5 s, and within 5 s after it the store is back", async (_, fault) => {
    await using place = await faulty();
    await place.store.insert(one);
    let told = 0;
    const stop = place.store.watch(one.job_id, () => void told++);
    await place.proxy.set(fault);
    await expectUnavailable(place.store, ALL, /Redis does not answer/);
    await expectUnavailable(place.store, ALL, /Redis does not answer/); // nor once the loss is known
    expect(await place.direct.get(one.job_id)).toBeDefined(); // the server itself is well
    await update(place.direct, one.job_id, (job) => ({ ...job, notices: ["written meanwhile"] }));
    const before = told;
    await place.proxy.set({ mode: "ok" });
    place.proxy.cut();
    await expectBack(place.store);
    for (let waited = 0; told === before && waited < 5000; waited += 20) await sleep(20);
    expect(told).toBeGreaterThan(before); // its message was missed, so whoever watches is told now
    stop();
  });

  test.concurrent("a connection that dies in silence is noticed by those who only watch", async () => {
    await using place = await faulty();
    await place.store.insert(one);
    let told = 0;
    const stop = place.store.watch(one.job_id, () => void told++);
    await sleep(100);
    await place.proxy.set({ mode: "blackhole" });
    await update(place.direct, one.job_id, (job) => ({ ...job, notices: ["written meanwhile"] }));
    await sleep(50); // the message went into the dark
    const connections = place.proxy.stats.accepted;
    await place.proxy.set({ mode: "eatReply" }); // the old connections stay silent
    for (let waited = 0; place.proxy.stats.accepted === connections && waited < 10_000; waited += 20)
      await sleep(20);
    await place.proxy.set({ mode: "ok" });
    for (let waited = 0; told === 0 && waited < 5000; waited += 20) await sleep(20);
    expect(told).toBeGreaterThan(0);
    stop();
  });

  test.each<[string, string]>([
    ["F28 a lost answer", "cut"],
    ["a command sent into a connection that ends", "kill"],
  ])("%s: each change happens exactly once, and its caller is told the truth", async (_, how) => {
    await using place = await faulty();
    const { store, direct, proxy } = place;
    await store.insert(one);
    await store.insert(two);
    await store.note("taken", "a nonce", 60_000);
    const lost = async <T>(call: () => Promise<T>, done: () => Promise<boolean>): Promise<T> => {
      await expectBack(store); // on a fresh connection
      await proxy.set({ mode: "eatReply" });
      const answer = call();
      while (!(await done())) await sleep(5); // it has happened, and nobody has heard of it
      if (how === "kill") await shared.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      else proxy.cut();
      await proxy.set({ mode: "ok" });
      return answer;
    };

    const third = aStoredJob(3);
    expect(
      await lost(
        () => store.insert(third),
        async () => !!(await direct.get(third.job_id)),
      ),
    ).toBe(true);
    expect(await store.get(third.job_id)).toEqual({ job: third, version: 1 });

    const named = { ...one, source_title: "named" };
    const isNamed = async () => (await direct.get(one.job_id))?.version === 2;
    expect(await lost(() => store.replace(named, 1), isNamed)).toBe(true);
    expect(await store.get(one.job_id)).toEqual({ job: named, version: 2 });

    const isThere = (name: string) => async () => (await direct.recall(name)) !== undefined;
    expect(await lost(() => store.remember("once", "mine", 60_000), isThere("once"))).toBe(true);
    await lost(() => store.note("noted", "mine", 60_000), isThere("noted"));
    expect([await store.recall("once"), await store.recall("noted")]).toEqual(["mine", "mine"]);

    const isTaken = async () => (await direct.recall("taken")) === undefined;
    expect(await lost(() => store.take("taken"), isTaken)).toBe("a nonce");
    expect(await direct.take("taken")).toBeUndefined();

    await lost(
      () => store.remove(two.job_id),
      async () => !(await direct.get(two.job_id)),
    );
    expect(await store.list({ limit: 10 })).toEqual([third, named]);
  });

  test("F28 a change asked twice does not undo what others did in between", async () => {
    await using place = await faulty();
    const { store, direct, proxy } = place;
    await store.insert(one);
    await proxy.set({ mode: "eatReply" });
    const remembered = store.remember("nonce", "mine", 60_000);
    const replaced = store.replace({ ...one, source_title: "mine" }, 1);
    const noted = store.note("note", "mine", 60_000);
    await direct.insert(two);
    const removed = store.remove(two.job_id);
    while (await direct.get(two.job_id)) await sleep(5);
    await direct.insert(two);
    while ((await direct.recall("note")) === undefined) await sleep(5);
    expect(await direct.take("nonce")).toBe("mine");
    await direct.note("note", "of another", 60_000);
    await direct.replace({ ...one, source_title: "of another" }, 2);
    await place.proxy.set({ mode: "ok" });
    proxy.cut();
    expect(await Promise.all([remembered, replaced, noted, removed])).toEqual([
      true,
      true,
      undefined,
      undefined,
    ]);
    expect(await direct.recall("nonce")).toBeUndefined(); // taken once, for ever
    expect(await direct.recall("note")).toBe("of another");
    expect(await direct.get(two.job_id)).toEqual({ job: two, version: 1 });
    expect(await direct.get(one.job_id)).toMatchObject({ version: 3, job: { source_title: "of another" } });
  });

  test("F32 scripts that Redis was told to forget are sent again, under load", async () => {
    await using place = await faulty();
    await place.store.insert(one);
    let going = true;
    const flushes = (async () => {
      while (going) await shared.command("SCRIPT", "FLUSH");
    })();
    const writers = Array.from({ length: 20 }, (_, index) =>
      update(place.store, one.job_id, (job) => ({ ...job, notices: [...job.notices, `${index}`] })),
    );
    await Promise.all(writers);
    going = false;
    await flushes;
    expect((await place.store.get(one.job_id))?.version).toBe(21);
  });

  test("who tries again at once, for ever, does not keep the store from coming back", async () => {
    await using place = await faulty();
    await place.proxy.set({ mode: "refuse" });
    let failures = 0;
    const tried = (async () => {
      for (;;)
        try {
          return await place.store.get(one.job_id);
        } catch {
          failures++;
        }
    })();
    await sleep(1500);
    await place.proxy.set({ mode: "ok" });
    expect(await tried).toBeUndefined();
    expect(failures).toBeGreaterThan(10);
  });

  test("a connection that is cut again and again loses no update and makes none twice", async () => {
    await using place = await faulty();
    const { store, proxy } = place;
    await store.insert(one);
    let going = true;
    const cuts = (async () => {
      while (going) {
        await sleep(120);
        proxy.cut();
      }
    })();
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let round = 0; round < 25; round++)
        await update(store, one.job_id, (job) => ({
          ...job,
          notices: [...job.notices, `${writer}.${round}`],
        }));
    });
    await Promise.all(writers);
    going = false;
    await cuts;
    const stored = await place.direct.get(one.job_id);
    expect(new Set(stored?.job.notices).size).toBe(200);
    expect(stored?.version).toBe(201);
  });
});
