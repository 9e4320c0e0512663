import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hash,
  randomBytes,
  timingSafeEqual,
} from "node:crypto";
import type { JobId, UploadId } from "@kangklip/contract";
import { ulid } from "ulid";

export const sha256 = (text: string | Buffer) => hash("sha256", text, "hex");

const derived = (secret: Buffer, text: string) =>
  createHmac("sha256", secret).update(text).digest("base64url");

/** A job's token: 256 random bits that only the person who made the job gets; the store keeps the hash. */
export const newJobToken = () => `kkj_${randomBytes(32).toString("base64url")}`;

/** What a job is called and who may have it, before the job is there. */
export interface Identity {
  id: JobId;
  token: string;
}

/** @param time ms since 1970; ids sort by it */
export function newIdentity(time: number): Identity {
  const bytes = randomBytes(16); // drawn at once: by itself ulid asks the system for each of its 16 letters
  let place = 0;
  return { id: `kk_${ulid(time, () => (bytes[place++] ?? 0) / 256)}`, token: newJobToken() };
}

/** The same for the same text and time, so that a request which is taken up again makes the same job; else as hard to guess as a new one. */
export function derivedIdentity(secret: Buffer, text: string, time: number): Identity {
  const bytes = createHmac("sha256", secret).update(`job-id:${time}:${text}`).digest();
  let place = 0;
  return {
    id: `kk_${ulid(time, () => (bytes[place++ % bytes.length] ?? 0) / 256)}`,
    token: `kkj_${derived(secret, `job-token:${time}:${text}`)}`,
  };
}

/** Compares a token with the stored hash in constant time. */
export function matchesHash(token: string | undefined, hash: string): boolean {
  return token !== undefined && same(sha256(token), hash);
}

/** Whether two texts are the same, in a time that tells nothing but their length. */
export function same(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Derived, not kept: a launch that was interrupted half-way is submitted again with the very same token. */
export const claimToken = (secret: Buffer, launchKey: string) =>
  `kkc_${derived(secret, `claim:${launchKey}`)}`;

/**
 * The token of a claimed attempt: names its launch and the process (nonce) that claimed it, so that it proves the claim also to a store
 * that has forgotten it.
 */
export const attemptToken = (secret: Buffer, launchKey: string, nonceHash: string) =>
  `kka_${launchKey}.${nonceHash}.${derived(secret, `attempt:${launchKey}:${nonceHash}`)}`;

/** What whoever announced a file shows to go on sending it. */
export const uploadToken = (secret: Buffer, id: UploadId) => `kku_${derived(secret, `upload:${id}`)}`;

/** The launch that an attempt token names; says nothing about whether the token is good. */
export const launchKeyIn = (token: string) => /^kka_(kk-[0-9a-z]{26}-e\d{1,4})\./.exec(token)?.[1];

/** The nonce's hash that an attempt token names; says nothing about whether the token is good. */
export const nonceHashIn = (token: string) => /^kka_[^.]+\.([0-9a-f]{64})\./.exec(token)?.[1];

/** Makes a text unreadable without the secret: AES-256-GCM, the nonce in front, the tag behind it. */
export function seal(secret: Buffer, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", sealKey(secret), nonce);
  const sealed = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64url");
}

/** @throws Error where the text was sealed with another secret or was changed. */
export function unseal(secret: Buffer, sealed: string): string {
  const bytes = Buffer.from(sealed, "base64url");
  const decipher = createDecipheriv("aes-256-gcm", sealKey(secret), bytes.subarray(0, 12));
  decipher.setAuthTag(bytes.subarray(12, 28));
  return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString("utf8");
}

const sealKey = (secret: Buffer) => createHmac("sha256", secret).update("seal").digest();
