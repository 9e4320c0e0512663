import { Language } from "@kangklip/contract";

const names = new Intl.DisplayNames("en", { type: "language" });

/** What a language is called, from its code; the code where it has no name. Pure. */
export const languageName = (code: string): string => names.of(code) ?? code;

/** The languages that the API takes, by name. Browser and server may not sort and name all of them alike. */
export const LANGUAGES: readonly (readonly [Language, string])[] = Language.options
  .filter((code) => code !== "auto")
  .map((code) => [code, languageName(code)] as const)
  .sort(([, one], [, other]) => one.localeCompare(other, "en"));
