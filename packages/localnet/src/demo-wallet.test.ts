import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  PublicKey,
  SystemProgram,
  Transaction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, expect, test } from "vitest";
import { openDemoWallet } from "./demo-wallet.ts";
import { testWallet } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-demo-wallet-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));
const blockhash = PublicKey.default.toBase58();

test("a demo wallet is the same each time, its key for its owner alone", () => {
  const file = join(dir, "data", "wallet");
  const first = openDemoWallet(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(openDemoWallet(file).address).toBe(first.address);
  expect(openDemoWallet(join(dir, "other")).address).not.toBe(first.address);
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), bs58.decode(first.address)]),
    ...{ format: "der", type: "spki" },
  } as never);
  expect(verify(null, Buffer.from("a text"), key, bs58.decode(first.signMessage("a text")))).toBe(true);
  writeFileSync(file, "my shopping list");
  expect(() => openDemoWallet(file)).toThrow(/is not the key of a demo wallet/);
});

test("it signs transactions where its signature belongs, and none that does not ask for it", () => {
  const wallet = openDemoWallet(join(dir, "signs"));
  const [me, other] = [new PublicKey(wallet.address), testWallet("payer of the fee")];
  const pay = SystemProgram.transfer({ fromPubkey: me, toPubkey: other.publicKey, lamports: 1 });
  const legacy = new Transaction({ feePayer: other.publicKey, recentBlockhash: blockhash } as never).add(pay);
  const unsigned = legacy.serialize({ requireAllSignatures: false }).toString("base64");
  const signed = Transaction.from(Buffer.from(wallet.signTransaction(unsigned), "base64"));
  signed.partialSign(other);
  expect(signed.verifySignatures()).toBe(true);

  const message = new TransactionMessage({ payerKey: me, recentBlockhash: blockhash, instructions: [pay] });
  const v0 = new VersionedTransaction(message.compileToV0Message());
  const bytes = Buffer.from(wallet.signTransaction(Buffer.from(v0.serialize()).toString("base64")), "base64");
  const again = VersionedTransaction.deserialize(bytes);
  expect(bs58.encode(again.signatures[0] ?? [])).not.toMatch(/^1+$/);

  const theirs = new VersionedTransaction(
    new TransactionMessage({
      payerKey: other.publicKey,
      recentBlockhash: blockhash,
      instructions: [SystemProgram.transfer({ fromPubkey: other.publicKey, toPubkey: me, lamports: 1 })],
    }).compileToV0Message(),
  );
  expect(() => wallet.signTransaction(Buffer.from(theirs.serialize()).toString("base64"))).toThrow(
    /does not ask for the demo wallet's signature/,
  );
});
