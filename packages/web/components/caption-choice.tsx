import { CaptionPreset } from "@kangklip/contract";
import { useId } from "react";
import { LOOKS } from "../lib/caption-looks.ts";
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

const USUAL = {
  name: "Usual",
  what: "As whoever runs this installation has set it; amber, unless they changed that",
};

/** How captions look, each drawn as it is. Null: as the installation is set. */
export function CaptionChoice(props: CaptionChoiceProps) {
  const { legend = "Captions", hasUsual = true, value, onChange, error, disabled } = props;
  const name = useId();
  const chosen = value === null ? USUAL : LOOKS[value];
  return (
    <fieldset disabled={disabled} className="min-w-0" aria-describedby={`${name}-what`}>
      <legend className="mb-2 font-medium">{legend}</legend>
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
              {preset ? LOOKS[preset].name : USUAL.name}
            </span>
          </label>
        ))}
      </div>
      <p id={`${name}-what`} role="status" className={`mt-2 text-sm ${error ? "text-bad" : "text-soft"}`}>
        {error ?? `${chosen.what}.`}
      </p>
    </fieldset>
  );
}
