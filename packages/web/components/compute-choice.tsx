"use client";
import { useTranslations } from "next-intl";
import { useId } from "react";
import type { ComputeOption, quoteText } from "../lib/compute.ts";

interface ComputeChoiceProps {
  options: readonly ComputeOption[];
  choice: string | null;
  onChoose: (choice: string | null) => void;
  /** What the choice would mean now; undefined while that is not known. */
  meaning: ReturnType<typeof quoteText> | undefined;
  /** What is wrong with the choice, if anything. */
  error?: string | undefined;
  disabled: boolean;
}

/** Where the job runs: one of the installation's providers, or whichever can take it. Nothing where there is only one. */
export function ComputeChoice({ options, choice, onChoose, meaning, error, disabled }: ComputeChoiceProps) {
  const t = useTranslations();
  const name = useId();
  const errorId = `${name}-error`;
  if (options.length === 0) return null;
  return (
    <fieldset disabled={disabled} aria-describedby={error ? errorId : undefined} className="min-w-0">
      <legend className="mb-2 font-medium">{t("builder.compute.legend")}</legend>
      <div className="grid gap-2 sm:grid-cols-2">
        {options.map(({ value, name: title, detail, ok }) => {
          const id = `${name}-${value ?? "auto"}`;
          return (
            <label
              key={id}
              className="flex min-h-11 items-start gap-3 rounded-control border border-line-strong bg-surface px-4 py-3 transition-colors hover:bg-sunk has-checked:border-ink has-checked:shadow-[inset_0_0_0_1px_var(--ink)] has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-(--focus)"
            >
              <input
                type="radio"
                name={name}
                className="mt-1.5 size-4 shrink-0 accent-(--indigo)"
                checked={value === choice}
                onChange={() => onChoose(value)}
                aria-labelledby={`${id}-name`}
                aria-describedby={`${id}-detail`}
              />
              <span className="min-w-0">
                <span id={`${id}-name`} className="block font-medium">
                  {title}
                </span>
                <span
                  id={`${id}-detail`}
                  className={`block text-sm break-words ${ok ? "text-soft" : "text-bad"}`}
                >
                  {detail}
                </span>
              </span>
            </label>
          );
        })}
      </div>
      {error ? (
        <p id={errorId} className="mt-2 text-sm text-bad">
          {error}
        </p>
      ) : (
        <p role="status" className="mt-2 min-h-5 text-sm break-words text-soft">
          {meaning?.text}{" "}
          {meaning?.api && (
            <span lang="en" dir="ltr">
              {meaning.api}
            </span>
          )}
        </p>
      )}
    </fieldset>
  );
}
