"use client";
import { Check, ChevronDown, ChevronUp, Copy, X } from "lucide-react";
import { useTranslations } from "next-intl";
import { type ReactNode, useId } from "react";
import { useCopy } from "../hooks/use-copy.ts";
import type { useTranscriptSearch } from "../hooks/use-transcript-search.ts";

interface TranscriptSearchProps {
  search: ReturnType<typeof useTranscriptSearch>;
  /** All of the text, to be copied. */
  text: () => string;
}

/** What is searched for, how often it is there and the ways through it; and the text to take along. */
export function TranscriptSearch({ search, text }: TranscriptSearchProps) {
  const t = useTranslations();
  const { copied, copy } = useCopy();
  const id = useId();
  const { query, isAsked, found, number, step } = search;
  return (
    <div className="mt-3 flex flex-wrap items-center gap-2">
      <form
        className="flex min-w-0 flex-1 basis-56 items-center gap-2"
        onSubmit={(event) => {
          event.preventDefault();
          step(1);
        }}
      >
        <label htmlFor={id} className="sr-only">
          {t("player.transcript.search")}
        </label>
        <input
          id={id}
          type="text"
          inputMode="search"
          enterKeyHint="search"
          dir="auto"
          autoComplete="off"
          className="field min-h-11 px-3"
          placeholder={t("player.transcript.search")}
          value={query}
          onChange={({ target }) => search.search(target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && query !== "") {
              event.preventDefault();
              search.search("");
            } else if (event.key === "Enter" && event.shiftKey) {
              event.preventDefault();
              step(-1);
            }
          }}
        />
        {query !== "" && (
          <IconButton label={t("player.transcript.clear")} onClick={() => search.search("")}>
            <X size={18} aria-hidden="true" />
          </IconButton>
        )}
      </form>
      {isAsked && found.length > 0 && (
        <div className="flex gap-2">
          <IconButton label={t("player.transcript.before")} onClick={() => step(-1)}>
            <ChevronUp size={20} aria-hidden="true" />
          </IconButton>
          <IconButton label={t("player.transcript.next")} onClick={() => step(1)}>
            <ChevronDown size={20} aria-hidden="true" />
          </IconButton>
        </div>
      )}
      <p role="status" className="text-sm text-soft tabular-nums empty:hidden">
        {isAsked ? t("player.transcript.found", { count: found.length, at: number }) : ""}
      </p>
      <button
        type="button"
        className="button button-quiet min-h-11 px-3 text-sm"
        onClick={() => copy(text())}
      >
        {copied ? <Check size={16} aria-hidden="true" /> : <Copy size={16} aria-hidden="true" />}
        {t(copied ? "player.transcript.copied" : "player.transcript.copy")}
      </button>
      <span role="status" className="sr-only">
        {copied ? t("player.transcript.copied") : ""}
      </span>
    </div>
  );
}

function IconButton({
  label,
  onClick,
  children,
}: {
  label: string;
  onClick: () => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className="button button-quiet size-11 min-h-11 shrink-0 px-0"
      onClick={onClick}
    >
      {children}
    </button>
  );
}
