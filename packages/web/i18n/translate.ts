import { createTranslator, type useTranslations } from "next-intl";
import { MESSAGES } from "../messages/index.ts";
import { formatLocale, type Locale } from "./locales.ts";

/** Says a message of the page in the reader's language: what `useTranslations()` gives, which pure functions take as a parameter. */
export type Translate = ReturnType<typeof useTranslations<never>>;

/** The same outside of components, for tests. */
export const translateTo = (locale: Locale): Translate =>
  createTranslator({ locale: formatLocale(locale), messages: MESSAGES[locale] }) as Translate;
