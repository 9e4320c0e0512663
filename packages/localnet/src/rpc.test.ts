import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { SystemProgram, Transaction, TransactionMessage, VersionedTransaction } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { type Localnet, startLocalnet } from "./index.ts";
import { call, testWallet } from "./testing.ts";

let net: Localnet;
const errors: unknown[] = [];
beforeAll(async () => {
  net = await startLocalnet({ onError: (error) => errors.push(error) });
  net.faucet(wallet, { sol: 5 });
});
afterAll(() => net.stop());
const payer = testWallet("rpc");
const wallet = payer.publicKey.toBase58();

const post = (body: string, headers: Record<string, string> = {}) =>
  fetch(net.url, { method: "POST", body, headers });
const request = (method: string, ...params: unknown[]) => ({ jsonrpc: "2.0", id: 1, method, params });
/** A signed transfer, legacy and version 0. */
const signed = async (lamports: number) => {
  const { result } = (await call(net.url, "getLatestBlockhash")) as {
    result: { value: { blockhash: string } };
  };
  const instruction = SystemProgram.transfer({
    ...{ fromPubkey: payer.publicKey, toPubkey: testWallet("to").publicKey, lamports },
  });
  const { blockhash } = result.value;
  const transaction = new Transaction({ feePayer: payer.publicKey, recentBlockhash: blockhash } as never).add(
    instruction,
  );
  transaction.sign(payer);
  const message = new TransactionMessage({
    ...{ payerKey: payer.publicKey, recentBlockhash: blockhash, instructions: [instruction] },
  });
  const v0 = new VersionedTransaction(message.compileToV0Message());
  v0.sign([payer]);
  return {
    legacy: Buffer.from(transaction.serialize()),
    v0: Buffer.from(v0.serialize()),
  };
};

describe("the answers of a node", () => {
  test("a batch is answered in its order, a notification not at all", async () => {
    const batch = [
      request("getHealth"),
      { jsonrpc: "2.0", method: "getSlot" },
      { ...request("no"), id: "b" },
      7,
    ];
    const answers = await (await post(JSON.stringify(batch))).json();
    expect(answers).toMatchObject([
      { id: 1, result: "ok" },
      { id: "b", error: { code: -32601, message: "Method not found" } },
      { id: null, error: { code: -32600 } },
    ]);
    expect(await (await post("[]")).json()).toMatchObject({ error: { code: -32600 } });
    expect(await (await post(JSON.stringify({ jsonrpc: "2.0", method: "getSlot" }))).text()).toBe("");
  });

  test("what is not JSON, no request, or has wrong parameters is an error of JSON-RPC", async () => {
    expect(await (await post("{")).json()).toMatchObject({ id: null, error: { code: -32700 } });
    for (const body of [
      "null",
      "1",
      '"getSlot"',
      "{}",
      '{"method":"getSlot"}',
      '{"jsonrpc":"2.0","method":1}',
    ])
      expect(await (await post(body)).json()).toMatchObject({ error: { code: -32600 } });
    const wrong: [string, ...unknown[]][] = [
      ["getBalance"],
      ["getBalance", "not a key"],
      ["getBalance", wallet, { commitment: "sure" }],
      ["getAccountInfo", wallet, { encoding: "hex" }],
      ["getMultipleAccounts", Array.from({ length: 101 }, () => wallet)],
      ["getProgramAccounts", wallet, { filters: [{ memcmp: { offset: -1, bytes: "1" } }] }],
      ["getSignatureStatuses", [wallet]],
      ["getTransaction", bs58.encode(Buffer.alloc(64, 1)), { commitment: "processed" }],
      ["getMinimumBalanceForRentExemption", 1e300],
      ["requestAirdrop", wallet, -5],
      ["kk_faucet", wallet, { usdc: 1e99 }],
      ["kk_fault", "explode"],
      ["kk_warp", 0],
      ["sendTransaction", "@@@", { encoding: "base64" }],
      ["sendTransaction", "0OIl"],
      ["sendTransaction", "1".repeat(100_000)],
      ["simulateTransaction", ""],
      ["getFeeForMessage", "AAAA"],
      ["getTokenAccountBalance", wallet],
      ["getTokenAccountsByOwner", wallet, { mint: wallet }],
      ["getTokenSupply", wallet],
    ];
    for (const [method, ...params] of wrong)
      expect([method, await call(net.url, method, ...params)]).toMatchObject([
        method,
        { error: { code: -32602, message: expect.any(String) } },
      ]);
    expect(await call(net.url, "__proto__")).toMatchObject({ error: { code: -32601 } });
    expect(await call(net.url, "toString")).toMatchObject({ error: { code: -32601 } });
  });

  test("a slot that it has not seen is -32016, with the slot that it has", async () => {
    const far = { minContextSlot: net.slot() + 1000 };
    for (const method of ["getBalance", "getAccountInfo"])
      expect(await call(net.url, method, wallet, far)).toMatchObject({
        error: { code: -32016, data: { contextSlot: expect.any(Number) } },
      });
    expect(await call(net.url, "getSlot", far)).toMatchObject({ error: { code: -32016 } });
    expect(await call(net.url, "getBalance", wallet, { minContextSlot: net.slot() })).toHaveProperty(
      "result",
    );
  });

  test("a failing trial has its error, its logs and its message in the shape that clients take apart", async () => {
    const { legacy } = await signed(9_000_000_000);
    const answer = await call(net.url, "sendTransaction", legacy.toString("base64"), { encoding: "base64" });
    expect(answer).toMatchObject({
      error: {
        code: -32002,
        message: "Transaction simulation failed: Error processing Instruction 0: custom program error: 0x1",
        data: { err: { InstructionError: [0, { Custom: 1 }] }, logs: expect.any(Array), unitsConsumed: 150 },
      },
    });
    const { v0 } = await signed(1);
    v0[5] = (v0[5] ?? 0) ^ 1; // within the signature
    const forged = await call(net.url, "sendTransaction", v0.toString("base64"), { encoding: "base64" });
    expect(forged).toMatchObject({
      error: { code: -32003, message: "Transaction signature verification failure" },
    });
    // and one that skips the trial is taken, and never lands
    const taken = (await call(net.url, "sendTransaction", v0.toString("base64"), {
      ...{ encoding: "base64", skipPreflight: true },
    })) as { result: string };
    expect(taken.result).toBe(bs58.encode(v0.subarray(1, 65)));
    expect(await call(net.url, "getSignatureStatuses", [taken.result])).toMatchObject({
      result: { value: [null] },
    });
  });

  test("accounts come in every encoding; base58 of much data is refused as a validator does", async () => {
    const [b58, b64, zstd] = await Promise.all(
      ["base58", "base64", "base64+zstd"].map((encoding) =>
        call(net.url, "getAccountInfo", net.usdcMint, { encoding }),
      ),
    );
    const data = (answer: unknown) =>
      (answer as { result: { value: { data: [string, string] } } }).result.value.data;
    expect(Buffer.from(bs58.decode(data(b58)[0])).toString("base64")).toBe(data(b64)[0]);
    expect(data(zstd)[1]).toBe("base64+zstd");
    const [config] = (
      (await call(net.url, "getProgramAccounts", net.programId)) as {
        result: { pubkey: string }[];
      }
    ).result;
    expect(await call(net.url, "getAccountInfo", config?.pubkey, { encoding: "base58" })).toMatchObject({
      error: { code: -32600, message: expect.stringContaining("Base64") },
    });
    const none = testWallet("nobody").publicKey.toBase58();
    expect(await call(net.url, "getAccountInfo", none)).toMatchObject({ result: { value: null } });
  });
});

