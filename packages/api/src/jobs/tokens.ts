import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** A job's token: 256 random bits that only the person who made the job gets; the store keeps the hash. */
export const newJobToken = () => `kkj_${randomBytes(32).toString("base64url")}`;

/** Compares a token with the stored hash in constant time. */
export function matchesHash(token: string | undefined, hash: string): boolean {
  return token !== undefined && same(sha256(token), hash);
}

export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Derived, not kept: a launch that was interrupted half-way is submitted again with the very same token. */
export const claimToken = (secret: Buffer, launchKey: string) =>
  `kkc_${createHmac("sha256", secret).update(`claim:${launchKey}`).digest("base64url")}`;

/** The token of a claimed attempt: bound to the process (nonce) that claimed it. */
export const attemptToken = (secret: Buffer, launchKey: string, nonceHash: string) =>
  `kka_${createHmac("sha256", secret).update(`attempt:${launchKey}:${nonceHash}`).digest("base64url")}`;
