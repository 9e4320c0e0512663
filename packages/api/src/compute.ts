import {
  CreateJob,
  type OfferView,
  type ProviderView,
  type Quote,
  type QuotedOffer,
  type QuoteJob,
} from "@kangklip/contract";
import type { ComputeProvider, Offer, ProviderId } from "@kangklip/providers";
import { usdFor } from "./jobs/cost.ts";
import { expectedSeconds } from "./jobs/eta.ts";
import type { Paces } from "./jobs/pace.ts";
import {
  byWorth,
  heldBack,
  type Known,
  offersOf,
  place,
  type Refused,
  type Wanted,
} from "./jobs/placement.ts";
import type { Placing } from "./jobs/placing.ts";

interface ComputeOptions {
  providers: ReadonlyMap<ProviderId, ComputeProvider>;
  placing: Placing;
  /** Launches that are there or on their way. */
  running: (provider: ProviderId) => number;
  /** How long jobs take; undefined: nobody is told. */
  paces?: Pick<Paces, "of"> | undefined;
  /** ms since 1970 */
  now: () => number;
}

/** A probe is good for this long (ms): whoever asks, each provider is asked this often at most. */
const PROBE_MS = 10_000;
/** How long an answer is good where nothing of it ends sooner (ms). */
const GOOD_MS = 60_000;

/** What people may ask about the places where jobs run. Nothing is started. */
export function createCompute({ providers, placing, running, paces, now }: ComputeOptions) {
  const probes = new Map<ProviderId, { at: number; answer: ReturnType<ComputeProvider["probe"]> }>();

  function probe(provider: ComputeProvider): ReturnType<ComputeProvider["probe"]> {
    const last = probes.get(provider.id);
    if (last && now() - last.at < PROBE_MS) return last.answer;
    const answer = provider.probe();
    probes.set(provider.id, { at: now(), answer });
    return answer;
  }

  return {
    probe,

    /** Where a job that is made now would run, and what each place would cost. */
    async quote({ compute, max_usd, source_seconds, ...wishes }: QuoteJob): Promise<Quote> {
      const job = {
        ...{ attempts: [], budget_from: 1, compute: compute ?? null, max_usd: max_usd ?? null },
        source_seconds: source_seconds ?? null,
      };
      const known = (await placing.survey(job)).map((one) => ({ ...one, offers: one.offers ?? [] }));
      const wanted = placing.wanted(job);
      const choice = place(known, wanted, now());
      const offers = known.flatMap((provider) => quoted(provider, wanted, now()));
      if (choice.is === "ask") throw new Error(`${choice.provider} was not asked`);
      const to = choice.is === "place" ? choice : undefined;
      const chosen = offers.find(({ provider, id }) => provider === to?.provider && id === to.offer.offer_id);
      const rest = offers.filter((offer) => offer !== chosen);
      const all = chosen ? [{ ...chosen, chosen: true, reason: to?.reason ?? null }, ...rest] : rest;
      const [first] = all;
      const pace = first && (await paces?.of(first));
      const ends = known.flatMap((one) => one.offers.map(({ expiresAt }) => expiresAt));
      return {
        offers: all.map(({ id: _, ...offer }) => offer),
        expected_seconds: expectedSeconds(pace, {
          sourceSeconds: source_seconds ?? null,
          clipSeconds: secondsOfClips(wishes),
        }),
        message:
          choice.is === "place"
            ? `Runs at ${choice.provider}: ${choice.offer.label}`
            : `Would ${choice.is}: ${choice.message}`,
        expires_at: new Date(Math.max(now() + 1000, Math.min(now() + GOOD_MS, ...ends))).toISOString(),
      };
    },

    /** Each provider, in order of preference, asked now. @param operator whether details are told */
    async providers({ operator }: { operator: boolean }): Promise<ProviderView[]> {
      const all = [...providers.values()];
      const [known, answers] = await Promise.all([
        placing.survey({ compute: null }),
        Promise.all(all.map(probe)),
      ]);
      return all.map((provider, index) => {
        const { ok, detail, gpus, freeUsd } = answers[index] ?? { ok: false, detail: "was not asked" };
        const one = known[index];
        const offers = [...(one?.offers ?? [])].sort(byWorth);
        const prices = offers.flatMap(({ usdPerHour }) => (usdPerHour === null ? [] : [usdPerHour]));
        const { submit, deadline, logs, envVisibleTo, gpu, list } = provider.capabilities;
        const hold = one?.hold;
        return {
          id: provider.id,
          ok,
          gpu: offers.find((offer) => offer.gpu)?.gpu?.model ?? null,
          usd_per_hour: prices.length > 0 ? Math.min(...prices) : null,
          operator: operator
            ? {
                ...{ detail, gpus: gpus ?? null, free_usd: freeUsd ?? null, running: running(provider.id) },
                capabilities: { submit, deadline, logs, env_visible_to: envVisibleTo, gpu, list },
                offers: offers.map(offerView),
                held: hold ? { reason: hold.why, until: new Date(hold.until).toISOString() } : null,
              }
            : null,
        };
      });
    },
  };
}

/** Of all clips together; what a request does not say, or says wrongly, is as the form has it at first. */
function secondsOfClips({ clip_count, clip_duration_seconds }: Record<string, unknown>): number {
  const count = CreateJob.shape.clip_count.catch(3).parse(clip_count);
  return count * CreateJob.shape.clip_duration_seconds.catch(45).parse(clip_duration_seconds);
}

/** The offers of one provider, best first, each with the reason why it would not be taken. */
function quoted(known: Known, wanted: Wanted, now: number): (QuotedOffer & { id: string })[] {
  const held = heldBack(known, now);
  return offersOf(known, wanted, now)
    .toSorted((a, b) => byWorth(a.offer, b.offer))
    .map(({ offer, answer }) => {
      const refused: Refused | undefined = held ?? ("why" in answer ? answer : undefined);
      return {
        id: offer.offerId,
        ...offerView(offer),
        seconds: wanted.seconds,
        usd: usdFor(offer.usdPerHour, wanted.seconds * 1000),
        chosen: false,
        reason: refused ? `${offer.provider} ${refused.why}` : null,
      };
    });
}

const offerView = ({ provider, label, gpu, usdPerHour, availability }: Offer): OfferView => ({
  ...{ provider, label, gpu: gpu?.model ?? null, vram_gb: gpu?.vramGb ?? null },
  ...{ usd_per_hour: usdPerHour, availability },
});
