import { type ReactNode, useId } from "react";

interface CheckProps {
  label: string;
  detail?: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  disabled?: boolean;
}

/** Something that is on or off, with what it means below its name. */
export function Check({ label, detail, checked, onChange, disabled }: CheckProps) {
  const id = useId();
  return (
    <label
      htmlFor={id}
      className="flex min-h-11 items-start gap-3 rounded-control border border-line-strong bg-surface px-4 py-3 transition-colors hover:bg-sunk has-disabled:opacity-60 has-checked:border-ink has-checked:shadow-[inset_0_0_0_1px_var(--ink)] has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-(--focus)"
    >
      <span className="flex h-6.5 items-center">
        <input
          id={id}
          type="checkbox"
          className="size-4.5 shrink-0 accent-(--indigo)"
          checked={checked}
          disabled={disabled}
          onChange={(event) => onChange(event.target.checked)}
          aria-labelledby={`${id}-name`}
          aria-describedby={detail ? `${id}-detail` : undefined}
        />
      </span>
      <span className="min-w-0">
        <span id={`${id}-name`} className="block font-medium">
          {label}
        </span>
        {detail && (
          <span id={`${id}-detail`} className="block text-sm text-soft">
            {detail}
          </span>
        )}
      </span>
    </label>
  );
}
