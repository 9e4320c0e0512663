import { inspect } from "node:util";
import { call } from "@kangklip/localnet/testing";
import { PublicKey, SystemProgram } from "@solana/web3.js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Credits, hex32, startCredits, waysToWrite } from "./testing.ts";
import { startStandIn } from "./testing-rpc.ts";

let credits: Credits;
/** Everything that anybody was told when something was refused. */
const told: unknown[] = [];
beforeAll(async () => {
  credits = await startCredits();
});
afterEach(() => credits.net.faults.clear());
afterAll(() => credits[Symbol.asyncDispose]());

const refusalOf = async (promise: Promise<unknown>) => {
  const refusal = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  told.push(refusal);
  return refusal;
};
const away = { code: "UNAVAILABLE" };

describe("charging and giving back", () => {
  const consume = (wallet: string, request_id = hex32(), amount = 1) =>
    ({ type: "consume", wallet, request_id, amount }) as const;

  test("a charge happens once, however often it is signed and sent", async () => {
    const person = credits.rich();
    await credits.buy(person, 5);
    const { wallet } = person;
    const request_id = hex32();
    for (let signing = 0; signing < 3; signing++) {
      const signed = await credits.ledger.sign(consume(wallet, request_id, 2));
      for (let sending = 0; sending < 2; sending++)
        await credits.ledger.broadcast(signed, { again: sending > 0 });
      await credits.ledger.broadcast(signed, { again: false });
    }
    expect(await credits.ledger.balance(wallet)).toMatchObject({ credits: 3, purchased: 5, spent: 2 });
    expect(await credits.ledger.receipt(wallet, request_id)).toMatchObject({ state: "charged", amount: 2 });

    for (let signing = 0; signing < 2; signing++) {
      const signed = await credits.ledger.sign({ type: "refund", wallet, request_id });
      await credits.ledger.broadcast(signed, { again: false });
    }
    expect(await credits.ledger.balance(wallet)).toMatchObject({ credits: 5, purchased: 5, spent: 0 });
    expect(await credits.ledger.receipt(wallet, request_id)).toMatchObject({ state: "refunded", amount: 2 });
  });

  test("a wallet that never bought any, or has too few, is told so before anything is signed", async () => {
    const person = credits.rich();
    const insufficient = { code: "INSUFFICIENT_CREDITS", message: "insufficient_credits" };
    expect(await refusalOf(credits.ledger.sign(consume(person.wallet)))).toMatchObject(insufficient);
    await credits.buy(person, 1);
    expect(await refusalOf(credits.ledger.sign(consume(person.wallet, hex32(), 2)))).toMatchObject(
      insufficient,
    );
    await credits.ledger.sign(consume(person.wallet, hex32(), 1));
  });

  test("of two for the last credit the second is refused in the trial run of the first who hears of it", async () => {
    const person = credits.rich();
    await credits.buy(person, 1);
    const [first, second] = await Promise.all([1, 2].map(() => credits.ledger.sign(consume(person.wallet))));
    if (!first || !second) throw new Error("not signed");
    await credits.ledger.broadcast(first, { again: false });
    expect(await refusalOf(credits.ledger.broadcast(second, { again: false }))).toMatchObject({
      code: "INSUFFICIENT_CREDITS",
    });
    // whoever sends it a second time is not told: somebody may have it
    await credits.ledger.broadcast(second, { again: true });
  });

  test("where somebody else may have heard of it, a trial run proves nothing", async () => {
    const person = credits.rich();
    await credits.buy(person, 1);
    const [first, second] = await Promise.all([1, 2].map(() => credits.ledger.sign(consume(person.wallet))));
    if (!first || !second) throw new Error("not signed");
    await credits.ledger.broadcast(first, { again: false });
    credits.net.faults.fail("sendTransaction", { status: 502 }, 1);
    expect(await refusalOf(credits.ledger.broadcast(second, { again: false }))).toMatchObject(away);
  });

  test("a lost answer is asked for again: the same bytes, which the chain knows", async () => {
    const person = credits.rich();
    await credits.buy(person, 1);
    const request_id = hex32();
    const signed = await credits.ledger.sign(consume(person.wallet, request_id));
    credits.net.faults.dropNext("sendTransaction", 1);
    await credits.ledger.broadcast(signed, { again: false });
    expect(await credits.ledger.receipt(person.wallet, request_id)).toMatchObject({ state: "charged" });
  });

  test("what was just confirmed can be spent at once, although a node is behind", async () => {
    const person = credits.rich();
    const signature = await credits.buy(person, 1);
    await credits.ledger.confirm(person.wallet, signature);
    credits.net.faults.fail("getMultipleAccounts", { code: -32016 }, 1);
    credits.net.faults.fail("simulateTransaction", { code: -32016 }, 1);
    await credits.ledger.sign(consume(person.wallet));
  });

  test("no receipt of a request that never was, in no view", async () => {
    const { wallet } = credits.rich();
    expect(await credits.ledger.receipt(wallet, hex32(), { minContextSlot: credits.net.slot() })).toBeNull();
  });

  test("lamports that somebody sent to the receipt's address are no receipt", async () => {
    const { keypair, wallet } = credits.rich();
    const request_id = hex32();
    const programId = new PublicKey(credits.net.programId);
    const seeds = [Buffer.from("receipt"), keypair.publicKey.toBuffer(), Buffer.from(request_id, "hex")];
    const [toPubkey] = PublicKey.findProgramAddressSync(seeds, programId);
    const gift = SystemProgram.transfer({ fromPubkey: keypair.publicKey, toPubkey, lamports: 900_000 });
    await credits.send(await credits.made([keypair], [gift]));
    expect(await credits.ledger.receipt(wallet, request_id)).toBeNull();
  });
});

