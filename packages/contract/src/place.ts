import type { AttemptView, PlaceView } from "./job.ts";

/** Why a place was taken where something spoke against another one; null for a first choice. Pure. */
export const whyThere = (reason: string | null): string | null =>
  reason === null || /^(first choice|best of \d+ offers)$/.test(reason) ? null : reason;

/** An amount of US dollars, with as many digits as it takes to tell it from nothing: "$1.20", "$0.048", "under $0.001". Pure. */
export function usdText(usd: number): string {
  if (usd > 0 && usd < 0.001) return "under $0.001";
  return `$${usd.toFixed(usd > 0 && usd < 0.1 ? 3 : 2)}`;
}

/** A price: "$0.21/h"; null: it is not known. Pure. */
export const priceText = (usdPerHour: number | null) =>
  usdPerHour === null ? "price not known" : `${usdText(usdPerHour)}/h`;

/** Where something runs, short: "docker · RTX 4090 · $0.00/h", "process · this machine · $0.00/h". Pure. */
export function placeText(provider: string, place: PlaceView | null): string {
  if (!place) return provider;
  return [provider, place.gpu ?? place.label, priceText(place.usd_per_hour)].join(" · ");
}

const STATES: Record<AttemptView["state"], string> = {
  PLANNED: "looking for a place",
  SUBMITTING: "being started",
  SUBMITTED: "waiting for its worker",
  CLAIMED: "at work",
  FINISHED: "ended",
};
/** What an attempt does, or "succeeded", or the code of what ended it. Pure. */
export const attemptText = ({ state, outcome }: Pick<AttemptView, "state" | "outcome">) =>
  outcome ?? STATES[state];
