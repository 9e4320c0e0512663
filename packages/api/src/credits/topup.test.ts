import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signV1 } from "@kangklip/localnet/testing";
import { ComputeBudgetProgram, PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createSqliteStore } from "../jobs/sqlite-store.ts";
import { type Credits, hex32, paymentOf, startCredits } from "./solana/testing.ts";
import { createTopup, type Topup } from "./topup.ts";

let credits: Credits;
let topup: Topup;
let store: ReturnType<typeof createSqliteStore>;
const folder = mkdtempSync(join(tmpdir(), "kk-topup-"));
const another = () => {
  const ledger = credits.another({ patienceMs: 1000 });
  return createTopup({ ledger, store, log: credits.options.log, now: Date.now, waitMs: 300 });
};
beforeAll(async () => {
  credits = await startCredits({ slotMs: 400 });
  store = createSqliteStore({ file: join(folder, "jobs.db") });
  topup = another();
});
afterEach(() => credits.net.faults.clear());
afterAll(async () => {
  topup.stop();
  await store.close();
  await credits[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

async function intended(credit = 5) {
  const person = credits.rich();
  const intent = await topup.intent(person.wallet, credit);
  return {
    ...person,
    intent,
    payment: paymentOf(intent),
    signed: credits.signed(intent.transaction, person.keypair),
  };
}
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
const invalid = (message: RegExp | string) => ({ code: "INVALID_INPUT", message });

describe("a top-up", () => {
  test("is offered, passed on and told of, with the answer that 1.x gave", async () => {
    const { wallet, intent, signed } = await intended();
    expect(intent).not.toHaveProperty("blockhash");
    const { signature } = await topup.send(wallet, signed);
    const answer = await topup.confirm(wallet, signature);
    expect(answer).toEqual({
      credited: true,
      new_balance: 5,
      credits_added: 5,
      reference: intent.reference,
      slot: expect.any(Number),
    });
  });

  test("is told of again in the same words, although more was bought since; by another process too", async () => {
    const person = await intended(2);
    const { signature } = await topup.send(person.wallet, person.signed);
    const first = await topup.confirm(person.wallet, signature);
    await credits.buy(person, 7);
    expect(await topup.confirm(person.wallet, signature)).toEqual(first);
    expect(await another().confirm(person.wallet, signature)).toEqual(first);
  });

  test("that many ask about at once has one answer", async () => {
    const { wallet, signed } = await intended(3);
    const { signature } = await topup.send(wallet, signed);
    const answers = await Promise.all(Array.from({ length: 10 }, () => topup.confirm(wallet, signature)));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  });

  test("that the wallet sent by itself is told of as well", async () => {
    const { wallet, signed } = await intended(4);
    expect(await topup.confirm(wallet, await credits.send(signed))).toMatchObject({ credits_added: 4 });
  });

  test("sent twice counts once", async () => {
    const { wallet, signed } = await intended();
    const [first, second] = [await topup.send(wallet, signed), await topup.send(wallet, signed)];
    expect(second).toEqual(first);
    await topup.confirm(wallet, first.signature);
    expect(await credits.ledger.balance(wallet)).toMatchObject({ credits: 5, purchased: 5 });
  });
});

describe("what is told of nothing", () => {
  test("another wallet's, before and after its owner asked", async () => {
    const { wallet, signed } = await intended();
    const stranger = credits.rich().wallet;
    const { signature } = await topup.send(wallet, signed);
    await expect(topup.confirm(stranger, signature)).rejects.toMatchObject(invalid("invalid program"));
    await topup.confirm(wallet, signature);
    await expect(topup.confirm(stranger, signature)).rejects.toMatchObject(invalid("invalid program"));
  });

  test("one that answers no intent, or another wallet's: the credits are there all the same", async () => {
    const person = credits.rich();
    const own = await credits.buy(person, 2);
    await expect(topup.confirm(person.wallet, own)).rejects.toMatchObject(invalid("invalid program"));
    const other = await topup.intent(credits.rich().wallet, 3);
    const borrowed = await credits.buy(person, 3, other.reference);
    await expect(topup.confirm(person.wallet, borrowed)).rejects.toMatchObject(invalid("invalid program"));
    // and another amount than the intent's
    const mine = await topup.intent(person.wallet, 1);
    const more = await credits.buy(person, 4, mine.reference);
    await expect(topup.confirm(person.wallet, more)).rejects.toMatchObject(invalid("invalid program"));
    expect(await credits.ledger.balance(person.wallet)).toMatchObject({ credits: 9 });
  });

  test("a signature that was never seen", async () => {
    const { wallet } = credits.rich();
    const signature = bs58.encode(randomBytes(64));
    await expect(topup.confirm(wallet, signature)).rejects.toMatchObject({ code: "TRANSACTION_NOT_FOUND" });
  });
});

describe("what is not passed on", () => {
  /** Signed by its wallet, and made of something else than the intent. */
  async function made(
    instructions: (payment: TransactionInstruction, wallet: PublicKey) => TransactionInstruction[],
  ) {
    const { keypair, wallet, payment } = await intended();
    return {
      wallet,
      transaction: base64(await credits.made([keypair], instructions(payment, keypair.publicKey))),
    };
  }
  const transfer = (from: PublicKey) =>
    SystemProgram.transfer({ fromPubkey: from, toPubkey: new PublicKey(credits.net.treasury), lamports: 1 });
  const changed = (payment: TransactionInstruction, account: number) => {
    const keys = payment.keys.map((key, at) =>
      at === account ? { ...key, pubkey: PublicKey.unique() } : key,
    );
    return new TransactionInstruction({ ...payment, keys });
  };
  const lengthened = (payment: TransactionInstruction) =>
    new TransactionInstruction({ ...payment, data: Buffer.concat([payment.data, Buffer.alloc(1)]) });

  test.each<[string, Parameters<typeof made>[0], RegExp]>([
    ["nothing of ours", (_, wallet) => [transfer(wallet)], /must be one payment for credits/],
    ["two payments", (payment) => [payment, payment], /must be one payment for credits/],
    ["a payment and a transfer", (payment, wallet) => [payment, transfer(wallet)], /does more than pay/],
    ["a payment into another account", (payment) => [changed(payment, 4)], /in another way than the intent/],
    ["a payment with another config", (payment) => [changed(payment, 1)], /in another way than the intent/],
    ["a payment with more data", (payment) => [lengthened(payment)], /in another way than the intent/],
  ])("%s", async (_, instructions, why) => {
    const { wallet, transaction } = await made(instructions);
    await expect(topup.send(wallet, transaction)).rejects.toMatchObject(
      invalid(expect.stringMatching(why) as never),
    );
  });

  test("what is signed by somebody else, by nobody, or changed since", async () => {
    const { wallet, intent, signed } = await intended();
    const stranger = credits.rich();
    await expect(topup.send(stranger.wallet, signed)).rejects.toMatchObject(
      invalid(expect.stringMatching(/signed and paid by the wallet/) as never),
    );
    await expect(topup.send(wallet, intent.transaction)).rejects.toMatchObject(
      invalid("transaction is not signed"),
    );
    const bytes = Buffer.from(signed, "base64");
    bytes[bytes.length - 3] = (bytes[bytes.length - 3] ?? 0) ^ 1;
    await expect(topup.send(wallet, base64(bytes))).rejects.toMatchObject({ code: "INVALID_INPUT" });
  });

  test("what is no transaction", async () => {
    const { wallet, signed } = await intended();
    const half = base64(Buffer.from(signed, "base64").subarray(0, 100));
    for (const text of ["", "AAAA", "!", half, "A".repeat(9000)])
      await expect(topup.send(wallet, text)).rejects.toMatchObject(
        invalid("transaction is no Solana transaction"),
      );
  });

  test("a payment for somebody's own intent only", async () => {
    const person = credits.rich();
    const draft = await credits.ledger.topup(person.wallet, 1, hex32());
    const signed = credits.signed(draft.transaction, person.keypair);
    await expect(topup.send(person.wallet, signed)).rejects.toMatchObject(
      invalid("transaction answers no intent of this wallet"),
    );
  });

  test("what the network would refuse: nothing was paid, and nothing is tried again", async () => {
    const person = credits.rich({ usdc: 0.1 });
    const intent = await topup.intent(person.wallet, 5);
    const signed = credits.signed(intent.transaction, person.keypair);
    await expect(topup.send(person.wallet, signed)).rejects.toMatchObject({
      code: "TRANSACTION_FAILED",
      message: "transaction failed",
    });
    // with the money there, the same bytes are good
    credits.net.faucet(person.wallet, { usdc: 1 });
    const { signature } = await topup.send(person.wallet, signed);
    expect(await topup.confirm(person.wallet, signature)).toMatchObject({ new_balance: 5 });
  });
});

describe("what wallets make of the intent", () => {
  test("with a budget of their own, and assertions that guard their owner (Phantom, Solflare)", async () => {
    const { keypair, wallet, payment } = await intended();
    const lighthouse = new TransactionInstruction({
      programId: new PublicKey("L2TExMFKdjpN9kozasaurPirfHy9P8sbXoAN1qA3S95"),
      keys: [],
      data: Buffer.from([1]),
    });
    const budget = ComputeBudgetProgram.setComputeUnitPrice({ microLamports: 5 });
    const guarded = base64(await credits.made([keypair], [budget, payment, lighthouse]));
    // read as ours; here the network has no such program, and says so
    expect(await credits.ledger.readTopup(wallet, guarded)).toMatchObject({ amount_base_units: 500_000 });
    await expect(topup.send(wallet, guarded)).rejects.toMatchObject({ code: "TRANSACTION_FAILED" });
  });

  test.each(["legacy", 1] as const)("as version %s", async (version) => {
    const { keypair, wallet, payment } = await intended();
    const bytes =
      version === 1
        ? await signV1(keypair, [payment], await credits.latest())
        : await credits.made([keypair], [payment], version);
    const { signature } = await topup.send(wallet, base64(bytes));
    expect(await topup.confirm(wallet, signature)).toMatchObject({ new_balance: 5 });
  });
});

describe("what is on its way", () => {
  test("is sent again until it lands: the first bytes got lost", async () => {
    const { wallet, signed } = await intended();
    credits.net.faults.loseNext(1);
    const { signature } = await topup.send(wallet, signed);
    for (;;) {
      const answer = await topup.confirm(wallet, signature).catch((error: { code: string }) => error.code);
      if (answer === "TRANSACTION_NOT_FOUND") continue;
      expect(answer).toMatchObject({ credited: true, new_balance: 5 });
      return;
    }
  });

  test("although no answer came: it may have been taken", async () => {
    const { wallet, signed } = await intended();
    credits.net.faults.dropNext("sendTransaction", 100);
    const { signature } = await topup.send(wallet, signed);
    credits.net.faults.clear();
    expect(await topup.confirm(wallet, signature)).toMatchObject({ new_balance: 5 });
  });

  test("is taken up by whoever is asked, where the process that sent it died", async () => {
    const { wallet, signed } = await intended();
    credits.net.faults.loseNext(1);
    const dying = another();
    const { signature } = await dying.send(wallet, signed);
    dying.stop();
    const heir = another();
    for (;;) {
      const answer = await heir.confirm(wallet, signature).catch((error: { code: string }) => error.code);
      if (answer === "TRANSACTION_NOT_FOUND") continue;
      expect(answer).toMatchObject({ new_balance: 5 });
      break;
    }
    heir.stop();
  });

  test("and can no longer land is said to be over: nothing was paid", async () => {
    const { wallet, signed } = await intended();
    credits.net.faults.loseNext(1000);
    const { signature } = await topup.send(wallet, signed);
    credits.net.warp(400);
    await expect(topup.confirm(wallet, signature)).rejects.toMatchObject({
      code: "TRANSACTION_EXPIRED",
      message: "transaction expired",
    });
    expect(await credits.ledger.balance(wallet)).toMatchObject({ credits: 0 });
  });
});
