"use client";
import type { JobView } from "@kangklip/contract";
import { Check, Copy } from "lucide-react";
import { useCopy } from "../hooks/use-copy.ts";
import { madeText } from "../lib/compute.ts";
import { nameOf } from "../lib/job-view.ts";

/** What the job is about, and its id. `clips`: how many came out, once that is known. */
export function JobHeading({ view, clips }: { view: JobView; clips: number | undefined }) {
  const { copied, copy } = useCopy();
  const { source } = view;
  return (
    <div>
      <h1 dir="auto" className="max-w-4xl text-3xl break-words sm:text-[2.5rem]">
        {nameOf(view)}
      </h1>
      {source && (
        <p dir="auto" className="mt-3 truncate text-soft">
          {source.url}
        </p>
      )}
      <div className="mt-1 flex flex-wrap items-center gap-x-4 text-sm text-soft">
        {clips !== undefined && clips > 0 && (
          <p className="text-base font-medium text-ink">
            {clips === 1 ? "1 clip" : `${clips} clips`}, {madeText(view)}
          </p>
        )}
        <button
          type="button"
          onClick={() => copy(view.job_id)}
          className="-mx-2 flex min-h-11 items-center gap-2 rounded-control px-2 hover:text-ink"
        >
          <span className="sr-only">Copy the job's id: </span>
          <code className="break-all">{view.job_id}</code>
          {copied ? (
            <Check size={16} aria-hidden="true" />
          ) : (
            <Copy size={16} aria-hidden="true" className="shrink-0" />
          )}
        </button>
        <span role="status" className="sr-only">
          {copied ? "Copied" : ""}
        </span>
      </div>
    </div>
  );
}
