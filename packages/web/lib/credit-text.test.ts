import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import {
  chainId,
  creditsOf,
  creditsText,
  explorerUrl,
  feeText,
  returnPath,
  shortAddress,
  solText,
  topupHref,
  usdcText,
} from "./credit-text.ts";

const t = translateTo("en");

test("money is told whole to the cent, and as fine as it is", () => {
  expect(usdcText(t, 100_000)).toBe("0.10 USDC");
  expect(usdcText(t, 1)).toBe("0.000001 USDC");
  expect(usdcText(t, 1_234_500_000)).toBe("1,234.50 USDC");
  expect([creditsText(t, 1), creditsText(t, 0), creditsText(t, 12_345)]).toEqual([
    "1 credit",
    "0 credits",
    "12,345 credits",
  ]);
});

test("money is told in every language, with Latin digits, and its coin stays behind the number", () => {
  const [indonesian, arabic] = [translateTo("id"), translateTo("ar")];
  expect(usdcText(indonesian, 1_234_500_000)).toBe("1.234,50 USDC");
  expect(usdcText(arabic, 100_000)).toBe("\u20660.10 USDC\u2069");
  expect(creditsText(indonesian, 2)).toBe("2 kredit");
  expect([1, 2, 5, 12, 100].map((credits) => creditsText(arabic, credits))).toEqual([
    "رصيد واحد",
    "رصيدان",
    "5 أرصدة",
    "12 رصيدًا",
    "100 رصيد",
  ]);
});

test("a fee says whether it was taken and where it went", () => {
  const told = (["SENDING", "CHARGED", "REFUSED", "REFUNDING", "REFUNDED"] as const).map((state) =>
    feeText(t, { credits: 2, state }),
  );
  expect(told).toEqual([
    "2 credits, being taken",
    "2 credits",
    "none taken",
    "2 credits, on the way back",
    "2 credits, given back",
  ]);
});

test("SOL that is needed is rounded up: what one is told to get is enough", () => {
  expect(solText(t, 1_343_280)).toBe("0.0014 SOL");
  expect(solText(t, 1)).toBe("0.0001 SOL");
  expect(solText(t, 2_000_000_000)).toBe("2 SOL");
});

test("an amount is a whole number within the bounds, or none", () => {
  expect(["5", " 7 ", "10000"].map((text) => creditsOf(text, 10_000))).toEqual([5, 7, 10_000]);
  for (const text of ["", "0", "-1", "1.5", "1e3", "10001", "9".repeat(30), "five", "0x10"])
    expect(creditsOf(text, 10_000), text).toBeNull();
});

test("the way back leads to pages of ours that send people to top up, and nowhere else", () => {
  const job = "/jobs/kk_01JD0000000000000000000000#clip-2";
  expect(returnPath(job)).toBe(job);
  expect(returnPath("/generate-clips?url=https%3A%2F%2Fa.example%2Fx%3Fy%3D1")).not.toBeNull();
  const back = new URL(topupHref(job), "http://x").searchParams.get("return");
  expect(back).toBe(job);
  for (const path of [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/jobs/kk_01JD0000000000000000000000/../../x",
    "/generate-clips?url=a#x",
    "/topup?return=/topup",
    "",
    null,
  ])
    expect(returnPath(path), String(path)).toBeNull();
});

test("an explorer is linked by https alone", () => {
  expect(explorerUrl("https://explorer.example/tx/{signature}?cluster=devnet", "5sig")).toBe(
    "https://explorer.example/tx/5sig?cluster=devnet",
  );
  expect(explorerUrl(null, "5sig")).toBeNull();
  expect(explorerUrl("javascript:{signature}", "5sig")).toBeNull();
});

test("addresses are short enough to compare, chains are named as wallets name them", () => {
  expect(shortAddress("7xKXtg2CW87d97TXJSDpbD5jBkheTqA83TZRuJosgAsU")).toBe("7xKX…gAsU");
  expect(chainId("mainnet")).toBe("solana:mainnet");
});
