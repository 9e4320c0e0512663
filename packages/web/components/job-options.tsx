"use client";
import { Language } from "@kangklip/contract";
import { ChevronDown } from "lucide-react";
import { useEffect, useId, useState } from "react";
import { useSystem } from "../hooks/use-system.ts";
import { LOOKS } from "../lib/caption-looks.ts";
import { languageName } from "../lib/languages.ts";
import type { JobOptions as Options } from "../lib/options-memory.ts";
import { CaptionChoice } from "./caption-choice.tsx";
import { Check } from "./check.tsx";
import { Choice } from "./choice.tsx";
import { LanguageSelect } from "./language-select.tsx";

const DURATIONS = [30, 45, 60].map((value) => ({ value, label: `${value} s` }));
const COUNTS = [1, 2, 3, 4, 5].map((value) => ({ value, label: `${value}` }));
const ABOUT_MOST = 300;

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
          <span className="block font-medium">Options</span>
          <span className="block text-sm break-words text-soft group-open:hidden">
            {summaryOf(options, about)}
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
            legend="Length of a clip"
            options={DURATIONS}
            value={options.durationSeconds}
            onChange={(durationSeconds) => onChange({ durationSeconds })}
            error={errorOf("durationSeconds")}
            disabled={disabled}
          />
          <Choice
            legend="How many clips"
            options={COUNTS}
            value={options.count}
            onChange={(count) => onChange({ count })}
            error={errorOf("count")}
            disabled={disabled}
          />
        </div>
        <div>
          <label htmlFor={`${id}-about`} className="mb-2 block font-medium">
            Moments about… <span className="font-normal text-soft">(optional)</span>
          </label>
          <input
            id={`${id}-about`}
            className="field"
            autoComplete="off"
            placeholder="pricing, or the dog"
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
          label="Cut out filler words and long silences"
          detail="“um”, “you know”, and pauses in which nothing happens."
          checked={options.tighten}
          onChange={(tighten) => onChange({ tighten })}
          disabled={disabled}
        />
        <div className="grid gap-7 sm:grid-cols-2">
          <LanguageSelect
            label="Spoken language"
            first={[["auto", "Find out"]]}
            value={options.language}
            onChange={(code) => onChange({ language: Language.parse(code) })}
            hint="Words are heard better where it is known."
            error={errorOf("language")}
            disabled={disabled}
          />
          <LanguageSelect
            label="Titles and captions in"
            first={[
              ["", "The usual one"],
              ["auto", "The spoken one"],
            ]}
            value={options.outputLanguage ?? ""}
            onChange={(code) => onChange({ outputLanguage: code || null })}
            hint={translationHint(system?.language_model)}
            error={errorOf("outputLanguage")}
            disabled={disabled}
          />
        </div>
      </div>
    </details>
  );
}

function translationHint(model: boolean | undefined): string {
  if (model === false) return "This installation has no language model, so they stay in the spoken language.";
  return "They are translated where that is not the spoken one.";
}

/** The choices in one line, those that are not the usual ones by name. */
function summaryOf(options: Options, about: string): string {
  const { count, durationSeconds, language, captionPreset, tighten, outputLanguage } = options;
  return [
    `${count === 1 ? "1 clip" : `${count} clips`} of ${durationSeconds} s`,
    ...(about.trim() ? [`about ${about.trim()}`] : []),
    ...(captionPreset ? [`${LOOKS[captionPreset].name.toLowerCase()} captions`] : []),
    ...(tighten ? ["without filler words"] : []),
    ...(language === "auto" ? [] : [`spoken ${languageName(language)}`]),
    ...(outputLanguage && outputLanguage !== "auto" ? [`written ${languageName(outputLanguage)}`] : []),
  ].join(", ");
}
