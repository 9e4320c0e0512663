import { generateKeyPairSync, sign, verify } from "node:crypto";
import { expect, test } from "vitest";
import { firstSignature, signInText, withSignature } from "./solana-bytes.ts";

function keyPair() {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = new Uint8Array(publicKey.export({ format: "der", type: "spki" }).subarray(-32));
  return {
    raw,
    sign: async (message: Uint8Array) => new Uint8Array(sign(null, message, privateKey)),
    signed: (message: Uint8Array, signature: Uint8Array) => verify(null, message, publicKey, signature),
  };
}

/** An unsigned transaction that these keys must sign; `version`: none for the legacy form. */
function transaction(signers: Uint8Array[], version: number | null): Uint8Array {
  const message = [
    ...(version === null ? [] : [0x80 + version]),
    ...[signers.length, 0, 1, signers.length + 1],
    ...signers.flatMap((key) => [...key]),
    ...new Uint8Array(32), // the program
    ...new Uint8Array(32).fill(7), // the blockhash
    0,
  ];
  return Uint8Array.from([signers.length, ...new Uint8Array(64 * signers.length), ...message]);
}

test.each([null, 0])("a signature goes to the place of its key (version %s)", async (version) => {
  const [payer, second] = [keyPair(), keyPair()];
  const unsigned = transaction([payer.raw, second.raw], version);
  const before = Uint8Array.from(unsigned);
  const signed = await withSignature(unsigned, second.raw, second.sign);
  expect(unsigned).toEqual(before);
  expect(signed.subarray(1, 65)).toEqual(new Uint8Array(64)); // the payer's is still to come
  expect(second.signed(signed.subarray(129), signed.subarray(65, 129))).toBe(true);
  expect(() => firstSignature(signed)).toThrow("not signed");
  const whole = await withSignature(signed, payer.raw, payer.sign);
  expect(payer.signed(whole.subarray(129), firstSignature(whole))).toBe(true);
});

test("what is not this wallet's to sign, or no transaction, is refused", async () => {
  const [payer, stranger] = [keyPair(), keyPair()];
  const unsigned = transaction([payer.raw], 0);
  await expect(withSignature(unsigned, stranger.raw, stranger.sign)).rejects.toThrow("not for this wallet");
  await expect(withSignature(transaction([payer.raw], 3), payer.raw, payer.sign)).rejects.toThrow(
    "version 3",
  );
  for (const bytes of [[], [0], [1, 2, 3], [200, ...new Uint8Array(1200)]])
    await expect(withSignature(Uint8Array.from(bytes), payer.raw, payer.sign)).rejects.toThrow(
      "not a transaction",
    );
});

test("the text of a sign-in is the one that wallets show", () => {
  const text = signInText(
    {
      domain: "clips.example",
      statement: "Sign in to KangKlip.",
      uri: "https://clips.example",
      version: "1",
      chainId: "solana:localnet",
      nonce: "abcdef0123456789",
      issuedAt: "2026-11-26T05:00:00.000Z",
      expirationTime: "2026-11-26T05:05:00.000Z",
    },
    "7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU",
  );
  expect(text).toBe(`clips.example wants you to sign in with your Solana account:
7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU

Sign in to KangKlip.

URI: https://clips.example
Version: 1
Chain ID: solana:localnet
Nonce: abcdef0123456789
Issued At: 2026-11-26T05:00:00.000Z
Expiration Time: 2026-11-26T05:05:00.000Z`);
});
