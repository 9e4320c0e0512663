import type { ErrorCode } from "@kangklip/contract";
import type { Offer, ProviderId, Requirements } from "@kangklip/providers";
import { expectedSeconds, usdFor } from "./cost.ts";
import { RUN_MS } from "./deadlines.ts";
import type { Job } from "./job.ts";
import type { Chosen } from "./launch.ts";

// where an attempt runs; all pure, times in ms since 1970, money in US dollars

/** A provider, or one of its offers, is left alone. */
export interface Hold {
  until: number;
  /** How long in all (ms). */
  ms: number;
  /** Waiting is not expected to help: where no other place can take a job, the job fails. */
  lasting: boolean;
  /** What is said of it behind its name: "says: the image cannot be pulled". */
  why: string;
}

/** What is known of one provider. */
export interface Known {
  id: ProviderId;
  /** Undefined: to be asked for, once they matter. */
  offers: readonly Offer[] | undefined;
  hold: Hold | undefined;
  /** By offer. */
  holds: ReadonlyMap<string, Hold>;
  /** Why this installation starts no more there now. */
  full?: string | undefined;
}

/** What a job asks of a place. */
export interface Wanted {
  requirements: Requirements;
  budget: { usd: number; spent: number } | undefined;
  /** How long it is reckoned with (seconds). */
  seconds: number;
  /** Places that failed this job before (offer null: all of that provider), taken again only where no other will do. */
  blamed: readonly { provider: string; offerId: string | null }[];
}

export type Choice =
  | { is: "ask"; provider: ProviderId }
  | ({ is: "place"; provider: ProviderId } & Chosen)
  /** `ms`: how long until it may be otherwise; `all`: no job would be given a place. */
  | { is: "wait"; ms: number; message: string; all: boolean }
  | { is: "fail"; code: ErrorCode; message: string };

/** Who is held for longer than this (ms) is passed by; for a shorter hold a job waits: its first choice is worth a moment. */
export const PATIENCE_MS = 15_000;
/** A place that has nothing now is looked at again after this time (ms). */
export const LOOK_AGAIN_MS = 5000;

/** Why a place is not taken. */
export interface Refused {
  why: string;
  /** How long until it may be otherwise; null: waiting does not help. */
  ms: number | null;
  /** "held": whoever asks, for now · "unfit": it is not what is asked for · "dear": it costs too much · "blamed": it failed this job */
  because: "held" | "unfit" | "dear" | "blamed";
}
interface Place {
  offer: Offer;
  /** For how long it may run there without costing too much (ms); null: as long as any job. */
  run_ms: number | null;
}

const BLAMED: Refused = { why: "failed this job before", ms: null, because: "blamed" };

/**
 * The first place that will do, of providers in order of preference, and within one by worth (`byWorth`). A provider whose offers are
 * needed and not known is to be asked for them first.
 */
export function place(known: readonly Known[], wanted: Wanted, now: number): Choice {
  const refused: (Refused & { provider: ProviderId })[] = [];
  for (const again of [false, true])
    for (const provider of known) {
      const blamed = wanted.blamed.filter((one) => one.provider === provider.id);
      if (again && blamed.length === 0) continue;
      const note = (...reasons: Refused[]) =>
        refused.push(...reasons.map((reason) => ({ ...reason, provider: provider.id })));
      if (!again && blamed.some(({ offerId }) => offerId === null)) {
        note(BLAMED);
        continue;
      }
      const held = heldBack(provider, now);
      if (held) {
        note(held);
        const { hold, full } = provider;
        if (hold && full === undefined && !hold.lasting && hold.ms <= PATIENCE_MS)
          return nowhere(refused.slice(-1), refused.length === known.length);
        continue;
      }
      if (provider.offers === undefined) return { is: "ask", provider: provider.id };
      const looks = offersOf(provider, again ? { ...wanted, blamed: [] } : wanted, now);
      const places = looks.flatMap(({ offer, answer }) => ("why" in answer ? [] : [{ offer, ...answer }]));
      const [best] = places.toSorted((a, b) => byWorth(a.offer, b.offer));
      if (best)
        return {
          is: "place",
          provider: provider.id,
          ...chosenOf(best, [said(refused), places.length > 1 ? `best of ${places.length} offers` : ""]),
        };
      note(...reasonsOf(looks));
      if (looks.length === 0) note({ why: "has nothing that fits now", ms: LOOK_AGAIN_MS, because: "held" });
    }
  return nowhere(refused);
}