describe("when what is signed can no longer take effect", () => {
  const signedFor = async (count: number) => {
    const person = credits.rich();
    await credits.buy(person, count);
    const move = { type: "consume", wallet: person.wallet, request_id: hex32(), amount: 1 } as const;
    return { ...person, move, signed: await credits.ledger.sign(move) };
  };

  test("only once the finalized chain is above its last block: until then it may land", async () => {
    const { signed, move, wallet } = await signedFor(1);
    credits.net.faults.loseNext(1);
    await credits.ledger.broadcast(signed, { again: false });
    expect(await credits.ledger.expired(signed)).toBeNull();
    credits.net.faults.lag(300);
    credits.net.warp(200); // above it, and not finalized
    expect(await credits.ledger.expired(signed)).toBeNull();
    credits.net.faults.clear();
    const slot = await credits.ledger.expired(signed);
    expect(slot).toBeGreaterThan(0);
    expect(await credits.ledger.receipt(wallet, move.request_id, { minContextSlot: slot ?? 0 })).toBeNull();
  });

  test("not on the word of a node that is behind and so does not know it", async () => {
    const { signed } = await signedFor(1);
    credits.net.warp(300);
    await using behind = await startStandIn(({ method, params }) => (response) => {
      void call(credits.net.url, method, ...params).then((answer) => {
        const said = answer as { result: { context?: { slot: number } } };
        if (method === "getSignatureStatuses" && said.result.context) said.result.context.slot -= 200;
        response.end(JSON.stringify(said));
      });
    });
    expect(await credits.another({ rpcUrls: [behind.url] }).expired(signed)).toBeNull();
    expect(await credits.ledger.expired(signed)).toBeGreaterThan(0);
  });

  test("not when it has landed, however long ago", async () => {
    const { signed } = await signedFor(1);
    await credits.ledger.broadcast(signed, { again: false });
    credits.net.warp(1000);
    expect(await credits.ledger.expired(signed)).toBeNull();
  });

  test("at once where the finalized chain holds it as failed", async () => {
    const { signed, wallet } = await signedFor(1);
    const other = await credits.ledger.sign({ type: "consume", wallet, request_id: hex32(), amount: 1 });
    await credits.ledger.broadcast(other, { again: false });
    credits.net.faults.lag(300);
    credits.net.warp(1);
    await credits.ledger.broadcast(signed, { again: true }); // lands, and fails: no credit is left
    expect(await credits.ledger.expired(signed)).toBeNull(); // a block that is not finalized may be dropped
    credits.net.faults.clear();
    expect(await credits.ledger.expired(signed)).toBeGreaterThan(0);
  });
});

