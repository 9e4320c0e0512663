import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { hasRedisServer, KEEPS_ALL, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { type JobStore, update } from "./store.ts";
import { aStoredJob } from "./testing.ts";
import { expectBack, expectUnavailable, READS, startFaultyStore, WRITES } from "./testing-redis-store.ts";

const one = aStoredJob(1);
const ended = (serial: number) =>
  aStoredJob(serial, {
    state: "FAILED",
    ended_at: serial,
    attempts: aStoredJob(serial).attempts.map((attempt) => ({ ...attempt, released: true })),
  });

/** Every key with what it holds, but for the answers that are kept for a while. */
async function everything(redis: TestRedis): Promise<Record<string, unknown>> {
  const keys = ((await redis.command("KEYS", "*")) as string[]).filter((key) => !/:(asked|probe)/.test(key));
  const dumps = keys.map(async (key) => [key, String(await redis.command("DUMP", key))]);
  return Object.fromEntries(await Promise.all(dumps));
}

/** The lists name exactly the jobs that are there, each in its place. */
async function expectWhole(store: JobStore): Promise<number> {
  const jobs = await store.list({ limit: 1000 });
  const ids = (state: string) => jobs.filter((job) => job.state === state).map(({ job_id }) => job_id);
  expect((await store.active()).toSorted()).toEqual(ids("QUEUED").toSorted());
  expect((await store.ended(Number.MAX_SAFE_INTEGER, 1000)).toSorted()).toEqual(ids("FAILED").toSorted());
  return jobs.length;
}

/** Faults of the server itself; F numbers: the fault catalogue. */
describe.skipIf(!hasRedisServer).concurrent("a Redis store whose server fails (needs redis-server)", () => {
  test("F22 a restart under load loses no update and makes none twice, and who watches hears again", async () => {
    await using place = await startFaultyStore({ args: KEEPS_ALL });
    const { store, redis } = place;
    await store.insert(one);
    let told = 0;
    const stop = store.watch(one.job_id, () => void told++);
    let rounds = 0;
    let going = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let round = 0; going; round++) {
        const notice = `${writer}.${round}`;
        // the server may be away for longer than a call waits: then the caller tries again, as ours do
        const write = () =>
          update(store, one.job_id, (job) => (job.notices.includes(notice) ? job : noted(job, notice)));
        for (;;)
          try {
            await write();
            break;
          } catch (error) {
            expect(error).toMatchObject({ code: "UNAVAILABLE" });
            await sleep(10);
          }
        rounds++;
        await sleep(1);
      }
    });
    await sleep(100);
    await redis.stop();
    await redis.restart();
    await sleep(100);
    await redis.kill();
    await redis.restart();
    await expectBack(store);
    await sleep(100);
    going = false;
    await Promise.all(writers);
    const stored = await store.get(one.job_id);
    expect(new Set(stored?.job.notices).size).toBe(rounds);
    expect(stored?.version).toBe(rounds + 1);
    for (let waited = 0, before = told; told === before && waited < 5000; waited += 50) {
      await update(place.direct, one.job_id, (job) => noted(job, `late ${waited}`));
      await sleep(50);
      if (told > before) break;
    }
    expect(told).toBeGreaterThan(0);
    stop();
  });

  test("F23 a server that went back in time tells who watches, and takes the writes that fit its past", async () => {
    await using place = await startFaultyStore({ args: KEEPS_ALL });
    const { store, redis } = place;
    await store.insert(one);
    const copy = redis.copyData();
    for (let round = 0; round < 5; round++) await update(store, one.job_id, (job) => noted(job, `${round}`));
    await store.insert(aStoredJob(2));
    let told = 0;
    const stop = store.watch(one.job_id, () => void told++);
    await sleep(50);
    await redis.restart({ from: copy });
    rmSync(copy, { recursive: true });
    await expectBack(store);
    expect(await store.get(one.job_id)).toEqual({ job: one, version: 1 });
    expect(await store.get(aStoredJob(2).job_id)).toBeUndefined();
    expect(await store.replace(one, 6)).toBe(false);
    for (let waited = 0; told === 0 && waited < 5000; waited += 20) await sleep(20);
    await sleep(50);
    const before = told;
    expect(await place.direct.replace(one, 1)).toBe(true);
    for (let waited = 0; told === before && waited < 5000; waited += 20) await sleep(20);
    expect(told).toBe(before + 1); // version 2 is news, though version 6 was seen before
    stop();
  });

  test("F24 a file that was cut loads without its end: each change is there whole or not at all", async () => {
    await using place = await startFaultyStore({ args: KEEPS_ALL });
    const { store, redis } = place;
    for (let serial = 1; serial <= 100; serial++)
      await store.insert(serial % 2 ? aStoredJob(serial) : ended(serial));
    await redis.kill();
    const { size } = statSync(redis.aofFile());
    truncateSync(redis.aofFile(), size - Math.ceil(size / 100) * 3 - 700); // within a change
    await redis.restart();
    await expectBack(store);
    const left = await expectWhole(store);
    expect(left).toBeGreaterThan(80);
    expect(left).toBeLessThan(100);
    expect(await store.insert(aStoredJob(100))).toBe(true);
  });

  test("F25 a file that is damaged in the middle is not loaded: the store says that it is unavailable", async () => {
    await using place = await startFaultyStore({ args: KEEPS_ALL });
    const { store, redis } = place;
    for (let serial = 1; serial <= 50; serial++) await store.insert(aStoredJob(serial));
    await redis.kill();
    const written = readFileSync(redis.aofFile());
    written.write("broken", written.indexOf("\r\n*", written.length / 2) + 2); // where a command begins
    writeFileSync(redis.aofFile(), written);
    await expect(redis.restart()).rejects.toThrow(/Bad file format.*redis-check-aof/s);
    await expectUnavailable(store, { ...WRITES, ...READS }, /Redis does not answer/);
  });

  test("F29 a full server refuses each write whole; it is read and emptied on; with room it is back", async () => {
    await using place = await startFaultyStore();
    const { store, redis } = place;
    await store.insert(one);
    await store.insert(aStoredJob(2));
    await store.note("taken", "kept", 60_000);
    const before = await everything(redis);
    await redis.command("CONFIG", "SET", "maxmemory", "1");
    const { take, remove, ...growing } = WRITES;
    await expectUnavailable(store, growing, /full: raise maxmemory/);
    const refusal = await store.note("key", "canary", 60_000).catch((error) => error);
    expect(JSON.stringify([refusal, refusal.cause, { ...refusal.cause }])).not.toContain("canary"); // it may be logged
    expect(await everything(redis)).toEqual(before);
    for (const read of Object.values(READS)) await read(store);
    expect(await take?.(store)).toBe("kept"); // making room is allowed
    await remove?.(store);
    expect(await expectWhole(store)).toBe(1);
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    await expectBack(store);
    expect(await store.replace(one, 1)).toBe(true);
  });

  test("F30 a server that became a replica refuses each write whole; as primary again it is back", async () => {
    await using place = await startFaultyStore();
    const { store, redis } = place;
    await store.insert(one);
    await store.insert(aStoredJob(2));
    await store.note("taken", "kept", 60_000);
    const before = await everything(redis);
    await redis.command("REPLICAOF", "127.0.0.1", "1"); // nobody listens there
    await expectUnavailable(store, WRITES, /read-only replica: let REDIS_URL name the primary/);
    expect(await everything(redis)).toEqual(before);
    expect((await store.get(one.job_id))?.job).toEqual(one);
    await redis.command("REPLICAOF", "NO", "ONE");
    await expectBack(store);
    expect(await store.replace(one, 1)).toBe(true);
  });

  test("F30 after a failover the store finds the new primary, and its caller notices nothing", async () => {
    await using place = await startFaultyStore();
    await using replica = await startTestRedis();
    const { store, redis, proxy } = place;
    await store.insert(one);
    await redis.command("CONFIG", "SET", "repl-diskless-sync-delay", 0); // it waits 5 s for more replicas
    await replica.command("REPLICAOF", "127.0.0.1", redis.port);
    const isThere = async () => (await replica.command("EXISTS", place.key(`job:${one.job_id}`))) === 1;
    for (let tries = 0; tries < 500 && !(await isThere()); tries++) await sleep(20);
    await replica.command("REPLICAOF", "NO", "ONE");
    await redis.command("REPLICAOF", "127.0.0.1", replica.port); // its connections stay open, and are of no use
    proxy.leadTo(replica.port);
    expect(await store.replace({ ...one, source_title: "after" }, 1)).toBe(true);
    expect(await store.get(one.job_id)).toMatchObject({ version: 2, job: { source_title: "after" } });
    await expectWhole(store);
  });

  test("a server that is loading is waited for by nobody; loaded, it is back", async () => {
    await using place = await startFaultyStore({ args: KEEPS_ALL });
    const { store, redis } = place;
    const inserts = Array.from({ length: 1000 }, (_, serial) => store.insert(aStoredJob(serial)));
    await Promise.all(inserts);
    await redis.kill();
    const slow = [...KEEPS_ALL, "--key-load-delay", "500"]; // µs for each command of the file, about 8 to an insert
    const loading = redis.restart({ args: slow });
    await sleep(1300); // longer than a gap that nobody notices
    const said = await redis.command("PING").then(String, (error) => String(error));
    expect(said).toMatch(/LOADING/);
    await expectUnavailable(store, { ...WRITES, ...READS }, /Redis (does not answer|is still loading)/);
    await loading;
    await expectBack(store);
    expect(await expectWhole(store)).toBe(1000);
  });

  test("a server that hangs answers nobody within 5 s; going on, it is back and nothing counts twice", async () => {
    await using place = await startFaultyStore();
    const { store, redis } = place;
    await store.insert(one);
    redis.freeze();
    await expectUnavailable(store, { ...WRITES, ...READS }, /Redis does not answer/);
    redis.thaw();
    await expectBack(store);
    const stored = await store.get(one.job_id); // the change may have been made late, and then once
    expect([1, 2]).toContain(stored?.version);
    await expectWhole(store);
  });
});

