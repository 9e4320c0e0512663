"use client";
import { Upload } from "lucide-react";
import { useTranslations } from "next-intl";

interface FileDropProps {
  onFile: (file: File) => void;
  /** A file is held over the page. */
  over: boolean;
  disabled: boolean;
  invalid: boolean;
  errorId: string;
}

/** Takes one file, by choosing; what is dropped is taken anywhere on the page (`useBring`). */
export function FileDrop({ onFile, over, disabled, invalid, errorId }: FileDropProps) {
  const t = useTranslations();
  return (
    <label
      id="file"
      className={`flex min-h-24 flex-col items-center justify-center gap-1 rounded-control border border-dashed p-4 text-center transition-colors has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-(--focus) ${over ? "border-indigo bg-sunk" : "border-line-strong hover:bg-sunk"}`}
    >
      <input
        type="file"
        accept="video/*,.mkv,.ts,.m2ts"
        className="sr-only"
        disabled={disabled}
        aria-invalid={invalid}
        aria-describedby={invalid ? errorId : undefined}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file) onFile(file);
        }}
      />
      <span className="flex items-center gap-2 font-medium">
        <Upload size={18} aria-hidden="true" /> {t("builder.file.choose")}
      </span>
      <span className="text-sm text-soft">{t(over ? "builder.file.dropNow" : "builder.file.drop")}</span>
    </label>
  );
}
