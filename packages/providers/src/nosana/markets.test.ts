import { describe, expect, test } from "vitest";
import type { Requirements } from "../provider.ts";
import { Markets } from "./answers.ts";
import { createWaits, offersOf } from "./markets.ts";

const NOW = Date.parse("2026-11-26T02:00:00Z");
const market = (slug: string, more: object = {}) => ({
  ...{
    address: `Address-${slug}`,
    slug,
    name: slug.toUpperCase(),
    type: "COMMUNITY",
    usd_reward_per_hour: 0.1,
  },
  ...{ network_fee_percentage: 10, gpu_types: [], required_images: [], ...more },
});
const markets = Markets.parse([
  market("a100", { usd_reward_per_hour: 1.5, gpu_types: ["NVIDIA A100 80GB"], type: "PREMIUM" }),
  market("4090", { usd_reward_per_hour: "0.4", gpu_types: ["NVIDIA GeForce RTX 4090"], lowest_vram: 24 }),
  market("3060", { gpu_types: ["NVIDIA GeForce RTX 3060"], lowest_vram: 12_288 }),
  market("mystery", { usd_reward_per_hour: null }),
  market("closed", { usd_reward_per_hour: 0, type: "OTHER" }),
  { no: "market" },
]);
const needs: Requirements = { gpu: "preferred", diskGb: 20, maxRuntimeSeconds: 3600 };
const slugs = (requirements: Partial<Requirements> = {}, wanted: string[] = []) =>
  offersOf(markets, { ...needs, ...requirements }, { wanted, now: NOW, usualWait: () => undefined }).map(
    ({ offerId }) => offerId.slice("Address-".length),
  );

describe("offers", () => {
  test("the price is what a node gets with the network's fee on top, the cheapest comes first, an unknown one last", () => {
    const offers = offersOf(markets, needs, { wanted: [], now: NOW, usualWait: () => undefined });
    expect(offers.map(({ offerId, usdPerHour }) => [offerId, usdPerHour])).toEqual([
      ["Address-3060", 0.11],
      ["Address-4090", 0.44],
      ["Address-a100", 1.65],
      ["Address-mystery", null],
    ]);
    expect(offers[1]).toEqual({
      ...{ provider: "nosana", offerId: "Address-4090", label: "4090 market", usdPerHour: 0.44 },
      gpu: { model: "NVIDIA GeForce RTX 4090", vramGb: 24, count: 1, nvenc: true },
      ...{ availability: "unknown", expiresAt: NOW + 60_000 },
    });
  });

  test("only what the operator names is offered, by address or by slug", () => {
    expect(slugs({}, ["4090"])).toEqual(["4090"]);
    expect(slugs({}, ["Address-a100", "3060"])).toEqual(["3060", "a100"]);
    expect(slugs({}, ["closed"])).toEqual(["closed"]); // not open to everybody, but named
    expect(slugs({}, ["gone"])).toEqual([]);
  });

  test("memory in GB or in MB, as the market says it or as its GPU is called; where nobody knows, only a named market will do", () => {
    expect(slugs({ minVramGb: 12 })).toEqual(["3060", "4090", "a100"]);
    expect(slugs({ minVramGb: 13 })).toEqual(["4090", "a100"]);
    expect(slugs({ minVramGb: 81 })).toEqual([]);
    expect(slugs({ minVramGb: 81 }, ["mystery"])).toEqual(["mystery"]);
  });

  test("no price above the limit, and no unknown one where there is a limit", () => {
    expect(slugs({ maxPriceUsdPerHour: 0.44 })).toEqual(["3060", "4090"]);
    expect(slugs({ maxPriceUsdPerHour: 0.439 })).toEqual(["3060"]);
    expect(slugs({ maxPriceUsdPerHour: 0 })).toEqual([]);
  });

  test("data-centre GPUs have no encoder", () => {
    expect(slugs({ nvenc: "required" })).not.toContain("a100");
    expect(slugs({ nvenc: "preferred" })).toContain("a100");
  });

  test("how long a node usually takes is told where it was seen", () => {
    const waits = createWaits();
    for (const [job, minutes] of [
      ["J1", 1],
      ["J2", 30],
      ["J3", 4],
      ["J3", 99],
    ] as const)
      waits.saw("Address-4090", job, minutes * 60_000);
    waits.saw("Address-4090", "J4", Number.NaN);
    const offers = offersOf(markets, needs, { wanted: ["4090", "3060"], now: NOW, usualWait: waits.usual });
    expect(offers.map(({ label }) => label)).toEqual([
      "3060 market",
      "4090 market, a node usually within 4 min",
    ]);
    for (let n = 10; n < 20; n++) waits.saw("Address-4090", `J${n}`, 60_000); // what is long ago counts no more
    expect(waits.usual("Address-4090")).toBe(60_000);
  });
});
