import { KangKlipError } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Charge } from "../jobs/job.ts";
import { settle } from "./settle.ts";
import { type History, lived, type Settle } from "./testing-history.ts";

// few values, with nothing and much among them: what goes wrong needs several things at once
const histories: fc.Arbitrary<History> = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  away: fc.constantFrom(0, 0.1, 0.3),
  lost: fc.constantFrom(0, 0.1, 0.3),
  dropped: fc.constantFrom(0, 0.3, 0.9),
  late: fc.constantFrom(0, 0.3, 1),
  dies: fc.constantFrom(0, 0.02, 0.06),
  freezes: fc.constantFrom(0, 0.02, 0.06),
  lag: fc.constantFrom(0, 30, 150, 300),
  spentByOthers: fc.boolean(),
  refunded: fc.boolean(),
});

const RUNS = 1000;
const sample = fc.sample(histories, { seed: 5, numRuns: RUNS });

/** Whether one of the histories ends wrong in this way. */
async function finds(settling: Settle, words: RegExp): Promise<boolean> {
  for (const history of sample)
    if ((await lived(history, settling)).some((word) => words.test(word))) return true;
  return false;
}

test("whatever the chain loses, delays and repeats, and whoever dies when: charged once or not at all, and known to be", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      expect(await lived(history, settle)).toEqual([]);
    }),
    { seed: 5, numRuns: RUNS },
  );
});

describe("the same histories find what is wrong with", { timeout: 120_000 }, () => {
  const chargedBy =
    (change: (steps: Steps) => Promise<void>): Settle =>
    async (ledger, charge, save, { deadlineMs, now = () => 0, pause = async () => {} }) => {
      let kept = charge;
      const keep = async (to: Partial<Charge>) => {
        const next = { ...kept, ...to };
        if (!(await save(next))) throw new KangKlipError("CONFLICT", "somebody was first");
        kept = next;
      };
      const hasReceipt = async () => {
        const receipt = await ledger.receipt(charge.wallet, charge.request_id);
        if (!receipt) return false;
        await keep({ state: receipt.state === "charged" ? "CHARGED" : "REFUNDED", signed: null });
        return true;
      };
      const move = {
        type: "consume",
        wallet: charge.wallet,
        request_id: charge.request_id,
        amount: 1,
      } as const;
      const sign = () => ledger.sign(move);
      const until = now() + deadlineMs;
      const arrives = async () => {
        while (now() < until) {
          await pause(1000);
          if (await hasReceipt().catch(() => false)) return true;
        }
        return false;
      };
      if (kept.state === "REFUNDING") return void (await keep({ state: "REFUNDED" }).catch(() => {}));
      if (await hasReceipt()) return;
      await change({
        kept: () => kept,
        keep,
        sign,
        arrives,
        send: (signed) => ledger.broadcast(signed, { again: true }),
      });
    };

  test("signing again after a time-out", async () => {
    const naive = chargedBy(async ({ keep, sign, send, arrives }) => {
      const signed = await sign();
      await keep({ state: "SENDING", signed });
      await send(signed);
      await arrives(); // the next one signs anew
    });
    expect(await finds(naive, /^two transactions of one charge could land$/)).toBe(true);
    expect(await finds(naive, /^charged [2-9] times$/)).toBe(true);
  });

  test("sending before it is kept what was signed", async () => {
    const naive = chargedBy(async ({ kept, keep, sign, send, arrives }) => {
      const signed = kept().signed ?? (await sign());
      await send(signed);
      await keep({ state: "SENDING", signed });
      await arrives();
    });
    expect(await finds(naive, /^charged [2-9] times$/)).toBe(true);
  });

  test("taking a time-out for a no", async () => {
    const naive = chargedBy(async ({ kept, keep, sign, send, arrives }) => {
      const signed = kept().signed ?? (await sign());
      if (!kept().signed) await keep({ state: "SENDING", signed });
      await send(signed);
      if (!(await arrives())) await keep({ state: "REFUSED", signed: null });
    });
    expect(await finds(naive, /^paid, and locked$/)).toBe(true);
  });
});

interface Steps {
  kept: () => Charge;
  keep: (to: Partial<Charge>) => Promise<void>;
  sign: () => Promise<NonNullable<Charge["signed"]>>;
  send: (signed: NonNullable<Charge["signed"]>) => Promise<void>;
  arrives: () => Promise<boolean>;
}
