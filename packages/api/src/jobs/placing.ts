import { setTimeout as sleep } from "node:timers/promises";
import {
  type ComputeProvider,
  type Offer,
  ProviderError,
  type ProviderErrorKind,
  type ProviderId,
} from "@kangklip/providers";
import type { Logger } from "../log.ts";
import { type Circuit, createCircuit } from "./circuit.ts";
import { spentOn } from "./cost.ts";
import type { Job } from "./job.ts";
import {
  type Choice,
  type Hold,
  type Known,
  type Limits,
  LOOK_AGAIN_MS,
  place,
  wantedBy,
} from "./placement.ts";

/** What of a job decides where it may run. */
type Asking = "attempts" | "budget_from" | "max_usd" | "source_seconds";
export type Placing = ReturnType<typeof createPlacing>;

export interface PlacingOptions extends Limits {
  /** In order of preference; no call to one may last for ever (limited.ts). */
  providers: readonly ComputeProvider[];
  /** How many launches may run at once, for providers that do not know it themselves. */
  limits?: Readonly<Record<string, number>>;
  /** Launches that are there or on their way, as far as is known here. */
  running: (provider: ProviderId) => number;
  log: Logger;
  /** ms since 1970 */
  now: () => number;
  /** 0..1 */
  random?: () => number;
  /** How long a job waits to hear what a provider offers (ms). */
  offersMs?: number;
}

const OFFERS_MS = 10_000;
/** What a provider offers is kept for so long (ms) at least, and at most, whatever it says itself. */
const KEPT_LEAST_MS = 1000;
const KEPT_MOST_MS = 60_000;

interface Station {
  provider: ComputeProvider;
  circuit: Circuit;
  /** By offer. */
  circuits: Map<string, Circuit>;
  offers: readonly Offer[] | undefined;
  keptUntil: number;
  asking: Promise<void> | undefined;
}

/** What anybody may read of a refusal; the provider's own words name sockets, images and accounts, and stand in the log. */
export const SAID: Record<ProviderErrorKind, string> = {
  UNAVAILABLE: "does not answer as it should",
  RATE_LIMITED: "wants to be asked later",
  AMBIGUOUS: "gave no clear answer",
  PREPARING: "gets ready",
  CAPACITY: "has no free place",
  FUNDS: "has no credits left",
  UNSUPPORTED: "cannot run this work",
  IMAGE: "cannot get the worker's image",
  AUTH: "refuses this installation's key",
  INVALID: "does not accept this work",
  CONFLICT: "is still busy with this work",
};

/** What a refusal says of a provider, or of one of its offers; true: nobody but a person can mend it. */
const OF_PROVIDER = {
  UNAVAILABLE: false,
  RATE_LIMITED: false,
  AUTH: true,
  FUNDS: true,
  IMAGE: true,
} as const;
const OF_OFFER = { CAPACITY: false, UNSUPPORTED: true } as const;

/**
 * Chooses places for attempts, and remembers what providers offered and how they failed. What it knows is kept in this process alone:
 * where it is lost, a provider is asked once more.
 */
