import { PublicKey } from "@solana/web3.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { aWallet, base58, malleated } from "./testing-wallet.ts";
import { addressBytes, isSignedBy, isWallet } from "./wallet.ts";

const alice = aWallet("alice");
const MESSAGE = Buffer.from("a message");
const SIGNATURE = alice.sign(MESSAGE);
const P = 2n ** 255n - 19n;
/** A point's 32 bytes, of its second coordinate and the sign of the first. */
const point = (y: bigint, sign: 0n | 1n = 0n) =>
  Buffer.from((y | (sign << 255n)).toString(16).padStart(64, "0"), "hex").reverse();

describe("an address", () => {
  test.each([
    ["an ordinary one", alice.address, true],
    ["one that begins with ones", base58(Buffer.concat([Buffer.alloc(5), Buffer.alloc(27, 9)])), true],
    ["nothing", "", false],
    ["a short one", base58(Buffer.alloc(31, 1)), false],
    ["a long one", base58(Buffer.alloc(33, 1)), false],
    ["another alphabet", alice.address.replace(/.$/, "0"), false],
    ["blanks round it", ` ${alice.address}`, false],
    ["a megabyte", "1".repeat(1 << 20), false],
    ["letters of two bytes", "\u00e9".repeat(32), false],
  ])("%s is 32 bytes or none", (_name, text, good) => {
    expect(addressBytes(text)?.length).toBe(good ? 32 : undefined);
  });
});

describe("who can sign", () => {
  test("a wallet can, an account of a program cannot", () => {
    expect(isWallet(addressBytes(alice.address) ?? Buffer.alloc(0))).toBe(true);
    const program = new PublicKey(alice.address);
    for (let index = 0; index < 20; index++) {
      const [account] = PublicKey.findProgramAddressSync([Buffer.from([index])], program);
      expect(isWallet(account.toBytes())).toBe(false);
    }
  });

  const EIGHT = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;
  const OTHER_EIGHT = P - EIGHT;
  const weak: [string, Buffer][] = [
    ["the neutral point", point(1n)],
    ["the point of order 2", point(P - 1n)],
    ["the system program (order 4)", point(0n)],
    ["the other point of order 4", point(0n, 1n)],
    ["a point of order 8", point(EIGHT)],
    ["its negative", point(EIGHT, 1n)],
    ["another point of order 8", point(OTHER_EIGHT)],
    ["the negative of that", point(OTHER_EIGHT, 1n)],
  ];
  test.each(weak)(
    "%s is a point of the curve, but a signature by it needs no secret: it is no wallet",
    (_name, key) => {
      expect(PublicKey.isOnCurve(key)).toBe(true);
      expect(isWallet(key)).toBe(false);
      for (const [, first] of weak) {
        const forged = base58(Buffer.concat([first, Buffer.alloc(32)]));
        for (let index = 0; index < 8; index++)
          expect(isSignedBy(base58(key), Buffer.from([index]), forged)).toBe(false);
      }
    },
  );

  test.each([
    ["zero written as p", point(P)],
    ["one written as p + 1", point(P + 1n)],
    ["three written as p + 3", point(P + 3n)],
    ["the neutral point with a sign", point(1n, 1n)],
    ["all ones", Buffer.alloc(32, 255)],
  ])("%s is no way to write a point", (_name, key) => expect(isWallet(key)).toBe(false));
});

describe("a signature", () => {
  test("counts in base58, and in base64 with and without its end", () => {
    for (const text of [
      base58(SIGNATURE),
      SIGNATURE.toString("base64"),
      SIGNATURE.toString("base64").slice(0, 86),
    ])
      expect(isSignedBy(alice.address, MESSAGE, text)).toBe(true);
  });

  const flipped = (place: number) => {
    const bytes = Buffer.from(SIGNATURE);
    bytes[place] = (bytes[place] ?? 0) ^ 1;
    return bytes;
  };
  test.each<[string, string]>([
    ["nothing", ""],
    ["63 bytes", base58(SIGNATURE.subarray(0, 63))],
    ["65 bytes", base58(Buffer.concat([SIGNATURE, Buffer.alloc(1)]))],
    ["zeros", base58(Buffer.alloc(64))],
    ["a bit off in its first half", base58(flipped(0))],
    ["a bit off in its second half", base58(flipped(32))],
    ["written another way (malleated)", base58(malleated(SIGNATURE))],
    ["the same in base64", malleated(SIGNATURE).toString("base64")],
    ["hex", SIGNATURE.toString("hex")],
    ["base58 junk", "0OIl".repeat(22)],
    ["base64 junk", "====".repeat(22)],
    ["64 kB", "1".repeat(65_536)],
    ["another wallet's", base58(aWallet("bob").sign(MESSAGE))],
    ["one of another message", base58(alice.sign("another message"))],
  ])("%s is none", (_name, text) => expect(isSignedBy(alice.address, MESSAGE, text)).toBe(false));

  test("what is called malleated differs from the true one by the order of the group, and in nothing else", () => {
    const other = malleated(SIGNATURE);
    expect(other.length).toBe(64);
    expect(other.subarray(0, 32)).toEqual(SIGNATURE.subarray(0, 32));
    expect(other.equals(SIGNATURE)).toBe(false);
  });

  test("an address that is none has signed nothing", () => {
    expect(isSignedBy("no address", MESSAGE, base58(SIGNATURE))).toBe(false);
  });

  test("no text at all is taken for one, whatever it is made of, and none breaks anything", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 100 }),
      fc.string({
        unit: fc.constantFrom(..."123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
        maxLength: 90,
      }),
      fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => base58(bytes)),
      fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString("base64")),
    );
    const address = fc.oneof(
      fc.constant(alice.address),
      text,
      fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => base58(bytes)),
    );
    fc.assert(
      fc.property(address, text, fc.uint8Array({ maxLength: 200 }), (who, signature, message) => {
        expect(isSignedBy(who, message, signature)).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
