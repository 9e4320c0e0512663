import { randomBytes } from "node:crypto";
import { call, signV1 } from "@kangklip/localnet/testing";
import { PublicKey, SystemProgram, TransactionInstruction } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { paymentsOf } from "./payments.ts";
import { createProgram } from "./program.ts";
import type { Landed } from "./reads.ts";
import { type Credits, hex32, paymentOf, startCredits } from "./testing.ts";
import { startStandIn } from "./testing-rpc.ts";

// what confirm says of transactions that landed on a real virtual machine, and of those that did not

let credits: Credits;
beforeAll(async () => {
  credits = await startCredits();
});
afterEach(() => credits.net.faults.clear());
afterAll(() => credits[Symbol.asyncDispose]());

const QUICK = { waitMs: 200 };
const notFound = { code: "TRANSACTION_NOT_FOUND", message: "transaction not found" };
const failed = { code: "TRANSACTION_FAILED", message: "transaction failed" };
const foreign = { code: "INVALID_INPUT", message: "invalid program" };

/** A wallet, its intent for 5 credits, and the payment as an instruction. */
async function intended() {
  const person = credits.rich();
  const reference = hex32();
  const draft = await credits.ledger.topup(person.wallet, 5, reference);
  return { ...person, draft, reference, payment: paymentOf(draft) };
}
const fivePaid = (reference: string) => ({
  payments: [{ reference, amount_base_units: 500_000, credits_added: 5 }],
  new_balance: 5,
});

describe("a payment is told of, whatever its version", () => {
  test("0, as the intent has it", async () => {
    const { keypair, wallet, draft, reference } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });

  test("legacy", async () => {
    const { keypair, wallet, payment, reference } = await intended();
    const signature = await credits.send(await credits.made([keypair], [payment], "legacy"));
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });

  test("1", async () => {
    const { keypair, wallet, payment, reference } = await intended();
    const signature = await credits.send(await signV1(keypair, [payment], await credits.latest()));
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });

  test("two payments in one", async () => {
    const { keypair, wallet, payment, reference } = await intended();
    const second = await credits.ledger.topup(wallet, 2, hex32());
    const bytes = await credits.made([keypair], [payment, paymentOf(second)]);
    const { payments, new_balance } = await credits.ledger.confirm(wallet, await credits.send(bytes));
    expect(payments.map((paid) => paid.reference)).toEqual([reference, second.reference]);
    expect(new_balance).toBe(7);
  });

  test("again and again it is the same, and adds nothing", async () => {
    const { keypair, wallet, draft } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    const first = await credits.ledger.confirm(wallet, signature);
    expect(await credits.ledger.confirm(wallet, signature)).toEqual(first);
    expect(await credits.ledger.balance(wallet)).toMatchObject({ credits: 5, purchased: 5, spent: 0 });
  });

  test("an old one too: the answer is that of then, with the balance of now", async () => {
    const { keypair, wallet, draft, reference } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    credits.net.warp(500);
    await credits.buy({ keypair, wallet }, 1);
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject({
      ...fivePaid(reference),
      new_balance: 6,
    });
  });
});

describe("anything else is refused", () => {
  test("the payment of another wallet", async () => {
    const { keypair, draft } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    await expect(credits.ledger.confirm(credits.rich().wallet, signature)).rejects.toMatchObject(foreign);
  });

  test("a payment that the program refused: more USDC than there is", async () => {
    const { keypair, wallet } = credits.rich({ usdc: 1 });
    const draft = await credits.ledger.topup(wallet, 11, hex32());
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    await expect(credits.ledger.confirm(wallet, signature)).rejects.toMatchObject(failed);
    expect(await credits.ledger.balance(wallet)).toMatchObject({ credits: 0, purchased: 0 });
  });

  test("a transaction that has nothing to do with us", async () => {
    const { keypair, wallet } = credits.rich();
    const transfer = SystemProgram.transfer({
      fromPubkey: keypair.publicKey,
      toPubkey: keypair.publicKey,
      lamports: 1,
    });
    const signature = await credits.send(await credits.made([keypair], [transfer]));
    await expect(credits.ledger.confirm(wallet, signature)).rejects.toMatchObject(foreign);
  });

  test("one that only names our program, and carries our payment's data to another one", async () => {
    const { keypair, wallet, payment } = await intended();
    const memo = new TransactionInstruction({
      programId: new PublicKey("MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"),
      keys: [{ pubkey: keypair.publicKey, isSigner: true, isWritable: true }],
      data: Buffer.from(`Program ${payment.programId} invoke [1]`),
    });
    const named = SystemProgram.transfer({
      fromPubkey: keypair.publicKey,
      toPubkey: keypair.publicKey,
      lamports: 1,
    });
    named.keys.push({ pubkey: payment.programId, isSigner: false, isWritable: false });
    const signature = await credits.send(await credits.made([keypair], [memo, named]));
    await expect(credits.ledger.confirm(wallet, signature)).rejects.toMatchObject(foreign);
  });

  test("another instruction of ours: a charge", async () => {
    const person = credits.rich();
    await credits.buy(person, 3);
    const { wallet } = person;
    const signed = await credits.ledger.sign({ type: "consume", wallet, request_id: hex32(), amount: 1 });
    await credits.ledger.broadcast(signed, { again: false });
    await expect(credits.ledger.confirm(wallet, signed.signature)).rejects.toMatchObject(foreign);
  });

  test.each([
    "",
    "no base58 at all!",
    bs58.encode(randomBytes(63)),
    bs58.encode(randomBytes(65)),
    "1".repeat(5000),
  ])("a text that is no signature: %#", async (text) => {
    await expect(credits.ledger.confirm(credits.rich().wallet, text)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: "signature must be that of a transaction, in base58",
    });
  });
});

