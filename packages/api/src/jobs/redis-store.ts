import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type JobId, KangKlipError } from "@kangklip/contract";
import type { Redis } from "ioredis";
import { z } from "zod";
import type { Logger } from "../log.ts";
import { createRedis, placeOf, withoutPassword } from "../redis.ts";
import { isActive, type Job } from "./job.ts";
import { createRecords } from "./records.ts";
import { createAsk, type Script } from "./redis-ask.ts";
import { checkSettings } from "./redis-check.ts";
import { INSERT, NOTE, PROBE, REMEMBER, REMOVE, REPLACE, TAKE } from "./redis-scripts.ts";
import { createRedisWatchers } from "./redis-watchers.ts";
import { endedAt, type JobStore } from "./store.ts";

const BOOT_MS = 2000;
const CLOSE_MS = 1000;

interface RedisStoreOptions {
  /** redis:// or rediss://, with user and password where the server wants them. */
  url: string;
  /** Installations that share one Redis tell their keys apart by it. */
  prefix: string;
  log?: Logger;
}

/**
 * Jobs and notes in Redis, for several API processes; what it owes its callers is in store.ts. Each change is one script, answered once
 * however often it had to be asked (redis-scripts.ts). A call ends within 3.5 s whatever Redis does: with UNAVAILABLE where it fails.
 * @throws KangKlipError UNAVAILABLE where Redis cannot be used, or may throw jobs away (maxmemory-policy)
 */
export async function createRedisStore({ url, prefix, log }: RedisStoreOptions): Promise<JobStore> {
  const redis = createRedis({ url, log });
  const subscriber = createRedis({ url, more: { autoResubscribe: false } }); // redis-watchers.ts subscribes, and tells who watches
  const { ask, run } = createAsk({ redis, url });
  const key = (name: string) => `{${prefix}}:${name}`;
  const [all, active, ended] = [key("jobs"), key("active"), key("ended")];
  const jobKey = (id: JobId) => key(`job:${id}`);
  const noteKey = (name: string) => key(`note:${name}`);
  const channels = key("changed:");
  const ofWallet = key("wallet:");
  const records = createRecords();
  const watchers = createRedisWatchers({
    subscriber,
    channels,
    log,
    versionOf: (id) =>
      ask((connection) => connection.hget(jobKey(id), "version")).then(
        (version) => Number(version ?? 0),
        () => undefined,
      ),
  });

  /** Makes a change under a new request id; asked again, it is the same request. */
  const change = (script: Script, keys: string[], args: (string | number)[]) =>
    run(script, [key(`asked:${randomUUID()}`), ...keys], args);
  const life = (ttlMs: number) => Math.max(1, Math.ceil(ttlMs));

  const store: JobStore = {
    async insert(job) {
      const id = job.job_id;
      const args = [channels + id, id, JSON.stringify(job), whenEnded(job), ofWallet, job.wallet ?? ""];
      const done = (await change(INSERT, [jobKey(id), all, active, ended], args)) === 1;
      if (done) watchers.wrote(id, 1);
      return done;
    },
    async get(id) {
      const [version, text] = await ask((connection) => connection.hmget(jobKey(id), "version", "job"));
      if (version == null || text == null) return undefined;
      return { version: Number(version), job: records.read(id, text) };
    },
    async replace(job, version) {
      const id = job.job_id;
      const { wallet } = job;
      const args = [channels + id, id, JSON.stringify(job), whenEnded(job), ofWallet, wallet ?? "", version];
      const done = (await change(REPLACE, [jobKey(id), active, ended], args)) === 1;
      if (done) watchers.wrote(id, version + 1);
      return done;
    },
    async remove(id) {
      const args = [channels + id, id, ofWallet];
      if ((await change(REMOVE, [jobKey(id), all, active, ended], args)) === 1) watchers.removed(id);
    },
    active: () => ask((connection) => connection.zrange(active, 0, -1)),
    async list({ before, limit, wallet }) {
      const index = wallet === undefined ? all : ofWallet + wallet;
      const jobs: Job[] = [];
      // a job may be removed between the list of ids and its reading: go on until the page is full
      for (let from = before; jobs.length < limit; ) {
        const wanted = limit - jobs.length;
        const ids = await ask((connection) =>
          connection.zrevrangebylex(index, from ? `(${from}` : "+", "-", "LIMIT", 0, wanted),
        );
        const found = await Promise.all(ids.map((id) => store.get(id)));
        for (const stored of found) if (stored) jobs.push(stored.job);
        if (ids.length < wanted) break;
        from = ids.at(-1);
      }
      return jobs;
    },
    ended: (before, limit) =>
      ask((connection) => connection.zrangebyscore(ended, "-inf", `(${before}`, "LIMIT", 0, limit)),
    async time() {
      const [seconds, microseconds] = await ask((connection) => connection.time());
      return Number(seconds) * 1000 + Math.floor(Number(microseconds) / 1000);
    },
    watch: (id, listener) => watchers.watch(id, listener),

    remember: async (name, value, ttlMs) =>
      (await change(REMEMBER, [noteKey(name)], [value, life(ttlMs)])) === 1,
    note: async (name, value, ttlMs) => void (await change(NOTE, [noteKey(name)], [value, life(ttlMs)])),
    recall: async (name) => (await ask((connection) => connection.get(noteKey(name)))) ?? undefined,
    take: async (name) =>
      z
        .string()
        .nullable()
        .parse(await change(TAKE, [noteKey(name)], [])) ?? undefined,

    async ping() {
      await run(PROBE, [key("probe")], []);
      await checkSettings({ ask, url });
    },
    async close() {
      watchers.close();
      const answered = redis.status === "ready" && redis.quit().catch(() => {}); // after what was asked before
      if (answered) await Promise.race([answered, sleep(CLOSE_MS, undefined, { ref: false })]);
      redis.disconnect();
    },
  };
  try {
    await Promise.all([redis, subscriber].map((each) => connected(each, url)));
    await checkSettings({ ask, url, log });
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** When a job ended, or "" while something is to be done for it. */
const whenEnded = (job: Job) => (isActive(job) ? "" : endedAt(job));

/** Waits for the first connection: Redis may be starting beside us. */
async function connected(redis: Redis, url: string): Promise<void> {
  let reason = "it is silent, or still loading its data";
  const hear = ({ message }: Error) => {
    reason = withoutPassword(message, url);
  };
  redis.on("error", hear);
  for (const end = performance.now() + BOOT_MS; redis.status !== "ready"; await sleep(20))
    if (performance.now() > end || /^(NOAUTH|WRONGPASS|ERR AUTH)/.test(reason))
      throw new KangKlipError(
        "UNAVAILABLE",
        `Redis at ${placeOf(url)} cannot be used (${reason}): start it, or correct REDIS_URL, or leave REDIS_URL out to keep jobs in a file`,
      );
  redis.removeListener("error", hear);
}
