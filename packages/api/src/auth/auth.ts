import { randomBytes } from "node:crypto";
import {
  CHALLENGE_SECONDS,
  type Chain,
  type Challenge,
  KangKlipError,
  SESSION_SECONDS,
  type Session,
  SignInInput,
  type Verified,
  type VerifyInput,
} from "@kangklip/contract";
import type { JobStore } from "../jobs/store.ts";
import type { createLimits } from "../limits.ts";
import { createSessions } from "./sessions.ts";
import { parseSignInText, signInText } from "./siws.ts";
import { addressBytes, isSignedBy, isWallet } from "./wallet.ts";

export type Auth = ReturnType<typeof createAuth>;

interface AuthOptions {
  store: JobStore;
  limits: Pick<ReturnType<typeof createLimits>, "signIns" | "signInsOfWallet">;
  /** Origins whose visitors may sign in; the first one counts for whoever names none of them. */
  origins: () => readonly string[];
  chain: () => Promise<Chain>;
  now: () => number;
}

/** Who asks: counted by the limits; and the page that the browser names, which is nothing to trust. */
interface Asker {
  address: string;
  origin: string | undefined;
}

const STATEMENT = "Sign in to KangKlip. This costs nothing and moves no funds.";
/** A nonce that has expired is told from one that never was, for a while. */
const KEEP_NONCE_MS = 2 * CHALLENGE_SECONDS * 1000;
const NONCE = /^[0-9a-f]{64}$/;

/**
 * Signs wallets in: a text with a nonce that counts once, signed by the wallet, gives a token for a day. The text is that of
 * Sign-In-With-Solana, so wallets compare the site that it names with the one they are on.
 */
export function createAuth({ store, limits, origins, chain, now }: AuthOptions) {
  const sessions = createSessions({ store, now });
  const invalidInput = (message: string) => new KangKlipError("INVALID_INPUT", message);
  const notSignedIn = (message: string) => new KangKlipError("NOT_SIGNED_IN", message);
  const nonceKey = (nonce: string) => `sign-in:${nonce}`;

  async function sessionOf(token: string | undefined) {
    if (!token) throw notSignedIn("auth token required");
    const session = await sessions.of(token);
    if (!session) throw notSignedIn("invalid auth token");
    return { token, ...session };
  }

  return {
    /** @throws KangKlipError INVALID_INPUT "wallet_address is required", RATE_LIMITED, UNAVAILABLE where the chain is not known yet */
    async challenge(wallet: string, { address, origin }: Asker): Promise<Challenge> {
      await limits.signIns(address);
      const bytes = addressBytes(wallet);
      if (!bytes) throw invalidInput("wallet_address is required"); // 1.x says so of every address that is none
      if (!isWallet(bytes)) throw invalidInput("wallet_address must be of a wallet that can sign");
      await limits.signInsOfWallet(wallet);
      const [first = ""] = origins();
      const uri = origin !== undefined && origins().includes(origin) && URL.canParse(origin) ? origin : first;
      const time = now();
      const sign_in_input: SignInInput = {
        domain: new URL(uri).host,
        address: wallet,
        statement: STATEMENT,
        uri,
        version: "1",
        chainId: `solana:${await chain()}`,
        nonce: randomBytes(32).toString("hex"),
        issuedAt: new Date(time).toISOString(),
        expirationTime: new Date(time + CHALLENGE_SECONDS * 1000).toISOString(),
      };
      const { nonce } = sign_in_input;
      await store.note(nonceKey(nonce), JSON.stringify(sign_in_input), KEEP_NONCE_MS);
      return {
        wallet_address: wallet,
        challenge: signInText(sign_in_input),
        nonce,
        expires_in: CHALLENGE_SECONDS,
        sign_in_input,
      };
    },

    /**
     * The nonce is spent before anything else is looked at, whatever comes of it.
     * @throws KangKlipError INVALID_INPUT "invalid nonce", "nonce expired"; NOT_SIGNED_IN "invalid signature"; RATE_LIMITED
     */
    async verify(answer: VerifyInput, { address }: Pick<Asker, "address">): Promise<Verified> {
      await limits.signIns(address);
      const { wallet_address: wallet, nonce, signature, signed_message } = answer;
      const taken = NONCE.test(nonce) ? await store.take(nonceKey(nonce)) : undefined;
      if (taken === undefined) throw invalidInput("invalid nonce");
      const asked = SignInInput.parse(JSON.parse(taken));
      if (asked.address !== wallet) throw invalidInput("invalid nonce");
      if (Date.parse(asked.expirationTime) <= now()) throw invalidInput("nonce expired");
      await limits.signInsOfWallet(wallet);
      const message =
        signed_message === undefined ? Buffer.from(signInText(asked)) : Buffer.from(signed_message, "base64");
      if (signed_message !== undefined && !answers(message, asked, now()))
        throw notSignedIn("invalid signature");
      if (!isSignedBy(wallet, message, signature)) throw notSignedIn("invalid signature");
      return { auth_token: await sessions.open(wallet), expires_in: SESSION_SECONDS };
    },

    /** @throws KangKlipError NOT_SIGNED_IN "auth token required", then "invalid auth token" */
    async session(token: string | undefined): Promise<Session> {
      const { wallet, until } = await sessionOf(token);
      return { wallet_address: wallet, expires_at: new Date(until).toISOString() };
    },

    /** The wallet that is signed in with a token. @throws KangKlipError as `session` */
    walletOf: async (token: string | undefined): Promise<string> => (await sessionOf(token)).wallet,

    /** Ends the session of a token, or all of its wallet. @throws KangKlipError as `session` */
    async logout(token: string | undefined, { everywhere }: { everywhere: boolean }): Promise<void> {
      const session = await sessionOf(token);
      if (everywhere) await sessions.closeAll(session.wallet);
      await sessions.close(session.token);
    },
  };
}

/** Whether a text that a wallet wrote itself is for what it was asked, in every field, and counts now. */
function answers(message: Uint8Array, asked: SignInInput, time: number): boolean {
  const signed = parseSignInText(utf8(message) ?? "");
  if (!signed) return false;
  const { input, notBefore } = signed;
  const fields = Object.keys(SignInInput.shape) as (keyof SignInInput)[];
  return (
    fields.every((field) => input[field] === asked[field]) &&
    (notBefore === undefined || Date.parse(notBefore) <= time)
  );
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
