import { useRouter } from "next/navigation";
import { useLocale } from "next-intl";
import { useState, useTransition } from "react";
import { isLocale, LOCALE_COOKIE, type Locale } from "../i18n/locales.ts";

const YEAR_SECONDS = 31_536_000;

/** The page's language, and a way to choose another: kept for a year; the page is said anew and keeps what was typed. */
export function useLocaleChoice() {
  const router = useRouter();
  const [pending, start] = useTransition();
  const [chosen, setChosen] = useState<Locale | null>(null);
  const [language] = useLocale().split("-");
  const choose = (locale: Locale) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    // biome-ignore lint/suspicious/noDocumentCookie: not every browser has the Cookie Store
    document.cookie = `${LOCALE_COOKIE}=${locale}; path=/; max-age=${YEAR_SECONDS}; samesite=lax${secure}`;
    setChosen(locale); // the page itself follows a moment later
    start(() => router.refresh());
  };
  return { locale: chosen ?? (isLocale(language) ? language : null), choose, pending };
}
