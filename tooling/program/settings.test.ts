import { PublicKey } from "@solana/web3.js";
import BN from "bn.js";
import { expect, test } from "vitest";
import { baseUnits, differences, type Settings } from "./settings.ts";

test.each([
  ["0.10", 100_000],
  ["1", 1_000_000],
  ["0.000001", 1],
  ["12.5", 12_500_000],
])("a price of %s USDC is %i base units", (price, units) => {
  expect(Number(baseUnits(price))).toBe(units);
});
test.each(["0", "0.0", "-1", "1e3", "0.0000001", "", "1.", "ten"])("%j is no price", (price) => {
  expect(() => baseUnits(price)).toThrow("positive amount");
});

test("what differs from the settings on chain is told by name", () => {
  const key = (byte: number) => new PublicKey(new Uint8Array(32).fill(byte));
  const settings: Settings = {
    ...{ admin: key(1), pendingAdmin: key(0), spender: key(2), usdcMint: key(3), treasury: key(4) },
    ...{ price: new BN(100_000), paused: false },
  };
  expect(differences({}, settings)).toEqual([]);
  expect(differences({ spender: key(2), price: new BN(100_000) }, settings)).toEqual([]);
  expect(differences({ treasury: key(5), price: new BN(1) }, settings)).toEqual([
    `treasury is ${key(4)} on chain and not ${key(5)}`,
    "price is 100000 on chain and not 1",
  ]);
});
