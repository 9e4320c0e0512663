import type { Challenge } from "@kangklip/contract";
import { Challenge as ChallengeSchema, KangKlipError, Session, Verified } from "@kangklip/contract";
import { PublicKey } from "@solana/web3.js";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JobStore } from "../jobs/store.ts";
import { createLimits } from "../limits.ts";
import { createAuth } from "./auth.ts";
import { aWallet, base58, malleated } from "./testing-wallet.ts";

const alice = aWallet("alice");
const bob = aWallet("bob");
const [account] = PublicKey.findProgramAddressSync([Buffer.from("config")], new PublicKey(bob.address));
const CANNOT_SIGN = "wallet_address must be of a wallet that can sign";
const HERE = { address: "192.0.2.1", origin: undefined };
const DAY_MS = 86_400_000;
const ORIGINS = ["https://clips.example.com", "http://localhost:3000"];

/**
 * What signing in promises, on any store.
 * @param open a store of its own and how to close it
 */
export function testAuth(title: string, open: () => Promise<{ store: JobStore; close(): Promise<void> }>) {
  describe(`signing in on ${title}`, () => {
    let store: JobStore;
    let close: () => Promise<void>;
    let time: number;
    let written: string[];
    let auth: ReturnType<typeof createAuth>;
    const made = (jobsPerMinute = 1000) =>
      createAuth({
        store: noted(store),
        limits: createLimits({ jobsPerMinute }),
        origins: () => ORIGINS,
        chain: async () => "devnet",
        now: () => time,
      });
    /** Remembers everything that is written. */
    const noted = (inner: JobStore): JobStore => ({
      ...inner,
      note: (key, value, ttlMs) => {
        written.push(`${key} ${value}`);
        return inner.note(key, value, ttlMs);
      },
    });
    const answer = (asked: Challenge, over: object = {}) =>
      auth.verify(
        {
          wallet_address: asked.wallet_address,
          nonce: asked.nonce,
          signature: base58(alice.sign(asked.challenge)),
          signed_message: undefined,
          ...over,
        },
        HERE,
      );
    const refused = (code: string, message: string) => expect.objectContaining({ code, message });
    const refusal = (call: Promise<unknown>) =>
      call.then(
        () => "let through",
        (error: unknown) => error,
      );
    const signedIn = async () => (await answer(await auth.challenge(alice.address, HERE))).auth_token;

    beforeEach(async () => {
      ({ store, close } = await open());
      time = Date.parse("2026-11-26T05:00:00Z");
      written = [];
      auth = made();
    });
    afterEach(() => close());

    describe("a challenge", () => {
      test("is the documented answer, and its text is what the request for the wallet says", async () => {
        const asked = await auth.challenge(alice.address, HERE);
        expect(ChallengeSchema.parse(asked)).toEqual(asked);
        expect(Object.keys(asked).slice(0, 4)).toEqual([
          "wallet_address",
          "challenge",
          "nonce",
          "expires_in",
        ]);
        expect(asked).toMatchObject({ wallet_address: alice.address, expires_in: 300 });
        expect(asked.nonce).toMatch(/^[0-9a-f]{64}$/);
        expect(asked.sign_in_input).toEqual({
          domain: "clips.example.com",
          address: alice.address,
          statement: "Sign in to KangKlip. This costs nothing and moves no funds.",
          uri: "https://clips.example.com",
          version: "1",
          chainId: "solana:devnet",
          nonce: asked.nonce,
          issuedAt: "2026-11-26T05:00:00.000Z",
          expirationTime: "2026-11-26T05:05:00.000Z",
        });
        for (const value of Object.values(asked.sign_in_input)) expect(asked.challenge).toContain(value);
      });

      test.each([
        ["http://localhost:3000", "localhost:3000"],
        ["https://evil.example", "clips.example.com"],
        ["https://clips.example.com.evil.example", "clips.example.com"],
        ["https://clips.example.com/", "clips.example.com"],
        ["null", "clips.example.com"],
        [undefined, "clips.example.com"],
      ])("for a page at %s names %s", async (origin, domain) => {
        const { sign_in_input } = await auth.challenge(alice.address, { ...HERE, origin });
        expect(sign_in_input.domain).toBe(domain);
        expect(new URL(sign_in_input.uri).host).toBe(domain);
      });

      test.each([
        ["no address", "wallet", "wallet_address is required"],
        ["31 bytes", base58(Buffer.alloc(31, 1)), "wallet_address is required"],
        ["an account of a program", account.toBase58(), CANNOT_SIGN],
        ["the system program", "11111111111111111111111111111111", CANNOT_SIGN],
      ])("is given to no wallet with %s", async (_name, address, message) => {
        expect(await refusal(auth.challenge(address, HERE))).toEqual(refused("INVALID_INPUT", message));
        expect(written).toEqual([]);
      });
    });

    describe("an answer", () => {
      test("by the wallet that was asked gives a token for a day", async () => {
        const asked = await auth.challenge(alice.address, HERE);
        const verified = await answer(asked);
        expect(Verified.parse(verified)).toEqual(verified);
        expect(verified.auth_token).toMatch(/^kkw_[\w-]{43}$/);
        expect(await auth.walletOf(verified.auth_token)).toBe(alice.address);
        const session = await auth.session(verified.auth_token);
        expect(Session.parse(session)).toEqual({
          wallet_address: alice.address,
          expires_at: "2026-11-27T05:00:00.000Z",
        });
      });

      test("may be in base64, and may bring the text that the wallet wrote itself", async () => {
        const first = await auth.challenge(alice.address, HERE);
        await answer(first, { signature: alice.sign(first.challenge).toString("base64") });
        const second = await auth.challenge(alice.address, HERE);
        const text = `${second.challenge}\nRequest ID: 7`;
        const signed = {
          signed_message: Buffer.from(text).toString("base64"),
          signature: base58(alice.sign(text)),
        };
        expect(await answer(second, signed)).toMatchObject({ expires_in: 86_400 });
      });

      test("counts once: the same again, and any other with its nonce, is refused", async () => {
        const asked = await auth.challenge(alice.address, HERE);
        await answer(asked);
        expect(await refusal(answer(asked))).toEqual(refused("INVALID_INPUT", "invalid nonce"));
      });

      test("of a hundred at once with one nonce exactly one gives a token", async () => {
        const asked = await auth.challenge(alice.address, HERE);
        const all = await Promise.allSettled(Array.from({ length: 100 }, () => answer(asked)));
        expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
        for (const one of all)
          if (one.status === "rejected")
            expect(one.reason).toEqual(refused("INVALID_INPUT", "invalid nonce"));
        expect(written.filter((line) => line.startsWith("session:"))).toHaveLength(1);
      });

      test("that is wrong spends the nonce too", async () => {
        for (const over of [{ signature: base58(bob.sign("x")) }, { wallet_address: bob.address }]) {
          const asked = await auth.challenge(alice.address, HERE);
          expect(await refusal(answer(asked, over))).toBeInstanceOf(KangKlipError);
          expect(await refusal(answer(asked))).toEqual(refused("INVALID_INPUT", "invalid nonce"));
        }
      });

      test("is taken up to the last millisecond of five minutes, then the nonce has expired, then it never was", async () => {
        const [last, late, forgotten] = [
          await auth.challenge(alice.address, HERE),
          await auth.challenge(alice.address, HERE),
          await auth.challenge(alice.address, HERE),
        ];
        time += 299_999;
        await answer(last);
        time += 1;
        expect(await refusal(answer(late))).toEqual(refused("INVALID_INPUT", "nonce expired"));
        await store.take(`sign-in:${forgotten.nonce}`); // as after ten minutes
        expect(await refusal(answer(forgotten))).toEqual(refused("INVALID_INPUT", "invalid nonce"));
      });

      const other = (asked: Challenge, from: string, to: string, who = alice) => {
        const text = asked.challenge.replace(from, to);
        if (text === asked.challenge) throw new Error(`${from} does not stand in the text`);
        return {
          signed_message: Buffer.from(text).toString("base64"),
          signature: base58(who.sign(text)),
        };
      };
      test.each<[string, (asked: Challenge) => object, string]>([
        ["no nonce of ours", () => ({ nonce: "0".repeat(64) }), "invalid nonce"],
        ["a nonce of 64 kB", () => ({ nonce: "0".repeat(65_536) }), "invalid nonce"],
        ["another note's key for a nonce", () => ({ nonce: "../session:x" }), "invalid nonce"],
        ["the nonce of another wallet", () => ({ wallet_address: bob.address }), "invalid nonce"],
        [
          "another wallet, signed by that",
          (asked) => ({ wallet_address: bob.address, signature: base58(bob.sign(asked.challenge)) }),
          "invalid nonce",
        ],
        [
          "another wallet's signature",
          (asked) => ({ signature: base58(bob.sign(asked.challenge)) }),
          "invalid signature",
        ],
        ["a signature of another text", () => ({ signature: base58(alice.sign("x")) }), "invalid signature"],
        [
          "a malleated signature",
          (asked) => ({ signature: base58(malleated(alice.sign(asked.challenge))) }),
          "invalid signature",
        ],
        [
          "a short signature",
          (asked) => ({ signature: base58(alice.sign(asked.challenge).subarray(1)) }),
          "invalid signature",
        ],
        ["base58 junk", () => ({ signature: "0OIl" }), "invalid signature"],
        [
          "a text for another site",
          (asked) => other(asked, "clips.example.com wants", "evil.example wants"),
          "invalid signature",
        ],
        [
          "a text for another address of the site",
          (asked) => other(asked, "URI: https://clips", "URI: https://klips"),
          "invalid signature",
        ],
        [
          "a text for another chain",
          (asked) => other(asked, "solana:devnet", "solana:mainnet"),
          "invalid signature",
        ],
        [
          "a text with another statement",
          (asked) => other(asked, "costs nothing", "costs all"),
          "invalid signature",
        ],
        [
          "a text with another nonce",
          (asked) => other(asked, asked.nonce, "0".repeat(64)),
          "invalid signature",
        ],
        [
          "a text that lasts longer",
          (asked) => other(asked, "Expiration Time: 2026", "Expiration Time: 2036"),
          "invalid signature",
        ],
        [
          "a text of another time",
          (asked) => other(asked, "Issued At: 2026", "Issued At: 2025"),
          "invalid signature",
        ],
        [
          "a text that counts later",
          (asked) =>
            other(
              asked,
              /Expiration.*/.exec(asked.challenge)?.[0] ?? "",
              `${/Expiration.*/.exec(asked.challenge)?.[0]}\nNot Before: 2026-11-26T05:04:00.000Z`,
            ),
          "invalid signature",
        ],
        [
          "a text that names the victim, signed by the thief",
          (asked) => ({
            signed_message: Buffer.from(asked.challenge).toString("base64"),
            signature: base58(bob.sign(asked.challenge)),
          }),
          "invalid signature",
        ],
        [
          "the thief's text for his own address",
          (asked) => other(asked, alice.address, bob.address, bob),
          "invalid signature",
        ],
        ["bytes that are no text", () => ({ signed_message: "/////w==" }), "invalid signature"],
        ["an empty text", () => ({ signed_message: "" }), "invalid signature"],
        [
          "a transaction's bytes in the place of a text",
          () => {
            const bytes = Buffer.concat([Buffer.from([1, 0, 1, 3]), Buffer.alloc(120, 7)]);
            return { signed_message: bytes.toString("base64"), signature: base58(alice.sign(bytes)) };
          },
          "invalid signature",
        ],
      ])("with %s is refused", async (_name, over, text) => {
        const asked = await auth.challenge(alice.address, HERE);
        written = [];
        const code = text === "invalid signature" ? "NOT_SIGNED_IN" : "INVALID_INPUT";
        expect(await refusal(answer(asked, over(asked)))).toEqual(refused(code, text));
        expect(written).toEqual([]);
      });
    });

    test("whatever is sent in an answer's place, it is refused with words of ours", async () => {
      const asked = await auth.challenge(alice.address, HERE);
      const text = fc.oneof(
        fc.string({ unit: "binary", maxLength: 90 }),
        fc.base64String({ maxLength: 400 }),
      );
      const sent = fc.record(
        {
          wallet_address: fc.oneof(fc.constant(alice.address), text),
          nonce: fc.oneof(fc.constant(asked.nonce), text),
          signature: text,
          signed_message: fc.base64String({ maxLength: 400 }),
        },
        { noNullPrototype: true },
      );
      await fc.assert(
        fc.asyncProperty(sent, async (over) => {
          expect(await refusal(answer(asked, over))).toBeInstanceOf(KangKlipError);
        }),
        { numRuns: 60 },
      );
      expect(written.filter((line) => line.startsWith("session:"))).toEqual([]);
    });

    describe("a session", () => {
      test("is kept under the hash of its token, and nothing that is written holds the token or the signature", async () => {
        const asked = await auth.challenge(alice.address, HERE);
        const signature = base58(alice.sign(asked.challenge));
        const { auth_token } = await answer(asked, { signature });
        expect(written.join("\n")).toContain(alice.address);
        for (const secret of [auth_token, auth_token.slice(4), signature])
          expect(written.join("\n")).not.toContain(secret);
      });

      test("ends after a day, to the millisecond", async () => {
        const token = await signedIn();
        time += DAY_MS - 1;
        expect(await auth.walletOf(token)).toBe(alice.address);
        time += 1;
        expect(await refusal(auth.walletOf(token))).toEqual(refused("NOT_SIGNED_IN", "invalid auth token"));
      });

      test("ends with its logout, and no other does", async () => {
        const [mine, phone] = [await signedIn(), await signedIn()];
        await auth.logout(mine, { everywhere: false });
        expect(await refusal(auth.walletOf(mine))).toEqual(refused("NOT_SIGNED_IN", "invalid auth token"));
        expect(await refusal(auth.logout(mine, { everywhere: false }))).toEqual(
          refused("NOT_SIGNED_IN", "invalid auth token"),
        );
        expect(await auth.walletOf(phone)).toBe(alice.address);
      });

      test("a logout everywhere ends all sessions of the wallet, none of another, and hinders no new one", async () => {
        const [mine, phone] = [await signedIn(), await signedIn()];
        const asked = await auth.challenge(bob.address, HERE);
        const bobs = (await answer(asked, { signature: base58(bob.sign(asked.challenge)) })).auth_token;
        await auth.logout(mine, { everywhere: true });
        for (const token of [mine, phone])
          expect(await refusal(auth.walletOf(token))).toEqual(refused("NOT_SIGNED_IN", "invalid auth token"));
        expect(await auth.walletOf(bobs)).toBe(bob.address);
        expect(await auth.walletOf(await signedIn())).toBe(alice.address);
      });

      test.each([
        ["no token", undefined, "auth token required"],
        ["an empty one", "", "auth token required"],
        ["one of nobody", `kkw_${"w".repeat(43)}`, "invalid auth token"],
        ["two at once", "kkw_a, kkw_b", "invalid auth token"],
      ])("with %s there is none", async (_name, token, text) => {
        expect(await refusal(auth.session(token))).toEqual(refused("NOT_SIGNED_IN", text));
        expect(await refusal(auth.logout(token, { everywhere: true }))).toEqual(
          refused("NOT_SIGNED_IN", text),
        );
      });
    });

    test("an address may ask so often in a minute; a wallet that many addresses ask for has a limit too", async () => {
      auth = made(1); // three requests for an address, twelve for a wallet
      const ask = (address: string, wallet = alice) =>
        refusal(auth.challenge(wallet.address, { ...HERE, address }));
      const limited = expect.objectContaining({
        code: "RATE_LIMITED",
        retryAfterSeconds: expect.any(Number),
      });
      for (let index = 0; index < 3; index++) expect(await ask("192.0.2.1")).toBe("let through");
      expect(await ask("192.0.2.1")).toEqual(limited);
      const answered = {
        wallet_address: alice.address,
        nonce: "n",
        signature: "s",
        signed_message: undefined,
      };
      expect(await refusal(auth.verify(answered, { address: "192.0.2.1" }))).toEqual(limited);
      for (let index = 0; index < 9; index++) expect(await ask(`192.0.2.${10 + index}`)).toBe("let through");
      expect(await ask("192.0.2.99")).toEqual(limited);
      expect(await ask("192.0.2.99", bob)).toBe("let through");
    });
  });
}
