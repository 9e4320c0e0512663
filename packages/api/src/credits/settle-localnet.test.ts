import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Charge } from "../jobs/job.ts";
import { aCharge } from "../jobs/testing.ts";
import { settle } from "./settle.ts";
import { type Credits, hex32, startCredits } from "./solana/testing.ts";

// the same rules on a real virtual machine, with the real program

let credits: Credits;
beforeAll(async () => {
  credits = await startCredits({ slotMs: 400 }); // nothing expires but where a test says so
});
afterEach(() => credits.net.faults.clear());
afterAll(() => credits[Symbol.asyncDispose]());

/** A clock that runs five times as fast: the steps are the same, and nobody waits for them. */
const HASTE = { now: () => performance.now() * 5, pause: (ms: number) => sleep(ms / 5) };

function recordOf(wallet: string, overrides: Partial<Charge> = {}) {
  let kept = aCharge({ state: "DUE", wallet, request_id: hex32(), ...overrides });
  const signatures = new Set<string>();
  return {
    get charge() {
      return kept;
    },
    signatures,
    /** Settles until it is over. */
    async ended(deadlineMs = 100_000, ledger = credits.ledger) {
      const before = kept;
      let mine = before;
      await settle(
        ledger,
        before,
        async (to) => {
          if (kept !== mine) return false;
          mine = to;
          kept = to;
          if (to.signed) signatures.add(to.signed.signature);
          return true;
        },
        { deadlineMs, ...HASTE },
      );
      return kept;
    },
  };
}

/** Blocks pass faster than a transaction lives, for as long as something goes on. */
async function hurried<T>(going: Promise<T>): Promise<T> {
  const hurry = setInterval(() => credits.net.warp(60), 200);
  return going.finally(() => clearInterval(hurry));
}

test("a charge and its refund, end to end", async () => {
  const person = credits.rich();
  await credits.buy(person, 3);
  const record = recordOf(person.wallet, { amount: 2 });
  expect(await record.ended()).toMatchObject({ state: "CHARGED" });
  expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 1, spent: 2 });
  const back = recordOf(person.wallet, { ...record.charge, state: "REFUNDING" });
  expect(await back.ended()).toMatchObject({ state: "REFUNDED" });
  expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 3, spent: 0 });
});

test("20 charges at once for 8 credits: 8 are CHARGED, 12 REFUSED, and the chain says the same", async () => {
  const person = credits.rich();
  await credits.buy(person, 8);
  const records = Array.from({ length: 20 }, () => recordOf(person.wallet));
  await hurried(
    Promise.all(
      records.map(async (record) => {
        for (;;) {
          const { state, signed } = await record.ended();
          if (state === "CHARGED" || (state === "REFUSED" && signed === null)) return;
          await sleep(50);
        }
      }),
    ),
  );
  const states = records.map(({ charge }) => charge.state).toSorted();
  expect(states).toEqual([...Array(8).fill("CHARGED"), ...Array(12).fill("REFUSED")]);
  expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 0, purchased: 8, spent: 8 });
});

test("bytes that get lost are sent again, and not signed again", async () => {
  const person = credits.rich();
  await credits.buy(person, 1);
  credits.net.faults.loseNext(1);
  const record = recordOf(person.wallet);
  expect(await record.ended()).toMatchObject({ state: "CHARGED" });
  expect(record.signatures.size).toBe(1);
});

test("bytes that never arrive are given up once the finalized chain is past them; then others are signed, and one credit is taken", async () => {
  const person = credits.rich();
  await credits.buy(person, 5);
  credits.net.faults.loseNext(1);
  const record = recordOf(person.wallet);
  const ended = record.ended();
  while (record.charge.state !== "SENDING") await sleep(10);
  await sleep(100); // it has been sent, and lost
  credits.net.warp(300);
  expect(await ended).toMatchObject({ state: "CHARGED" });
  expect(record.signatures.size).toBe(2);
  expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 4, spent: 1 });
});

test("an answer that is lost after the charge took effect is found out", async () => {
  const person = credits.rich();
  await credits.buy(person, 1);
  credits.net.faults.dropNext("sendTransaction", 3);
  const record = recordOf(person.wallet);
  expect(await record.ended()).toMatchObject({ state: "CHARGED" });
  expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 0, spent: 1 });
});

test("ten processes that settle the same charge from what each of them read take one credit", async () => {
  const person = credits.rich();
  await credits.buy(person, 5);
  const charge = aCharge({ state: "DUE", wallet: person.wallet, request_id: hex32() });
  // nobody keeps anybody from it: every save is granted, so that only the chain stands in between
  const ends = await Promise.all(
    Array.from({ length: 10 }, () =>
      settle(credits.another(), charge, async () => true, { deadlineMs: 100_000, ...HASTE }),
    ),
  );
  expect(new Set(ends.map(({ state }) => state))).toEqual(new Set(["CHARGED"]));
  expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 4, spent: 1 });
});
