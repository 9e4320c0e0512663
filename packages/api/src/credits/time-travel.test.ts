import { expect, test } from "vitest";
import { isActive, isFinal, type Job } from "../jobs/job.ts";
import { aWorld } from "../jobs/testing-world.ts";
import { createTestingLedger } from "./testing-ledger.ts";

// F23 and F31 for money: an older copy of the store is put back, and the chain remembers what the store has forgotten

const [ALICE, CLIP] = ["Alice", "clip_01.mp4"];
const OPERATOR = { token: undefined, operator: true };
const over = (job: Job) => isFinal(job) && !isActive(job);
const statesOf = ({ state, charges }: Job) => [state, ...charges.map((charge) => charge.state)];

async function aBank() {
  const chain = createTestingLedger({ blocksPerCall: 1 });
  chain.give(ALICE, 9);
  const world = await aWorld({ money: { chain, fee: 2, waitMs: 20_000 } });
  const unlock = (id: string) =>
    world.api.unlock?.clip({ job_id: id, clip_file: CLIP, unlock_request_id: "id" }, OPERATOR, ALICE);
  async function done(): Promise<string> {
    const id = await world.job({}, ALICE);
    const worker = await world.working(id);
    await worker.succeeded(await worker.upload());
    worker.exit(0);
    await world.until(id, over);
    return id;
  }
  return { chain, world, unlock, done };
}

test("F23: an unlock that the store has forgotten is found on the chain, and costs nothing again", async () => {
  const { chain, world, unlock, done } = await aBank();
  await using _ = world;
  const id = await done();
  const back = await world.photograph();
  expect(await unlock(id)).toMatchObject({ idempotency: "NEW", charged_credits: 1 });
  await world.travel(back);
  expect(statesOf(await world.see(id))).toEqual(["SUCCEEDED", "CHARGED"]);
  expect(await unlock(id)).toMatchObject({ idempotency: "REPLAY", charged_credits: 0, unlocked: true });
  expect(chain.spent(ALICE)).toBe(3);
});

test("F23: a fee whose charge was forgotten is not taken again, and the job goes on", async () => {
  let away = true;
  const faults = {
    away: (method: string) => away && method === "broadcast",
    lost: () => false,
    dropped: () => false,
    landsAfter: () => 0,
  };
  const chain = createTestingLedger({ blocksPerCall: 1, faults });
  chain.give(ALICE, 9);
  await using world = await aWorld({ money: { chain, fee: 2, waitMs: 300 } });
  const id = await world.job({}, ALICE); // signed and kept, and not sent yet
  expect(statesOf(await world.see(id))).toEqual(["QUEUED", "SENDING"]);
  const back = await world.photograph();
  away = false;
  await world.until(id, (job) => job.state === "STARTING");
  expect(chain.taken).toHaveLength(1);
  await world.travel(back);
  expect(statesOf(await world.see(id))).toEqual(["QUEUED", "SENDING"]);
  await world.until(id, (job) => job.charges[0]?.state === "CHARGED");
  expect(chain.taken).toHaveLength(1);
});

test("F23: a fee that was given back in the lost time is given back once", async () => {
  const { chain, world } = await aBank();
  await using _ = world;
  const id = await world.job({}, ALICE);
  const back = await world.photograph();
  await world.api.jobs.cancel(id, OPERATOR);
  expect(statesOf(await world.until(id, over))).toEqual(["CANCELLED", "REFUNDED"]);
  await world.travel(back);
  expect(statesOf(await world.see(id))).toEqual(["QUEUED", "CHARGED"]);
  await world.api.jobs.cancel(id, OPERATOR);
  expect(statesOf(await world.until(id, over))).toEqual(["CANCELLED", "REFUNDED"]);
  expect(chain.taken.map(({ type }) => type)).toEqual(["consume", "refund"]);
  expect(chain.left(ALICE)).toBe(9);
});
