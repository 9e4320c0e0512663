import { randomBytes } from "node:crypto";
import { SESSION_SECONDS } from "@kangklip/contract";
import { z } from "zod";
import type { JobStore } from "../jobs/store.ts";
import { sha256 } from "../jobs/tokens.ts";

const Session = z.object({
  wallet: z.string(),
  until: z.number(), // ms since 1970
  /** The wallet's era when it signed in: a new one ends all sessions of older ones. */
  era: z.string().nullable(),
});
type Session = z.infer<typeof Session>;

const KEEP_MS = SESSION_SECONDS * 1000;

/** Who is signed in, for a day each. Only hashes of tokens are kept, so whoever reads the store gets none. */
export function createSessions({ store, now }: { store: JobStore; now: () => number }) {
  const eraKey = (wallet: string) => `session-era:${wallet}`;
  const eraOf = async (wallet: string) => (await store.recall(eraKey(wallet))) ?? null;

  return {
    /** Signs a wallet in. Gives the token, which is shown this once. */
    async open(wallet: string): Promise<string> {
      const token = `kkw_${randomBytes(32).toString("base64url")}`;
      const session: Session = { wallet, until: now() + KEEP_MS, era: await eraOf(wallet) };
      await store.note(keyOf(token), JSON.stringify(session), KEEP_MS);
      return token;
    },

    /** Whose token it is, and until when (ms since 1970); undefined where it is nobody's. */
    async of(token: string): Promise<{ wallet: string; until: number } | undefined> {
      const text = await store.recall(keyOf(token));
      if (text === undefined) return undefined;
      const session = Session.parse(JSON.parse(text));
      if (session.until <= now()) return undefined;
      const era = await eraOf(session.wallet);
      return era === null || era === session.era ? session : undefined;
    },

    async close(token: string): Promise<void> {
      await store.take(keyOf(token));
    },

    /** Ends every session of a wallet. The era is forgotten when the last of them has run out. */
    async closeAll(wallet: string): Promise<void> {
      await store.note(eraKey(wallet), randomBytes(16).toString("hex"), KEEP_MS);
    },
  };
}

const keyOf = (token: string) => `session:${sha256(token)}`;
