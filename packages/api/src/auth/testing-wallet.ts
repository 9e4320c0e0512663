import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import bs58 from "bs58";

/** A wallet whose key comes from a text, the same each time. */
export function aWallet(seed: string) {
  const privateKey = createPrivateKey({
    key: Buffer.concat([
      Buffer.from("302e020100300506032b657004220420", "hex"),
      createHash("sha256").update(seed).digest(),
    ]),
    format: "der",
    type: "pkcs8",
  });
  const key = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-32);
  return {
    /** base58 */
    address: bs58.encode(key),
    /** 64 bytes. */
    sign: (message: string | Uint8Array): Buffer => sign(null, Buffer.from(message), privateKey),
  };
}

export const base58 = (bytes: Uint8Array) => bs58.encode(bytes);

/** 2^252 + 27742317777372353535851937790883648493: what an Ed25519 signature's second half is counted modulo. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The same signature with its second half written another way, which a careless verifier takes too. */
export function malleated(signature: Uint8Array): Buffer {
  const half = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + ORDER;
  const written = Buffer.from(half.toString(16).padStart(64, "0"), "hex").reverse();
  return Buffer.concat([signature.subarray(0, 32), written]);
}
