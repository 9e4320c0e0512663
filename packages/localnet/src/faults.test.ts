import { Connection, PublicKey, SystemProgram, Transaction } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type Localnet, startLocalnet } from "./index.ts";
import { call, testWallet } from "./testing.ts";

let net: Localnet;
let connection: Connection;
const [payer, to] = [testWallet("faults"), testWallet("faults receiver").publicKey];
beforeAll(async () => {
  net = await startLocalnet({ slotMs: 600_000 }); // time is what these tests make of it
  connection = new Connection(net.url, "confirmed");
  net.faucet(payer.publicKey.toBase58(), { sol: 5 });
});
afterEach(() => {
  net.faults.clear();
  net.warp(1);
});
afterAll(() => net.stop());

async function signed(lamports: number): Promise<{ text: string; signature: string; last: number }> {
  const { blockhash, lastValidBlockHeight } = await connection.getLatestBlockhash();
  const transaction = new Transaction({ feePayer: payer.publicKey, blockhash, lastValidBlockHeight }).add(
    SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports }),
  );
  transaction.sign(payer);
  const text = transaction.serialize().toString("base64");
  return { text, signature: bs58.encode(transaction.signature ?? []), last: lastValidBlockHeight };
}
const send = (text: string) =>
  call(net.url, "sendTransaction", text, { encoding: "base64", preflightCommitment: "processed" });
const balance = (commitment: "processed" | "confirmed" | "finalized" = "processed") =>
  connection.getBalance(to, commitment);
const status = async (signature: string) =>
  (await connection.getSignatureStatus(signature, { searchTransactionHistory: true })).value
    ?.confirmationStatus;

test("a dropped answer: what was asked has been done, and nobody is told", async () => {
  const before = await balance();
  net.faults.dropNext("sendTransaction");
  const { text, signature } = await signed(2_000_000);
  await expect(send(text)).rejects.toThrow("fetch failed");
  expect(await balance()).toBe(before + 2_000_000);
  expect(await status(signature)).toBe("finalized");
  expect(await send(text)).toMatchObject({
    error: { message: expect.stringContaining("already been processed") },
  });
});

test("a lost transaction: accepted, and never there; the same bytes again may still land", async () => {
  const before = await balance();
  net.faults.loseNext();
  const { text, signature } = await signed(2_000_001);
  expect(await send(text)).toMatchObject({ result: signature });
  net.warp(5);
  expect([await balance(), await status(signature)]).toEqual([before, undefined]);
  expect(await send(text)).toMatchObject({ result: signature });
  expect(await balance()).toBe(before + 2_000_001);
});

test("a held transaction lands later; one that is held for too long never does", async () => {
  const before = await balance();
  net.faults.holdNext(10);
  net.faults.holdNext(200);
  const [late, tooLate] = [await signed(2_000_002), await signed(2_000_003)];
  await send(late.text);
  await send(tooLate.text);
  net.warp(9);
  expect(await status(late.signature)).toBeUndefined();
  net.warp(1);
  expect([await status(late.signature), await balance()]).toEqual(["finalized", before + 2_000_002]);
  net.warp(300);
  expect(await connection.getBlockHeight("finalized")).toBeGreaterThan(tooLate.last);
  expect([await status(tooLate.signature), await balance()]).toEqual([undefined, before + 2_000_002]);
});

test("a lag: each commitment sees its own moment, of accounts, transactions and blockhashes", async () => {
  const before = await balance();
  net.faults.lag(32, 2);
  net.warp(40);
  const slots = await Promise.all(
    (["processed", "confirmed", "finalized"] as const).map((c) => connection.getSlot(c)),
  );
  expect(slots).toEqual([net.slot(), net.slot() - 2, net.slot() - 32]);
  const heights = await Promise.all(
    (["processed", "finalized"] as const).map((c) => connection.getBlockHeight(c)),
  );
  expect((heights[0] ?? 0) - (heights[1] ?? 0)).toBe(32);
  const { text, signature } = await signed(2_000_004);
  const heard: string[] = [];
  for (const commitment of ["confirmed", "finalized"] as const)
    connection.onSignature(signature, () => heard.push(commitment), commitment);
  await send(text); // its block is over with it: one slot has gone by
  const views = async () => [
    await balance(),
    await balance("confirmed"),
    await balance("finalized"),
    await status(signature),
  ];
  const [old, now] = [before, before + 2_000_004];
  expect(await views()).toEqual([now, old, old, "processed"]);
  expect(await connection.getTransaction(signature, { maxSupportedTransactionVersion: 1 })).toBeNull();
  net.warp(1);
  expect(await views()).toEqual([now, now, old, "confirmed"]);
  const read = await connection.getTransaction(signature, { maxSupportedTransactionVersion: 1 });
  expect(read?.meta?.err).toBeNull();
  const final = { commitment: "finalized" as const, maxSupportedTransactionVersion: 1 };
  expect(await connection.getTransaction(signature, final)).toBeNull();
  await expect.poll(() => heard, { timeout: 15_000 }).toEqual(["confirmed"]);
  const newest = await connection.getLatestBlockhash("processed");
  const known = (commitment: "processed" | "finalized") =>
    connection.isBlockhashValid(newest.blockhash, { commitment }).then(({ value }) => value);
  expect([await known("processed"), await known("finalized")]).toEqual([true, false]);
  const older = await connection.getLatestBlockhash("finalized");
  expect(newest.lastValidBlockHeight - older.lastValidBlockHeight).toBe(32);
  net.warp(29);
  expect((await views())[2]).toBe(old);
  net.warp(1);
  expect(await views()).toEqual([now, now, now, "finalized"]);
  await expect.poll(() => heard, { timeout: 15_000 }).toEqual(["confirmed", "finalized"]);
});

