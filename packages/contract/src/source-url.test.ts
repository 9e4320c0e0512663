import fc from "fast-check";
import { expect, test } from "vitest";
import urls from "../corpus/urls.json" with { type: "json" };
import { KangKlipError } from "./errors.ts";
import { type AddressPolicy, isPublicAddress, parseSourceUrl } from "./source-url.ts";
import { expanded } from "./testing.ts";

interface Row {
  id: string;
  what: string;
  url: string;
  expect: "OK" | "INVALID_INPUT" | "SOURCE_REFUSED";
  /** What the name leads to, by whoever owns it: nobody is asked. */
  resolves_to?: string[];
}
/** Addresses as people and attackers give them. Data for pure functions: never dial them. */
const URLS: Row[] = expanded(urls as Row[]);
const PUBLIC_ONLY: AddressPolicy = { allow_private: false, allow_origins: [] };

const refusal = (url: string, policy = PUBLIC_ONLY) => {
  try {
    parseSourceUrl(url, policy);
    return undefined;
  } catch (error) {
    return error instanceof KangKlipError ? error.code : "NOT_A_NAMED_ERROR";
  }
};

test("the corpus has at least 105 addresses, each with an id of its own", () => {
  expect(URLS.length).toBeGreaterThanOrEqual(105);
  expect(new Set(URLS.map(({ id }) => id)).size).toBe(URLS.length);
  expect(new Set(URLS.map(({ url }) => url)).size).toBe(URLS.length);
});

test.each(URLS)("$id ($what): $url → $expect", (row) => {
  expect(refusal(row.url) ?? "OK").toBe(row.expect);
});

test.each(URLS.filter(({ resolves_to }) => resolves_to))(
  "$id: $url passes the parse wall and falls at the address wall",
  ({ resolves_to = [] }) => {
    expect(resolves_to.every(isPublicAddress)).toBe(false);
  },
);

test("what passes is handed on as a URL object that parses to itself", () => {
  for (const { url, expect: outcome } of URLS.filter((row) => row.expect === "OK")) {
    const parsed = parseSourceUrl(url, PUBLIC_ONLY);
    expect(refusal(parsed.href) ?? "OK", url).toBe(outcome);
    expect(parsed.href).toMatch(/^https?:\/\/[a-z0-9.:[\]-]+(\/|$)/);
  }
});

test("an origin of the operator's own list passes, its neighbour port does not", () => {
  const policy = { allow_private: false, allow_origins: ["http://127.0.0.1:4000"] };
  expect(parseSourceUrl("http://127.0.0.1:4000/talk.mp4", policy).pathname).toBe("/talk.mp4");
  expect(refusal("http://127.0.0.1:4001/talk.mp4", policy)).toBe("SOURCE_REFUSED");
});

test("private networks pass when the operator allows them, other schemes never do", () => {
  const policy = { allow_private: true, allow_origins: [] };
  expect(refusal("http://192.168.1.5:8080/talk.mp4", policy)).toBeUndefined();
  expect(refusal("file:///etc/passwd", policy)).toBe("INVALID_INPUT");
  expect(refusal("http://user:secret@192.168.1.5/", policy)).toBe("SOURCE_REFUSED");
});

test.each([
  ["8.8.8.8", true],
  ["2606:4700:4700::1111", true],
  ["::ffff:8.8.8.8", true],
  ["::ffff:10.0.0.1", false],
  ["168.63.129.16", false],
  ["::7f00:1", false],
  ["fe80::1%eth0", false],
  ["not an address", false],
])("%s is public: %s", (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});

test("whatever is given, it is refused by name or leads to a public place", () => {
  const octet = fc.oneof(
    fc.nat(300).map(String),
    fc.nat(300).map((n) => `0x${n.toString(16)}`),
    fc.nat(300).map((n) => `0${n.toString(8)}`),
  );
  const host = fc.oneof(
    fc.array(octet, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(".")),
    fc.ipV6().map((ip) => `[${ip}]`),
    fc.nat(2 ** 32 - 1).map(String),
    fc.domain(),
    fc.constantFrom("localhost", "LOCALHOST.", "a.local", "example.com", "127.0.0.1%00", "①②⑦.⓪.⓪.①"),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  const url = fc
    .tuple(
      fc.constantFrom(
        "http://",
        "https://",
        "HTTP://",
        "http:/",
        "//",
        "file://",
        "http:\\\\",
        "",
        " https://",
      ),
      fc.constantFrom("", "", "", "user@", "a:b@", "@"),
      host,
      fc.constantFrom("", "", ":80", ":443", ":22", ":99999", ":"),
      fc.oneof(fc.constant("/v.mp4"), fc.string({ unit: "binary", maxLength: 10 })),
    )
    .map((parts) => parts.join(""));
  fc.assert(
    fc.property(fc.oneof(url, fc.string({ unit: "binary" })), (text) => {
      const code = refusal(text);
      expect(["INVALID_INPUT", "SOURCE_REFUSED", undefined]).toContain(code);
      if (code !== undefined) return;
      const { protocol, hostname, port, username, password } = parseSourceUrl(text, PUBLIC_ONLY);
      expect(protocol).toMatch(/^https?:$/);
      expect(["", "80", "443"]).toContain(port);
      expect(username + password).toBe("");
      const bare = hostname.replace(/^\[|\]$/g, "");
      if (/^[\d.]+$|:/.test(bare)) expect(isPublicAddress(bare), text).toBe(true);
      else expect(bare).toMatch(/\./);
    }),
    { numRuns: 1000 },
  );
});
