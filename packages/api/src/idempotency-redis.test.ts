import { afterAll, beforeAll, describe } from "vitest";
import { testIdempotency } from "./idempotency-contract.ts";
import { hasRedisServer, startTestRedis, type TestRedis } from "./testing-redis.ts";

describe.skipIf(!hasRedisServer)("with a real Redis (needs redis-server)", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  testIdempotency("Redis", async () => ({ REDIS_URL: redis.url }));
});
