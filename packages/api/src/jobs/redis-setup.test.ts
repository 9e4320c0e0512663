import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { hasRedisServer, startTestRedis } from "../testing-redis.ts";
import { startTcpFault } from "../testing-tcp-fault.ts";
import { createRedisStore } from "./redis-store.ts";
import { aStoredJob } from "./testing.ts";
import { aLog, expectUnavailable, READS, startFaultyStore, WRITES } from "./testing-redis-store.ts";

const PASSWORD = "canary/p@ss:word";
const SPELLINGS = [PASSWORD, encodeURIComponent(PASSWORD), "canary"];

/** Everything that could be printed of an error. */
function allOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [JSON.stringify({ ...error }), error.stack, error.message, allOf(error.cause)].join("\n");
}

async function refusalOf(opening: Promise<unknown>): Promise<Error & { code: string }> {
  return opening.then(
    () => {
      throw new Error("the store opened");
    },
    (error) => error,
  );
}

describe.skipIf(!hasRedisServer).concurrent("opening a Redis store (needs redis-server)", () => {
  const open = (
    redis: { port: number },
    more: { user?: string; log?: ReturnType<typeof aLog>["log"] } = {},
  ) =>
    createRedisStore({
      url: `redis://${more.user ? `${more.user}@` : ""}127.0.0.1:${redis.port}/0`,
      prefix: randomUUID(),
      ...(more.log && { log: more.log }),
    });

  test.each(["allkeys-lru", "volatile-ttl"])(
    "a Redis that may throw jobs away (%s) is refused by the name of its setting",
    async (policy) => {
      await using redis = await startTestRedis({ args: ["--maxmemory-policy", policy] });
      const refusal = await refusalOf(open(redis));
      expect(refusal).toMatchObject({
        code: "UNAVAILABLE",
        message: expect.stringMatching(
          `its maxmemory-policy is ${policy}.*"maxmemory-policy noeviction" into redis.conf.*CONFIG SET maxmemory-policy noeviction`,
        ),
      });
      await redis.command("CONFIG", "SET", "maxmemory-policy", "noeviction");
      const store = await open(redis);
      await store.ping();
      await redis.command("CONFIG", "SET", "maxmemory-policy", policy); // somebody changes it later
      await expect(store.ping()).rejects.toThrow(/maxmemory-policy/);
      await store.close();
    },
  );

  test("a Redis that keeps nothing on disk is used, with a warning that gives the lines for redis.conf", async () => {
    await using redis = await startTestRedis({ args: ["--appendonly", "no"] });
    const { log, lines } = aLog();
    const store = await open(redis, { log });
    expect(await store.insert(aStoredJob())).toBe(true);
    expect(lines).toEqual([expect.stringMatching(/jobs are lost.*appendonly yes.*appendfsync everysec/)]);
    await store.close();
  });

  test("one set up as advised is used without a word", async () => {
    await using redis = await startTestRedis();
    const { log, lines } = aLog();
    await (await open(redis, { log })).close();
    expect(lines).toEqual([]);
  });

  test("a Redis that does not let one look is used, with a warning that says what to make sure of", async () => {
    await using redis = await startTestRedis();
    await redis.command("ACL", "SETUSER", "app", "on", ">pw", "~*", "&*", "+@all", "-info", "-config");
    const { log, lines } = aLog();
    const store = await open(redis, { user: "app:pw", log });
    expect(await store.insert(aStoredJob())).toBe(true);
    await store.ping();
    expect(lines.join()).toMatch(/does not tell its maxmemory-policy/);
    await store.close();
  });

  test("a user without the right to publish or to write keys is refused each write whole", async () => {
    await using redis = await startTestRedis();
    await redis.command("ACL", "SETUSER", "mute", "on", ">pw", "~*", "resetchannels", "+@all");
    await redis.command("ACL", "SETUSER", "reader", "on", ">pw", "%R~*", "&*", "+@all");
    const mute = await open(redis, { user: "mute:pw" });
    await expect(mute.insert(aStoredJob())).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(await mute.list({ limit: 10 })).toEqual([]);
    expect(await mute.active()).toEqual([]);
    await mute.close();
    const refusal = open(redis, { user: "reader:pw" }).then((store) =>
      store.ping().finally(() => store.close()),
    );
    await expect(refusal).rejects.toThrow(/does not let the user of REDIS_URL do this/);
  });

  test("where nobody listens the store does not open, and says what to do", async () => {
    const refusal = await refusalOf(open({ port: 1 })); // one that was free may be another test's by now
    expect(refusal).toMatchObject({
      code: "UNAVAILABLE",
      message: expect.stringMatching("Redis at 127.0.0.1:1 cannot be used .*ECONNREFUSED.*REDIS_URL"),
    });
  });

  test("a server that says nothing is no server either", async () => {
    await using redis = await startTestRedis();
    await using proxy = await startTcpFault(redis);
    await proxy.set({ mode: "blackhole" });
    expect(await refusalOf(open(proxy))).toMatchObject({ code: "UNAVAILABLE" });
  });

  test("the password is in no error and in no log line: refused, wrong, or right and then lost", async () => {
    await using redis = await startTestRedis({ args: ["--requirepass", PASSWORD] });
    await using proxy = await startTcpFault(redis);
    const { log, lines } = aLog();
    const seen: string[] = [];
    const withoutSecret = (text: string) => SPELLINGS.filter((spelling) => text.includes(spelling));
    const user = `:${encodeURIComponent(PASSWORD)}`;

    const wrong = await refusalOf(open(redis, { user: `canary:${encodeURIComponent(`${PASSWORD}x`)}`, log }));
    expect(wrong.message).toMatch(/WRONGPASS/);
    seen.push(allOf(wrong));
    const none = await refusalOf(open(redis, { log }));
    expect(none.message).toMatch(/NOAUTH|password/i);

    const store = await open(proxy, { user, log });
    await store.insert(aStoredJob());
    await proxy.set({ mode: "refuse" });
    for (const call of Object.values({ ...WRITES, ...READS }))
      seen.push(allOf(await call(store).catch((error) => error)));
    await store.close();
    seen.push(allOf(await refusalOf(createRedisStore({ url: `redis://x${user}@[bad`, prefix: "p", log }))));
    expect(seen.join()).toMatch(/does not answer/);
    expect(lines.length).toBeGreaterThan(1);
    expect([...seen, ...lines].flatMap(withoutSecret)).toEqual([]);
  });

  test("a loss and a return are each said once", async () => {
    await using place = await startFaultyStore();
    const { log, lines } = aLog();
    const store = await open(place.proxy, { log });
    for (let round = 0; round < 2; round++) {
      await place.proxy.set({ mode: "refuse" });
      await expectUnavailable(store, READS, /Redis does not answer/);
      await place.proxy.set({ mode: "ok" });
      while ((await store.ping().catch(() => "away")) === "away")
        await new Promise((wait) => setTimeout(wait, 50));
    }
    await store.close();
    const said = lines.map((line) => JSON.parse(line).msg);
    expect(said).toEqual(
      Array(2)
        .fill([expect.stringMatching(/lost|cannot be reached/), "Redis answers again"])
        .flat(),
    );
  });

  test("on a node of a Redis cluster, the keys of each script lie in one slot", async () => {
    await using redis = await startTestRedis({ args: ["--cluster-enabled", "yes"] });
    await redis.command("CLUSTER", "ADDSLOTSRANGE", 0, 16_383);
    const store = await open(redis);
    for (let tries = 0; tries < 100 && (await store.ping().catch(() => "down")) === "down"; tries++)
      await new Promise((wait) => setTimeout(wait, 50)); // the node finds out that all slots are covered
    await store.insert(aStoredJob(1));
    await store.insert(aStoredJob(2));
    await store.note("taken", "kept", 60_000);
    const own = aStoredJob(900, { wallet: "wallet" });
    const answers = [];
    for (const call of Object.values({ ...WRITES, ...READS })) answers.push(await call(store));
    expect(answers).toEqual([
      ...[true, true, true, undefined, "kept", undefined, undefined],
      ...[expect.objectContaining({ version: 2 }), [1, 900].map((serial) => aStoredJob(serial).job_id)],
      ...[[own, aStoredJob(1)], [own], [], expect.any(Number), "value"],
    ]);
    await store.close();
  });

  test("a closed store says so at once, and leaves no connection behind", async () => {
    await using redis = await startTestRedis();
    const store = await open(redis);
    store.watch(aStoredJob().job_id, () => {});
    await store.close();
    await expectUnavailable(store, { ...WRITES, ...READS }, /Redis does not answer|closed/);
    let clients = "";
    for (let tries = 0; tries < 100 && clients.split("\n").length !== 2; tries++) {
      clients = String(await redis.command("CLIENT", "LIST"));
      await new Promise((wait) => setTimeout(wait, 20));
    }
    expect(clients.trim().split("\n")).toHaveLength(1); // the one that asks
  });
});
