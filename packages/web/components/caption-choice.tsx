"use client";
import { CaptionPreset } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useId } from "react";
import { CaptionSample } from "./caption-sample.tsx";

interface CaptionChoiceProps {
  legend?: string;
  /** Whether they may be as the installation is set. */
  hasUsual?: boolean;
  value: CaptionPreset | null;
  onChange: (preset: CaptionPreset | null) => void;
  error?: string | undefined;
  disabled?: boolean;
}

/** How captions look, each drawn as it is. Null: as the installation is set. */
export function CaptionChoice(props: CaptionChoiceProps) {
  const { legend, hasUsual = true, value, onChange, error, disabled } = props;
  const t = useTranslations();
  const name = useId();
  return (
    <fieldset disabled={disabled} className="min-w-0" aria-describedby={`${name}-what`}>
      <legend className="mb-2 font-medium">{legend ?? t("builder.captions.legend")}</legend>
      <div className="grid grid-cols-3 gap-2 sm:grid-cols-[repeat(auto-fill,minmax(6rem,1fr))] sm:gap-2.5">
        {[...(hasUsual ? [null] : []), ...CaptionPreset.options].map((preset) => (
          <label
            key={preset ?? "usual"}
            className="sample-live group/tile min-w-0 rounded-control border border-line-strong bg-surface p-1 transition-colors hover:border-ink has-disabled:opacity-60 has-checked:border-ink has-checked:shadow-[inset_0_0_0_1px_var(--ink)] has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-(--focus)"
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              checked={value === preset}
              onChange={() => onChange(preset)}
            />
            <CaptionSample preset={preset ?? "amber"} />
            <span className="block py-1 text-center text-sm text-soft group-has-checked/tile:font-medium group-has-checked/tile:text-ink">
              {preset ? t(`builder.looks.${preset}.name`) : t("builder.captions.usual")}
            </span>
          </label>
        ))}
      </div>
      <p id={`${name}-what`} role="status" className={`mt-2 text-sm ${error ? "text-bad" : "text-soft"}`}>
        {error ?? (value ? t(`builder.looks.${value}.what`) : t("builder.captions.usualWhat"))}
      </p>
    </fieldset>
  );
}
