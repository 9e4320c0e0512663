import { expect, test } from "vitest";
import { base58 } from "./base58.ts";

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, "hex"));

test.each([
  // the test vectors of draft-msporny-base58-03
  ["48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"],
  [
    Buffer.from("The quick brown fox jumps over the lazy dog.").toString("hex"),
    "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
  ],
  ["0000287fb4cd", "11233QC4"],
  ["", ""],
  // the system program's and the token program's addresses
  ["00".repeat(32), "1".repeat(32)],
  [
    "06ddf6e1d765a193d9cbe146ceeb79ac1cb485ed5f5b37913a8cf5857eff00a9",
    "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
  ],
])("%s is written as %s", (hex, text) => {
  expect(base58(bytes(hex))).toBe(text);
});
