import { z } from "zod";

/** 1 credit = 0.10 USDC = 100 000 base units (6 decimals) at the program's first price; the price that counts is read from the chain. */
export const CREDIT_UNIT = 100_000;
export const GENERATE_CREDITS = 2;
export const UNLOCK_CREDITS = 1;
/** What one top-up may buy at most. */
export const MAX_TOPUP_CREDITS = 10_000;

/** Known by the genesis hash of the chain itself, never by a setting. */
export const Chain = z.enum(["localnet", "devnet", "testnet", "mainnet"]);
export type Chain = z.infer<typeof Chain>;

/** The program as the chain tells it. Addresses are base58. */
export const ProgramInfo = z.object({
  chain: Chain,
  program_id: z.string(),
  config_pda: z.string(),
  usdc_mint: z.string(),
  /** The wallet that owns the account the USDC goes to. */
  treasury: z.string(),
  /** Base units of USDC (6 decimals) for one credit. */
  credit_unit: z.int().positive(),
  /** Nobody can top up; credits that are there stay good. */
  paused: z.boolean(),
});
export type ProgramInfo = z.infer<typeof ProgramInfo>;

/** `credits.info`: everything a page shows before anybody signs in. */
export const CreditsInfo = z.discriminatedUnion("enabled", [
  z.object({ enabled: z.literal(false) }), // every clip is unlocked
  ProgramInfo.extend({
    enabled: z.literal(true),
    /** Credits that making a job costs; 0: nothing. */
    generate_credits: z.int().min(0),
    unlock_credits: z.int().min(0),
    /** An address that holds `{signature}`; null: no explorer sees this chain. */
    explorer: z.string().nullable(),
    /** Whether `credits.faucet` gives test tokens: on a localnet alone. */
    faucet: z.boolean(),
  }),
]);
export type CreditsInfo = z.infer<typeof CreditsInfo>;

export const BalanceInput = z.object({ wallet: z.string().optional() });
/** `credits` is the 1.x answer: what can be spent now, `purchased` less `spent`. */
export const Balance = z.object({
  credits: z.number(),

  wallet_address: z.string(),
  purchased: z.int(),
  spent: z.int(),
  /** The slot at which the chain was read. */
  slot: z.int(),
});
export type Balance = z.infer<typeof Balance>;

const TO_BUY = "credits_to_buy must be a positive integer";
export const TopupIntentInput = z.object({
  credits_to_buy: z.number({ error: TO_BUY }).int(TO_BUY).positive(TO_BUY).max(MAX_TOPUP_CREDITS, TO_BUY),
});

/** An account of an instruction, under the names of web3.js. */
export const AccountMeta = z.object({ pubkey: z.string(), isSigner: z.boolean(), isWritable: z.boolean() });
export type AccountMeta = z.infer<typeof AccountMeta>;

/** The first eleven fields are the 1.x answer. A client signs `transaction`, or makes its own of `accounts` and `instruction_data`. */
export const TopupIntent = z.object({
  wallet_address: z.string(),
  credits_to_buy: z.int(),
  amount_base_units: z.int(),
  credit_unit: z.int().positive(),
  program_id: z.string(),
  config_pda: z.string(),
  user_credit_pda: z.string(),
  vault_ata: z.string(), // the treasury's token account: the program keeps no vault
  user_usdc_ata: z.string(),
  usdc_mint: z.string(),
  instruction_data: z.string(), // base64

  /** In the order of the instruction. */
  accounts: z.array(AccountMeta),
  /** 32 bytes in hex, in the instruction's data: they tie the payment to this intent. */
  reference: z.string().regex(/^[0-9a-f]{64}$/),
  /** Base64 of an unsigned version 0 transaction that the wallet pays for. */
  transaction: z.string(),
  /** Lamports that the wallet lacks for the fee and its first account; 0: it has enough. */
  needs_sol: z.int().min(0),
  /** Base units of USDC that the wallet lacks; 0: it has enough. */
  needs_usdc: z.int().min(0),
  /** `transaction` can land until the chain is higher than this. */
  last_valid_block_height: z.int(),
});
export type TopupIntent = z.infer<typeof TopupIntent>;

export const TopupSendInput = z.object({
  /** Base64 of the signed transaction; the chain takes none of more than 4096 bytes. */
  transaction: z
    .string({ error: "transaction is required" })
    .min(1, "transaction is required")
    .max(8192, "transaction is too long")
    .pipe(z.base64({ error: "transaction must be base64" })),
});
export const TopupSent = z.object({ signature: z.string() }); // base58
export type TopupSent = z.infer<typeof TopupSent>;

export const TopupConfirmInput = z.object({
  signature: z.string({ error: "signature is required" }).min(1, "signature is required"),
});
/** The first two fields are the 1.x answer; 404 "transaction not found" until the network has confirmed it. */
export const TopupConfirm = z.object({
  credited: z.literal(true),
  new_balance: z.number(),

  credits_added: z.int(),
  reference: z.string(), // as of the intent
  slot: z.int(),
});
export type TopupConfirm = z.infer<typeof TopupConfirm>;

/** `credits.faucet`: what the wallet was given, on a localnet. */
export const FaucetGift = z.object({
  lamports: z.int(),
  usdc_base_units: z.int(),
});
export type FaucetGift = z.infer<typeof FaucetGift>;