test("what was final stays final when a lag begins", async () => {
  net.warp(10);
  const slot = await connection.getSlot("finalized");
  net.faults.lag(32);
  expect(await connection.getSlot("finalized")).toBe(slot);
  net.warp(5);
  expect(await connection.getSlot("finalized")).toBe(slot);
});

test("time that stands still: what is sent waits, and lands when time goes on", async () => {
  const before = await balance();
  net.faults.stopTime();
  const { text, signature } = await signed(2_000_005);
  expect(await send(text)).toMatchObject({ result: signature });
  expect([await balance(), await status(signature)]).toEqual([before, undefined]);
  net.faults.startTime();
  net.warp(1);
  expect([await balance(), await status(signature)]).toEqual([before + 2_000_005, "finalized"]);
});

test("a node that fails: with a status of HTTP, with a code of its own, as often as asked", async () => {
  net.faults.fail("getSlot", { status: 429 });
  net.faults.fail("getSlot", {
    code: -32005,
    message: "Node is behind by 42 slots",
    data: { numSlotsBehind: 42 },
  });
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "getSlot" });
  expect((await fetch(net.url, { method: "POST", body })).status).toBe(429);
  expect(await call(net.url, "getSlot")).toMatchObject({
    error: { code: -32005, message: "Node is behind by 42 slots", data: { numSlotsBehind: 42 } },
  });
  expect(await call(net.url, "getSlot")).toMatchObject({ result: net.slot() });
});

test("a slow answer comes late, and what was asked was done at once", async () => {
  const before = await balance();
  net.faults.delayNext("sendTransaction", 1500);
  const { text, signature } = await signed(2_000_006);
  const sent = send(text);
  await expect.poll(() => balance(), { timeout: 15_000 }).toBe(before + 2_000_006);
  let answered = false;
  void sent.then(() => {
    answered = true;
  });
  expect(answered).toBe(false);
  expect(await sent).toMatchObject({ result: signature });
});

test("people and other processes have the same switches, over JSON-RPC", async () => {
  expect(await call(net.url, "kk_fault", "fail", "*", { status: 503 })).toMatchObject({ result: "ok" });
  expect(await call(net.url, "getSlot").catch((error: Error) => error.message)).toMatch(/JSON/); // no JSON: a bare 503
  for (const fault of [
    ["dropNext", "getSlot", 2],
    ["delayNext", "getSlot", 5],
    ["loseNext"],
    ["holdNext", 3, 2],
    ["lag", 32, 1],
    ["stopTime"],
    ["startTime"],
    ["clear"],
  ])
    expect(await call(net.url, "kk_fault", ...fault)).toMatchObject({ result: "ok" });
  const slot = net.slot();
  expect(await call(net.url, "kk_warp", 216_000)).toMatchObject({ result: "ok" });
  expect(net.slot()).toBe(slot + 216_000);
  const poor = testWallet("asks for money").publicKey;
  expect(await call(net.url, "kk_faucet", poor.toBase58(), { sol: 0.5, usdc: 2.5 })).toHaveProperty(
    "result.signature",
  );
  expect(await connection.getBalance(poor)).toBe(500_000_000);
  const owned = await connection.getParsedTokenAccountsByOwner(poor, { mint: new PublicKey(net.usdcMint) });
  expect(owned.value[0]?.account.data.parsed.info.tokenAmount.uiAmountString).toBe("2.5");
});
