import { randomUUID } from "node:crypto";
import { KangKlipError } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRedisStore } from "../jobs/redis-store.ts";
import { hasRedisServer, startTestRedis, type TestRedis } from "../testing-redis.ts";
import { aHouse, ask, CLIP, type House, told, unlocked, withToken } from "./testing-house.ts";
import { createTestingLedger } from "./testing-ledger.ts";
import { createUnlock } from "./unlock.ts";

test("a clip costs one credit once, whoever asks how often", async () => {
  await using house = aHouse();
  const [api, job] = [await house.api(), await house.finished()];
  const [alice, bob] = [await house.wallet("Alice", 5), await house.wallet("Bob", 5)];
  expect(await ask(api, job, alice, "first")).toEqual({
    job_id: job.id,
    clip_file: CLIP,
    unlocked: true,
    charged_credits: 1,
    idempotency: "NEW",
  });
  expect(await ask(api, job, alice, "first")).toMatchObject({
    unlocked: true,
    charged_credits: 0,
    idempotency: "REPLAY",
  });
  expect(await told(ask(api, job, alice))).toBe("REPLAY 0");
  expect(await told(ask(api, job, bob))).toBe("REPLAY 0");
  expect([house.chain.spent("Alice"), house.chain.spent("Bob")]).toEqual([1, 0]);
  expect(await unlocked(house, job)).toEqual([CLIP]);
});

test("an id counts within wallet, job and clip: elsewhere it is another request", async () => {
  await using house = aHouse();
  const [api, job, other] = [await house.api(), await house.finished(), await house.finished()];
  const [alice, bob] = [await house.wallet("Alice", 5), await house.wallet("Bob", 5)];
  expect(await told(ask(api, job, alice, "id"))).toBe("NEW 1");
  expect(await told(ask(api, job, alice, "id", "clip_02.mp4"))).toBe("NEW 1");
  expect(await told(ask(api, other, bob, "id"))).toBe("NEW 1");
  expect(await told(ask(api, other, alice, "id"))).toBe("REPLAY 0");
  expect([house.chain.spent("Alice"), house.chain.spent("Bob")]).toEqual([2, 1]);
});

test("the checks come in the documented order, each with its words", async () => {
  await using house = aHouse();
  const [api, job] = [await house.api(), await house.finished()];
  const alice = await house.wallet("Alice", 5);
  const unknown = { id: `kk_${"0".repeat(26)}`, token: "no" };
  const wrong = { ...job, token: "no" };
  expect(await told(ask(api, unknown, undefined, "", "no"))).toBe("NOT_FOUND job not found");
  expect(await told(ask(api, wrong, undefined, "", "no"))).toBe("UNAUTHORIZED invalid job token");
  expect(await told(ask(api, job, undefined, "", "no"))).toBe("NOT_SIGNED_IN auth token required");
  expect(await told(ask(api, job, "kkw_no", "", "no"))).toBe("NOT_SIGNED_IN invalid auth token");
  const going = await house.finished({ job: { state: "RUNNING" } });
  expect(await told(ask(api, going, alice, "", "no"))).toBe("CONFLICT job not completed");
  for (const id of ["", undefined, 5])
    await expect(ask(api, job, alice, id ?? null, "no")).rejects.toThrow("unlock_request_id is required");
  expect(await told(ask(api, job, alice, "id", "no"))).toBe("NOT_FOUND clip not found");
  expect(house.chain.taken).toEqual([]);
});

test("a wallet without credits is told so with each request, and pays once it has some, under the same id too", async () => {
  await using house = aHouse();
  const [api, job, alice] = [await house.api(), await house.finished(), await house.wallet("Alice")];
  for (let times = 0; times < 2; times++)
    expect(await told(ask(api, job, alice, "id"))).toBe("INSUFFICIENT_CREDITS insufficient_credits");
  expect(await unlocked(house, job)).toEqual([]);
  house.chain.give("Alice", 1);
  expect(await told(ask(api, job, alice, "id"))).toBe("NEW 1");
  expect(await told(ask(api, job, alice, "id", "clip_02.mp4"))).toBe(
    "INSUFFICIENT_CREDITS insufficient_credits",
  );
});

test("while a request runs its repetition is in progress, and others of the same clip wait for what it comes to", async () => {
  await using house = aHouse({ chain: createTestingLedger() }); // nothing lands until blocks are made
  const [api, job] = [await house.api(), await house.finished()];
  const other = await house.aProcess();
  const [alice, bob] = [await house.wallet("Alice", 5), await house.wallet("Bob", 5)];
  const first = told(ask(api, job, alice, "id"));
  while ((await house.see(job.id)).charges[0]?.state !== "SENDING")
    await new Promise((next) => setTimeout(next, 5));
  expect(await told(ask(api, job, alice, "id"))).toBe("CONFLICT unlock in progress");
  expect(await told(ask(other, job, alice, "id"))).toBe("CONFLICT unlock in progress");
  const waiting = [told(ask(api, job, alice)), told(ask(other, job, alice)), told(ask(other, job, bob))];
  await new Promise((next) => setTimeout(next, 50));
  house.chain.pass(1);
  expect(await first).toBe("NEW 1");
  expect(await Promise.all(waiting)).toEqual(["REPLAY 0", "REPLAY 0", "REPLAY 0"]);
  expect(house.chain.taken).toHaveLength(1);
});

