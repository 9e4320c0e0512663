import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createLimits, ownerOf, RateLimitedError } from "./limits.ts";
import { createRedis } from "./redis.ts";
import { hasRedisServer, startTestRedis } from "./testing-redis.ts";

type Limits = ReturnType<typeof createLimits>;

/** How many of so many requests of one address are let through; every refusal must be one that says how long to wait. */
async function letThrough(limits: Limits[], requests: number, address = "192.0.2.1"): Promise<number> {
  const answers = Array.from({ length: requests }, async (_, index) => {
    const refusal = await limits[index % limits.length]?.jobs(address).catch((error: unknown) => error);
    if (refusal === undefined) return 1;
    expect(refusal).toBeInstanceOf(RateLimitedError);
    expect((refusal as RateLimitedError).retryAfterSeconds).toBeLessThanOrEqual(60);
    return 0;
  });
  return (await Promise.all(answers)).reduce<number>((sum, one) => sum + one, 0);
}

test("an address may start so many jobs in a minute, then it is told how long to wait; another is not concerned", async () => {
  const limits = createLimits({ jobsPerMinute: 3 });
  expect(await letThrough([limits], 10)).toBe(3);
  await limits.jobs("192.0.2.2");
  await expect(limits.jobs("192.0.2.1")).rejects.toMatchObject({ code: "RATE_LIMITED", httpStatus: 429 });
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:0201", "192.0.2.1"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["::", "0:0:0:0::/64"],
  ["1::", "1:0:0:0::/64"],
  ["not an address", "not an address"],
  ["x".repeat(9000), "x".repeat(64)],
])("%.40s counts as %.40s", (address, owner) => expect(ownerOf(address)).toBe(owner));

test("whoever has a /64 of IPv6 has one limit, not one for each of its addresses", async () => {
  const limits = createLimits({ jobsPerMinute: 5 });
  const answers = Array.from({ length: 20 }, (_, index) =>
    limits.jobs(`2001:db8::${index.toString(16)}`).then(
      () => 1,
      () => 0,
    ),
  );
  expect((await Promise.all(answers)).filter(Boolean)).toHaveLength(5);
  await limits.jobs("2001:db8:0:1::1");
});

describe.skipIf(!hasRedisServer)("limits on Redis (needs redis-server)", () => {
  async function opened() {
    const redis = await startTestRedis();
    const prefix = randomUUID();
    const connections = [createRedis(redis), createRedis(redis)];
    await Promise.all(connections.map((each) => new Promise((ready) => each.once("ready", ready))));
    const limits = connections.map((each) => createLimits({ jobsPerMinute: 100, redis: each, prefix }));
    return {
      redis,
      limits,
      async [Symbol.asyncDispose]() {
        for (const each of connections) each.disconnect();
        await redis[Symbol.asyncDispose]();
      },
    };
  }

  test("F69 of ten thousand requests of one address at two processes, one limit's worth get through", async () => {
    await using place = await opened();
    expect(await letThrough(place.limits, 2, "192.0.2.9")).toBe(2); // Redis learns the script
    const count = await letThrough(place.limits, 10_000);
    expect(count).toBeGreaterThanOrEqual(99);
    expect(count).toBeLessThanOrEqual(101);
    expect(await letThrough(place.limits, 50, "192.0.2.77")).toBe(50);
  });

  test("Redis killed: each process goes on limiting by itself, without an error; with Redis back they share again", async () => {
    await using place = await opened();
    const [one, other] = place.limits as [Limits, Limits];
    await place.redis.kill();
    const from = performance.now();
    expect(await letThrough([one], 300)).toBe(100);
    expect(await letThrough([other], 300)).toBe(100);
    expect(performance.now() - from).toBeLessThan(5000);
    await place.redis.restart();
    let shared = 0;
    for (let round = 0; shared !== 100 && round < 100; round++, await sleep(50))
      shared = await letThrough(place.limits, 300, `198.51.100.${round}`);
    expect(shared).toBe(100);
  });

  test("Redis silent: a request waits well below 5 s, and the limit holds", async () => {
    await using place = await opened();
    place.redis.freeze();
    const from = performance.now();
    expect(await letThrough(place.limits.slice(0, 1), 300)).toBe(100);
    expect(performance.now() - from).toBeLessThan(5000);
  });

  test("Redis full: the limit holds", async () => {
    await using place = await opened();
    await place.redis.command("CONFIG", "SET", "maxmemory", "1");
    expect(await letThrough(place.limits.slice(0, 1), 300)).toBe(100);
  });
});
