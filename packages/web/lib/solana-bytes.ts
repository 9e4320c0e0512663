import type { SolanaSignInInput } from "@solana/wallet-standard-features";

const SIGNATURE_BYTES = 64;
const KEY_BYTES = 32;
const VERSIONED = 0x80;

/** Where things lie in a transaction of the legacy form or of version 0: count, signatures, message. */
function partsOf(transaction: Uint8Array) {
  // a transaction of at most 1232 bytes holds at most 19 signatures: their count is always one byte
  const signatureCount = transaction[0] ?? 0;
  const messageAt = 1 + SIGNATURE_BYTES * signatureCount;
  const message = transaction.subarray(messageAt);
  if (signatureCount === 0 || signatureCount > 19 || message.length < 4)
    throw new Error("These bytes are not a transaction");
  const first = message[0] ?? 0;
  if (first > VERSIONED) throw new Error(`Transactions of version ${first - VERSIONED} are not known here`);
  const header = first === VERSIONED ? 1 : 0;
  const keysAt = header + 3 + 1; // three counts, then how many keys there are: below 128 in so few bytes
  return { signatureCount, message, keysAt };
}

/**
 * The transaction with the key's signature in its place; the bytes given stay as they are.
 * @param sign makes the 64 bytes for a message @throws where the key is none of those that must sign
 */
export async function withSignature(
  transaction: Uint8Array,
  publicKey: Uint8Array,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const { signatureCount, message, keysAt } = partsOf(transaction);
  for (let index = 0; index < signatureCount; index++) {
    const at = keysAt + KEY_BYTES * index;
    const key = message.subarray(at, at + KEY_BYTES);
    if (key.length < KEY_BYTES || !key.every((byte, place) => byte === publicKey[place])) continue;
    const signed = Uint8Array.from(transaction);
    signed.set(await sign(message), 1 + SIGNATURE_BYTES * index);
    return signed;
  }
  throw new Error("This transaction is not for this wallet to sign");
}

/** The first signature of a transaction, the payer's, by which the chain knows it. Pure. @throws where it is not signed */
export function firstSignature(transaction: Uint8Array): Uint8Array {
  partsOf(transaction);
  const signature = transaction.slice(1, 1 + SIGNATURE_BYTES);
  if (signature.every((byte) => byte === 0)) throw new Error("The transaction is not signed");
  return signature;
}

/** The text of Sign-In-With-Solana for an input. Pure. */
export function signInText(input: SolanaSignInInput & { domain: string }, address: string): string {
  const fields = [
    ["URI", input.uri],
    ["Version", input.version],
    ["Chain ID", input.chainId],
    ["Nonce", input.nonce],
    ["Issued At", input.issuedAt],
    ["Expiration Time", input.expirationTime],
    ["Not Before", input.notBefore],
    ["Request ID", input.requestId],
  ].flatMap(([name, value]) => (value ? [`${name}: ${value}`] : []));
  if (input.resources?.length) fields.push("Resources:", ...input.resources.map((one) => `- ${one}`));
  return [
    `${input.domain} wants you to sign in with your Solana account:`,
    input.address ?? address,
    ...(input.statement ? ["", input.statement] : []),
    ...(fields.length > 0 ? ["", ...fields] : []),
  ].join("\n");
}
