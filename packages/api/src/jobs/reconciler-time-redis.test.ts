import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { describe } from "vitest";
import { hasRedisServer, KEEPS_ALL, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { createRedisStore } from "./redis-store.ts";
import type { JobStore } from "./store.ts";
import type { StorePlace } from "./testing-place.ts";
import { testTimeTravel } from "./testing-time-travel.ts";

/** A redis-server of its own; going back is a restart on an older copy of its append-only file, as after a fail-over or a lost disk. */
function redisPlace(): StorePlace {
  const prefix = randomUUID();
  let redis: TestRedis | undefined;
  let opened: JobStore[] = [];
  const copies: string[] = [];
  const close = async () => {
    await Promise.all(opened.map((store) => store.close()));
    opened = [];
  };
  const server = async () => {
    redis ??= await startTestRedis({ args: KEEPS_ALL });
    return redis;
  };
  return {
    async open() {
      const store = await createRedisStore({ url: (await server()).url, prefix });
      opened.push(store);
      return store;
    },
    async photograph() {
      const copy = (await server()).copyData();
      copies.push(copy);
      return async () => {
        await close();
        await (await server()).restart({ from: copy });
      };
    },
    async remove() {
      await close();
      await redis?.[Symbol.asyncDispose]();
      for (const copy of copies) rmSync(copy, { recursive: true, force: true });
    },
  };
}

describe.skipIf(!hasRedisServer)("time travel on Redis (needs redis-server)", () =>
  testTimeTravel(redisPlace),
);
