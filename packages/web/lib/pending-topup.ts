import { z } from "zod";

/** A payment that was signed and whose end the page has not seen yet. */
const PendingTopup = z.object({
  wallet: z.string(),
  credits: z.int().positive(),
  /** Base58: by it the chain knows the payment. */
  signature: z.string().min(64).max(90),
  /** Base64 of the signed bytes, to be sent; null where the wallet has sent them itself. */
  transaction: z.string().nullable(),
  /** When it was signed, milliseconds since 1970. */
  since: z.number(),
});
export type PendingTopup = z.infer<typeof PendingTopup>;

const PREFIX = "kk:topup:";

/** The payment of this wallet that is under way, as this browser has it, or null. */
export function readPendingTopup(wallet: string): PendingTopup | null {
  try {
    const kept: unknown = JSON.parse(window.localStorage.getItem(PREFIX + wallet) ?? "null");
    const { data } = PendingTopup.safeParse(kept);
    return data?.wallet === wallet ? data : null;
  } catch {
    return null;
  }
}

/** Keeps it, so that a reload goes on with it. A signed payment is no secret: all it can do is what its person signed. */
export function keepPendingTopup(pending: PendingTopup): void {
  try {
    window.localStorage.setItem(PREFIX + pending.wallet, JSON.stringify(pending));
  } catch {
    // the page goes on with it as long as it is open
  }
}

/** Forgets a payment that has come to its end. */
export function forgetPendingTopup(wallet: string): void {
  try {
    window.localStorage.removeItem(PREFIX + wallet);
  } catch {
    // nothing was kept
  }
}

/** Whether any wallet's payment is under way in this browser: whoever is not signed in is told so. */
export function anyPendingTopup(): boolean {
  try {
    return Object.keys(window.localStorage).some((key) => key.startsWith(PREFIX));
  } catch {
    return false;
  }
}