test("a payment into a copy of our program, whose owner may have made up its mint and its price, is none", async () => {
  const { keypair, wallet, draft } = await intended();
  const signature = await credits.send(credits.signed(draft.transaction, keypair));
  const { result } = (await call(credits.net.url, "getTransaction", signature, {
    ...{ commitment: "confirmed", encoding: "json", maxSupportedTransactionVersion: 1 },
  })) as { result: Landed };
  expect(result.meta?.logMessages?.some((line) => line.startsWith("Program data: "))).toBe(true);
  const there = createProgram(new PublicKey(credits.net.programId));
  expect(paymentsOf(result, there, wallet)).toHaveLength(1);
  // the same transaction, for whoever has the program at another address
  expect(paymentsOf(result, createProgram(keypair.publicKey), wallet)).toEqual([]);
});

describe("what has not happened, or not yet", () => {
  test("a signature that nobody ever saw is not found, and not waited for long", async () => {
    const signature = bs58.encode(randomBytes(64));
    await expect(credits.ledger.confirm(credits.rich().wallet, signature, QUICK)).rejects.toMatchObject(
      notFound,
    );
  });

  test("a payment is waited for while it is on its way", async () => {
    const { keypair, wallet, draft, reference } = await intended();
    credits.net.faults.holdNext(4);
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });

  test("one that is processed and not confirmed is not told of", async () => {
    const { keypair, wallet, draft, reference } = await intended();
    credits.net.faults.lag(400, 300);
    credits.net.warp(1); // what comes now is in a block that is not confirmed
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    await expect(credits.ledger.confirm(wallet, signature, QUICK)).rejects.toMatchObject(notFound);
    credits.net.faults.clear();
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });

  test("a node that answers from the past is asked again: the balance is not older than the payment (-32016)", async () => {
    const { keypair, wallet, draft, reference } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    credits.net.faults.fail(
      "getMultipleAccounts",
      { code: -32016, message: "Minimum context slot not reached" },
      2,
    );
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });

  test("a node that knows the signature and has not got the transaction yet is asked again", async () => {
    const { keypair, wallet, draft, reference } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    credits.net.faults.fail("getTransaction", { code: -32004 }, 2);
    expect(await credits.ledger.confirm(wallet, signature)).toMatchObject(fivePaid(reference));
  });
});

describe("a node that lies about what was asked", () => {
  /** Answers as the localnet does, but for one method. */
  const lying = (method: string, lie: (answer: unknown) => unknown) =>
    startStandIn(({ method: asked, params }) => (response) => {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: asked, params });
      const headers = { "content-type": "application/json" };
      void fetch(credits.net.url, { method: "POST", headers, body })
        .then((said) => said.json())
        .then((answer) => response.end(JSON.stringify(asked === method ? lie(answer) : answer)));
    });

  test("by another transaction than the one that was asked for is not believed", async () => {
    const mine = await intended();
    const others = await intended();
    const paid = await credits.send(credits.signed(others.draft.transaction, others.keypair));
    await using liar = await lying("getTransaction", (answer) => answer);
    const swapping = await startStandIn(({ method, params }) => (response) => {
      const given = method === "getTransaction" ? [paid, ...params.slice(1)] : params;
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: given });
      void fetch(liar.url, { method: "POST", headers: { "content-type": "application/json" }, body })
        .then((said) => said.text())
        .then((answer) => response.end(answer));
    });
    await using _ = swapping;
    const transfer = SystemProgram.transfer({
      fromPubkey: mine.keypair.publicKey,
      toPubkey: mine.keypair.publicKey,
      lamports: 1,
    });
    const nothing = await credits.send(await credits.made([mine.keypair], [transfer]));
    const ledger = credits.another({ rpcUrls: [swapping.url] });
    await expect(ledger.confirm(others.wallet, nothing, QUICK)).rejects.toMatchObject(notFound);
  });

  test("by hiding that it failed is not believed: the transaction says so itself", async () => {
    const { keypair, wallet } = credits.rich({ usdc: 1 });
    const draft = await credits.ledger.topup(wallet, 11, hex32());
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    await using liar = await lying("getSignatureStatuses", (answer) => {
      const said = answer as { result: { value: { err: unknown }[] } };
      for (const status of said.result.value) status.err = null;
      return said;
    });
    const ledger = credits.another({ rpcUrls: [liar.url] });
    await expect(ledger.confirm(wallet, signature)).rejects.toMatchObject(failed);
  });

  test("by a version that it has not got (-32015) is refused once, and not asked for ever", async () => {
    const { keypair, wallet, draft } = await intended();
    const signature = await credits.send(credits.signed(draft.transaction, keypair));
    await using liar = await lying("getTransaction", () => ({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32015 },
    }));
    const ledger = credits.another({ rpcUrls: [liar.url] });
    await expect(ledger.confirm(wallet, signature)).rejects.toMatchObject(foreign);
    expect(liar.of("getTransaction")).toHaveLength(1);
  });
});
