import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Redis } from "ioredis";
import { runScript, script } from "./jobs/redis-ask.ts";

const PATIENCE_MS = 500; // each request waits for Redis, before it asks the job store

/** KEYS counts; ARGV how long each lasts from its first request (s), then by how much each rises. Gives of each what it is now and what is left of its time (ms). */
const COUNT = script(`
  local counted = {}
  for index, key in ipairs(KEYS) do
    redis.call("SET", key, 0, "EX", ARGV[1], "NX")
    counted[2 * index - 1] = redis.call("INCRBY", key, ARGV[index + 1])
    local left = redis.call("PTTL", key)
    if left == -1 then
      redis.call("EXPIRE", key, ARGV[1])
      left = 1000 * ARGV[1]
    end
    counted[2 * index] = left
  end
  return counted`);

/** Of one command: Redis does nothing else meanwhile. */
const MOST_KEYS = 500;

/** What a count is, and what is left of its time (ms). */
type Counted = [count: number, msLeft: number];

/**
 * Counts requests for all processes that share a Redis. What comes in one turn of the event loop is counted by one command: each request
 * then has its place, as if they had been counted one after the other.
 * @param options `redis`: a connection (redis.ts); `seconds`: how long a count lasts from its first request
 * @returns a function that counts one request under a key (all keys are of one {tag}) and gives the count with it and those before it, or
 *   undefined where nobody can tell within half a second. It never throws
 */
export function createSharedCounts({ redis, seconds }: { redis: Redis; seconds: number }) {
  type Turn = { requests: Map<string, number>; counted: PromiseWithResolvers<Map<string, Counted>> };
  let present: Turn | undefined;

  async function ask(requests: Turn["requests"]): Promise<Map<string, Counted>> {
    if (redis.status !== "ready") return new Map();
    const keys = [...requests.keys()];
    const answer = runScript(redis, COUNT, keys, [seconds, ...requests.values()]) as Promise<number[]>;
    const told = await Promise.race([answer, patience()]).catch(() => undefined);
    return new Map(told && keys.map((key, index) => [key, [told[2 * index] ?? 0, told[2 * index + 1] ?? 0]]));
  }

  function endTurn(): void {
    if (present) present.counted.resolve(ask(present.requests));
    present = undefined;
  }

  return async (key: string): Promise<Counted | undefined> => {
    if (!present) setImmediate(endTurn);
    present ??= { requests: new Map(), counted: Promise.withResolvers() };
    const { requests, counted } = present;
    const place = (requests.get(key) ?? 0) + 1;
    requests.set(key, place);
    if (requests.size >= MOST_KEYS) endTurn();
    const [count, msLeft] = (await counted.promise).get(key) ?? [];
    if (count === undefined || msLeft === undefined) return undefined;
    return [count - (requests.get(key) ?? 0) + place, msLeft];
  };
}

/** Over after half a second; but an answer that lies in the socket, because this process was busy, is read first. */
async function patience(): Promise<undefined> {
  await sleep(PATIENCE_MS, undefined, { ref: false });
  await turn();
}