test("a wallet that asks too often is told so, but for what it has", async () => {
  await using house = aHouse();
  const [{ store, jobs, clips, charging, sessions }, job] = [await house.api(), await house.finished()];
  const alice = await house.wallet("Alice", 9);
  let left = 1;
  const unlock = createUnlock({
    ...{ store, jobs, clips, charging, now: Date.now },
    walletOf: async (token) => (await sessions.of(token ?? ""))?.wallet ?? "",
    limit: async (wallet) => {
      if (left-- <= 0) throw new KangKlipError("RATE_LIMITED", `${wallet} asks too often`);
    },
  });
  const asked = (clip_file: string) =>
    unlock.clip({ job_id: job.id, clip_file, unlock_request_id: "id" }, withToken(job.token), alice);
  expect(await told(asked(CLIP))).toBe("NEW 1");
  expect(await told(asked(CLIP))).toBe("REPLAY 0");
  expect(await told(asked("clip_02.mp4"))).toBe("RATE_LIMITED Alice asks too often");
  expect(house.chain.taken).toHaveLength(1);
});

test("of two wallets at once one pays; where it cannot, the other does", async () => {
  await using house = aHouse();
  const [api, other] = [await house.api(), await house.aProcess()];
  const [alice, bob, poor] = [
    await house.wallet("Alice", 5),
    await house.wallet("Bob", 5),
    await house.wallet("Poor"),
  ];
  for (let round = 0; round < 2; round++) {
    const job = await house.finished();
    const before = house.chain.taken.length;
    const answers = await Promise.all([told(ask(api, job, alice)), told(ask(other, job, bob))]);
    expect(answers.toSorted()).toEqual(["NEW 1", "REPLAY 0"]);
    expect(house.chain.taken.length - before).toBe(1);
    house.chain.give("Alice", 2);
    house.chain.give("Bob", 2);
    const second = await house.finished();
    const both = await Promise.all([told(ask(api, second, poor)), told(ask(other, second, alice))]);
    expect(both[1]).toBe("NEW 1");
    expect(["REPLAY 0", "INSUFFICIENT_CREDITS insufficient_credits"]).toContain(both[0]);
  }
});

test("where the chain is away nothing is charged, nothing is unlocked, and later it works", async () => {
  let away = true;
  const faults = { away: () => away, lost: () => false, dropped: () => false, landsAfter: () => 0 };
  await using house = aHouse({ chain: createTestingLedger({ faults, blocksPerCall: 1 }) });
  const [api, job, alice] = [await house.api(), await house.finished(), await house.wallet("Alice", 5)];
  await expect(ask(api, job, alice)).rejects.toMatchObject({ code: "UNAVAILABLE", httpStatus: 503 });
  expect(await unlocked(house, job)).toEqual([]);
  expect((await house.see(job.id)).charges).toMatchObject([{ state: "REFUSED", error: "CHARGE_FAILED" }]);
  expect(await api.store.active()).toEqual([]); // nobody charges for it later, unasked
  away = false;
  expect(await told(ask(api, job, alice))).toBe("NEW 1");
});

const AT_ONCE = 50;

/** 2 x 50 requests with different ids for one clip, over two processes that share a store. */
async function stampede(house: House): Promise<void> {
  const [one, two] = [await house.api(), await house.aProcess()];
  const job = await house.finished();
  const alice = await house.wallet("Alice", 3);
  const asked = Array.from({ length: 2 * AT_ONCE }, (_, index) =>
    told(ask(index % 2 ? one : two, job, alice)),
  );
  const answers = await Promise.all(asked);
  expect(answers.filter((answer) => answer === "NEW 1")).toHaveLength(1);
  expect(answers.filter((answer) => answer === "REPLAY 0")).toHaveLength(2 * AT_ONCE - 1);
  expect(house.chain.spent("Alice")).toBe(1);
  expect(house.chain.taken).toHaveLength(1);
  expect((await house.see(job.id)).charges).toMatchObject([{ state: "CHARGED", amount: 1, by: null }]);
}

test("of 2 x 50 requests for one clip at once, over two processes on one file, one is charged", async () => {
  await using house = aHouse();
  await stampede(house);
});

describe.skipIf(!hasRedisServer)("on Redis (needs redis-server)", () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await startTestRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  test("of 2 x 50 requests for one clip at once, over two processes, one is charged", async () => {
    const prefix = randomUUID();
    await using house = aHouse({ place: () => createRedisStore({ url: redis.url, prefix }) });
    await stampede(house);
  });
});
