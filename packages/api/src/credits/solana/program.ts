import anchor from "@coral-xyz/anchor"; // CommonJS: its names are members of the default import only
import { DISCRIMINATORS, IDL, idlFor, RECEIPT_STATE, SEEDS } from "@kangklip/credits-program";
import { PublicKey, TransactionInstruction } from "@solana/web3.js";
import BN from "bn.js"; // Anchor's `BN` passes tsc and is not there at run time
import type { Receipt } from "../ledger.ts";
import type { Account } from "./reads.ts";

const TOKEN_PROGRAM = new PublicKey("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
const ASSOCIATED_TOKEN_PROGRAM = new PublicKey("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

export interface Config {
  spender: string;
  usdc_mint: string;
  treasury: string;
  price: number;
  paused: boolean;
}
export interface UserCredit {
  credits: number;
  purchased: number;
  spent: number;
}
export interface ReceiptAccount extends Receipt {
  wallet: string;
  request_id: string;
}
/** What one payment says of itself. `credits_added` is null where only its instruction is known. */
export interface Paid {
  user: string;
  reference: string;
  amount_base_units: number;
  credits_added: number | null;
}

export type Program = ReturnType<typeof createProgram>;

/**
 * Reads and writes what the credits program reads and writes, by its IDL. The only file that knows Anchor; names stay those of the IDL,
 * which are those of the wire. Reading gives null for what is none of the program's.
 */
export function createProgram(programId: PublicKey) {
  const coder = new anchor.BorshCoder(snakeCased());
  const pda = (...seeds: Uint8Array[]) => PublicKey.findProgramAddressSync(seeds, programId)[0];
  const seed = (text: string) => Buffer.from(text);
  const config = pda(seed(SEEDS.CONFIG));
  const credit = (wallet: PublicKey) => pda(seed(SEEDS.CREDIT), wallet.toBytes());
  const receipt = (wallet: PublicKey, request_id: string) =>
    pda(seed(SEEDS.RECEIPT), wallet.toBytes(), bytesOf(request_id));

  function instruction(name: string, addresses: Record<string, PublicKey>, args: object = {}) {
    const { accounts } = one(IDL.instructions.filter((candidate) => candidate.name === name));
    const keys = accounts.map((account: IdlAccount) => ({
      pubkey: account.address === undefined ? one([addresses[account.name]]) : new PublicKey(account.address),
      isSigner: account.signer ?? false,
      isWritable: account.writable ?? false,
    }));
    return new TransactionInstruction({ programId, keys, data: coder.instruction.encode(name, args) });
  }

  function decoded(name: keyof typeof DISCRIMINATORS, account: Account | null): Fields | null {
    if (account === null || account.owner !== programId.toBase58()) return null;
    if (!account.data.subarray(0, 8).equals(Buffer.from(DISCRIMINATORS[name]))) return null;
    try {
      return coder.accounts.decodeUnchecked<Fields>(name, account.data);
    } catch {
      return null;
    }
  }

  return {
    id: programId,
    addresses: { config, credit, receipt },

    payUsdc: (args: {
      user: PublicKey;
      treasury: PublicKey;
      mint: PublicKey;
      amount: number;
      reference: string;
    }) =>
      instruction(
        "pay_usdc",
        {
          user: args.user,
          config,
          user_credit: credit(args.user),
          user_usdc: tokenAccount(args.user, args.mint),
          treasury_usdc: tokenAccount(args.treasury, args.mint),
          usdc_mint: args.mint,
        },
        { amount_base_units: new BN(args.amount), reference: [...bytesOf(args.reference)] },
      ),
    consumeCredit: (args: { spender: PublicKey; user: PublicKey; request_id: string; amount: number }) =>
      instruction("consume_credit", holders(args), {
        request_id: [...bytesOf(args.request_id)],
        amount: new BN(args.amount),
      }),
    refundCredit: (args: { spender: PublicKey; user: PublicKey; request_id: string }) =>
      instruction("refund_credit", holders(args)),
    closeReceipt: (args: { spender: PublicKey; user: PublicKey; request_id: string }) =>
      instruction("close_receipt", holders(args)),

    config(account: Account | null): Config | null {
      const fields = decoded("Config", account);
      return (
        fields && {
          spender: base58Of(fields.spender),
          usdc_mint: base58Of(fields.usdc_mint),
          treasury: base58Of(fields.treasury),
          price: numberOf(fields.price),
          paused: fields.paused === true,
        }
      );
    },
    userCredit(account: Account | null): UserCredit | null {
      const fields = decoded("UserCredit", account);
      return (
        fields && {
          credits: numberOf(fields.credits),
          purchased: numberOf(fields.purchased),
          spent: numberOf(fields.spent),
        }
      );
    },
    receipt(account: Account | null): ReceiptAccount | null {
      const fields = decoded("ConsumeReceipt", account);
      return (
        fields && {
          wallet: base58Of(fields.user),
          request_id: hexOf(fields.request_id),
          amount: numberOf(fields.amount),
          slot: numberOf(fields.slot),
          state: fields.state === RECEIPT_STATE.REFUNDED ? "refunded" : "charged",
        }
      );
    },

    /** The `Paid` event in the base64 of a `Program data:` line. Who printed the line is for the caller to know. */
    paidEvent(data: string): Paid | null {
      let event: { name: string; data: Fields } | null;
      try {
        event = coder.events.decode(data);
      } catch {
        return null;
      }
      if (event?.name !== "Paid") return null;
      const { user, reference, amount_base_units, credits_added } = event.data;
      return {
        user: base58Of(user),
        reference: hexOf(reference),
        amount_base_units: numberOf(amount_base_units),
        credits_added: numberOf(credits_added),
      };
    },
    /** What a `pay_usdc` instruction of this program asks for; `accounts` as the instruction lists them. */
    payInstruction(data: Uint8Array, accounts: readonly (string | undefined)[]): Paid | null {
      let decoding: ReturnType<typeof coder.instruction.decode>;
      try {
        decoding = coder.instruction.decode(Buffer.from(data));
      } catch {
        return null;
      }
      const user = accounts[0];
      if (decoding?.name !== "pay_usdc" || user === undefined) return null;
      const { amount_base_units, reference } = decoding.data as Fields;
      return {
        user,
        reference: hexOf(reference),
        amount_base_units: numberOf(amount_base_units),
        credits_added: null,
      };
    },
  };

  function holders({
    spender,
    user,
    request_id,
  }: {
    spender: PublicKey;
    user: PublicKey;
    request_id: string;
  }) {
    return { spender, config, user, user_credit: credit(user), receipt: receipt(user, request_id) };
  }
}

/** The account that holds a wallet's tokens of a mint. */
export const tokenAccount = (owner: PublicKey, mint: PublicKey) =>
  PublicKey.findProgramAddressSync(
    [owner.toBytes(), TOKEN_PROGRAM.toBytes(), mint.toBytes()],
    ASSOCIATED_TOKEN_PROGRAM,
  )[0];

/** Base units in a token account that can be spent; null where it is none of this owner and mint, or frozen. */
export function tokensOf(account: Account | null, owner: PublicKey, mint: PublicKey): number | null {
  if (account === null || account.owner !== TOKEN_PROGRAM.toBase58() || account.data.length !== 165)
    return null;
  const { data } = account;
  const isIt =
    mint.equals(new PublicKey(data.subarray(0, 32))) && owner.equals(new PublicKey(data.subarray(32, 64)));
  const INITIALIZED = 1;
  return isIt && data[108] === INITIALIZED ? Number(data.readBigUInt64LE(64)) : null;
}

/** An address that was given as text. Undefined where it is none. */
export function addressOf(text: string): PublicKey | undefined {
  try {
    const address = new PublicKey(text);
    return address.toBase58() === text ? address : undefined;
  } catch {
    return undefined;
  }
}

interface IdlAccount {
  name: string;
  address?: string;
  signer?: boolean;
  writable?: boolean;
}
type Fields = Record<string, unknown>;

/** The IDL with its names as they are: `Program` would turn them into camelCase, the coders alone do not. */
const snakeCased = () => idlFor(IDL.address) as unknown as anchor.Idl;

function one<T>(found: readonly T[]): NonNullable<T> {
  const [first] = found;
  if (first === undefined || first === null) throw new Error("The IDL names something that is not there");
  return first;
}
function bytesOf(hex: string): Buffer {
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new Error("An id of 32 bytes must be 64 hex digits");
  return Buffer.from(hex, "hex");
}
const hexOf = (bytes: unknown) => Buffer.from(bytes as number[]).toString("hex");
const base58Of = (key: unknown) => (key as PublicKey).toBase58();
/** A number of the chain; above 2^53 (no supply of USDC buys that) it is the most that can be told exactly. */
const numberOf = (value: unknown) => Math.min(Number((value as BN).toString()), Number.MAX_SAFE_INTEGER);
