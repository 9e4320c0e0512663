import { expect, test } from "vitest";
import { KangKlipError } from "./errors.ts";
import { type AddressPolicy, isPublicAddress, parseSourceUrl } from "./source-url.ts";
import { SOURCE_URLS } from "./source-url-corpus.ts";

const PUBLIC_ONLY: AddressPolicy = { allow_private: false, allow_origins: [] };
/** Names that look public: what they resolve to is checked where the connection is made. */
const CAUGHT_AT_THE_ADDRESS = ["u79", "u80", "u81"];

const refusal = (url: string, policy = PUBLIC_ONLY) => {
  try {
    parseSourceUrl(url, policy);
    return undefined;
  } catch (error) {
    return error instanceof KangKlipError ? error.code : "NOT_A_NAMED_ERROR";
  }
};

test.each(SOURCE_URLS.filter(([id]) => !CAUGHT_AT_THE_ADDRESS.includes(id)))(
  "%s: %j is refused: %s",
  (_id, url, refused) => {
    expect(["INVALID_INPUT", "SOURCE_REFUSED", undefined]).toContain(refusal(url));
    expect(refusal(url) !== undefined).toBe(refused);
  },
);

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
