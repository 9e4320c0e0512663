import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { createRedis } from "../redis.ts";
import { hasRedisServer, startTestRedis } from "../testing-redis.ts";
import { startTcpFault } from "../testing-tcp-fault.ts";
import { createRedisWatchers } from "./redis-watchers.ts";

const ID = `kk_${"0".repeat(26)}`;
const CHANNELS = "changed:";

describe.skipIf(!hasRedisServer)("who watches a job on Redis (needs redis-server)", () => {
  /** Watchers whose subscriptions travel slowly, and the version of the job in a key. */
  async function opened() {
    const redis = await startTestRedis();
    const proxy = await startTcpFault(redis);
    const subscriber = createRedis({
      url: `redis://127.0.0.1:${proxy.port}/0`,
      more: { autoResubscribe: false },
    });
    await new Promise((ready) => subscriber.once("ready", ready));
    const watchers = createRedisWatchers({
      subscriber,
      channels: CHANNELS,
      versionOf: async () => Number(await redis.command("GET", "version")),
    });
    return {
      proxy,
      watchers,
      /** Another process writes a version, and says so or loses its voice. */
      async written(version: number, says: boolean) {
        await redis.command("SET", "version", version);
        if (says) await redis.command("PUBLISH", CHANNELS + ID, version);
      },
      async [Symbol.asyncDispose]() {
        watchers.close();
        await proxy[Symbol.asyncDispose]();
        await redis[Symbol.asyncDispose]();
      },
    };
  }
  const until = async (fits: () => boolean) => {
    for (let tries = 0; !fits() && tries < 250; tries++) await sleep(20);
  };

  test("is told of what was written before the subscription had arrived, and only then", async () => {
    await using place = await opened();
    await place.written(1, false);
    await place.proxy.set({ mode: "delay", ms: 200 });
    let told = 0;
    place.watchers.watch(ID, () => void told++);
    await sleep(100);
    await place.written(2, true); // nobody is subscribed yet
    await until(() => told > 0);
    expect(told).toBe(1);

    let quiet = 0;
    place.watchers.watch(ID, () => void quiet++);
    await sleep(600);
    expect([told, quiet]).toEqual([1, 0]); // nothing was written
  });

  test("is told once of each version, whoever tells first, also of a late one and of a job made again", async () => {
    await using place = await opened();
    const { watchers } = place;
    let told = 0;
    watchers.watch(ID, () => void told++);
    await sleep(200);
    const after = async (tell: () => void | Promise<void>) => {
      const before = told;
      await tell();
      await sleep(60);
      return told - before;
    };
    expect(await after(() => watchers.wrote(ID, 1))).toBe(1);
    expect(await after(() => place.written(1, true))).toBe(0); // the message of what this process wrote
    expect(await after(() => place.written(3, true))).toBe(1);
    expect(await after(() => watchers.wrote(ID, 2))).toBe(0); // its answer came later than the news of the next
    expect(await after(() => watchers.removed(ID))).toBe(1);
    expect(await after(() => place.written(0, true))).toBe(0);
    expect(await after(() => watchers.wrote(ID, 1))).toBe(1);
  });
});
