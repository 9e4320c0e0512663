import type { Locale } from "../i18n/locales.ts";
import { ar } from "./ar/index.ts";
import { en, type Messages } from "./en/index.ts";
import { id } from "./id/index.ts";

export const MESSAGES: Record<Locale, Messages> = { en, id, ar };
