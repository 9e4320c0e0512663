import { z } from "zod";

/** 1 credit = 0.10 USDC = 100 000 base units (6 decimals). */
export const CREDIT_UNIT = 100_000;
export const GENERATE_CREDITS = 2;
export const UNLOCK_CREDITS = 1;

export const BalanceInput = z.object({ wallet: z.string().optional() });
export const Balance = z.object({ credits: z.number() });

export const TopupIntentInput = z.object({
  credits_to_buy: z
    .number({ error: "credits_to_buy must be a positive integer" })
    .int("credits_to_buy must be a positive integer")
    .positive("credits_to_buy must be a positive integer")
    .max(1_000_000, "credits_to_buy must be a positive integer"),
});
export const TopupIntent = z.object({
  wallet_address: z.string(),
  credits_to_buy: z.int(),
  amount_base_units: z.int(),
  credit_unit: z.literal(CREDIT_UNIT),
  program_id: z.string(),
  config_pda: z.string(),
  user_credit_pda: z.string(),
  vault_ata: z.string(),
  user_usdc_ata: z.string(),
  usdc_mint: z.string(),
  instruction_data: z.string(), // base64
});
export const TopupConfirmInput = z.object({
  signature: z.string({ error: "signature is required" }).min(1, "signature is required"),
});
export const TopupConfirm = z.object({ credited: z.literal(true), new_balance: z.number() });