/** Why the provider is not asked at all. */
export function heldBack({ hold, full }: Known, now: number): Refused | undefined {
  if (hold && hold.until > now) return { why: hold.why, ms: msOf(hold, now), because: "held" };
  return full === undefined ? undefined : { why: full, ms: LOOK_AGAIN_MS, because: "held" };
}

/** Each offer of a provider: for how long the job may run there, or why it may not. */
export function offersOf(
  { id, offers = [], holds }: Known,
  wanted: Wanted,
  now: number,
): { offer: Offer; answer: Refused | Pick<Place, "run_ms"> }[] {
  const isBlamed = ({ offerId }: Offer) =>
    wanted.blamed.some((one) => one.provider === id && (one.offerId ?? offerId) === offerId);
  const answerTo = (offer: Offer): Refused | Pick<Place, "run_ms"> => {
    const hold = holds.get(offer.offerId);
    const misfit = misfitOf(offer, wanted.requirements) ?? tooDear(offer, wanted);
    if (misfit) return misfit;
    if (hold && hold.until > now) return { why: hold.why, ms: msOf(hold, now), because: "held" };
    if (offer.availability === "full")
      return { why: offer.gpu ? "has no free GPU" : "is full", ms: LOOK_AGAIN_MS, because: "held" };
    return isBlamed(offer) ? BLAMED : { run_ms: runsFor(offer, wanted) };
  };
  return offers.map((offer) => ({ offer, answer: answerTo(offer) }));
}

/** Why a provider has no place; of all that costs too much only the cheapest is told. */
function reasonsOf(looks: ReturnType<typeof offersOf>): Refused[] {
  const price = ({ offer }: { offer: Offer }) => offer.usdPerHour ?? Number.MAX_VALUE;
  const reasons = looks
    .toSorted((a, b) => price(a) - price(b))
    .flatMap(({ answer }) => ("why" in answer ? [answer] : []));
  const dear = reasons.find(({ because }) => because === "dear");
  return reasons.filter((one) => one.because !== "dear" || one === dear);
}

const msOf = ({ until, lasting }: Hold, now: number) => (lasting ? null : until - now);

/** A provider is told what is needed; one that offers something else all the same is not believed. */
function misfitOf({ gpu, usdPerHour }: Offer, wants: Requirements): Refused | undefined {
  const { minVramGb, maxPriceUsdPerHour: most } = wants;
  const unfit = (why: string): Refused => ({ why, ms: null, because: "unfit" });
  if (wants.gpu === "required" && !gpu) return unfit("has no GPU");
  if (gpu && minVramGb !== undefined && (gpu.vramGb ?? minVramGb) < minVramGb)
    return unfit(`has no GPU with ${minVramGb} GB`);
  if (wants.nvenc === "required" && gpu?.nvenc === false) return unfit("has no NVENC");
  if (most === undefined || (usdPerHour !== null && usdPerHour <= most)) return undefined;
  const why = usdPerHour === null ? "names no price" : `costs more than ${dollars(most)} an hour`;
  return { why, ms: null, because: "dear" };
}

/** What the job may still cost has to be enough for as long as it is reckoned with. */
function tooDear({ usdPerHour }: Offer, { budget, seconds }: Wanted): Refused | undefined {
  if (!budget || usdPerHour === 0) return undefined;
  if (usdPerHour === null) return { why: "names no price", ms: null, because: "dear" };
  const left = Math.max(0, budget.usd - budget.spent);
  const usd = usdFor(usdPerHour, seconds * 1000) ?? 0;
  if (usd <= left) return undefined;
  const than =
    budget.spent > 0 ? `the ${dollars(left)} that are left of ${dollars(budget.usd)}` : dollars(left);
  return { why: `may cost ${dollars(usd)}, more than ${than}`, ms: null, because: "dear" };
}

