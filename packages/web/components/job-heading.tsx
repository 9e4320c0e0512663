"use client";
import type { JobView } from "@kangklip/contract";
import { Check, Copy } from "lucide-react";
import { useTranslations } from "next-intl";
import { useCopy } from "../hooks/use-copy.ts";
import { madeText } from "../lib/compute.ts";
import { nameOf } from "../lib/job-view.ts";

/** What the job is about, and its id. `clips`: how many came out, once that is known. */
export function JobHeading({ view, clips }: { view: JobView; clips: number | undefined }) {
  const t = useTranslations();
  const { copied, copy } = useCopy();
  const { source } = view;
  return (
    <div>
      <h1 className="max-w-4xl text-3xl break-words sm:text-[2.5rem]">
        <bdi>{nameOf(t, view)}</bdi>
      </h1>
      {source && (
        <p className="mt-3 truncate text-soft">
          <bdi>{source.url}</bdi>
        </p>
      )}
      <div className="mt-1 flex flex-wrap items-center gap-x-4 text-sm text-soft">
        {clips !== undefined && clips > 0 && (
          <p className="text-base font-medium text-ink">
            {t("job.clips", { count: clips, made: madeText(t, view) })}
          </p>
        )}
        <button
          type="button"
          onClick={() => copy(view.job_id)}
          className="-mx-2 flex min-h-11 items-center gap-2 rounded-control px-2 hover:text-ink"
        >
          <span className="sr-only">{t("job.copyId")} </span>
          <code dir="ltr" className="break-all">
            {view.job_id}
          </code>
          {copied ? (
            <Check size={16} aria-hidden="true" />
          ) : (
            <Copy size={16} aria-hidden="true" className="shrink-0" />
          )}
        </button>
        <span role="status" className="sr-only">
          {copied ? t("job.copied") : ""}
        </span>
      </div>
    </div>
  );
}
