import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe } from "vitest";
import { createRedisStore } from "../jobs/redis-store.ts";
import { hasRedisServer, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { testAuth } from "./auth-contract.ts";

describe.skipIf(!hasRedisServer)("with a real Redis (needs redis-server)", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  testAuth("Redis", async () => {
    const store = await createRedisStore({ url: redis.url, prefix: randomUUID() });
    return { store, close: () => store.close() };
  });
});