describe("who may ask", () => {
  test("pages of this machine and wallets' extensions may, pages of other places may not", async () => {
    const body = JSON.stringify(request("getHealth"));
    for (const origin of ["http://localhost:3000", "http://127.0.0.1:8080", "chrome-extension://abcdef"]) {
      const response = await post(body, { origin });
      expect([response.status, response.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    }
    for (const origin of ["https://example.com", "http://localhost.example.com", "null"])
      expect((await post(body, { origin })).status).toBe(403);
    const preflight = await fetch(net.url, {
      method: "OPTIONS",
      headers: {
        origin: "http://localhost:3000",
        "access-control-request-headers": "content-type,solana-client",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-headers")).toBe("content-type,solana-client");
  });

  test("a name of elsewhere that leads here is refused, for websockets too", async () => {
    const { port } = new URL(net.url);
    const status = await new Promise<number | undefined>((told) => {
      const asked = httpRequest(
        { port, host: "127.0.0.1", method: "POST", headers: { host: "evil.example.com" } },
        (response) => {
          response.resume();
          told(response.statusCode);
        },
      );
      asked.end("{}");
    });
    expect(status).toBe(403);
    const socket = new WebSocket(net.wsUrl, { origin: "https://example.com" });
    const failure = await new Promise<Error>((told) => socket.once("error", told));
    expect(failure.message).toContain("403");
  });

  test("a body that is too long is 413, another method 405, and half a request leaves it alive", async () => {
    expect((await post("x".repeat(300_000))).status).toBe(413);
    expect((await fetch(net.url)).status).toBe(405);
    expect(await (await fetch(`${net.url}/health`)).text()).toBe("ok");
    const half = connect(Number(new URL(net.url).port), "127.0.0.1");
    half.write("POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{");
    await new Promise((written) => setTimeout(written, 50));
    half.destroy();
    expect(await call(net.url, "getHealth")).toMatchObject({ result: "ok" });
  });
});

test("websockets answer junk with errors, and end what they are asked to end", async () => {
  const socket = new WebSocket(net.wsUrl);
  const said: Record<string, unknown>[] = [];
  socket.on("message", (data) => said.push(JSON.parse(String(data))));
  await new Promise((opened) => socket.once("open", opened));
  const junk = ["", "{", "7", "[]", '{"method":1}', JSON.stringify(request("getSlot"))];
  for (const text of junk) socket.send(text);
  socket.send(JSON.stringify(request("signatureSubscribe", "short")));
  socket.send(JSON.stringify(request("slotUnsubscribe", 99_999)));
  socket.send(JSON.stringify({ ...request("slotSubscribe"), id: "mine" }));
  await expect
    .poll(() => said.some(({ method }) => method === "slotNotification"), { timeout: 15_000 })
    .toBe(true);
  const answers = said.filter(({ method }) => method === undefined);
  expect(answers).toHaveLength(junk.length + 3);
  expect(answers.filter(({ error }) => error)).toHaveLength(junk.length + 2);
  const { result } = answers.find(({ id }) => id === "mine") ?? {};
  socket.send(JSON.stringify(request("slotUnsubscribe", result)));
  await expect.poll(() => said.some((each) => each.result === true), { timeout: 15_000 }).toBe(true);
  socket.terminate();
});
