"use client";
import { useLocale } from "next-intl";
import { useId, useMemo } from "react";
import { useHydrated } from "../hooks/use-hydrated.ts";
import { languagesBy } from "../lib/languages.ts";

interface LanguageSelectProps {
  label: string;
  /** What comes before the languages: values and what they are called. */
  first: readonly (readonly [string, string])[];
  value: string;
  onChange: (value: string) => void;
  hint: string;
  error?: string | undefined;
  disabled: boolean;
}

/** One of all the languages. */
export function LanguageSelect(props: LanguageSelectProps) {
  const { label, first, value, onChange, hint, error, disabled } = props;
  const hydrated = useHydrated();
  const locale = useLocale();
  const languages = useMemo(() => (hydrated ? languagesBy(locale) : []), [hydrated, locale]);
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-2 block font-medium">
        {label}
      </label>
      <select
        id={id}
        className="field"
        value={value}
        disabled={disabled}
        aria-invalid={error !== undefined}
        aria-describedby={`${id}-hint`}
        onChange={(event) => onChange(event.target.value)}
      >
        {[...first, ...languages].map(([code, name]) => (
          <option key={code} value={code}>
            {name}
          </option>
        ))}
      </select>
      <p id={`${id}-hint`} className={`mt-2 text-sm ${error ? "text-bad" : "text-soft"}`}>
        {error ?? hint}
      </p>
    </div>
  );
}
