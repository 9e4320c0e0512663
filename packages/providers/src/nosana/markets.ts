import type { Offer, Requirements } from "../provider.ts";
import type { Market } from "./answers.ts";

export const OFFERS_MS = 60_000;

export interface OffersOptions {
  /** Addresses or slugs; empty: any market. */
  wanted: readonly string[];
  /** Median of the last queue times (ms) that were seen in a market. */
  usualWait: (market: string) => number | undefined;
  /** ms since 1970 */
  now: number;
}

/** What of the markets could run such a launch, the cheapest first; those whose price is not known last. */
export function offersOf(
  markets: readonly Market[],
  { minVramGb, maxPriceUsdPerHour, nvenc }: Requirements,
  { wanted, usualWait, now }: OffersOptions,
): Offer[] {
  return markets
    .filter((market) =>
      wanted.length > 0 ? isAmong(market, wanted) : market.type === "PREMIUM" || market.type === "COMMUNITY",
    )
    .map((market) => offerOf(market, usualWait(market.address), now))
    .filter(({ gpu, usdPerHour }) => {
      // where the operator named the market, it is the operator who knows what it has
      if (minVramGb && (gpu?.vramGb ?? (wanted.length > 0 ? minVramGb : 0)) < minVramGb) return false;
      if (nvenc === "required" && gpu?.nvenc === false) return false;
      return maxPriceUsdPerHour === undefined || (usdPerHour !== null && usdPerHour <= maxPriceUsdPerHour);
    })
    .toSorted(
      (a, b) => (a.usdPerHour ?? Infinity) - (b.usdPerHour ?? Infinity) || (a.offerId < b.offerId ? -1 : 1),
    );
}

const isAmong = ({ address, slug }: Market, wanted: readonly string[]) =>
  wanted.includes(address) || (slug !== "" && wanted.includes(slug));

/** US dollars: what the node gets, and the network's fee on top. */
export function usdPerHourOf({
  usd_reward_per_hour: reward,
  network_fee_percentage: fee,
}: Market): number | null {
  if (reward === null || reward === undefined || reward < 0) return null;
  return Math.round(reward * (1 + fee / 100) * 1e6) / 1e6;
}

function offerOf(market: Market, wait: number | undefined, now: number): Offer {
  const model = market.gpu_types.join(" / ") || market.name || market.slug || "GPU";
  const vramGb = vramOf(market);
  const nvenc = nvencOf(model);
  const name = market.name || market.slug || market.address;
  const usually =
    wait === undefined ? "" : `, a node usually within ${Math.max(1, Math.ceil(wait / 60_000))} min`;
  return {
    provider: "nosana",
    offerId: market.address,
    label: `${name} market${usually}`,
    gpu: {
      model,
      count: 1,
      ...(vramGb !== undefined && { vramGb }),
      ...(nvenc !== undefined && { nvenc }),
    },
    usdPerHour: usdPerHourOf(market),
    availability: "unknown", // the API does not say how long a market's queue is
    expiresAt: now + OFFERS_MS,
  };
}

/** GB: as the market says it, or as its GPU's name does ("A100 80GB"). */
function vramOf({ lowest_vram: said, gpu_types, name }: Market): number | undefined {
  if (said) return said >= 1000 ? Math.round(said / 1024) : said; // larger than any GPU in GB: it is MB
  const named = [...gpu_types, name].flatMap((text) =>
    [...text.matchAll(/(\d{1,3})\s?GB\b/gi)].map(([, gb]) => Number(gb)),
  );
  return named.length > 0 ? Math.min(...named) : undefined;
}

/** Data-centre GPUs have no encoder; that of the others is there, yet whether a container may use it only the worker finds out. */
function nvencOf(model: string): boolean | undefined {
  if (/\b(A100|A30|H100|H200|H800|B100|B200|GB200|GH200|MI\d{3})\b/i.test(model)) return false;
  return /\b(RTX|GTX|L4|L40S?|A10G?|A40|T4|[AP]\d000)\b/i.test(model) || /\b[3-5]0[5-9]0\b/.test(model)
    ? true
    : undefined;
}

const REMEMBERED = 5;
/** How long launches waited for a node, by market: the service does not tell, so what was seen is remembered while this process lives. */
export function createWaits() {
  const seen = new Map<string, Map<string, number>>();
  return {
    saw(market: string, job: string, ms: number): void {
      if (!(ms >= 0)) return;
      const waits = seen.get(market) ?? new Map<string, number>();
      if (waits.has(job)) return;
      waits.set(job, ms);
      const [oldest] = waits.keys();
      if (waits.size > REMEMBERED && oldest !== undefined) waits.delete(oldest);
      seen.set(market, waits);
    },
    usual(market: string): number | undefined {
      const waits = [...(seen.get(market)?.values() ?? [])].toSorted((a, b) => a - b);
      return waits[Math.floor(waits.length / 2)];
    },
  };
}
