import { expect, test } from "vitest";
import {
  attemptToken,
  claimToken,
  launchKeyIn,
  matchesHash,
  newJobToken,
  same,
  seal,
  sha256,
  unseal,
} from "./tokens.ts";

const secret = Buffer.alloc(32, 1);
const other = Buffer.alloc(32, 2);
const KEY = "kk-01jd0000000000000000000000-e1";

test("a job's token is long, new each time, and known again by its hash alone", () => {
  const token = newJobToken();
  expect(token).toMatch(/^kkj_[\w-]{43}$/);
  expect(newJobToken()).not.toBe(token);
  expect(matchesHash(token, sha256(token))).toBe(true);
  expect(matchesHash(`${token}x`, sha256(token))).toBe(false);
  expect(matchesHash(sha256(token), sha256(token))).toBe(false);
  expect(matchesHash(undefined, sha256(""))).toBe(false);
});

test("a launch has the same claim token each time it is submitted, and no other launch or purpose has it", () => {
  expect(claimToken(secret, KEY)).toBe(claimToken(secret, KEY));
  const tokens = [
    claimToken(secret, KEY),
    claimToken(secret, KEY.replace("-e1", "-e2")),
    claimToken(other, KEY),
    attemptToken(secret, KEY, sha256("nonce")),
    attemptToken(secret, KEY, sha256("another nonce")),
  ];
  expect(new Set(tokens).size).toBe(tokens.length);
});

test("an attempt token names its launch; other texts name none", () => {
  expect(launchKeyIn(attemptToken(secret, KEY, "hash"))).toBe(KEY);
  for (const text of ["", KEY, claimToken(secret, KEY), `kka_${KEY}`, `kka_../${KEY}.x`, `x kka_${KEY}.x`])
    expect(launchKeyIn(text)).toBeUndefined();
});

test("texts of any length can be compared", () => {
  expect(same("", "")).toBe(true);
  expect(same("ü", "u")).toBe(false);
  expect(same("abc", "abd")).toBe(false);
  expect(same("ab", "abc")).toBe(false);
});

test("what was sealed can be read with the secret only, and not after a change", () => {
  const sealed = seal(secret, "a tökén");
  expect(sealed).not.toContain("kén");
  expect(seal(secret, "a tökén")).not.toBe(sealed);
  expect(unseal(secret, sealed)).toBe("a tökén");
  expect(() => unseal(other, sealed)).toThrow();
  for (const place of [0, 20, sealed.length - 1]) {
    const changed = sealed.slice(0, place) + (sealed[place] === "A" ? "B" : "A") + sealed.slice(place + 1);
    if (Buffer.from(changed, "base64url").equals(Buffer.from(sealed, "base64url"))) continue;
    expect(() => unseal(secret, changed)).toThrow();
  }
  expect(() => unseal(secret, "")).toThrow();
  expect(() => unseal(secret, sealed.slice(0, 30))).toThrow();
});
