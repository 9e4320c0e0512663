import { useId } from "react";

interface ChoiceProps<Value extends string | number> {
  legend: string;
  options: readonly { value: Value; label: string }[];
  value: Value;
  onChange: (value: Value) => void;
  /** What is wrong with the choice, if anything. */
  error?: string | undefined;
  disabled?: boolean;
  /** Its labels are long: two beside each other where there is little room. */
  long?: boolean;
}

/** One of a few values, all in sight. */
export function Choice<Value extends string | number>(props: ChoiceProps<Value>) {
  const { legend, options, value, onChange, error, disabled, long } = props;
  const name = useId();
  const errorId = `${name}-error`;
  return (
    <fieldset disabled={disabled} aria-describedby={error ? errorId : undefined} className="min-w-0">
      <legend className="mb-2 font-medium">{legend}</legend>
      <div
        className={`rounded-control border border-line-strong bg-surface p-1 ${long ? "grid grid-cols-2 sm:flex" : "flex"}`}
      >
        {options.map((option) => (
          <label
            key={option.value}
            className={`${long ? "flex-1 sm:flex-auto" : "flex-1"} flex min-h-11 items-center justify-center rounded-[0.4rem] px-1 text-center leading-tight text-soft tabular-nums transition-colors hover:text-ink has-disabled:opacity-60 has-checked:bg-ink has-checked:font-medium has-checked:text-surface has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-(--focus)`}
          >
            <input
              type="radio"
              name={name}
              className="sr-only"
              checked={option.value === value}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {error && (
        <p id={errorId} className="mt-2 text-sm text-bad">
          {error}
        </p>
      )}
    </fieldset>
  );
}