const full = mkdtempSync(join(tmpdir(), "kk-full-"));
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", full]).status === 0;
afterAll(() => {
  if (mounted) spawnSync("umount", [full]);
  rmdirSync(full);
});

test.skipIf(!hasRedisServer || !mounted)(
  "F42 a Redis on a full disk refuses each write whole; with room again it is back (needs an account that may mount)",
  async () => {
    const place = await startFaultyStore({ args: ["--dir", full] });
    try {
      const { store } = place;
      await store.insert(one);
      await store.insert(aStoredJob(2));
      await store.note("taken", "kept", 60_000);
      const ballast = join(full, "ballast");
      writeFileSync(ballast, "");
      expect(() => appendFileSync(ballast, Buffer.alloc(2 << 20))).toThrow(/ENOSPC/);
      const large = "x".repeat(10_000);
      for (let tries = 0; tries < 100; tries++)
        if ((await store.note("large", large, 60_000).catch(() => "refused")) === "refused") break;
      await expectUnavailable(store, WRITES, /cannot write to its disk/);
      expect(await store.get(one.job_id)).toEqual({ job: one, version: 1 });
      await expectWhole(store);
      rmSync(ballast);
      await expectBack(store); // Redis tries again each second
      expect(await store.replace(one, 1)).toBe(true);
    } finally {
      await place[Symbol.asyncDispose](); // before the disk goes
    }
  },
);

const noted = <T extends { notices: string[] }>(job: T, notice: string): T => ({
  ...job,
  notices: [...job.notices, notice],
});
