import {
  type AttemptView,
  isEnded,
  type JobView,
  type PlaceView,
  type ProviderView,
  type Quote,
  usdText,
  whyThere,
} from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";
import { elapsedSeconds } from "./job-view.ts";
import { sinceMs, spanText } from "./time.ts";

const NAMED = ["process", "docker", "nosana"] as const;

/** What a provider is called on the page. Pure. */
export function providerName(t: Translate, id: string): string {
  const known = NAMED.find((name) => name === id);
  return known ? t(`builder.place.${known}`) : id;
}

/** An amount of US dollars: "$1.20", "$0.048", "under $0.001". Pure. */
export const dollarsText = (t: Translate, usd: number): string =>
  usd > 0 && usd < 0.001 ? t("builder.place.under", { usd: "$0.001" }) : usdText(usd);

/** A price: "$0.21/h"; null: it is not known. Pure. */
const hourlyText = (t: Translate, usdPerHour: number | null): string =>
  usdPerHour === null
    ? t("builder.place.noPrice")
    : t("builder.place.perHour", { usd: dollarsText(t, usdPerHour) });

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
  t: Translate,
  compute: readonly string[],
  views: readonly ProviderView[] | undefined,
): ComputeOption[] {
  if (compute.length < 2) return [];
  const places = compute.map((id) => providerName(t, id)).join(t("builder.compute.andThen"));
  return [
    {
      value: null,
      name: t("builder.compute.automatic"),
      detail: t("builder.compute.automaticDetail", { places }),
      ok: true,
    },
    ...compute.map((id) => {
      const view = views?.find((one) => one.id === id);
      return { value: id, name: providerName(t, id), detail: detailOf(t, view), ok: view?.ok ?? true };
    }),
  ];
}

function detailOf(t: Translate, view: ProviderView | undefined): string {
  if (!view) return t("builder.compute.asking");
  if (!view.ok) return t("builder.compute.unusable");
  return [view.gpu, hourlyText(t, view.usd_per_hour), t("builder.compute.usable")]
    .filter(Boolean)
    .join(" · ");
}

/** The choice as the API takes it: undefined where it is left open, or where there is no such provider any more. Pure. */
export const computeOf = (choice: string | null, compute: readonly string[]) =>
  choice !== null && compute.includes(choice) ? [choice] : undefined;

/** What a quote means for whoever is about to make a job. `api`: the API's own sentence, in English, where there is more to say. Pure. */
export function quoteText(t: Translate, { offers, message }: Quote): { text: string; api: string | null } {
  const chosen = offers.find((offer) => offer.chosen);
  if (!chosen) return { text: t("builder.compute.otherwise"), api: `${message.replace(/\.$/, "")}.` };
  const place = placeName(t, { provider: chosen.provider, offer: chosen }) ?? "";
  if (chosen.usd === 0) return { text: t("builder.compute.runs", { place }), api: null };
  if (chosen.usd === null) return { text: t("builder.compute.runsUnknown", { place }), api: null };
  return { text: t("builder.compute.runsFor", { place, usd: dollarsText(t, chosen.usd) }), api: null };
}

/** Where an attempt runs, for people: "Docker, RTX 4090"; null while it has no place. Pure. */
export function placeName(
  t: Translate,
  { provider, offer }: { provider: string; offer: PlaceView | null },
): string | null {
  if (!provider) return null;
  const name = providerName(t, provider);
  const what = offer?.gpu ?? (provider === "process" ? null : offer?.label);
  return what ? t("builder.place.with", { name, what }) : name;
}

/** Where the job runs, ran or is about to run: a term and what it stands for. Pure. */
export function whereFact(t: Translate, { attempts, status, start_error }: JobView): [string, string] {
  const attempt = attempts.at(-1);
  const place = attempt && placeName(t, attempt);
  const isWaiting = attempt?.state === "PLANNED" || attempt?.state === "SUBMITTING";
  // who has refused it is kept until another one is asked
  if (!place || (isWaiting && start_error))
    return isEnded(status)
      ? [t("builder.place.ranOn"), t("builder.place.nowhere")]
      : [t("builder.place.runsOn"), t("builder.place.nowhereYet")];
  if (isWaiting) return [t("builder.place.goesTo"), place];
  return [isEnded(status) ? t("builder.place.ranOn") : t("builder.place.runsOn"), place];
}

/** What the whole job has cost so far, and at what price it goes on; null where nothing is known of it. Pure. */
export function costText(t: Translate, { usd, attempts, ended_at }: JobView): string | null {
  const price = attempts.at(-1)?.offer?.usd_per_hour ?? null;
  if (usd === null) return price === null ? null : hourlyText(t, price);
  const cost = dollarsText(t, usd);
  return price && !ended_at ? t("builder.place.costAt", { usd: cost, price: hourlyText(t, price) }) : cost;
}

/** How a finished job came about, after the number of its clips: "made in 40 s on Docker, RTX 4090 for $0.012". Pure. */
export function madeText(t: Translate, view: JobView): string {
  const attempt = view.attempts.at(-1);
  const place = attempt && attempt.provider !== "process" ? placeName(t, attempt) : null; // where else, on one's own
  const time = spanText(t, elapsedSeconds(view, 0));
  const usd = view.usd ? dollarsText(t, view.usd) : null;
  if (place && usd) return t("builder.place.madeOnFor", { time, place, usd });
  if (place) return t("builder.place.madeOn", { time, place });
  return usd ? t("builder.place.madeFor", { time, usd }) : t("builder.place.made", { time });
}

/** Whether there is more to tell of the attempts than where the only one runs. Pure. */
export const hasStory = ({ attempts }: JobView) =>
  attempts.length > 1 ||
  attempts.some(({ reason, ended_because }) => ended_because !== null || whyThere(reason) !== null);

export interface AttemptRow {
  epoch: number;
  place: string;
  /** "at work", "succeeded", or the code of what ended it, which is the same in every language. */
  state: string;
  ended: boolean;
  /** Why it runs there, and why it ended, in the API's English; null: not known, or there is nothing to say. */
  why: string | null;
  ending: string | null;
  /** Node, price, time: whatever is known. */
  facts: string[];
}

/** The tries of a job, the newest first. Pure; `nowMs` in milliseconds since 1970. */
export function attemptRows(t: Translate, { attempts }: JobView, nowMs: number): AttemptRow[] {
  return attempts
    .map((attempt) => {
      const { epoch, outcome, reason, ended_because, offer, usd, node, started_at, ended_at } = attempt;
      const until = ended_at ? Date.parse(ended_at) : nowMs;
      return {
        epoch,
        place: placeName(t, attempt) ?? t("builder.place.nowhereYetRow"),
        state: stateText(t, attempt),
        ended: outcome !== null,
        why: reason,
        ending: ended_because,
        facts: [
          ...(node ? [t("builder.place.node", { node })] : []),
          ...(offer ? [hourlyText(t, offer.usd_per_hour)] : []),
          ...(started_at
            ? [t("builder.place.ran", { time: spanText(t, sinceMs(started_at, until) / 1000) })]
            : []),
          ...(usd !== null ? [t("builder.place.cost", { usd: dollarsText(t, usd) })] : []),
        ],
      };
    })
    .reverse();
}

function stateText(t: Translate, { outcome, state }: AttemptView): string {
  if (outcome === "succeeded") return t("builder.place.succeeded");
  return outcome ?? t(`builder.place.state.${state}`);
}
