"use client";
import type { JobView, Results } from "@kangklip/contract";
import { ChevronDown } from "lucide-react";
import { useDownload } from "../hooks/use-clips.ts";
import { stageRows } from "../lib/job-view.ts";
import { Attempts } from "./attempts.tsx";
import { StageTimeline } from "./stage-timeline.tsx";

const FILES = [
  ["transcript.json", "Transcript"],
  ["edl.json", "Edit list"],
  ["manifest.json", "Manifest"],
  ["receipt.json", "Receipt"],
] as const;

/** How a finished job was made, for whoever wants to know; closed at first. */
export function Making({ view, results }: { view: JobView; results: Results | undefined }) {
  const { download, busy } = useDownload(view.job_id);
  return (
    <details className="group panel px-5 sm:px-6">
      <summary className="flex min-h-14 list-none items-center justify-between gap-4 font-medium [&::-webkit-details-marker]:hidden">
        How these clips were made
        <ChevronDown
          size={20}
          aria-hidden="true"
          className="text-soft transition-transform group-open:rotate-180"
        />
      </summary>
      <div className="space-y-6 pt-3 pb-6">
        <StageTimeline rows={stageRows(view, 0)} />
        <Attempts view={view} now={0} />
        {results && (
          <p className="text-soft">
            Words by{" "}
            <strong className="font-medium text-ink">{results.transcriber ?? "an unnamed recogniser"}</strong>
            , choice by{" "}
            <strong className="font-medium text-ink">{results.selector ?? "an unnamed selector"}</strong>.
          </p>
        )}
        {results && (
          <div className="flex flex-wrap gap-2">
            {FILES.map(([name, label]) => (
              <button
                key={name}
                type="button"
                className="button button-quiet"
                disabled={busy === name}
                onClick={() => download(name)}
              >
                {label}
              </button>
            ))}
          </div>
        )}
      </div>
    </details>
  );
}
