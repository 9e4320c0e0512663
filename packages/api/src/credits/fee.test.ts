import { aJob } from "@kangklip/contract/testing";
import { describe, expect, test } from "vitest";
import { isActive, isFinal, type Job } from "../jobs/job.ts";
import { aWorld } from "../jobs/testing-world.ts";
import { newIdentity } from "../jobs/tokens.ts";
import { createTestingLedger, type LedgerFaults } from "./testing-ledger.ts";

const [ALICE, FEE] = ["Alice", 2];
const stateOf = (job: Job) => [job.state, ...job.charges.map(({ state }) => state)];
const over = (job: Job) => isFinal(job) && !isActive(job);
const REQUEST = { ...aJob(), video_url: "https://example.com/talk.mp4" };

function aChain(faults: Partial<LedgerFaults> = {}) {
  const fine: LedgerFaults = {
    away: () => false,
    lost: () => false,
    dropped: () => false,
    landsAfter: () => 0,
  };
  return createTestingLedger({ faults: Object.assign(fine, faults), blocksPerCall: 1 });
}

/** A world in which Alice has credits and making a job costs two. */
async function paying(credits: number, faults: Partial<LedgerFaults> = {}) {
  const chain = aChain(faults);
  if (credits > 0) chain.give(ALICE, credits);
  return { chain, world: await aWorld({ money: { chain, fee: FEE } }) };
}

test("a job costs its wallet two credits before anything is started, and keeps them when it has clips", async () => {
  const { chain, world } = await paying(5);
  await using _ = world;
  const id = await world.job({}, ALICE);
  expect(chain.spent(ALICE)).toBe(FEE);
  expect(stateOf(await world.see(id))).toEqual(["QUEUED", "CHARGED"]);
  expect(world.provider.launches).toHaveLength(0);
  const worker = await world.working(id);
  await worker.succeeded(await worker.upload());
  worker.exit(0);
  const job = await world.until(id, over);
  expect(stateOf(job)).toEqual(["SUCCEEDED", "CHARGED"]);
  expect(job.wallet).toBe(ALICE);
  expect(chain.taken).toHaveLength(1);
  expect(await world.api.jobs.view(id, { token: undefined, operator: false, wallet: ALICE })).toMatchObject({
    fee: { credits: FEE, state: "CHARGED" },
  });
  expect((await world.api.jobs.view(id, { token: "no", operator: false })).fee).toBeNull();
});

test("whoever is not signed in, or has fewer credits, makes no job", async () => {
  const { chain, world } = await paying(1);
  await using _ = world;
  await expect(world.job()).rejects.toMatchObject({
    code: "NOT_SIGNED_IN",
    message: "auth token required",
    httpStatus: 401,
  });
  await expect(world.job({}, ALICE)).rejects.toMatchObject({
    code: "INSUFFICIENT_CREDITS",
    message: "insufficient_credits",
    httpStatus: 402,
  });
  expect(await world.api.jobs.list({ limit: 9 })).toEqual([]);
  expect(chain.taken).toEqual([]);
});

test("of two jobs that one wallet can pay only one of, one is made; the other ends with the reason", async () => {
  const { chain, world } = await paying(3);
  await using _ = world;
  const both = await Promise.allSettled([world.job({}, ALICE), world.job({}, ALICE)]);
  expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(chain.spent(ALICE)).toBe(FEE);
  const ends = (await world.api.jobs.list({ limit: 9 })).map(({ state, error }) => [state, error]);
  expect(ends.toSorted()).toEqual([
    ["FAILED", "Making clips costs 2 credits, and the wallet had fewer"],
    ["QUEUED", null],
  ]);
});

describe("the fee is given back once", () => {
  test("when the job fails", async () => {
    const { chain, world } = await paying(5);
    await using _ = world;
    const id = await world.job({}, ALICE);
    const worker = await world.working(id);
    const said = { job_id: id, epoch: 1, seq: 1 };
    await worker.report({
      ...said,
      status: "FAILED",
      code: "NO_VIDEO",
      error: "sound only",
      stage: "DOWNLOAD",
    });
    worker.exit(65);
    expect(stateOf(await world.until(id, over))).toEqual(["FAILED", "REFUNDED"]);
    expect(chain.taken.map(({ type, amount }) => [type, amount])).toEqual([
      ["consume", FEE],
      ["refund", FEE],
    ]);
    expect(chain.left(ALICE)).toBe(5);
    await world.pass(120_000);
    expect(chain.taken).toHaveLength(2);
  });

  test("when the job is cancelled, by two processes at once", async () => {
    const { chain, world } = await paying(5);
    await using _ = world;
    const id = await world.job({}, ALICE);
    const other = await world.aProcess();
    await world.api.jobs.cancel(id, { token: undefined, operator: true });
    for (let seconds = 0; seconds < 60; seconds++) {
      world.clock.now += 1000;
      await Promise.all([world.api.reconciler.once(), other.reconciler.once()]);
    }
    expect(stateOf(await world.see(id))).toEqual(["CANCELLED", "REFUNDED"]);
    expect(chain.taken.map(({ type }) => type)).toEqual(["consume", "refund"]);
  });
});

