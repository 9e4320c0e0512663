import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasRedisServer, KEEPS_ALL, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { createRedisStore } from "./redis-store.ts";
import { testJobStore } from "./store-contract.ts";
import { aStoredJob } from "./testing.ts";
import { otherProcess, writerProcess } from "./testing-writer.ts";

describe.skipIf(!hasRedisServer)("redis job store (needs redis-server)", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());
  const newPlace = async () => {
    const prefix = randomUUID();
    return () => createRedisStore({ url: redis.url, prefix });
  };

  const opening = (server: TestRedis, prefix: string) => ({
    module: "./redis-store.ts",
    open: "createRedisStore",
    options: { url: server.url, prefix },
  });

  test("two processes that write the same job lose no update, and who watches hears of it", async () => {
    const prefix = randomUUID();
    const store = await createRedisStore({ url: redis.url, prefix });
    await store.insert(aStoredJob());
    let heard = 0;
    const stop = store.watch(aStoredJob().job_id, () => void heard++);
    const other = opening(redis, prefix);
    await Promise.all([writerProcess(other, "a", 60), writerProcess(other, "b", 60)]);
    stop();
    const stored = await store.get(aStoredJob().job_id);
    await store.close();
    expect(stored?.version).toBe(121);
    expect(new Set(stored?.job.notices).size).toBe(120);
    expect(heard).toBeGreaterThan(0);
  });

  test("a job that was written survives the death of its process and of Redis", async () => {
    await using redis = await startTestRedis({ args: KEEPS_ALL });
    const dying = `await store.insert(job); process.kill(process.pid, "SIGKILL");`;
    const { signal } = await otherProcess(opening(redis, "p"), dying);
    expect(signal).toBe("SIGKILL");
    await redis.restart();
    const store = await createRedisStore({ url: redis.url, prefix: "p" });
    expect((await store.get(aStoredJob().job_id))?.job).toEqual(aStoredJob());
    await store.close();
  });

  test("a thousand who watch come and go, and Redis keeps no subscription of theirs, nor of two who watch one job twice", async () => {
    const store = await createRedisStore({ url: redis.url, prefix: "watched" });
    const channels = async () =>
      ((await redis.command("PUBSUB", "CHANNELS", "{watched}*")) as string[]).length;
    const until = async (count: number) => {
      for (let tries = 0; tries < 200 && (await channels()) !== count; tries++) await sleep(20);
      return channels();
    };
    const stops = Array.from({ length: 1000 }, (_, index) =>
      store.watch(aStoredJob(index % 500).job_id, () => {}),
    );
    expect(await until(500)).toBe(500);
    for (const stop of stops.slice(0, 500)) stop();
    expect(await until(500)).toBe(500); // each job has one left
    for (const stop of stops) stop();
    expect(await until(0)).toBe(0);
    await store.close();
  });

  test("answers that are kept for those who ask again go away by themselves, and nothing else is left of a removed job", async () => {
    const store = await createRedisStore({ url: redis.url, prefix: "left" });
    const job = aStoredJob();
    await store.insert(job);
    await store.replace(job, 1);
    await store.remember("note", "value", 5000);
    await store.take("note");
    await store.ping();
    await store.remove(job.job_id);
    const keys = (await redis.command("KEYS", "{left}*")) as string[];
    const lives = await Promise.all(keys.map((key) => redis.command("PTTL", key)));
    expect(lives.length).toBeGreaterThan(0);
    for (const life of lives) {
      expect(life).toBeGreaterThan(0);
      expect(life).toBeLessThanOrEqual(30_000);
    }
    await store.close();
  });

  describe("as every job store", () => testJobStore(newPlace));
});
