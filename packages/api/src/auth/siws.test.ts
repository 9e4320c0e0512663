import type { SignInInput } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSignInText, signInText } from "./siws.ts";

const ASKED: SignInInput = {
  domain: "clips.example.com",
  address: "7sSX6PTR3PuuxLLYeZ5zXuDqzAnGQRQm6WqZyRzGvH9k",
  statement: "Sign in to KangKlip. This costs nothing and moves no funds.",
  uri: "https://clips.example.com",
  version: "1",
  chainId: "solana:devnet",
  nonce: "0123456789abcdef",
  issuedAt: "2026-11-26T05:00:00.000Z",
  expirationTime: "2026-11-26T05:05:00.000Z",
};
/** As the message format of Sign-In-With-Solana writes it. */
const TEXT = `clips.example.com wants you to sign in with your Solana account:
7sSX6PTR3PuuxLLYeZ5zXuDqzAnGQRQm6WqZyRzGvH9k

Sign in to KangKlip. This costs nothing and moves no funds.

URI: https://clips.example.com
Version: 1
Chain ID: solana:devnet
Nonce: 0123456789abcdef
Issued At: 2026-11-26T05:00:00.000Z
Expiration Time: 2026-11-26T05:05:00.000Z`;

test("the text is that of Sign-In-With-Solana, letter for letter", () =>
  expect(signInText(ASKED)).toBe(TEXT));

describe("reading a text", () => {
  const from = (letters: string, { min = 1, max = 30 } = {}) =>
    fc.array(fc.constantFrom(...letters), { minLength: min, maxLength: max }).map((all) => all.join(""));
  const word = from("abcXYZ019.:/-_?&=%+\u00e9\u4e2d");
  const input: fc.Arbitrary<SignInInput> = fc.record({
    domain: word,
    address: from("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", { min: 32, max: 44 }),
    statement: from("abc XYZ.:- URI\u00e9\u4e2d", { max: 80 }),
    uri: word,
    version: fc.constant("1" as const),
    chainId: word,
    nonce: from("0123456789abcdefXYZ", { min: 8, max: 64 }),
    issuedAt: word,
    expirationTime: word,
  });

  test("every request is found again in its own text", () => {
    fc.assert(
      fc.property(input, (asked) => {
        expect(parseSignInText(signInText(asked))).toEqual({ input: asked, notBefore: undefined });
      }),
      { numRuns: 500 },
    );
  });

  test("no text is read as a request whose own text is another one", () => {
    const place = fc.nat({ max: TEXT.length });
    const noise = fc.constantFrom("", "\n", "\r", " ", "x", "\0", "\u2028", "URI: x\n", "\nNonce: 12345678");
    fc.assert(
      fc.property(fc.array(fc.tuple(place, fc.nat({ max: 3 }), noise), { maxLength: 3 }), (edits) => {
        const text = edits.reduce(
          (all, [at, cut, added]) => all.slice(0, at) + added + all.slice(at + cut),
          TEXT,
        );
        const read = parseSignInText(text);
        if (read) expect(signInText(read.input)).toBe(text);
      }),
      { numRuns: 5000 },
    );
  });

  test("what a wallet may add behind the fields is read over, but a time from which it counts is told", () => {
    const added = `${TEXT}\nNot Before: 2026-11-26T05:01:00.000Z\nRequest ID: 7\nResources:\n- https://a.example\n- ipfs://b`;
    expect(parseSignInText(added)).toEqual({ input: ASKED, notBefore: "2026-11-26T05:01:00.000Z" });
    expect(parseSignInText(`${TEXT}\nRequest ID: `)?.input).toEqual(ASKED);
    expect(parseSignInText(`${TEXT}\nResources:`)?.input).toEqual(ASKED);
  });

  test.each([
    ["nothing", ""],
    ["a line break at the end", `${TEXT}\n`],
    ["Windows line breaks", TEXT.replaceAll("\n", "\r\n")],
    ["a field that lacks", TEXT.replace("Version: 1\n", "")],
    ["a field given twice", TEXT.replace("Nonce:", "Nonce: 0123456789abcdef\nNonce:")],
    [
      "fields in another order",
      TEXT.replace("Version: 1\nChain ID: solana:devnet", "Chain ID: solana:devnet\nVersion: 1"),
    ],
    ["a field of another kind", `${TEXT}\nAdmin: yes`],
    ["another version", TEXT.replace("Version: 1", "Version: 2")],
    ["a scheme before the domain", `https://${TEXT}`.replace("clips", "cl ips")],
    ["an address of another alphabet", TEXT.replace("7sSX", "0sSX")],
    ["a nonce that is too short", TEXT.replace("0123456789abcdef", "0123456")],
    ["a nonce with other letters", TEXT.replace("0123456789abcdef", "0123-456789")],
    ["no statement", TEXT.replace(`${ASKED.statement}\n\n`, "")],
    ["a statement of two lines", TEXT.replace("KangKlip.", "KangKlip.\n")],
    ["blanks before a field", TEXT.replace("Nonce", " Nonce")],
    ["an Ethereum text", TEXT.replace("Solana", "Ethereum")],
  ])("%s is refused", (_name, text) => expect(parseSignInText(text)).toBeUndefined());
});