test("a job that is tried again by hand is paid for again, by whoever is signed in", async () => {
  const { chain, world } = await paying(4);
  await using _ = world;
  const id = await world.job({}, ALICE);
  await world.api.jobs.cancel(id, { token: undefined, operator: true });
  await world.until(id, over);
  const operator = { token: undefined, operator: true };
  await expect(world.api.jobs.retry(id, operator)).rejects.toMatchObject({ code: "NOT_SIGNED_IN" });
  const again = await world.api.jobs.retry(id, { ...operator, wallet: ALICE });
  expect(again).toMatchObject({ state: "QUEUED", fee: { credits: FEE, state: "CHARGED" } });
  expect(chain.left(ALICE)).toBe(2);
  const worker = await world.working(id);
  await worker.succeeded(await worker.upload());
  worker.exit(0);
  expect(stateOf(await world.until(id, over))).toEqual(["SUCCEEDED", "REFUNDED", "CHARGED"]);
  expect(chain.taken.map(({ type }) => type)).toEqual(["consume", "refund", "consume"]);
  await expect(world.api.jobs.retry(id, { ...operator, wallet: ALICE })).rejects.toMatchObject({
    code: "CONFLICT",
  });
});

test("a request that is made again under its key makes one job and pays one fee, with the last credit too", async () => {
  const { chain, world } = await paying(FEE);
  await using _ = world;
  const identity = newIdentity(world.clock.now);
  const create = () => world.api.jobs.create(REQUEST, identity, { wallet: ALICE });
  const answers = [await create(), await create(), ...(await Promise.all([create(), create()]))];
  expect(new Set(answers.map(({ job_id }) => job_id)).size).toBe(1);
  expect(chain.taken).toHaveLength(1);
});

test("where the chain is away no job is made; one that was made before waits, and can be cancelled for nothing", async () => {
  const state = { away: false };
  const { chain, world } = await paying(9, { away: (method) => state.away && method !== "balance" });
  await using _ = world;
  state.away = true;
  const id = await world.job({}, ALICE); // it went away between two calls
  await world.pass(10_000);
  expect(stateOf(await world.see(id))).toEqual(["QUEUED", "DUE"]);
  expect(world.provider.launches).toHaveLength(0);
  const gone = await world.job({}, ALICE);
  await world.api.jobs.cancel(gone, { token: undefined, operator: true });
  expect(stateOf(await world.see(gone))).toEqual(["CANCELLED", "REFUSED"]);
  state.away = false;
  await world.until(id, (job) => job.state === "STARTING", 120_000);
  expect(stateOf(await world.see(id))).toEqual(["STARTING", "CHARGED"]);
  expect(chain.spent(ALICE)).toBe(FEE);
});

test("a job whose fee nobody could even sign for an hour ends, having cost nothing", async () => {
  const { chain, world } = await paying(9, { away: (method) => method !== "balance" });
  await using _ = world;
  const id = await world.job({}, ALICE);
  await world.pass(3_700_000, { stepMs: 60_000 });
  expect(await world.see(id)).toMatchObject({ state: "FAILED", error_code: "CHARGE_FAILED" });
  expect(stateOf(await world.see(id))).toEqual(["FAILED", "REFUSED"]);
  expect(chain.taken).toEqual([]);
});

test("a job that waits for its fee ends where credits are switched off meanwhile; what may have been taken stays open", async () => {
  const { world: before } = await paying(9);
  await using _ = before;
  await using world = await aWorld();
  const due = await before.see(await before.job({}, ALICE));
  const [fee] = due.charges;
  if (!fee) throw new Error("it costs nothing");
  const signed = { signature: "sig", transaction: "bytes", last_valid_block_height: 9 };
  const sent = {
    ...due,
    job_id: `kk_${"Y".repeat(26)}`,
    charges: [{ ...fee, state: "SENDING" as const, signed }],
  };
  await world.api.store.insert({ ...due, charges: [{ ...fee, state: "DUE" }] });
  await world.api.store.insert(sent);
  expect(stateOf(await world.until(due.job_id, over))).toEqual(["FAILED", "REFUSED"]);
  expect(stateOf(await world.see(sent.job_id))).toEqual(["QUEUED", "SENDING"]);
  expect(world.provider.launches).toHaveLength(0);
});

test("jobs that wait for their fees keep no job from a place to run", async () => {
  const chain = aChain({ away: (method) => method !== "balance" && method !== "info" });
  chain.give(ALICE, 100);
  await using world = await aWorld({ money: { chain, fee: FEE }, maxRunning: 1 });
  for (let index = 0; index < 3; index++) await world.job({}, ALICE);
  const free = await world.see(await world.job({}, ALICE));
  await world.api.store.insert({ ...free, job_id: `kk_${"Y".repeat(26)}`, charges: [], fee: null });
  await world.until(`kk_${"Y".repeat(26)}`, (job) => job.state === "STARTING", 60_000);
});
