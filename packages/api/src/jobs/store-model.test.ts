import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasRedisServer, startTestRedis } from "../testing-redis.ts";
import { createRedisStore } from "./redis-store.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import type { JobStore } from "./store.ts";
import { checkStoreModel } from "./store-model-contract.ts";

const HISTORIES = 50;

function sqlitePlaces() {
  const dir = mkdtempSync(join(tmpdir(), "kk-model-"));
  return {
    async newPlace() {
      const file = join(dir, randomUUID());
      return async () => createSqliteStore({ file });
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

test("any history of calls has the same answers on SQLite as on maps in memory", async () => {
  using places = sqlitePlaces();
  await checkStoreModel({ newPlace: places.newPlace, histories: HISTORIES });
});

test.skipIf(!hasRedisServer)(
  "any history of calls has the same answers on Redis as on maps in memory (needs redis-server)",
  async () => {
    await using redis = await startTestRedis();
    const newPlace = async () => {
      const prefix = randomUUID();
      return () => createRedisStore({ url: redis.url, prefix });
    };
    await checkStoreModel({ newPlace, histories: HISTORIES });
  },
);

test.each<[string, (store: JobStore) => Partial<JobStore>]>([
  [
    "forgets to look at the version",
    (store) => ({
      replace: async (job, version) => {
        const stored = await store.get(job.job_id);
        return store.replace(job, stored?.version ?? version);
      },
    }),
  ],
  [
    "remembers over what is there",
    (store) => ({ remember: (key, value, ttlMs) => store.note(key, value, ttlMs).then(() => true) }),
  ],
  ["leaves what was taken", (store) => ({ take: (key) => store.recall(key) })],
  ["lists everybody's jobs", (store) => ({ list: ({ before, limit }) => store.list({ before, limit }) })],
  [
    "lists the ended by id",
    (store) => ({ ended: async (...page) => (await store.ended(...page)).toSorted() }),
  ],
])("a store that %s is found out", async (_, broken) => {
  using places = sqlitePlaces();
  const newPlace = async () => {
    const open = await places.newPlace();
    return async () => {
      const store = await open();
      return { ...store, ...broken(store) };
    };
  };
  // the rarest of them takes 240 histories at the median: the seed says that none is missed by bad luck
  const options = { newPlace, histories: 3000, endOnFailure: true, seed: 5 };
  await expect(checkStoreModel(options)).rejects.toThrow(/Property failed/);
});
