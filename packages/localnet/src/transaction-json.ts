import bs58 from "bs58";
import type { Landed } from "./ledger.ts";
import { isStaticWritable, type WireMessage, type WireTransaction } from "./wire.ts";

/** A transaction that landed, and what came of it, as JSON-RPC tells both. */
export function transactionJson(
  transaction: WireTransaction,
  { meta, keys }: Landed,
  encoding: "json" | "jsonParsed" | "base64" | "base58",
): { transaction: unknown; meta: unknown } {
  const { message } = transaction;
  if (encoding === "base64")
    return { transaction: [Buffer.from(transaction.bytes).toString("base64"), encoding], meta };
  if (encoding === "base58") return { transaction: [bs58.encode(transaction.bytes), encoding], meta };

  const signatures = transaction.signatures.map((bytes) => bs58.encode(bytes));
  const shared = { recentBlockhash: message.blockhash, ...lookupsJson(message), ...configJson(message) };
  if (encoding === "json") {
    const header = {
      numRequiredSignatures: message.header.signatures,
      numReadonlySignedAccounts: message.header.readonlySigned,
      numReadonlyUnsignedAccounts: message.header.readonlyUnsigned,
    };
    const instructions = message.instructions.map(({ programIdIndex, accounts, data }) => ({
      programIdIndex,
      accounts,
      data: bs58.encode(data),
      stackHeight: 1,
    }));
    return {
      transaction: { signatures, message: { header, accountKeys: message.keys, instructions, ...shared } },
      meta,
    };
  }

  const named = (
    instruction: { programIdIndex: number; accounts: number[] },
    data: string,
    stackHeight: number,
  ) => ({
    programId: keys[instruction.programIdIndex],
    accounts: instruction.accounts.map((index) => keys[index]),
    data,
    stackHeight,
  });
  const loadedWritable = message.lookups.reduce((sum, { writable }) => sum + writable.length, 0);
  const accountKeys = keys.map((pubkey, index) => {
    const isStatic = index < message.keys.length;
    const writable = isStatic
      ? isStaticWritable(message, index)
      : index < message.keys.length + loadedWritable;
    return {
      pubkey,
      signer: index < message.header.signatures,
      writable,
      source: isStatic ? "transaction" : "lookupTable",
    };
  });
  const instructions = message.instructions.map((each) => named(each, bs58.encode(each.data), 1));
  const innerInstructions = meta.innerInstructions.map(({ index, instructions: inner }) => ({
    index,
    instructions: inner.map((each) => named(each, each.data, each.stackHeight)),
  }));
  return {
    transaction: { signatures, message: { accountKeys, instructions, ...shared } },
    meta: { ...meta, innerInstructions },
  };
}

const lookupsJson = ({ version, lookups }: WireMessage) =>
  version === 0 && {
    addressTableLookups: lookups.map(({ table, writable, readonly }) => ({
      accountKey: table,
      writableIndexes: writable,
      readonlyIndexes: readonly,
    })),
  };

const configJson = ({ config }: WireMessage) =>
  config && {
    transactionConfig: {
      ...config,
      priorityFee: config.priorityFee === null ? null : Number(config.priorityFee),
    },
  };
