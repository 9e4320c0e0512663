import {
  AddressLookupTableAccount,
  SystemProgram,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Localnet, startLocalnet } from "./index.ts";
import { call, signV1, testWallet } from "./testing.ts";

let net: Localnet;
const errors: unknown[] = [];
const payer = testWallet("fuzz");
const wallet = payer.publicKey.toBase58();
beforeAll(async () => {
  net = await startLocalnet({ onError: (error) => errors.push(error) });
  net.faucet(wallet, { sol: 5 });
});
afterAll(() => net.stop());

const request = (method: string, ...params: unknown[]) => ({ jsonrpc: "2.0", id: 1, method, params });
const answersTo = async (batch: object[]): Promise<{ error?: { code: number } }[]> => {
  const response = await fetch(net.url, { method: "POST", body: JSON.stringify(batch) });
  return (await response.json()) as { error?: { code: number } }[];
};

/** A good transaction of each form, the last one with a lookup table. */
async function wholeOnes(): Promise<Buffer[]> {
  const { result } = (await call(net.url, "getLatestBlockhash")) as {
    result: { value: { blockhash: string } };
  };
  const { blockhash } = result.value;
  const to = testWallet("to").publicKey;
  const instruction = SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 1 });
  const legacy = new Transaction({ feePayer: payer.publicKey, recentBlockhash: blockhash } as never);
  legacy.add(instruction, instruction).sign(payer);
  const message = new TransactionMessage({
    ...{ payerKey: payer.publicKey, recentBlockhash: blockhash, instructions: [instruction] },
  });
  const state = { deactivationSlot: 2n ** 64n - 1n, lastExtendedSlot: 0, lastExtendedSlotStartIndex: 0 };
  const table = new AddressLookupTableAccount({
    ...{ key: testWallet("no table").publicKey, state: { ...state, addresses: [to] } },
  });
  const versioned = [message.compileToV0Message(), message.compileToV0Message([table])].map((each) => {
    const transaction = new VersionedTransaction(each);
    transaction.sign([payer]);
    return transaction.serialize();
  });
  const v1 = await signV1(payer, [instruction], blockhash);
  return [legacy.serialize(), v1, ...versioned].map((bytes) => Buffer.from(bytes));
}

test("no bytes in place of a transaction end it (6,000 broken ones of four forms, one seed)", async () => {
  const random = randomOf(20_261_126);
  const whole = await wholeOnes();
  const asked = { broken: 0, taken: 0 };
  const ways = [
    ["sendTransaction", { encoding: "base64", skipPreflight: true }],
    ["sendTransaction", { encoding: "base64", preflightCommitment: "processed" }],
    ["simulateTransaction", { encoding: "base64", replaceRecentBlockhash: true }],
  ] as const;
  for (const bytes of whole) {
    for (let round = 0; round < 30; round++) {
      const batch = Array.from({ length: 50 }, () => {
        const [method, config] = ways[random(ways.length)] ?? ways[0];
        return request(method, broken(bytes, random).toString("base64"), config);
      });
      const answers = await answersTo(batch);
      for (const answer of answers) {
        if (!answer.error) asked.taken++;
        else expect([-32602, -32002, -32003]).toContain(answer.error.code);
        asked.broken++;
      }
    }
  }
  expect(asked.broken).toBe(6000);
  expect(asked.taken).toBeGreaterThan(100); // some get past the reader, into the machine
  expect(await call(net.url, "getHealth")).toMatchObject({ result: "ok" });
  expect(errors).toEqual([]);
}, 120_000);

test("no parameters of any method end it, or are a bug of it (one seed)", async () => {
  const random = randomOf(5);
  const methods = [
    ..."getSlot getBlockHeight getEpochInfo getLatestBlockhash isBlockhashValid getBlockTime getFeeForMessage".split(
      " ",
    ),
    ..."getBalance getAccountInfo getMultipleAccounts getProgramAccounts getTokenAccountBalance getTokenSupply".split(
      " ",
    ),
    ..."getTokenAccountsByOwner sendTransaction simulateTransaction getSignatureStatuses getTransaction".split(
      " ",
    ),
    ..."getSignaturesForAddress requestAirdrop kk_faucet kk_fault kk_warp getRecentPrioritizationFees".split(
      " ",
    ),
  ];
  const values: unknown[] = [
    null,
    0,
    -1,
    1.5,
    1e21,
    "",
    wallet,
    net.usdcMint,
    net.programId,
    "x".repeat(64),
    true,
    [],
  ];
  values.push({}, { encoding: "jsonParsed" }, { commitment: "confirmed", limit: 1 }, [wallet], [[]], {
    mint: net.usdcMint,
  });
  values.push(
    bs58.encode(Buffer.alloc(64, 9)),
    { memcmp: {} },
    { filters: [{ dataSize: 1 }] },
    { dataSlice: { offset: 1e9, length: 1e9 } },
  );
  for (let round = 0; round < 40; round++) {
    const batch = Array.from({ length: 50 }, () =>
      request(
        methods[random(methods.length)] ?? "",
        ...Array.from({ length: random(4) }, () => values[random(values.length)]),
      ),
    );
    const answers = await answersTo(batch);
    expect(answers).toHaveLength(50);
    for (const { error } of answers) if (error) expect(error.code).not.toBe(-32603);
  }
  net.faults.clear();
  expect(errors).toEqual([]);
});

/** mulberry32: the same numbers for the same seed. @returns a whole number below n */
function randomOf(seed: number): (n: number) => number {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

/** The bytes with a few of them changed, cut off, put in or added. */
function broken(bytes: Buffer, random: (n: number) => number): Buffer {
  let made = Buffer.from(bytes);
  for (let change = 0; change <= random(3); change++) {
    const at = random(made.length + 1);
    const way = random(8);
    if (way === 0) made = made.subarray(0, at);
    else if (way === 1) made = Buffer.concat([made, Buffer.alloc(random(40), random(256))]);
    else if (way === 2)
      made = Buffer.concat([made.subarray(0, at), Buffer.from([random(256)]), made.subarray(at)]);
    else if (at < made.length)
      made[at] = random(2) ? random(256) : ([0, 1, 127, 128, 129, 255][random(6)] ?? 0);
    if (made.length === 0) break;
  }
  return made;
}
