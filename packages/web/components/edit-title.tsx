import { useTranslations } from "next-intl";
import { useId } from "react";

interface EditTitleProps {
  title: string;
  hook: string;
  disabled: boolean;
  onChange: (part: { title: string } | { hook: string }) => void;
}

/** What a clip is called, and the line that makes people want to watch it. */
export function EditTitle({ title, hook, disabled, onChange }: EditTitleProps) {
  const t = useTranslations();
  const id = useId();
  return (
    <div className="flex flex-col gap-4">
      <div>
        <p aria-hidden="true" className="mb-2 font-medium">
          {t("editor.words.name")}
        </p>
        <input
          dir="auto"
          aria-label={t("editor.words.nameLabel")}
          className="field"
          autoComplete="off"
          maxLength={100}
          value={title}
          disabled={disabled}
          onChange={({ target }) => onChange({ title: target.value })}
        />
      </div>
      <div>
        <label htmlFor={id} className="mb-2 block font-medium">
          {t("editor.words.hook")}
        </label>
        <textarea
          id={id}
          dir="auto"
          rows={2}
          aria-describedby={`${id}-what`}
          className="field block resize-y py-2.5"
          autoComplete="off"
          maxLength={200}
          value={hook}
          disabled={disabled}
          onChange={({ target }) => onChange({ hook: target.value.replace(/\s*\n\s*/g, " ") })}
        />
        <p id={`${id}-what`} className="mt-2 text-sm text-soft">
          {t("editor.words.hookWhat")}
        </p>
      </div>
    </div>
  );
}
