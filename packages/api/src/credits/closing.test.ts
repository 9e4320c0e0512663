import { randomUUID } from "node:crypto";
import { aJob } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import { repair } from "../jobs/repair.ts";
import { createRetention } from "../jobs/retention.ts";
import { createLog } from "../log.ts";
import { createClosing } from "./closing.ts";
import { entitlementsKey } from "./entitlements.ts";
import { aHouse, OPERATOR, type OwnedJob, withToken } from "./testing-house.ts";

const CLIP = "clip_01.mp4";
const DAY_MS = 24 * 3_600_000;
const KEEP_MS = 30 * DAY_MS;
const SLOTS_PER_DAY = 216_000;
const log = createLog("silent");

async function aBank() {
  const clock = { now: Date.now() };
  const now = () => clock.now;
  const house = aHouse({ now });
  const api = await house.api();
  const { store } = api;
  const { artifacts, chain } = house;
  return {
    house,
    api,
    store,
    artifacts,
    chain,
    clock,
    closing: createClosing({ store, ledger: chain.ledger, artifacts, keepJobsMs: KEEP_MS, now, log }),
    retention: createRetention({ store, artifacts, keepJobsMs: KEEP_MS, keepUploadsMs: DAY_MS, now, log }),
    wallet: (name: string) => house.wallet(name, 9),
    async pay({ id, token }: OwnedJob, auth: string, file = CLIP) {
      const input = { job_id: id, clip_file: file, unlock_request_id: randomUUID() };
      return (await api.unlock.clip(input, withToken(token), auth)).idempotency;
    },
    pass(days: number) {
      clock.now += days * DAY_MS;
      chain.pass(days * SLOTS_PER_DAY + 1);
    },
    [Symbol.asyncDispose]: () => house[Symbol.asyncDispose](),
  };
}

test("a receipt is closed a day after the charge, and the clip stays unlocked and paid for", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished();
  const alice = await bank.wallet("Alice");
  await bank.pay(job, alice);
  expect(await bank.closing.close()).toEqual({ closed: 0, stay: 0 });
  bank.pass(1);
  expect(await bank.closing.close()).toEqual({ closed: 1, stay: 0 });
  expect(bank.chain.receipts.size).toBe(0);
  const again = await bank.wallet("Alice");
  expect(await bank.pay(job, again)).toBe("REPLAY");
  expect(bank.chain.spent("Alice")).toBe(1);
});

test("what was paid for outlives the job store once its receipt is closed, and its wallet finds the job again", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished();
  await bank.pay(job, await bank.wallet("Alice"));
  bank.pass(1);
  await bank.closing.close();
  await bank.store.remove(job.id); // as if it had never been
  expect((await repair(bank)).restored).toEqual([job.id]);
  const { clips } = await bank.api.clips.results(job.id, withToken(undefined, "Alice"));
  expect(clips.map(({ locked }) => locked)).toEqual([false, true]);
  expect((await bank.api.jobs.mine("Alice", { limit: 9 })).map(({ job_id }) => job_id)).toEqual([job.id]);
  const unlock = { job_id: job.id, clip_file: CLIP, unlock_request_id: "id" };
  const answer = await bank.api.unlock.clip(unlock, OPERATOR, await bank.wallet("Alice"));
  expect(answer).toMatchObject({ idempotency: "REPLAY", charged_credits: 0 });
  expect(bank.chain.spent("Alice")).toBe(1);
});

test("nor is it paid for again where an older copy of the job store is put back after its receipt was closed", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished();
  const before = await bank.house.see(job.id);
  await bank.pay(job, await bank.wallet("Alice"));
  bank.pass(1);
  expect(await bank.closing.close()).toEqual({ closed: 1, stay: 0 });
  await bank.store.remove(job.id);
  await bank.store.insert(before);
  expect(await bank.pay(job, await bank.wallet("Bob"), "clip_02.mp4")).toBe("NEW");
  expect(await bank.pay(job, await bank.wallet("Alice"))).toBe("REPLAY");
  expect([bank.chain.spent("Alice"), bank.chain.spent("Bob")]).toEqual([1, 1]);
});

