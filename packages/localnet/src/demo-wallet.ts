import { createPrivateKey, createPublicKey, randomBytes, sign } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import bs58 from "bs58";

const SEED_BYTES = 32;
const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
/** RFC 8410: what stands before the 32 bytes of an Ed25519 seed in PKCS #8. */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

/** A wallet whose key lies in a file: for a chain of this machine alone, where money is play money. */
export interface DemoWallet {
  /** base58 */
  address: string;
  /** base58 */
  signMessage(message: string): string;
  /** @param transaction base64, of any version but 1 @returns the same with this wallet's signature, base64 */
  signTransaction(transaction: string): string;
}

/** The wallet of the file, or a new one that is kept there. @throws Error where the file is something else */
export function openDemoWallet(file: string): DemoWallet {
  const seed = readSeed(file) ?? makeSeed(file);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  const publicKey = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-KEY_BYTES);
  return {
    address: bs58.encode(publicKey),
    signMessage: (message) => bs58.encode(sign(null, Buffer.from(message), key)),
    signTransaction(transaction) {
      const bytes = Buffer.from(transaction, "base64");
      const count = bytes[0] ?? 0; // up to 127 signatures, and never so many
      const message = bytes.subarray(1 + count * SIGNATURE_BYTES);
      const header = ((message[0] ?? 0) & 0x80) === 0 ? 3 : 4;
      const keyAt = (index: number) =>
        message.subarray(header + 1 + index * KEY_BYTES, header + 1 + (index + 1) * KEY_BYTES);
      const mine = Array.from({ length: count }, (_, index) => index).find((index) =>
        keyAt(index).equals(publicKey),
      );
      if (mine === undefined) throw new Error("The transaction does not ask for the demo wallet's signature");
      sign(null, message, key).copy(bytes, 1 + mine * SIGNATURE_BYTES);
      return bytes.toString("base64");
    },
  };
}

function readSeed(file: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (!/^[0-9a-f]{64}$/.test(text)) throw new Error(`${file} is not the key of a demo wallet`);
  return Buffer.from(text, "hex");
}

function makeSeed(file: string): Buffer {
  const seed = randomBytes(SEED_BYTES);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${seed.toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  return seed;
}
