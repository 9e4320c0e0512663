import { Language } from "@kangklip/contract";

/** What a language is called in the reader's own, from its code; the code where it has no name. Pure. @param locale the reader's, BCP 47 */
export const languageName = (locale: string, code: string): string =>
  new Intl.DisplayNames(locale, { type: "language" }).of(code) ?? code;

/** The languages that the API takes, by their names in the reader's. Browser and server may not sort and name all of them alike. Pure. */
export function languagesBy(locale: string): (readonly [Language, string])[] {
  const names = new Intl.DisplayNames(locale, { type: "language" });
  const { compare } = new Intl.Collator(locale);
  return Language.options
    .filter((code) => code !== "auto")
    .map((code) => [code, names.of(code) ?? code] as const)
    .sort(([, one], [, other]) => compare(one, other));
}