function runsFor({ usdPerHour }: Offer, { budget }: Wanted): number | null {
  if (!budget || !usdPerHour) return null;
  const ms = Math.floor((Math.max(0, budget.usd - budget.spent) / usdPerHour) * 3_600_000);
  return ms >= RUN_MS ? null : ms;
}

/**
 * Which of two offers comes first: one with a GPU, then one that is surely free before one that may be, then the cheaper one, at the same
 * price the one with NVENC, then the one with more memory.
 */
export function byWorth(a: Offer, b: Offer): number {
  const free = ({ availability }: Offer) => (availability === "available" ? 0 : 1);
  return (
    Number(!a.gpu) - Number(!b.gpu) ||
    free(a) - free(b) ||
    (a.usdPerHour ?? Number.MAX_VALUE) - (b.usdPerHour ?? Number.MAX_VALUE) ||
    Number(!a.gpu?.nvenc) - Number(!b.gpu?.nvenc) ||
    (b.gpu?.vramGb ?? 0) - (a.gpu?.vramGb ?? 0) ||
    (a.offerId < b.offerId ? -1 : Number(a.offerId > b.offerId))
  );
}

function chosenOf({ offer, run_ms }: Place, reasons: string[]): Chosen {
  const { offerId, label, gpu, usdPerHour } = offer;
  return {
    offer: { offer_id: offerId, label, gpu: gpu?.model ?? null, usd_per_hour: usdPerHour },
    run_ms,
    reason: reasons.filter(Boolean).join("; ") || "first choice",
  };
}

/** Why places were refused, each provider named once. */
function said(refused: readonly { provider: ProviderId; why: string }[]): string {
  const words = new Map<string, Set<string>>();
  for (const { provider, why } of refused) words.set(provider, (words.get(provider) ?? new Set()).add(why));
  return [...words].map(([provider, whys]) => `${provider} ${[...whys].join(" and ")}`).join("; ");
}

/** @param all whether nobody would be given a place */
function nowhere(
  refused: readonly (Refused & { provider: ProviderId })[],
  all = refused.every(({ because }) => because === "held"),
): Choice {
  const waits = refused.flatMap(({ ms }) => (ms === null ? [] : [ms]));
  const message = said(refused) || "There is no provider to ask";
  if (waits.length > 0) return { is: "wait", ms: Math.min(...waits), message, all };
  const dear = refused.some(({ because }) => because === "dear");
  const others = refused.some(({ because }) => because === "held");
  return { is: "fail", code: dear && !others ? "OVER_BUDGET" : "PROVIDER_UNAVAILABLE", message };
}

/** An amount as people read it: cents, and of less than ten cents two digits that say something. */
export const dollars = (usd: number): string =>
  `$${usd > 0 && usd < 0.1 ? Number(usd.toPrecision(2)) : usd.toFixed(2)}`;

export interface Limits {
  requirements: Requirements;
  /** The longest video that this installation takes. */
  maxSourceSeconds: number;
  /** What any job may cost. */
  maxUsd?: number | undefined;
}

/** What a job asks of a place. `spent`: on its attempts so far. */
export function wantedBy(
  job: Pick<Job, "attempts" | "budget_from" | "max_usd" | "source_seconds">,
  spent: number,
  { requirements, maxSourceSeconds, maxUsd }: Limits,
): Wanted {
  const bounds = [job.max_usd, maxUsd ?? null].filter((usd) => usd !== null);
  return {
    requirements,
    budget: bounds.length > 0 ? { usd: Math.min(...bounds), spent } : undefined,
    seconds: expectedSeconds(job.source_seconds, maxSourceSeconds),
    blamed: job.attempts.flatMap(({ epoch, blame, provider, offer }) =>
      blame === null || provider === null || epoch < job.budget_from
        ? []
        : [{ provider, offerId: blame === "provider" ? null : (offer?.offer_id ?? null) }],
    ),
  };
}
