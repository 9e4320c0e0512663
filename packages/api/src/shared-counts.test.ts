import { describe, expect, test } from "vitest";
import { createRedis } from "./redis.ts";
import { createSharedCounts } from "./shared-counts.ts";
import { hasRedisServer, startTestRedis } from "./testing-redis.ts";

describe.skipIf(!hasRedisServer)("counts that processes share (needs redis-server)", () => {
  async function opened({ seconds = 60 } = {}) {
    const redis = await startTestRedis();
    const connections = [createRedis(redis), createRedis(redis)] as const;
    await Promise.all(connections.map((each) => new Promise((ready) => each.once("ready", ready))));
    const [one, other] = connections.map((each) => createSharedCounts({ redis: each, seconds }));
    if (!one || !other) throw new Error("there are two");
    return {
      redis,
      one,
      other,
      /** How many scripts Redis has run. */
      async scripts(): Promise<number> {
        const stats = String(await redis.command("INFO", "commandstats"));
        const calls = [...stats.matchAll(/cmdstat_eval(?:sha)?:calls=(\d+).*failed_calls=(\d+)/g)];
        return calls.reduce((sum, [, all, failed]) => sum + Number(all) - Number(failed), 0);
      },
      async [Symbol.asyncDispose]() {
        for (const each of connections) each.disconnect();
        await redis[Symbol.asyncDispose]();
      },
    };
  }
  const key = (name: string | number) => `{k}:limit:jobs:${name}`;
  const counts = async (asked: Promise<[number, number] | undefined>[]) =>
    (await Promise.all(asked)).map((counted) => counted?.[0]);

  test("each request of one turn has its place in the count, and the turn is one command", async () => {
    await using place = await opened();
    const { one, other } = place;
    expect(await counts([one(key("a")), one(key("a"))])).toEqual([1, 2]);
    expect(await counts([one(key("b")), one(key("a")), one(key("b")), one(key("a"))])).toEqual([1, 3, 2, 4]);
    expect(await place.scripts()).toBe(2);
    expect(await counts([other(key("a")), other(key("c"))])).toEqual([5, 1]);
  });

  test("more parties than fit into one command are counted all the same", async () => {
    await using place = await opened();
    const all = Array.from({ length: 1203 }, (_, index) => key(index));
    expect(await counts(all.map(place.one))).toEqual(all.map(() => 1));
    expect(await counts(all.map(place.one))).toEqual(all.map(() => 2));
    expect(await place.scripts()).toBe(6);
  });

  test("a count lasts from its first request however many follow, and begins anew", async () => {
    await using place = await opened({ seconds: 1 });
    const told = [await place.one(key("a"))];
    while (told.length === 1 || told.at(-1)?.[0] !== 1) told.push(await place.one(key("a")));
    const again = told.pop();
    expect(told.map((counted) => counted?.[0])).toEqual(told.map((_, index) => index + 1));
    const left = told.map((counted) => counted?.[1] ?? 0);
    expect(left).toEqual(left.toSorted((a, b) => b - a));
    expect(Math.max(...left)).toBeLessThanOrEqual(1000);
    expect(again?.[0]).toBe(1);
  });

  test("a count that would never end is given its time", async () => {
    await using place = await opened();
    await place.redis.command("SET", key("a"), 7);
    expect(await place.one(key("a"))).toEqual([8, 60_000]);
    expect(Number(await place.redis.command("PTTL", key("a")))).toBeGreaterThan(0);
  });

  test("a Redis that has forgotten the script counts each request once", async () => {
    await using place = await opened();
    await place.one(key("a"));
    await place.redis.command("SCRIPT", "FLUSH");
    expect(await counts([place.one(key("a")), place.one(key("a"))])).toEqual([2, 3]);
    await place.redis.command("SCRIPT", "FLUSH");
    const early = place.one(key("a"));
    await new Promise(setImmediate);
    expect((await counts([early, place.one(key("a"))])).toSorted()).toEqual([4, 5]);
  });

  test("where Redis is silent or gone nobody can tell, and nothing is thrown", async () => {
    await using place = await opened();
    place.redis.freeze();
    expect(await counts([place.one(key("a")), place.one(key("b"))])).toEqual([undefined, undefined]);
    place.redis.thaw();
    await place.redis.kill();
    expect(await counts([place.one(key("a")), place.other(key("a"))])).toEqual([undefined, undefined]);
  });
});
