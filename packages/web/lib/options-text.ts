import type { Translate } from "../i18n/translate.ts";
import { languageName } from "./languages.ts";
import type { JobOptions } from "./options-memory.ts";

/** The choices in one line, those that are not the usual ones by name. Pure. @param locale the reader's, BCP 47 */
export function optionsText(t: Translate, locale: string, options: JobOptions, about: string): string {
  const { count, durationSeconds, language, captionPreset, tighten, outputLanguage } = options;
  return [
    t("builder.summary.clips", { count, seconds: durationSeconds }),
    ...(about.trim() ? [t("builder.summary.about", { about: about.trim() })] : []),
    ...(captionPreset ? [t("builder.summary.look", { look: t(`builder.looks.${captionPreset}.name`) })] : []),
    ...(tighten ? [t("builder.summary.tight")] : []),
    ...(language === "auto"
      ? []
      : [t("builder.summary.spoken", { language: languageName(locale, language) })]),
    ...(outputLanguage && outputLanguage !== "auto"
      ? [t("builder.summary.written", { language: languageName(locale, outputLanguage) })]
      : []),
  ].join(t("builder.summary.and"));
}
