import type { CreditsInfo, Quote } from "@kangklip/contract";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { priceOf, timeText } from "./expect-text.ts";

const t = translateTo("en");
const offer: Quote["offers"][number] = {
  ...{ provider: "nosana", label: "a market", gpu: null, usd_per_hour: 0.4, vram_gb: null },
  ...{ availability: "available", seconds: 3600, usd: 0.4, chosen: true, reason: null },
};
const aQuote = (over: Partial<Quote> = {}): Quote => ({
  ...{ offers: [offer], expected_seconds: 200, message: "", expires_at: "2026-01-01T00:00:00Z" },
  ...over,
});
const credits = (generate_credits: number, unlock_credits: number) =>
  ({ enabled: true, generate_credits, unlock_credits }) as Extract<CreditsInfo, { enabled: true }>;

test("how long it takes is told roughly, and what is unknown as unknown", () => {
  expect(timeText(t, aQuote())).toBe("about 3 min");
  expect(timeText(t, aQuote({ expected_seconds: null }))).toContain("not known yet");
});

test("what it costs is told in dollars where there are no credits", () => {
  expect(priceOf(t, aQuote(), null)).toBe("$0.40 at most");
  expect(priceOf(t, aQuote({ offers: [{ ...offer, usd: 0 }] }), null)).toBe("nothing");
  expect(priceOf(t, aQuote({ offers: [{ ...offer, usd: null }] }), null)).toContain("not known");
  expect(priceOf(t, aQuote({ offers: [{ ...offer, chosen: false }] }), null)).toContain("no place");
  const free = { ...offer, usd: 0, chosen: false };
  expect(priceOf(t, aQuote({ offers: [free] }), null)).toBe("nothing");
  expect(priceOf(t, aQuote({ offers: [] }), null)).toContain("no place");
});

test("where there are credits they are what it costs, making and opening apart", () => {
  expect(priceOf(t, aQuote(), credits(2, 1))).toBe("2 credits, then 1 credit for each clip that you open");
  expect(priceOf(t, aQuote(), credits(0, 1))).toBe(
    "nothing to make them, 1 credit for each clip that you open",
  );
  expect(priceOf(t, aQuote(), credits(2, 0))).toBe("2 credits");
  expect(priceOf(t, aQuote(), credits(0, 0))).toBe("nothing");
});
