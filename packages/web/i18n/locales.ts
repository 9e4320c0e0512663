/** The languages of the page, as BCP 47, each called by its own name. */
export const LOCALES = { en: "English", id: "Bahasa Indonesia", ar: "العربية" } as const;
export type Locale = keyof typeof LOCALES;

/** Holds the language that somebody chose; where there is none the browser's own list counts. */
export const LOCALE_COOKIE = "kk_locale";

export const isLocale = (text: string | undefined): text is Locale =>
  text !== undefined && Object.hasOwn(LOCALES, text);

export const directionOf = (locale: string): "ltr" | "rtl" => (locale.startsWith("ar") ? "rtl" : "ltr");

/** What `Intl` is asked for: digits are Latin everywhere, as places in a video are written in them. */
export const formatLocale = (locale: Locale): string => (locale === "ar" ? "ar-u-nu-latn" : locale);

/** The first language of an Accept-Language header (RFC 9110, 12.5.4) that the page has, by weight; else English. Pure. */
export function preferredLocale(header: string | null): Locale {
  const wished = (header ?? "")
    .split(",")
    .map((part) => {
      const [tag = "", ...parameters] = part.trim().split(";");
      const weight = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find(Boolean);
      return { language: tag.toLowerCase().split("-")[0], weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  for (const { language } of wished) {
    if (language === "in") return "id"; // what Java-based clients still call Indonesian
    if (isLocale(language)) return language;
  }
  return "en";
}
