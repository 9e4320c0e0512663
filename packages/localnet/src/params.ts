import bs58 from "bs58";
import { z } from "zod";
import type { Chain, Commitment } from "./chain.ts";
import { RPC, RpcError } from "./errors.ts";
import { decodeTransaction, WireError, type WireTransaction } from "./wire.ts";

const ofBytes = (count: number, what: string) =>
  z
    .string()
    .max(128)
    .refine((text) => bytesOf(text)?.length === count, { error: `Invalid param: ${what}` });
const bytesOf = (text: string) => bs58.decodeUnsafe(text);

export const Key = ofBytes(32, "it must be a base58 key of 32 bytes");
export const Signature = ofBytes(64, "it must be a base58 signature of 64 bytes");

/** The old names are still sent by old clients. */
export const CommitmentName = z
  .enum(["processed", "confirmed", "finalized", "recent", "single", "singleGossip", "root", "max"])
  .transform((name): Commitment => {
    if (name === "processed" || name === "recent") return "processed";
    return name === "confirmed" || name === "single" || name === "singleGossip" ? "confirmed" : "finalized";
  });

const shared = {
  commitment: CommitmentName.nullish(),
  minContextSlot: z.int().nonnegative().nullish(),
};
export const Context = z.object(shared).nullish();
const Slice = z.object({ offset: z.int().nonnegative(), length: z.int().nonnegative() });
const AccountEncoding = z.enum(["base58", "base64", "base64+zstd", "jsonParsed"]);
export const AccountConfig = z
  .object({ ...shared, encoding: AccountEncoding.nullish(), dataSlice: Slice.nullish() })
  .nullish();

const Memcmp = z.object({
  offset: z.int().nonnegative(),
  bytes: z.union([z.string().max(256), z.array(z.int().min(0).max(255)).max(128)]),
  encoding: z.enum(["base58", "base64", "bytes"]).nullish(),
});
export const Filters = z
  .array(z.union([z.object({ memcmp: Memcmp }), z.object({ dataSize: z.int().nonnegative() })]))
  .max(4);
export const ProgramConfig = z
  .object({
    ...shared,
    encoding: AccountEncoding.nullish(),
    dataSlice: Slice.nullish(),
    filters: Filters.nullish(),
    withContext: z.boolean().nullish(),
  })
  .nullish();

const TransactionEncoding = z.enum(["base58", "base64"]);
export const SendConfig = z
  .object({
    encoding: TransactionEncoding.nullish(),
    skipPreflight: z.boolean().nullish(),
    preflightCommitment: CommitmentName.nullish(),
    maxRetries: z.int().nonnegative().nullish(),
    minContextSlot: shared.minContextSlot,
  })
  .nullish();
export const SimulateConfig = z
  .object({
    ...shared,
    encoding: TransactionEncoding.nullish(),
    sigVerify: z.boolean().nullish(),
    replaceRecentBlockhash: z.boolean().nullish(),
    innerInstructions: z.boolean().nullish(),
    accounts: z.object({ addresses: z.array(Key).max(256), encoding: AccountEncoding.nullish() }).nullish(),
  })
  .nullish();
const ReadEncoding = z.enum(["json", "jsonParsed", "base64", "base58"]);
export const GetTransactionConfig = z
  .union([
    ReadEncoding.transform((encoding) => ({ encoding })),
    z.object({
      commitment: shared.commitment,
      encoding: ReadEncoding.nullish(),
      maxSupportedTransactionVersion: z.int().min(0).max(255).nullish(),
    }),
  ])
  .nullish()
  .transform((config) => ({
    commitment: undefined,
    maxSupportedTransactionVersion: undefined,
    ...config,
    encoding: config?.encoding ?? "json",
  }));

/** How one method reads its parameters, and answers. */
export type Method = (params: unknown) => unknown;

/** A method with checked parameters. Further ones than it knows are ignored, as a validator does with what it does not need. */
export function method<S extends z.ZodType>(schema: S, run: (params: z.output<S>) => unknown): Method {
  return (params) => {
    const parsed = schema.safeParse(params);
    if (!parsed.success)
      throw new RpcError(RPC.invalidParams, `Invalid params: ${whatIsWrong(parsed.error)}`);
    return run(parsed.data);
  };
}

function whatIsWrong({ issues }: z.ZodError): string {
  const [issue] = issues;
  const at = issue?.path.length ? ` (at ${issue.path.join(".")})` : "";
  return `${issue?.message ?? "they are not understood"}${at}`;
}

/** Reads a transaction as it was sent. @throws RpcError */
export function readTransaction(text: string, encoding: "base58" | "base64"): WireTransaction {
  const bytes = decodeText(text, encoding);
  try {
    return decodeTransaction(bytes);
  } catch (error) {
    if (error instanceof WireError)
      throw new RpcError(RPC.invalidParams, `failed to deserialize transaction: ${error.message}`);
    throw error;
  }
}

/** @throws RpcError where the text is not of this encoding */
export function decodeText(text: string, encoding: "base58" | "base64"): Uint8Array {
  // base58 takes time that grows with the square of its length, so only what a transaction may be is read
  const bytes =
    encoding === "base64"
      ? /^[A-Za-z0-9+/]*={0,2}$/.test(text)
        ? Buffer.from(text, "base64")
        : undefined
      : text.length <= 1683
        ? bytesOf(text)
        : undefined;
  if (!bytes) throw new RpcError(RPC.invalidParams, `invalid ${encoding} encoding`);
  return bytes;
}

/** The commitment that a call reads at. @throws RpcError -32016 where it asks for a slot that is not seen yet */
export function seenAt(
  chain: Chain,
  config:
    | { commitment?: Commitment | null | undefined; minContextSlot?: number | null | undefined }
    | null
    | undefined,
): Commitment {
  const commitment = config?.commitment ?? "finalized";
  const slot = chain.slotAt(commitment);
  if (config?.minContextSlot != null && config.minContextSlot > slot)
    throw new RpcError(RPC.minContextSlot, "Minimum context slot has not been reached", {
      contextSlot: slot,
    });
  return commitment;
}

const API_VERSION = "3.1.0";
export const VERSION = { "solana-core": API_VERSION, "feature-set": 1 };

/** An answer that says at which slot it holds. */
export const withContext = (chain: Chain, commitment: Commitment, value: unknown) => ({
  context: { slot: chain.slotAt(commitment), apiVersion: API_VERSION },
  value,
});
