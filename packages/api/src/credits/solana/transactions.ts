import { verify } from "node:crypto";
import {
  ComputeBudgetProgram,
  type Keypair,
  type PublicKey,
  type TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import bs58 from "bs58";
import type { Signed } from "../ledger.ts";

/** Most bytes that the network takes of a transaction: version 0 fits one packet, version 1 may be longer. */
const MAX_BYTES = 4096;

export interface Lifetime {
  blockhash: string;
  last_valid_block_height: number;
}
export interface Budget {
  /** Compute units it may use. */
  units: number;
  /** Micro-lamports per compute unit, on top of the fee. */
  microLamports: number;
}

/** An unsigned version 0 transaction. */
export function compiled(
  payer: PublicKey,
  instructions: readonly TransactionInstruction[],
  { units, microLamports }: Budget,
  blockhash: string,
): VersionedTransaction {
  const message = new TransactionMessage({
    payerKey: payer,
    recentBlockhash: blockhash,
    instructions: [
      ComputeBudgetProgram.setComputeUnitLimit({ units }),
      ComputeBudgetProgram.setComputeUnitPrice({ microLamports }),
      ...instructions,
    ],
  });
  return new VersionedTransaction(message.compileToV0Message());
}

export const base64Of = (transaction: VersionedTransaction) =>
  Buffer.from(transaction.serialize()).toString("base64");

/** Signs it with the one key that it needs. */
export function signedBy(
  keypair: Keypair,
  transaction: VersionedTransaction,
  { last_valid_block_height }: Lifetime,
): Signed {
  transaction.sign([keypair]);
  const [signature] = transaction.signatures;
  if (signature === undefined) throw new Error("A transaction of the spender has no signature");
  return { signature: bs58.encode(signature), transaction: base64Of(transaction), last_valid_block_height };
}

/** A transaction that somebody else made, as far as it says by itself what it does. */
export interface ReadTransaction {
  signature: string;
  /** base58, the payer of the fee first. */
  signers: string[];
  blockhash: string;
  instructions: { program: string; accounts: string[]; data: Uint8Array }[];
}

/**
 * Reads the wire bytes of a transaction of any version that is known today and checks every signature.
 * @returns a word for what is wrong with it: "malformed", "unsigned" (a signature is missing or wrong) or "lookup" (it names accounts that
 * only the chain knows)
 */
export function readTransaction(base64: string): ReadTransaction | "malformed" | "unsigned" | "lookup" {
  const bytes = Buffer.from(base64, "base64");
  if (bytes.length === 0 || bytes.length > MAX_BYTES) return "malformed";
  let transaction: VersionedTransaction;
  try {
    transaction = VersionedTransaction.deserialize(bytes);
  } catch {
    return "malformed";
  }
  const { message, signatures } = transaction;
  const required = message.header.numRequiredSignatures;
  const keys = message.staticAccountKeys;
  const [first] = signatures;
  if (first === undefined || signatures.length !== required || keys.length < required) return "malformed";
  if (message.addressTableLookups.length > 0) return "lookup";
  const signed = messageOf(bytes, required);
  if (!signatures.every((signature, at) => isSignature(signature, signed, keys[at]))) return "unsigned";
  const instructions = message.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => ({
    program: keys[programIdIndex]?.toBase58(),
    accounts: accountKeyIndexes.flatMap((index) => keys[index]?.toBase58() ?? []),
    wants: accountKeyIndexes.length,
    data,
  }));
  const whole = instructions.flatMap(({ program, accounts, wants, data }) =>
    program !== undefined && accounts.length === wants ? [{ program, accounts, data }] : [],
  );
  if (whole.length !== instructions.length) return "malformed";
  return {
    signature: bs58.encode(first),
    signers: keys.slice(0, required).map((key) => key.toBase58()),
    blockhash: message.recentBlockhash,
    instructions: whole,
  };
}

/** The bytes that were signed, as they came: building them again could make others of them. */
function messageOf(bytes: Buffer, signatures: number): Buffer {
  const VERSION_1 = 0x81; // version 1 begins with its message, the others with their signatures
  const size = 64 * signatures;
  return bytes[0] === VERSION_1 ? bytes.subarray(0, bytes.length - size) : bytes.subarray(1 + size);
}

/** What stands before the 32 bytes of an ed25519 key so that OpenSSL takes it (RFC 8410). */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

function isSignature(signature: Uint8Array, message: Buffer, key: PublicKey | undefined): boolean {
  if (key === undefined || signature.length !== 64) return false;
  const spki = { key: Buffer.concat([SPKI, key.toBytes()]), format: "der", type: "spki" } as const;
  try {
    return verify(null, message, spki, signature);
  } catch {
    return false; // no point on the curve
  }
}
