import { cookies, headers } from "next/headers";
import { getRequestConfig } from "next-intl/server";
import { MESSAGES } from "../messages/index.ts";
import { formatLocale, isLocale, LOCALE_COOKIE, preferredLocale } from "./locales.ts";
import { PSEUDO_LOCALE, pseudoMessages } from "./pseudo.ts";

/** Which language a request is answered in: the one that was chosen, else the first of the browser's that the page has. */
export default getRequestConfig(async () => {
  const chosen = (await cookies()).get(LOCALE_COOKIE)?.value;
  if (chosen === PSEUDO_LOCALE)
    return { locale: PSEUDO_LOCALE, messages: pseudoMessages(MESSAGES.en), timeZone: "UTC" };
  const locale = isLocale(chosen) ? chosen : preferredLocale((await headers()).get("accept-language"));
  return { locale: formatLocale(locale), messages: MESSAGES[locale], timeZone: "UTC" };
});