describe("old receipts", () => {
  const charged = async (count: number) => {
    const person = credits.rich();
    await credits.buy(person, count);
    for (let index = 0; index < count; index++) {
      const move = { type: "consume", wallet: person.wallet, request_id: hex32(), amount: 1 } as const;
      await credits.ledger.broadcast(await credits.ledger.sign(move), { again: false });
    }
    return person.wallet;
  };
  const lamports = async () => {
    const { result } = (await (
      await fetch(credits.net.url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "getBalance",
          params: [credits.spender.publicKey.toBase58()],
        }),
      })
    ).json()) as { result: { value: number } };
    return result.value;
  };

  test("are closed together after about a day, and their rent comes back", async () => {
    credits.net.warp(216_100);
    await credits.ledger.close(await credits.ledger.closable(100)); // those of other tests
    const wallets = [await charged(9), await charged(2), await charged(1)];
    expect(await credits.ledger.closable(100)).toEqual([]);
    credits.net.warp(216_100);
    const young = await charged(1);
    const old = await credits.ledger.closable(100);
    expect(old).toHaveLength(12);
    expect(await credits.ledger.closable(5)).toEqual(old.slice(0, 5));
    const before = await lamports();
    const gone = await credits.ledger.close(old);
    expect(gone).toEqual(old);
    expect(await lamports()).toBeGreaterThan(before + 12 * 1_200_000); // 0.0015 SOL each, less the fees
    expect(new Set(old.map(({ wallet }) => wallet))).toEqual(new Set(wallets));
    expect(old.map(({ wallet }) => wallet)).not.toContain(young);
  });

  test("that somebody else has closed, or that are none, do not keep the others from being closed", async () => {
    await charged(2);
    credits.net.warp(216_100);
    const old = await credits.ledger.closable(100);
    const made = { wallet: credits.rich().wallet, request_id: hex32(), address: credits.rich().wallet };
    const [first] = old;
    if (!first) throw new Error("nothing is old");
    await credits.ledger.close([first]);
    expect(await credits.ledger.close([...old, made])).toEqual(old);
  });

  test("are left alone where the RPC does not list them: the log says so once, and all else goes on", async () => {
    const before = credits.lines.length;
    credits.net.faults.fail(
      "getProgramAccounts",
      { code: -32010, message: "excluded from account secondary indexes" },
      2,
    );
    const ledger = credits.another();
    expect([await ledger.closable(10), await ledger.closable(10)]).toEqual([[], []]);
    const said = credits.lines.slice(before).filter((line) => line.includes("does not list the accounts"));
    expect(said).toHaveLength(1);
    expect(await ledger.check()).toMatchObject({ ok: true });
  });
});

test("the spender's key is in no log line and in no error, however it is written", () => {
  const everything =
    credits.text() + told.map((error) => inspect(error, { depth: 12, showHidden: true })).join("\n");
  expect(everything.length).toBeGreaterThan(1000);
  expect(told.length).toBeGreaterThan(3);
  for (const written of waysToWrite(credits.spender.secretKey)) expect(everything).not.toContain(written);
  // the search would find it
  expect(JSON.stringify([...credits.spender.secretKey])).toContain(waysToWrite(credits.spender.secretKey)[4]);
});
