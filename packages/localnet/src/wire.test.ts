import {
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { describe, expect, test } from "vitest";
import { signV1, testWallet } from "./testing.ts";
import { decodeMessage, decodeTransaction, WireError } from "./wire.ts";

const [payer, to] = [testWallet("wire"), testWallet("wire receiver").publicKey];
const blockhash = bs58.encode(Buffer.alloc(32, 7));
const transfer = SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: to, lamports: 5 });
const legacy = () => {
  const transaction = new Transaction({ feePayer: payer.publicKey, recentBlockhash: blockhash } as never);
  transaction.add(transfer).sign(payer);
  return Buffer.from(transaction.serialize());
};
const v0 = () => {
  const message = new TransactionMessage({
    ...{ payerKey: payer.publicKey, recentBlockhash: blockhash, instructions: [transfer] },
  });
  const transaction = new VersionedTransaction(message.compileToV0Message());
  transaction.sign([payer]);
  return Buffer.from(transaction.serialize());
};
const v1 = async () => Buffer.from(await signV1(payer, [transfer], blockhash));

test("each version is read as web3.js reads it", async () => {
  for (const bytes of [legacy(), v0(), await v1()]) {
    const { message, signatures, signature } = decodeTransaction(bytes);
    const theirs = VersionedTransaction.deserialize(bytes);
    expect(message.version).toBe(theirs.version);
    expect(signatures).toHaveLength(1);
    expect(signature).toBe(bs58.encode(theirs.signatures[0] ?? []));
    expect(message.keys).toEqual(theirs.message.staticAccountKeys.map((key) => key.toBase58()));
    expect(message.blockhash).toBe(blockhash);
    expect(message.header).toEqual({ signatures: 1, readonlySigned: 0, readonlyUnsigned: 1 });
    expect(message.instructions.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data) }))).toEqual(
      theirs.message.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => ({
        ...{ programIdIndex, accounts: [...accountKeyIndexes], data: Buffer.from(data) },
      })),
    );
  }
  expect(decodeTransaction(await v1()).message.config).toEqual({
    ...{ computeUnitLimit: 200_000, loadedAccountsDataSizeLimit: 2 ** 20, priorityFee: 77n, heapSize: null },
  });
});

test("a message is read without its signatures", async () => {
  for (const bytes of [legacy(), v0(), await v1()]) {
    const { message, messageBytes } = decodeTransaction(bytes);
    expect(decodeMessage(messageBytes)).toEqual(message);
  }
});

describe("what a cluster refuses is refused, in a sentence", () => {
  /** Where things stand in the bytes of `legacy`: one signature, a header, three keys, a blockhash, one instruction. */
  const [HEADER, KEYS] = [65, 68];
  const INSTRUCTIONS = KEYS + 1 + 3 * 32 + 32;
  const changed = (at: number, value: number) => {
    const bytes = legacy();
    bytes[at] = value;
    return bytes;
  };
  test.each<[string, () => Buffer | Promise<Buffer>, RegExp]>([
    ["nothing at all", () => Buffer.alloc(0), /ends too early/],
    ["half of it", () => legacy().subarray(0, 100), /ends too early/],
    ["a byte too many", () => Buffer.concat([legacy(), Buffer.alloc(1)]), /goes on after its end/],
    ["a byte too many, version 0", () => Buffer.concat([v0(), Buffer.alloc(1)]), /goes on after its end/],
    [
      "more than a packet",
      () => Buffer.concat([legacy(), Buffer.alloc(1232)]),
      /too large: \d+ bytes \(max: 1232/,
    ],
    [
      "more than version 1 may have",
      async () => Buffer.concat([await v1(), Buffer.alloc(4096)]),
      /max: 4096/,
    ],
    [
      "version 2",
      () => Buffer.concat([v0().subarray(0, 65), Buffer.of(0x82), v0().subarray(66)]),
      /version 2/,
    ],
    [
      "a length that is longer than it must be",
      () => {
        const bytes = legacy();
        const at = INSTRUCTIONS + 2; // how many accounts
        return Buffer.concat([bytes.subarray(0, at), Buffer.of(0x82, 0), bytes.subarray(at + 1)]);
      },
      /shortest form/,
    ],
    [
      "a length of three full bytes",
      () => Buffer.concat([Buffer.of(0xff, 0xff, 0x7f), legacy().subarray(1)]),
      /shortest form/,
    ],
    ["a header that asks for more signatures than there are", () => changed(HEADER, 2), /failed to sanitize/],
    ["nobody to pay", () => changed(HEADER + 1, 1), /failed to sanitize/],
    ["more read-only keys than keys", () => changed(HEADER + 2, 3), /failed to sanitize/],
    ["a program that is the payer", () => changed(INSTRUCTIONS + 1, 0), /failed to sanitize/],
    ["a program that is no key", () => changed(INSTRUCTIONS + 1, 3), /failed to sanitize/],
    ["an account that is no key", () => changed(INSTRUCTIONS + 3, 9), /failed to sanitize/],
    ["no signature", () => Buffer.concat([Buffer.of(0), legacy().subarray(65)]), /failed to sanitize/],
    [
      "a lookup table that gives nothing",
      () =>
        Buffer.concat([v0().subarray(0, -1), Buffer.of(1), PublicKey.default.toBuffer(), Buffer.of(0, 0)]),
      /failed to sanitize/,
    ],
    [
      "a version-1 mask with half a fee",
      async () => {
        const bytes = await v1();
        bytes[4] = 1;
        return bytes;
      },
      /mask/,
    ],
    ["version 1 with more signatures than bytes", () => Buffer.of(0x81, 255, 0, 0), /before its signatures/],
  ])("%s", async (_name, make, words) => {
    const bytes = await make();
    expect(() => decodeTransaction(bytes)).toThrow(words);
    expect(() => decodeTransaction(bytes)).toThrow(WireError);
  });
});
