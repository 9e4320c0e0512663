import type { PublicKey } from "@solana/web3.js";
import { z } from "zod";
import type { Asking } from "./rpc.ts";

const COMMITMENT = { commitment: "confirmed" } as const;
const SENDING = { encoding: "base64", preflightCommitment: "confirmed", maxRetries: 0 } as const;

export const Account = z.object({
  lamports: z.number(),
  owner: z.string(),
  executable: z.boolean(),
  data: z.tuple([z.string(), z.literal("base64")]).transform(([data]): Buffer => Buffer.from(data, "base64")),
});
export type Account = z.infer<typeof Account>;

const Context = z.object({ slot: z.int() });
const Accounts = z.object({ context: Context, value: z.array(Account.nullable()) });
const Blockhash = z.object({ value: z.object({ blockhash: z.string(), lastValidBlockHeight: z.int() }) });
const Fees = z.array(z.object({ slot: z.number(), prioritizationFee: z.number() }));
const Status = z.object({
  slot: z.int(),
  err: z.unknown().optional(),
  confirmationStatus: z.enum(["processed", "confirmed", "finalized"]).nullish(),
});
export type Status = z.infer<typeof Status>;
const Statuses = z.object({ context: Context, value: z.array(Status.nullable()) });
const Epoch = z.object({ absoluteSlot: z.int(), blockHeight: z.int() });
const Trial = z.object({
  value: z.object({ err: z.unknown().optional(), unitsConsumed: z.number().nullish() }),
});
const Listed = z.array(z.object({ pubkey: z.string(), account: Account }));

const Instruction = z.object({
  programIdIndex: z.int(),
  accounts: z.array(z.int()),
  data: z.string(), // base58
});
export const Landed = z.object({
  slot: z.int(),
  transaction: z.object({
    signatures: z.array(z.string()),
    message: z.object({ accountKeys: z.array(z.string()), instructions: z.array(Instruction) }),
  }),
  meta: z
    .object({
      err: z.unknown().optional(),
      logMessages: z.array(z.string()).nullish(),
      innerInstructions: z.array(z.object({ instructions: z.array(Instruction) })).nullish(),
      loadedAddresses: z.object({ writable: z.array(z.string()), readonly: z.array(z.string()) }).nullish(),
    })
    .nullable(),
});
export type Landed = z.infer<typeof Landed>;

export type Reads = ReturnType<typeof createReads>;

/** What is asked of an RPC, each question with its options and the shape of its answer. All at commitment `confirmed`, but what says otherwise. */
export function createReads(rpc: Asking) {
  const atLeast = (minContextSlot: number | undefined) =>
    minContextSlot === undefined ? {} : { minContextSlot };

  return {
    /** In the order of the addresses; null: there is none. All of one view, whose slot is given too. */
    async accounts(
      addresses: readonly PublicKey[],
      { minContextSlot }: { minContextSlot?: number | undefined } = {},
    ): Promise<{ slot: number; accounts: (Account | null)[] }> {
      const options = { ...COMMITMENT, encoding: "base64", ...atLeast(minContextSlot) };
      const shape = Accounts.refine(({ value }) => value.length === addresses.length);
      const { context, value } = await rpc.call(
        "getMultipleAccounts",
        [addresses.map((address) => address.toBase58()), options],
        shape,
      );
      return { slot: context.slot, accounts: value };
    },

    async latestBlockhash(): Promise<{ blockhash: string; last_valid_block_height: number }> {
      const { value } = await rpc.call("getLatestBlockhash", [COMMITMENT], Blockhash);
      return { blockhash: value.blockhash, last_valid_block_height: value.lastValidBlockHeight };
    },

    /** Micro-lamports per compute unit that were paid of late for a lock of these accounts; one number per block. */
    async recentFees(writable: readonly PublicKey[]): Promise<number[]> {
      const addresses = writable.map((address) => address.toBase58());
      const fees = await rpc.call("getRecentPrioritizationFees", [addresses], Fees);
      return fees.map(({ prioritizationFee }) => prioritizationFee);
    },

    /** Lamports that an account of so many bytes must hold. */
    rent: (bytes: number): Promise<number> =>
      rpc.call("getMinimumBalanceForRentExemption", [bytes, COMMITMENT], z.int()),

    /** What became of a transaction, however long ago; null where the RPC does not know it in its view, whose slot is given too. */
    async status(signature: string): Promise<{ slot: number; status: Status | null }> {
      const params = [[signature], { searchTransactionHistory: true }];
      const { context, value } = await rpc.call("getSignatureStatuses", params, Statuses);
      return { slot: context.slot, status: value[0] ?? null };
    },

    /** Slot and block height of the newest block that is finalized, or confirmed. */
    async height(commitment: "confirmed" | "finalized"): Promise<{ slot: number; height: number }> {
      const { absoluteSlot, blockHeight } = await rpc.call("getEpochInfo", [{ commitment }], Epoch);
      return { slot: absoluteSlot, height: blockHeight };
    },

    /** Runs a transaction without sending it. Unsigned: what nobody signed cannot be passed on. */
    async trial(
      transaction: string,
      { minContextSlot }: { minContextSlot?: number | undefined } = {},
    ): Promise<{ failure: unknown; units: number }> {
      const options = { ...COMMITMENT, encoding: "base64", sigVerify: false, replaceRecentBlockhash: true };
      const params = [transaction, { ...options, ...atLeast(minContextSlot) }];
      const { value } = await rpc.call("simulateTransaction", params, Trial);
      return { failure: value.err, units: value.unitsConsumed ?? 0 };
    },

    /** Passes the bytes on, if the trial run before goes well. The RPC does not repeat them: we do. @throws Refusal */
    async send(transaction: string): Promise<void> {
      await rpc.call("sendTransaction", [transaction, { ...SENDING, skipPreflight: false }], z.string());
    },

    /** Passes the bytes on at once, by every RPC. */
    async resend(transaction: string): Promise<void> {
      await rpc.spread("sendTransaction", [transaction, { ...SENDING, skipPreflight: true }], z.string());
    },

    /** A confirmed transaction of any version that is known today; null where this RPC has not got it. @throws Refusal */
    transaction: (signature: string): Promise<Landed | null> => {
      const how = { ...COMMITMENT, encoding: "json", maxSupportedTransactionVersion: 1 };
      return rpc.call("getTransaction", [signature, how], Landed.nullable());
    },

    /** Accounts of a program that have this size and begin with these bytes (base58). Many RPCs do not list them. @throws Refusal */
    listed(
      program: PublicKey,
      { size, start }: { size: number; start: string },
    ): Promise<{ pubkey: string; account: Account }[]> {
      const filters = [{ dataSize: size }, { memcmp: { offset: 0, bytes: start } }];
      const params = [program.toBase58(), { ...COMMITMENT, encoding: "base64", filters }];
      return rpc.call("getProgramAccounts", params, Listed, {
        maxBytes: 32 << 20,
        totalMs: 20_000,
        tryMs: 15_000,
      });
    },
  };
}
