import type { FaucetGift, ProgramInfo, TopupIntent } from "@kangklip/contract";
import { z } from "zod";

/** A transaction of ours, ready to be sent. Kept before it is sent: only these bytes may be sent again. */
export const Signed = z.object({
  /** base58; names the transaction for good. */
  signature: z.string(),
  /** base64 of the wire bytes. */
  transaction: z.string(),
  /** Above this block height no block can take it any more. */
  last_valid_block_height: z.int(),
});
export type Signed = z.infer<typeof Signed>;

export interface Credits {
  /** What can be spent: `purchased - spent`. */
  credits: number;
  purchased: number;
  spent: number;
  /** Of the view that was read. */
  slot: number;
}

/** A transaction that buys credits, signed by its wallet. */
export interface SignedTopup extends Signed {
  /** Of its lifetime: where it is the intent's own, its last valid block height is too. */
  blockhash: string;
  reference: string;
  amount_base_units: number;
}

/** Payments that one landed transaction made into our program for one wallet. */
export interface Payment {
  payments: { reference: string; amount_base_units: number; credits_added: number }[];
  /** Credits of the wallet, in a view not older than the payment. */
  new_balance: number;
  slot: number;
}

/** One step of money. `request_id`: 32 bytes in hex, the same for all tries of the same step. */
export type Move =
  | { type: "consume"; wallet: string; request_id: string; amount: number }
  | { type: "refund"; wallet: string; request_id: string };

export interface Receipt {
  state: "charged" | "refunded";
  amount: number;
  /** When it was charged. */
  slot: number;
}

export interface OldReceipt {
  address: string;
  wallet: string;
  request_id: string;
}

/**
 * The credits, as the chain keeps them: the account at an address is the truth, and nothing here remembers a balance. Wallets are base58
 * addresses, amounts whole credits, slots and heights those of the chain.
 *
 * Every method ends within 5 s, `confirm` within its `waitMs` and 1 s, `close` within 30 s.
 * @throws KangKlipError UNAVAILABLE where no RPC answers, or where the chain and the settings disagree (`check` says how). Of `broadcast`
 * it says nothing about whether the transaction was taken; of every other method that nothing was changed.
 */
export interface CreditsLedger {
  /** What the program is set to; the price and the pause at most 10 s old. */
  info(): Promise<ProgramInfo>;

  /** Whether credits can be used now, in one sentence for the operator. Never throws. At most 10 s old. */
  check(): Promise<{ ok: boolean; detail: string }>;

  /** Credits of a wallet, 0 where it never bought any. `minContextSlot`: in a view not older than this. */
  balance(wallet: string, options?: { minContextSlot?: number }): Promise<Credits>;

  /**
   * What the wallet has to sign to buy `credits` (1 to 10,000) at the price of now. `reference`: 32 bytes in hex, chosen by the caller.
   * @throws KangKlipError INVALID_INPUT (credits, wallet), CREDITS_PAUSED "top-ups are paused"
   */
  topup(wallet: string, credits: number, reference: string): Promise<TopupIntent & { blockhash: string }>;

  /**
   * Reads a transaction (base64) that a wallet signed, and makes sure that it is one payment of ours by this wallet and nothing else that
   * could move money. Sends nothing: keep it, then `broadcast` it. Its last valid block height is the highest that it can have.
   * @throws KangKlipError INVALID_INPUT saying what is wrong with it
   */
  readTopup(wallet: string, transaction: string): Promise<SignedTopup>;

  /**
   * What a transaction paid into our program for this wallet. Reports only: the payment itself has added the credits. Waits up to `waitMs`
   * (4,000) for the transaction to be confirmed.
   * @throws KangKlipError TRANSACTION_NOT_FOUND "transaction not found" (not yet, or never); TRANSACTION_FAILED "transaction failed" (it did
   * not happen); INVALID_INPUT "invalid program" (no payment of this wallet into our program), "signature is required" (not a signature)
   */
  confirm(wallet: string, signature: string, options?: { waitMs?: number }): Promise<Payment>;

  /**
   * Signs one step of money with the spender's key. Sends nothing: keep it, then `broadcast` it. Tries it out on the chain before (unsigned).
   * @throws KangKlipError INSUFFICIENT_CREDITS: the wallet has too few credits, nothing was signed
   */
  sign(move: Move): Promise<Signed>;

  /**
   * Sends the bytes once; sending them again is safe. `again`: they may have been sent before, by anybody. Returns when an RPC took them,
   * or knows them already: that is no promise that they land.
   * @throws KangKlipError with the reason, where the first RPC that was asked refused them in its trial run and passed them to nobody:
   * INSUFFICIENT_CREDITS, TRANSACTION_FAILED (too little USDC or SOL), CREDITS_PAUSED "top-ups are paused". Not where `again` is set.
   */
  broadcast(signed: Signed, options: { again: boolean }): Promise<void>;

  /** The receipt of a charge; null where there is none in a view not older than `minContextSlot`. */
  receipt(wallet: string, request_id: string, options?: { minContextSlot?: number }): Promise<Receipt | null>;

  /**
   * Whether it is proven that these bytes can no longer take effect: the finalized chain is above their last valid block height, or holds
   * them as failed. Gives the finalized slot that proves it: what cannot be seen from there (`minContextSlot`) did not happen. Null: they
   * may still land, or have landed well.
   */
  expired(signed: Signed): Promise<number | null>;

  /**
   * Receipts that may be closed (216,000 slots after the charge, about a day), `limit` at most. Empty where the RPC does not list accounts:
   * the log says so once.
   */
  closable(limit: number): Promise<OldReceipt[]>;

  /**
   * Closes them and takes back their rent (about 0.0015 SOL each); gives those that are gone now. Before: what they prove must be kept
   * elsewhere, for the same request id could then be charged again.
   */
  close(receipts: OldReceipt[]): Promise<OldReceipt[]>;

  /**
   * Gives a wallet some SOL and test USDC, on a localnet only.
   * @throws KangKlipError NO_FAUCET on every other chain
   */
  faucet(wallet: string): Promise<FaucetGift>;
}
