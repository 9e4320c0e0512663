import type { Keypair } from "@solana/web3.js";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MAX_CONSUME, RECEIPT_MIN_AGE_SLOTS, RECEIPT_STATE } from "../index.ts";
import * as w from "./testing-world.ts";

const USERS = ["ann", "ben", "eve"].map(w.keypair);
const IDS = [1, 2, 3].map(w.bytes32);

interface Receipt {
  amount: number;
  slot: number;
  state: number;
}
/** What the program should hold, kept by the simplest means. */
interface Model {
  purchased: number[];
  spent: number[];
  receipts: Map<string, Receipt>;
  slot: number;
}
interface Step {
  what: "pay" | "consume" | "refund" | "close" | "wait";
  user: number;
  id: number;
  amount: number;
}

const steps = fc.array(
  fc.record<Step>({
    what: fc.constantFrom("pay", "consume", "consume", "refund", "close", "wait"),
    user: fc.nat(USERS.length - 1),
    id: fc.nat(IDS.length - 1),
    amount: fc.integer({ min: 0, max: MAX_CONSUME + 1 }),
  }),
  { minLength: 30, maxLength: 30 },
);

/** Takes the step in the model. @returns whether it should land */
function expected(model: Model, { what, user, id, amount }: Step): boolean {
  const name = `${user} ${id}`;
  const receipt = model.receipts.get(name);
  const [purchased = 0, spent = 0] = [model.purchased[user], model.spent[user]];
  const hasAccount = purchased > 0;
  switch (what) {
    case "wait":
      model.slot += RECEIPT_MIN_AGE_SLOTS / 2;
      return true;
    case "pay":
      if (amount === 0) return false;
      model.purchased[user] = purchased + amount;
      return true;
    case "consume":
      if (!hasAccount || amount === 0 || amount > MAX_CONSUME) return false;
      if (receipt) return receipt.amount === amount;
      if (amount > purchased - spent) return false;
      model.spent[user] = spent + amount;
      model.receipts.set(name, { amount, slot: model.slot, state: RECEIPT_STATE.CHARGED });
      return true;
    case "refund":
      if (receipt?.state === RECEIPT_STATE.CHARGED) {
        model.spent[user] = spent - receipt.amount;
        receipt.state = RECEIPT_STATE.REFUNDED;
      }
      return receipt !== undefined;
    case "close": {
      if (!receipt || model.slot < receipt.slot + RECEIPT_MIN_AGE_SLOTS) return false;
      return model.receipts.delete(name);
    }
  }
}

async function taken(world: w.World, { what, user, id, amount }: Step): Promise<boolean> {
  const [who, request] = [USERS[user] as Keypair, IDS[id] ?? []];
  const wallet = who.publicKey;
  if (what === "wait") {
    w.warp(world, RECEIPT_MIN_AGE_SLOTS / 2);
    return true;
  }
  const instruction = {
    pay: () => w.pay(world, amount * w.PRICE, { who: wallet }),
    consume: () => w.consume(world, request, amount, { from: wallet }),
    refund: () => w.refund(world, request, { to: wallet }),
    close: () => w.close(world, request, { of: wallet }),
  }[what];
  return world.send([await instruction()], what === "pay" ? who : world.spender).error === null;
}

test("whatever is done in whatever order, the books hold", { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (sequence) => {
      const world = await w.makeWorld();
      for (const { publicKey } of USERS) {
        world.set(publicKey, w.SYSTEM, new Uint8Array());
        world.makeTokens(world.usdc(publicKey), { owner: publicKey, amount: 10n ** 12n });
      }
      const zero = USERS.map(() => 0);
      const model: Model = { purchased: [...zero], spent: [...zero], receipts: new Map(), slot: 0 };
      model.slot = Number(world.svm.getClock().slot);
      for (const step of sequence) expect(await taken(world, step)).toBe(expected(model, step));

      for (const [user, { publicKey }] of USERS.entries()) {
        const [purchased = 0, spent = 0] = [model.purchased[user], model.spent[user]];
        expect(world.balance(publicKey) ?? [0, 0, 0]).toEqual([purchased - spent, purchased, spent]);
        const charged = [...model.receipts].filter(([name]) => name.startsWith(`${user} `));
        for (const [id, request] of IDS.entries()) {
          const receipt = world.receiptNow(publicKey, request);
          const known = charged.find(([name]) => name === `${user} ${id}`)?.[1];
          expect(receipt && [Number(receipt.amount), receipt.state]).toEqual(
            known ? [known.amount, known.state] : null,
          );
        }
      }
      const bought = model.purchased.reduce((sum, each) => sum + each, 0);
      expect(Number(world.tokens(world.usdc(world.treasury)))).toBe(bought * w.PRICE);
    }),
    { numRuns: 8, seed: 5 },
  );
});
