import { z } from "zod";

export const ChallengeInput = z.object({
  wallet_address: z.string({ error: "wallet_address is required" }).min(1, "wallet_address is required"),
});

/** What a wallet's `solana:signIn` is given, under the names of Sign-In-With-Solana. Times are ISO 8601. */
export const SignInInput = z.object({
  domain: z.string(),
  address: z.string(),
  statement: z.string(),
  uri: z.string(),
  version: z.literal("1"),
  chainId: z.string(), // "solana:mainnet"
  nonce: z.string(),
  issuedAt: z.string(),
  expirationTime: z.string(),
});
export type SignInInput = z.infer<typeof SignInInput>;

/** Seconds that a challenge and a session live (1.x). */
export const CHALLENGE_SECONDS = 300;
export const SESSION_SECONDS = 86_400;

/** The first four fields are the 1.x answer. `challenge` is the text that `sign_in_input` makes, for wallets that sign plain messages. */
export const Challenge = z.object({
  wallet_address: z.string(),
  challenge: z.string(),
  nonce: z.string(),
  expires_in: z.literal(CHALLENGE_SECONDS),

  sign_in_input: SignInInput,
});
export type Challenge = z.infer<typeof Challenge>;

export const VerifyInput = z.object({
  wallet_address: z.string({ error: "wallet_address is required" }).min(1, "wallet_address is required"),
  nonce: z.string({ error: "nonce is required" }).min(1, "nonce is required"),
  /** 64 bytes in base58 or base64. */
  signature: z.string({ error: "signature is required" }).min(1, "signature is required"),
  /** The exact bytes that were signed, in base64, where the wallet wrote the text itself (`solana:signIn`); else `challenge` was signed. */
  signed_message: z
    .string({ error: "signed_message must be base64" })
    .max(8192, "signed_message is too long")
    .pipe(z.base64({ error: "signed_message must be base64" }))
    .nullish()
    .transform((message) => message ?? undefined),
});
export type VerifyInput = z.infer<typeof VerifyInput>;

export const Verified = z.object({ auth_token: z.string(), expires_in: z.literal(SESSION_SECONDS) });
export type Verified = z.infer<typeof Verified>;

/** `auth.session`: who is signed in with the token. */
export const Session = z.object({ wallet_address: z.string(), expires_at: z.string() });
export type Session = z.infer<typeof Session>;

/** `auth.logout` ends the session of the token, or all sessions of its wallet. */
export const LogoutInput = z.object({
  everywhere: z.boolean({ error: "everywhere must be true or false" }).default(false),
});