export function createPlacing(options: PlacingOptions) {
  const { providers, limits = {}, running, log, now, random = Math.random, offersMs = OFFERS_MS } = options;
  const newCircuit = () => createCircuit({ now, random });
  const stations = new Map<ProviderId, Station>(
    providers.map((provider) => [
      provider.id,
      {
        ...{ provider, circuit: newCircuit(), circuits: new Map() },
        ...{ offers: undefined, keptUntil: 0, asking: undefined },
      },
    ]),
  );

  function knownOf({ provider: { id }, circuit, circuits, offers, keptUntil }: Station): Known {
    const holds = new Map<string, Hold>();
    for (const [offer, { held }] of circuits) {
      const hold = held();
      if (hold) holds.set(offer, hold);
    }
    const most = limits[id];
    const runs = most === undefined ? 0 : running(id);
    return {
      id,
      offers: keptUntil > now() ? offers : undefined,
      hold: circuit.held(),
      holds,
      full: most !== undefined && runs >= most ? `is busy with ${runs} of ${most} jobs` : undefined,
    };
  }

  /** Asks what a provider offers, once for all who want to know; afterwards it is known, or the provider is held. */
  async function ask(station: Station): Promise<void> {
    const { provider } = station;
    station.asking ??= provider
      .offers(options.requirements)
      .then((offers) => {
        station.offers = offers;
        const told =
          offers.length === 0 ? now() + LOOK_AGAIN_MS : Math.min(...offers.map((one) => one.expiresAt));
        station.keptUntil = now() + Math.min(KEPT_MOST_MS, Math.max(KEPT_LEAST_MS, told - now()));
      })
      .catch((error: unknown) => failed(station, asProviderError(error, provider.id), undefined))
      .finally(() => {
        station.asking = undefined;
      });
    const waiting = new AbortController();
    const late = sleep(offersMs, "late", { ref: false, signal: waiting.signal }).catch(() => undefined);
    const end = await Promise.race([station.asking, late]);
    waiting.abort();
    if (end !== "late") return;
    const message = `it did not say what it offers in ${offersMs / 1000} s`;
    failed(station, new ProviderError("UNAVAILABLE", provider.id, message), undefined);
  }

  function failed(station: Station, error: ProviderError, offer: string | undefined): void {
    const { provider, circuit, circuits } = station;
    const { kind } = error;
    station.keptUntil = 0;
    if (kind in OF_OFFER && offer !== undefined) {
      const own = circuits.get(offer) ?? newCircuit();
      circuits.set(offer, own);
      own.failed(error, OF_OFFER[kind as keyof typeof OF_OFFER], SAID[kind]);
      return;
    }
    const lasting = OF_PROVIDER[kind as keyof typeof OF_PROVIDER] ?? kind === "UNSUPPORTED";
    circuit.failed(error, lasting, SAID[kind]);
    if (lasting)
      log.error(
        { provider: provider.id, kind, err: error },
        "a provider cannot be used until somebody mends it",
      );
    else log.warn({ provider: provider.id, kind, err: error }, "a provider is left alone for a while");
  }

  /** Providers that the job may run at, in the order in which it wants them. */
  const stationsFor = ({ compute }: Pick<Job, "compute">): Station[] =>
    compute === null
      ? [...stations.values()]
      : compute.flatMap((id) => {
          const station = stations.get(id);
          return station ? [station] : [];
        });

  const wanted = (job: Pick<Job, Asking>) => wantedBy(job, spentOn(job, now()) ?? 0, options);

  return {
    /** Every provider as it is known now, after all were asked whose offers are not. */
    async survey(job: Pick<Job, "compute">): Promise<Known[]> {
      const wanting = stationsFor(job);
      await Promise.all(
        wanting.map((station) => {
          const { offers, hold } = knownOf(station);
          return offers || hold ? undefined : ask(station);
        }),
      );
      return wanting.map(knownOf);
    },
    wanted,
    requirements: options.requirements,

    /** Where the job's next attempt runs. The provider counts as asked from then on: its answer is to be told with `worked` or `failed`. */
    async choose(job: Job): Promise<Exclude<Choice, { is: "ask" }>> {
      const own = stationsFor(job);
      if (own.length === 0) {
        const names = job.compute?.join(", ") ?? "no provider";
        const message = `The job may run only at ${names}, which is not in COMPUTE any more`;
        return { is: "fail", code: "PROVIDER_UNAVAILABLE", message };
      }
      for (const asked = new Set<ProviderId>(); ; ) {
        const known = own.map((station) => {
          const one = knownOf(station);
          // asked a moment ago: good for this choice, however short-lived it is
          return asked.has(one.id) ? { ...one, offers: one.offers ?? station.offers ?? [] } : one;
        });
        const choice = place(known, wanted(job), now());
        if (choice.is !== "ask") {
          if (choice.is === "place") {
            const station = stations.get(choice.provider);
            station?.circuit.asked();
            station?.circuits.get(choice.offer.offer_id)?.asked();
          }
          return choice;
        }
        const station = stations.get(choice.provider);
        if (!station) throw new Error(`${choice.provider} is not configured`);
        asked.add(choice.provider);
        await ask(station);
      }
    },

    /** It took the launch. */
    worked(provider: ProviderId, offer: string | undefined): void {
      const station = stations.get(provider);
      if (!station) return;
      station.keptUntil = 0; // one place less
      station.circuit.worked();
      if (offer !== undefined) station.circuits.delete(offer);
    },

    /** It refused the launch; others are spared the same answer for a while. */
    failed(error: ProviderError, offer: string | undefined): void {
      const station = stations.get(error.provider);
      if (station) failed(station, error, offer);
    },
  };
}

const asProviderError = (error: unknown, provider: ProviderId): ProviderError =>
  error instanceof ProviderError
    ? error
    : new ProviderError("UNAVAILABLE", provider, "its offers cannot be read", { cause: error });
