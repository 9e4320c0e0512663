import { createPublicKey, verify } from "node:crypto";
import { PublicKey } from "@solana/web3.js";
import bs58 from "bs58";

/** RFC 8410: what stands before the 32 bytes of an Ed25519 key in SubjectPublicKeyInfo. */
const SPKI = Buffer.from("302a300506032b6570032100", "hex");
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** The longest address in base58. */
const MAX_ADDRESS = 44;

/** The points of order 1, 2, 4 and 8: a signature by one of them needs no secret, and one of them is the system program's address. */
const SMALL_ORDER = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]);

/** The 32 bytes of an address, or undefined where it is none. Pure. */
export function addressBytes(address: string): Uint8Array | undefined {
  if (address.length > MAX_ADDRESS) return undefined; // decoding takes quadratic time
  const bytes = bs58.decodeUnsafe(address);
  return bytes?.length === KEY_BYTES ? bytes : undefined;
}

/**
 * Whether somebody can hold the key to an address: a point of the curve, written as it should be. Addresses of programs' accounts are
 * none. Pure.
 */
export const isWallet = (bytes: Uint8Array): boolean =>
  PublicKey.isOnCurve(bytes) && !SMALL_ORDER.has(Buffer.from(bytes).toString("hex"));

/** Whether a wallet signed exactly these bytes. @param signature 64 bytes in base58 or base64; any other text is no signature */
export function isSignedBy(address: string, message: Uint8Array, signature: string): boolean {
  const key = addressBytes(address);
  if (!key || !isWallet(key)) return false;
  const publicKey = createPublicKey({ key: Buffer.concat([SPKI, key]), format: "der", type: "spki" });
  return signaturesIn(signature).some((bytes) => verify(null, message, publicKey, bytes));
}

/** A text of 86 to 88 letters may be base58 and base64 at once. */
function signaturesIn(text: string): Uint8Array[] {
  if (text.length > 88) return [];
  const base64 = /^[A-Za-z0-9+/]{86}(==)?$/.test(text) ? [Buffer.from(text, "base64")] : [];
  return [...[bs58.decodeUnsafe(text)].filter((bytes) => bytes !== undefined), ...base64].filter(
    ({ length }) => length === SIGNATURE_BYTES,
  );
}
