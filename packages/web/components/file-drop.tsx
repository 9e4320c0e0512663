import { FileVideo, Upload, X } from "lucide-react";
import { type DragEvent, useState } from "react";
import { size } from "../lib/time.ts";

interface FileDropProps {
  file: File | null;
  onFile: (file: File | null) => void;
  disabled: boolean;
  invalid: boolean;
  errorId: string;
}

/** Takes one file, by choosing or by dropping, and shows it until it is put away again. */
export function FileDrop({ file, onFile, disabled, invalid, errorId }: FileDropProps) {
  const [over, setOver] = useState(false);
  function drop(event: DragEvent) {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped && !disabled) onFile(dropped);
  }
  if (file)
    return (
      <div className="flex items-center gap-3 rounded-control border border-line-strong bg-surface py-1.5 pr-1.5 pl-4">
        <FileVideo size={22} aria-hidden="true" className="shrink-0 text-indigo" />
        <p className="min-w-0 flex-1">
          <span dir="auto" className="block truncate font-medium">
            {file.name}
          </span>
          <span className="block text-sm text-soft">{size(file.size)}</span>
        </p>
        <button
          type="button"
          className="grid size-11 shrink-0 place-items-center rounded-control hover:bg-sunk disabled:opacity-60"
          aria-label="Put the file away"
          disabled={disabled}
          onClick={() => onFile(null)}
        >
          <X size={20} aria-hidden="true" />
        </button>
      </div>
    );
  return (
    <label
      id="file"
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
      className={`flex min-h-24 flex-col items-center justify-center gap-1 rounded-control border border-dashed p-4 text-center transition-colors has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-(--focus) ${over ? "border-indigo bg-sunk" : "border-line-strong hover:bg-sunk"}`}
    >
      <input
        type="file"
        accept="video/*,.mkv,.ts,.m2ts"
        className="sr-only"
        disabled={disabled}
        aria-invalid={invalid}
        aria-describedby={invalid ? errorId : undefined}
        onChange={(event) => onFile(event.target.files?.[0] ?? null)}
      />
      <span className="flex items-center gap-2 font-medium">
        <Upload size={18} aria-hidden="true" /> Choose a video file
      </span>
      <span className="text-sm text-soft">or drop it here</span>
    </label>
  );
}
