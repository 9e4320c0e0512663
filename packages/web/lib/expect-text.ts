import type { CreditsInfo, Quote } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";
import { dollarsText } from "./compute.ts";
import { creditsText } from "./credit-text.ts";
import { roughSpanText } from "./time.ts";

/** How long a job is going to take, as far as anybody knows. Pure. */
export const timeText = (t: Translate, { expected_seconds }: Quote): string =>
  expected_seconds === null ? t("builder.expect.timeUnknown") : roughSpanText(t, expected_seconds);

type Credits = Extract<CreditsInfo, { enabled: true }> | null;

/** What a job costs whoever asks for it: credits where they are on, else what its place takes. Pure. */
export function priceOf(t: Translate, { offers }: Quote, credits: Credits): string {
  if (credits) return creditsPrice(t, credits);
  const chosen = offers.find((offer) => offer.chosen);
  if (!chosen) {
    const isFree = offers.length > 0 && offers.every(({ usd }) => usd === 0); // it waits, and then costs nothing
    return t(isFree ? "builder.expect.free" : "builder.expect.noPlace");
  }
  if (chosen.usd === null) return t("builder.expect.costUnknown");
  return chosen.usd === 0
    ? t("builder.expect.free")
    : t("builder.expect.atMost", { usd: dollarsText(t, chosen.usd) });
}

function creditsPrice(t: Translate, { generate_credits, unlock_credits }: NonNullable<Credits>): string {
  const unlock = creditsText(t, unlock_credits);
  if (generate_credits === 0)
    return unlock_credits === 0 ? t("builder.expect.free") : t("builder.expect.unlockOnly", { unlock });
  const credits = creditsText(t, generate_credits);
  return unlock_credits === 0 ? credits : t("builder.expect.creditsAndUnlock", { credits, unlock });
}
