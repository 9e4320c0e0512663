import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { isActive, isFinal } from "../jobs/job.ts";
import { aWorld } from "../jobs/testing-world.ts";
import { createTestingLedger } from "./testing-ledger.ts";

const [ALICE, CLIP] = ["Alice", "clip_01.mp4"];
const OPERATOR = { token: undefined, operator: true };
type Death = { atCall: number; when: "before" | "after" };
/** A disk that is flushed with each write would be most of the time. */
const root = existsSync("/dev/shm") ? { root: "/dev/shm" } : {};

/**
 * A job that costs two credits, its clip that costs one, and whoever wants them asks again until he has them. The process that is asked first
 * dies where it is told to; then there is another one.
 */
async function life(what: "fee" | "unlock" | "refund", dies?: Death) {
  const chain = createTestingLedger({ blocksPerCall: 1 });
  chain.give(ALICE, 3);
  await using world = await aWorld({ money: { chain, fee: 2, waitMs: 20_000 }, ...root });
  const die = () => world.restart(dies ? { dies } : {});
  const revive = async () => {
    if (world.api.isDead()) await world.restart();
  };
  if (what === "fee") await die();
  let id = await world.job({}, ALICE).catch(() => undefined);
  let calls = world.api.calls();
  await world.restart(); // one that made fewer calls than it was to die with would die of another's
  const [made] = await world.api.jobs.list({ limit: 9 });
  id ??= made?.job_id ?? (await world.job({}, ALICE)); // nobody knows of it, so it is asked for again
  const worker = await world.working(id);
  if (what === "refund") {
    await die();
    await world.api.jobs.cancel(id, OPERATOR).catch(() => {});
  } else {
    await worker.succeeded(await worker.upload());
    worker.exit(0);
  }
  for (let seconds = 0; seconds < 300; seconds += 5) {
    await revive();
    if (what === "refund") await world.api.jobs.cancel(id, OPERATOR).catch(() => {});
    world.clock.now += 5000;
    await world.api.reconciler.once().catch(() => {});
    if (what === "refund") calls = Math.max(calls, world.api.calls());
    const job = await world.see(id).catch(() => undefined);
    if (job && isFinal(job) && !isActive(job)) break;
  }
  await world.restart();
  const answers: string[] = [];
  if (what === "unlock") {
    const ask = async () => {
      const input = { job_id: id, clip_file: CLIP, unlock_request_id: "id" };
      const answer = await world.api.unlock?.clip(input, OPERATOR, ALICE);
      answers.push(`${answer?.idempotency}`);
    };
    await die();
    await ask().catch(() => {});
    calls = world.api.calls();
    await world.restart();
    world.clock.now += 60_000; // whoever held the charge is surely gone
    await ask();
  }
  const job = await world.see(id);
  return { calls, job, chain, answers, jobs: (await world.api.jobs.list({ limit: 9 })).length };
}

/** Lives through it once for each call that the process makes, dying there. */
async function everyDeath(what: Parameters<typeof life>[0], least: number) {
  const { calls } = await life(what);
  expect(calls).toBeGreaterThan(least);
  const ends: [string, Awaited<ReturnType<typeof life>>][] = [];
  for (let atCall = 1; atCall <= calls; atCall++)
    for (const when of ["before", "after"] as const)
      ends.push([`${when} call ${atCall} of ${calls}`, await life(what, { atCall, when })]);
  return ends;
}

test("a process killed at each of its calls while it unlocks a clip: one credit, and the clip is unlocked", async () => {
  for (const [about, { job, chain, answers }] of await everyDeath("unlock", 12)) {
    expect([about, job.charges.map(({ what, state }) => `${what} ${state}`)]).toEqual([
      about,
      ["generation CHARGED", `${CLIP} CHARGED`],
    ]);
    expect([about, chain.taken.map(({ amount }) => amount), chain.left(ALICE)]).toEqual([about, [2, 1], 0]);
    expect([about, answers.filter((answer) => answer === "NEW").length]).toEqual([
      about,
      expect.toBeOneOf([0, 1]),
    ]);
    expect([about, answers.at(-1)]).toEqual([about, expect.stringMatching(/NEW|REPLAY/)]);
  }
}, 120_000);

test("the same while a job is made that costs a fee: it is paid for once and begun once", async () => {
  for (const [about, { job, chain, jobs }] of await everyDeath("fee", 8)) {
    expect([about, job.state, job.charges.map(({ state }) => state), jobs]).toEqual([
      about,
      "SUCCEEDED",
      ["CHARGED"],
      1,
    ]);
    expect([about, chain.taken.map(({ type }) => type)]).toEqual([about, ["consume"]]);
  }
}, 120_000);

test("the same while a fee is given back: once", async () => {
  for (const [about, { job, chain }] of await everyDeath("refund", 12)) {
    expect([about, job.state, job.charges.map(({ state }) => state)]).toEqual([
      about,
      "CANCELLED",
      ["REFUNDED"],
    ]);
    expect([about, chain.taken.map(({ type }) => type), chain.left(ALICE)]).toEqual([
      about,
      ["consume", "refund"],
      3,
    ]);
  }
}, 120_000);