test("the receipt of a job that was lost and not removed stays: it is all that is left of the charge", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished();
  await bank.pay(job, await bank.wallet("Alice"));
  await bank.store.remove(job.id);
  bank.pass(2);
  expect(await bank.closing.close()).toEqual({ closed: 0, stay: 1 });
  expect((await repair(bank)).restored).toEqual([job.id]);
  const unlock = { job_id: job.id, clip_file: CLIP, unlock_request_id: "id" };
  const answer = await bank.api.unlock.clip(unlock, OPERATOR, await bank.wallet("Alice"));
  expect(answer).toMatchObject({ idempotency: "REPLAY", charged_credits: 0 });
  expect(bank.chain.spent("Alice")).toBe(1);
  expect(await bank.closing.close()).toEqual({ closed: 1, stay: 0 });
});

test("the receipt of a job that was removed for its age is closed", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished({ job: { ended_at: bank.clock.now } });
  await bank.pay(job, await bank.wallet("Alice"));
  bank.pass(32);
  await bank.retention.sweep();
  expect(await bank.store.get(job.id)).toBeUndefined();
  expect(await bank.closing.close()).toEqual({ closed: 1, stay: 0 });
});

test("a receipt that no note leads from is closed when every job that it could be of is too old", async () => {
  await using bank = await aBank();
  bank.chain.give("Alice", 5);
  const { ledger } = bank.chain;
  const signed = await ledger.sign({ type: "consume", wallet: "Alice", request_id: "unknown", amount: 1 });
  await ledger.broadcast(signed, { again: false });
  bank.pass(30);
  expect(await bank.closing.close()).toEqual({ closed: 0, stay: 1 });
  bank.pass(2);
  expect(await bank.closing.close()).toEqual({ closed: 1, stay: 0 });
});

test("the receipt of a charge that is open, or of another wallet's, is left alone", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished();
  await bank.pay(job, await bank.wallet("Alice"));
  const stored = await bank.store.get(job.id);
  const [charge] = stored?.job.charges ?? [];
  if (!stored || !charge) throw new Error("nothing was charged");
  bank.pass(1);
  for (const [version, change] of [
    { state: "SENDING" as const },
    { state: "REFUNDING" as const },
    { wallet: "Bob" },
  ].entries()) {
    const charges = [{ ...charge, ...change }];
    await bank.store.replace({ ...stored.job, charges }, stored.version + version);
    expect(await bank.closing.close(), JSON.stringify(change)).toEqual({ closed: 0, stay: 1 });
  }
  expect(await bank.artifacts.head(entitlementsKey(job.id))).toBeUndefined();
});

test("the receipt of a fee stays while its job goes on, for it may have to be given back", async () => {
  const clock = { now: Date.now() };
  await using house = aHouse({ fee: 2, now: () => clock.now });
  const { store, jobs } = await house.api();
  const { artifacts, chain } = house;
  const closing = createClosing({
    ...{ store, ledger: chain.ledger, artifacts, log },
    ...{ keepJobsMs: KEEP_MS, now: () => clock.now },
  });
  chain.give("Alice", 2);
  const request = { ...aJob(), video_url: "https://example.com/talk.mp4" };
  const { job_id } = await jobs.create(request, undefined, { wallet: "Alice" });
  chain.pass(SLOTS_PER_DAY + 1);
  expect(await closing.close()).toEqual({ closed: 0, stay: 1 });
  const stored = await store.get(job_id);
  if (!stored) throw new Error("it is not there");
  await store.replace({ ...stored.job, state: "SUCCEEDED" }, stored.version);
  expect(await closing.close()).toEqual({ closed: 1, stay: 0 });
});

test("a charge that was thought refused and is on the chain unlocks its clip", async () => {
  await using bank = await aBank();
  const job = await bank.house.finished();
  await bank.pay(job, await bank.wallet("Alice"));
  const stored = await bank.store.get(job.id);
  const [charge] = stored?.job.charges ?? [];
  if (!stored || !charge) throw new Error("nothing was charged");
  await bank.store.replace({ ...stored.job, charges: [{ ...charge, state: "REFUSED" }] }, stored.version);
  bank.pass(1);
  expect(await bank.closing.close()).toEqual({ closed: 0, stay: 1 });
  expect((await bank.house.see(job.id)).charges).toMatchObject([{ state: "CHARGED" }]);
  expect(await bank.closing.close()).toEqual({ closed: 1, stay: 0 });
});

test("it is done once an hour, by one of the processes", async () => {
  await using bank = await aBank();
  const before = bank.chain.calls();
  await Promise.all([bank.closing.hourly(), bank.closing.hourly()]);
  await bank.closing.hourly();
  expect(bank.chain.calls() - before).toBe(1);
});
