"use client";
import { Language } from "@kangklip/contract";
import { ChevronDown } from "lucide-react";
import { useLocale, useTranslations } from "next-intl";
import { type ReactNode, useEffect, useId, useState } from "react";
import { useSystem } from "../hooks/use-system.ts";
import { ABOUT_MOST } from "../lib/job-form.ts";
import type { JobOptions as Options } from "../lib/options-memory.ts";
import { optionsText } from "../lib/options-text.ts";
import { CaptionChoice } from "./caption-choice.tsx";
import { Check } from "./check.tsx";
import { Choice } from "./choice.tsx";
import { LanguageSelect } from "./language-select.tsx";

const DURATIONS = [30, 45, 60];
const COUNTS = [1, 2, 3, 4, 5].map((value) => ({ value, label: `${value}` }));

interface JobOptionsProps {
  options: Options;
  onChange: (part: Partial<Options>) => void;
  about: string;
  onAbout: (about: string) => void;
  /** What is wrong with a field, if anything. */
  errorOf: (field: string) => string | undefined;
  /** Whether one of the fields in here is wrong: it is shown. */
  wrong: boolean;
  disabled: boolean;
}

/** What is asked of the clips; folded, as most take them as they come. */
export function JobOptions(props: JobOptionsProps) {
  const { options, onChange, about, onAbout, errorOf, wrong, disabled } = props;
  const t = useTranslations();
  const locale = useLocale();
  const { data: system } = useSystem();
  const [open, setOpen] = useState(false);
  const id = useId();
  useEffect(() => {
    if (wrong) setOpen(true);
  }, [wrong]);
  return (
    <details
      open={open}
      onToggle={({ currentTarget }) => setOpen(currentTarget.open)}
      className="group rounded-control border border-line-strong"
    >
      <summary className="flex min-h-13 list-none items-center justify-between gap-3 rounded-control px-4 py-2 hover:bg-sunk [&::-webkit-details-marker]:hidden">
        <span className="min-w-0">
          <span className="block font-medium">{t("builder.options.title")}</span>
          <span className="block text-sm break-words text-soft group-open:hidden">
            {optionsText(t, locale, options, about)}
          </span>
        </span>
        <ChevronDown
          size={20}
          aria-hidden="true"
          className="shrink-0 text-soft transition-transform group-open:rotate-180"
        />
      </summary>
      <div className="flex flex-col gap-7 px-4 pt-3 pb-5">
        <div className="grid gap-7 sm:grid-cols-2">
          <Choice
            legend={t("builder.options.duration")}
            options={DURATIONS.map((value) => ({
              value,
              label: t("builder.options.seconds", { seconds: value }),
            }))}
            value={options.durationSeconds}
            onChange={(durationSeconds) => onChange({ durationSeconds })}
            error={errorOf("durationSeconds")}
            disabled={disabled}
          />
          <Choice
            legend={t("builder.options.count")}
            options={COUNTS}
            value={options.count}
            onChange={(count) => onChange({ count })}
            error={errorOf("count")}
            disabled={disabled}
          />
        </div>
        <div>
          <label htmlFor={`${id}-about`} className="mb-2 block font-medium">
            {t.rich("builder.options.about", { soft })}
          </label>
          <input
            id={`${id}-about`}
            className="field"
            autoComplete="off"
            placeholder={t("builder.options.aboutSample")}
            dir="auto"
            value={about}
            maxLength={ABOUT_MOST}
            disabled={disabled}
            aria-invalid={errorOf("about") !== undefined}
            aria-describedby={errorOf("about") ? `${id}-about-error` : undefined}
            onChange={(event) => onAbout(event.target.value)}
          />
          {errorOf("about") && (
            <p id={`${id}-about-error`} className="mt-2 text-sm text-bad">
              {errorOf("about")}
            </p>
          )}
        </div>
        <CaptionChoice
          value={options.captionPreset}
          onChange={(captionPreset) => onChange({ captionPreset })}
          error={errorOf("captionPreset")}
          disabled={disabled}
        />
        <Check
          label={t("builder.options.tighten")}
          detail={t("builder.options.tightenDetail")}
          checked={options.tighten}
          onChange={(tighten) => onChange({ tighten })}
          disabled={disabled}
        />
        <div className="grid gap-7 sm:grid-cols-2">
          <LanguageSelect
            label={t("builder.options.spoken")}
            first={[["auto", t("builder.options.findOut")]]}
            value={options.language}
            onChange={(code) => onChange({ language: Language.parse(code) })}
            hint={t("builder.options.spokenHint")}
            error={errorOf("language")}
            disabled={disabled}
          />
          <LanguageSelect
            label={t("builder.options.written")}
            first={[
              ["", t("builder.options.usual")],
              ["auto", t("builder.options.asSpoken")],
            ]}
            value={options.outputLanguage ?? ""}
            onChange={(code) => onChange({ outputLanguage: code || null })}
            hint={t(
              system?.language_model === false
                ? "builder.options.untranslated"
                : "builder.options.translated",
            )}
            error={errorOf("outputLanguage")}
            disabled={disabled}
          />
        </div>
      </div>
    </details>
  );
}

const soft = (text: ReactNode) => <span className="font-normal text-soft">{text}</span>;
