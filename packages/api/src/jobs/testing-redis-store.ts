import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { expect } from "vitest";
import { startTestRedis, type TestRedis } from "../testing-redis.ts";
import { startTcpFault } from "../testing-tcp-fault.ts";
import { createRedisStore } from "./redis-store.ts";
import type { JobStore } from "./store.ts";
import { aStoredJob } from "./testing.ts";

/** No request may wait longer under any one fault. */
const LONGEST_MS = 5000;

/** A store behind a proxy that misbehaves on command, one beside it with a way of its own, and their server. */
export async function startFaultyStore(options: { redis?: TestRedis; args?: string[] } = {}) {
  const redis = options.redis ?? (await startTestRedis({ args: options.args ?? [] }));
  const proxy = await startTcpFault(redis);
  const prefix = randomUUID();
  const store = await createRedisStore({ url: `redis://127.0.0.1:${proxy.port}/0`, prefix });
  const direct = await createRedisStore({ url: redis.url, prefix });
  const known = { ...aStoredJob(99), job_id: `kk_${"Z".repeat(26)}` };
  await direct.insert(known); // from now on Redis knows each script by its hash, so that a lost answer is that of a run
  await direct.replace(known, 1);
  await direct.remove(known.job_id);
  await direct.remember("known", "", 1000);
  await direct.note("known", "", 1000);
  await direct.take("known");
  return {
    redis,
    proxy,
    store,
    direct,
    key: (name: string) => `{${prefix}}:${name}`,
    async [Symbol.asyncDispose]() {
      await Promise.all([store.close(), direct.close()]);
      await proxy[Symbol.asyncDispose]();
      if (!options.redis) await redis[Symbol.asyncDispose]();
    },
  };
}

/** One call of each method that asks Redis; those that change something first. */
export const WRITES: Record<string, (store: JobStore) => Promise<unknown>> = {
  insert: (store) => store.insert(aStoredJob(900, { wallet: "wallet" })),
  replace: (store) => store.replace(aStoredJob(1), 1),
  remember: (store) => store.remember("remembered", "value", 60_000),
  note: (store) => store.note("noted", "value", 60_000),
  take: (store) => store.take("taken"),
  remove: (store) => store.remove(aStoredJob(2).job_id),
  ping: (store) => store.ping(),
};
export const READS: Record<string, (store: JobStore) => Promise<unknown>> = {
  get: (store) => store.get(aStoredJob(1).job_id),
  active: (store) => store.active(),
  list: (store) => store.list({ limit: 10 }),
  "list of a wallet": (store) => store.list({ limit: 10, wallet: "wallet" }),
  ended: (store) => store.ended(1, 10),
  time: (store) => store.time(),
  recall: (store) => store.recall("noted"),
};

/** Expects each call to fail soon, and with words for people. */
export async function expectUnavailable(
  store: JobStore,
  calls: Record<string, (store: JobStore) => Promise<unknown>>,
  words: RegExp,
): Promise<void> {
  const failures = Object.entries(calls).map(async ([name, call]) => {
    const from = performance.now();
    const error = await call(store).then(
      () => "none",
      (caught: unknown) => caught,
    );
    expect(error, name).toMatchObject({ code: "UNAVAILABLE", message: expect.stringMatching(words) });
    expect(performance.now() - from, name).toBeLessThan(LONGEST_MS);
  });
  await Promise.all(failures);
}

/** Waits until the store takes a write again; it must within 5 s. */
export async function expectBack(store: JobStore): Promise<void> {
  const from = performance.now();
  for (;;) {
    const works = await store.ping().then(
      () => true,
      () => false,
    );
    if (works) break;
    if (performance.now() - from > LONGEST_MS) throw new Error("the store did not come back within 5 s");
    await new Promise((wait) => setTimeout(wait, 20));
  }
}

/** A logger whose lines can be read. */
export function aLog() {
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}
