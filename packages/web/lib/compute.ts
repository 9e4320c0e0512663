import {
  attemptText,
  isEnded,
  type JobView,
  type PlaceView,
  type ProviderView,
  priceText,
  type Quote,
  usdText,
  whyThere,
} from "@kangklip/contract";
import { elapsedSeconds } from "./job-view.ts";
import { sinceMs, span } from "./time.ts";

const NAMES: Record<string, string> = {
  process: "KangKlip’s own machine",
  docker: "Docker",
  nosana: "Nosana",
};

/** What a provider is called on the page. Pure. */
export const providerName = (id: string) => NAMES[id] ?? id;

export interface ComputeOption {
  /** The provider, or null: whichever comes first and can take the job. */
  value: string | null;
  name: string;
  detail: string;
  /** Whether a job could start there now, as far as is known. */
  ok: boolean;
}

/**
 * What a person may choose between; nothing where there is one provider only. Pure.
 * @param compute the providers of this installation, in its order of preference @param views what they say of themselves; undefined: not known yet
 */
export function computeOptions(
  compute: readonly string[],
  views: readonly ProviderView[] | undefined,
): ComputeOption[] {
  if (compute.length < 2) return [];
  const order = compute.map(providerName).join(", then ");
  return [
    { value: null, name: "Automatic", detail: `The first that can take it: ${order}`, ok: true },
    ...compute.map((id) => {
      const view = views?.find((one) => one.id === id);
      return { value: id, name: providerName(id), detail: detailOf(view), ok: view?.ok ?? true };
    }),
  ];
}

function detailOf(view: ProviderView | undefined): string {
  if (!view) return "Asking for its price…";
  if (!view.ok) return "Cannot be used at present";
  return [view.gpu, priceText(view.usd_per_hour)].filter(Boolean).join(" · ");
}

/** The choice as the API takes it: undefined where it is left open, or where there is no such provider any more. Pure. */
export const computeOf = (choice: string | null, compute: readonly string[]) =>
  choice !== null && compute.includes(choice) ? [choice] : undefined;

/** What a quote means for whoever is about to make a job. Pure. */
export function quoteText({ offers, message }: Quote): string {
  const chosen = offers.find((offer) => offer.chosen);
  if (!chosen) return `A job made now ${message.charAt(0).toLowerCase()}${message.slice(1)}.`;
  const where = `A job made now runs on ${placeName({ provider: chosen.provider, offer: chosen })}`;
  if (chosen.usd === 0) return `${where}.`;
  return `${where}, ${chosen.usd === null ? "at a price that is not known" : `for ${usdText(chosen.usd)} at most`}.`;
}

/** Where an attempt runs, for people: "Docker, RTX 4090"; null while it has no place. Pure. */
export function placeName({ provider, offer }: { provider: string; offer: PlaceView | null }): string | null {
  if (!provider) return null;
  const name = providerName(provider);
  const what = offer?.gpu ?? (provider === "process" ? null : offer?.label);
  return what ? `${name}, ${what}` : name;
}

/** Where the job runs, ran or is about to run: a term and what it stands for. Pure. */
export function whereFact({ attempts, status, start_error }: JobView): [string, string] {
  const attempt = attempts.at(-1);
  const place = attempt && placeName(attempt);
  const isWaiting = attempt?.state === "PLANNED" || attempt?.state === "SUBMITTING";
  // who has refused it is kept until another one is asked
  if (!place || (isWaiting && start_error))
    return isEnded(status) ? ["Ran on", "no place"] : ["Runs on", "no place yet"];
  if (isWaiting) return ["Goes to", place];
  return [isEnded(status) ? "Ran on" : "Runs on", place];
}

/** What the whole job has cost so far, and at what price it goes on; null where nothing is known of it. Pure. */
export function costText({ usd, attempts, ended_at }: JobView): string | null {
  const price = attempts.at(-1)?.offer?.usd_per_hour ?? null;
  if (usd === null) return price === null ? null : priceText(price);
  return price && !ended_at ? `${usdText(usd)} at ${priceText(price)}` : usdText(usd);
}

/** How a finished job came about, after the number of its clips: "made in 40 s on Docker, RTX 4090 for $0.012". Pure. */
export function madeText(view: JobView): string {
  const attempt = view.attempts.at(-1);
  const place = attempt && attempt.provider !== "process" ? placeName(attempt) : null; // where else, on one's own
  const on = place ? ` on ${place}` : "";
  return `made in ${span(elapsedSeconds(view, 0))}${on}${view.usd ? ` for ${usdText(view.usd)}` : ""}`;
}

/** Whether there is more to tell of the attempts than where the only one runs. Pure. */
export const hasStory = ({ attempts }: JobView) =>
  attempts.length > 1 ||
  attempts.some(({ reason, ended_because }) => ended_because !== null || whyThere(reason) !== null);

export interface AttemptRow {
  epoch: number;
  place: string;
  /** "at work", "succeeded", or the code of what ended it. */
  state: string;
  ended: boolean;
  /** Why it runs there, and why it ended; null: not known, or there is nothing to say. */
  why: string | null;
  ending: string | null;
  /** Node, price, time: whatever is known. */
  facts: string[];
}

/** The tries of a job, the newest first. Pure; `nowMs` in milliseconds since 1970. */
export function attemptRows({ attempts }: JobView, nowMs: number): AttemptRow[] {
  return attempts
    .map((attempt) => {
      const { epoch, outcome, reason, ended_because, offer, usd, node, started_at, ended_at } = attempt;
      const until = ended_at ? Date.parse(ended_at) : nowMs;
      return {
        epoch,
        place: placeName(attempt) ?? "No place yet",
        state: attemptText(attempt),
        ended: outcome !== null,
        why: reason,
        ending: ended_because,
        facts: [
          ...(node ? [`node ${node}`] : []),
          ...(offer ? [priceText(offer.usd_per_hour)] : []),
          ...(started_at ? [`ran ${span(sinceMs(started_at, until) / 1000)}`] : []),
          ...(usd !== null ? [`cost ${usdText(usd)}`] : []),
        ],
      };
    })
    .reverse();
}
