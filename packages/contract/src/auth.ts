import { z } from "zod";

export const ChallengeInput = z.object({
  wallet_address: z.string({ error: "wallet_address is required" }).min(1, "wallet_address is required"),
});
export const Challenge = z.object({
  wallet_address: z.string(),
  challenge: z.string(),
  nonce: z.string(),
  expires_in: z.literal(300),
});
export const VerifyInput = z.object({
  wallet_address: z.string({ error: "wallet_address is required" }).min(1, "wallet_address is required"),
  nonce: z.string({ error: "nonce is required" }).min(1, "nonce is required"),
  signature: z.string({ error: "signature is required" }).min(1, "signature is required"),
});
export const Verified = z.object({ auth_token: z.string(), expires_in: z.literal(86_400) });
