import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRedisStore } from "../jobs/redis-store.ts";
import type { JobStore } from "../jobs/store.ts";
import { hasRedisServer, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { type Credits, startCredits } from "./solana/testing.ts";
import { aHouse, type House, type OwnedJob, withToken } from "./testing-house.ts";

// unlocks on the real program, behind the JSON-RPC of a localnet, by the ledger that the product uses

const CLIP = "clip_01.mp4";
const AT_ONCE = 50;
/** Blocks of this chain come 20 times faster than others. */
const PACE = { now: () => performance.now() * 20, pause: (ms: number) => sleep(ms / 20) };
let credits: Credits;
beforeAll(async () => {
  credits = await startCredits();
});
afterAll(() => credits[Symbol.asyncDispose]());

const spent = async (wallet: string) => (await credits.ledger.balance(wallet)).spent;
const aBank = (place?: () => Promise<JobStore>, ledger = credits.ledger) =>
  aHouse({ ledger, pace: PACE, ...(place && { place }) });
/** A wallet that has bought credits and is signed in. */
async function payer(house: House, amount: number) {
  const rich = credits.rich();
  await credits.ledger.confirm(rich.wallet, await credits.buy(rich, amount));
  return { wallet: rich.wallet, auth: await house.wallet(rich.wallet) };
}
type Api = Awaited<ReturnType<House["aProcess"]>>;
const ask = (api: Api, { id, token }: OwnedJob, auth: string) =>
  api.unlock
    .clip({ job_id: id, clip_file: CLIP, unlock_request_id: randomUUID() }, withToken(token), auth)
    .then(
      ({ idempotency, charged_credits }) => `${idempotency} ${charged_credits}`,
      ({ code }) => `${code}`,
    );

/** 2 x 50 requests with different ids for one clip, over two processes that share a store. */
async function stampede(house: House): Promise<void> {
  const [one, two, job] = [await house.api(), await house.aProcess(), await house.finished()];
  const { wallet, auth } = await payer(house, 3);
  const asked = Array.from({ length: 2 * AT_ONCE }, (_, index) => ask(index % 2 ? one : two, job, auth));
  const answers = await Promise.all(asked);
  expect(answers.filter((answer) => answer === "NEW 1")).toHaveLength(1);
  expect(answers.filter((answer) => answer === "REPLAY 0")).toHaveLength(2 * AT_ONCE - 1);
  expect(await spent(wallet)).toBe(1);
}

test("of 2 x 50 requests for one clip at once, over two processes on one file, the chain takes one credit", async () => {
  await using house = aBank();
  await stampede(house);
});

describe.skipIf(!hasRedisServer)("on Redis (needs redis-server)", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  test("of 2 x 50 requests for one clip at once, over two processes, the chain takes one credit", async () => {
    const prefix = randomUUID();
    await using house = aBank(() => createRedisStore({ url: redis.url, prefix }));
    await stampede(house);
  });
});

test("an answer of the node that is lost, and a transaction that is, cost no second credit", async () => {
  await using house = aBank();
  const [api, first, second] = [await house.api(), await house.finished(), await house.finished()];
  const { wallet, auth } = await payer(house, 5);
  credits.net.faults.dropNext("sendTransaction", 2);
  expect(await ask(api, first, auth)).toBe("NEW 1");
  expect(await spent(wallet)).toBe(1);
  credits.net.faults.loseNext();
  expect(await ask(api, second, auth)).toBe("NEW 1"); // the same bytes are sent again
  expect(await spent(wallet)).toBe(2);
  credits.net.faults.clear();
});

test("while no node answers nothing is unlocked, and later it is, for one credit", async () => {
  const ledger = credits.another({ patienceMs: 1000 });
  await ledger.check(); // it knows its chain
  await using house = aBank(undefined, ledger);
  const [api, job] = [await house.api(), await house.finished()];
  const { wallet, auth } = await payer(house, 5);
  credits.net.faults.fail("*", { status: 503 }, 1000);
  expect(await ask(api, job, auth)).toBe("UNAVAILABLE");
  credits.net.faults.clear();
  const { clips } = await api.clips.results(job.id, withToken(job.token));
  expect(clips.map(({ locked }) => locked)).toEqual([true, true]);
  expect(await spent(wallet)).toBe(0);
  expect(await ask(api, job, auth)).toBe("NEW 1");
  expect(await spent(wallet)).toBe(1);
});

test("a wallet that never bought anything is told so", async () => {
  await using house = aBank();
  const [api, job] = [await house.api(), await house.finished()];
  const auth = await house.wallet(credits.rich().wallet);
  expect(await ask(api, job, auth)).toBe("INSUFFICIENT_CREDITS");
});
