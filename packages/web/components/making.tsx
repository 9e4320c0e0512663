"use client";
import type { JobView, Results } from "@kangklip/contract";
import { ChevronDown } from "lucide-react";
import { useState } from "react";
import { useDownload } from "../hooks/use-clips.ts";
import { stageRows } from "../lib/job-view.ts";
import { problemOf } from "../lib/problem.ts";
import { Attempts } from "./attempts.tsx";
import { ReceiptView } from "./receipt-view.tsx";
import { StageTimeline } from "./stage-timeline.tsx";

const FILES = [
  ["transcript.json", "Transcript"],
  ["edl.json", "Edit list (EDL)"],
  ["qc.json", "Measurements"],
  ["receipt.json", "Receipt"],
  ["manifest.json", "Manifest"],
] as const;

/** How a finished job was made, for whoever wants to know; closed at first. */
export function Making({ view, results }: { view: JobView; results: Results | undefined }) {
  const { download, busy, error } = useDownload(view.job_id);
  const [opened, setOpened] = useState(false);
  const measured = results?.clips.some(({ verdict }) => verdict !== null) ?? false;
  return (
    <details
      className="group panel px-5 sm:px-6"
      onToggle={({ currentTarget }) => currentTarget.open && setOpened(true)}
    >
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
        {results && <ReceiptView view={view} wanted={opened} />}
        {results && (
          <div className="flex flex-wrap gap-2">
            {FILES.filter(([name]) => measured || name !== "qc.json").map(([name, label]) => (
              <button
                key={name}
                type="button"
                className="button button-quiet"
                disabled={busy === name}
                onClick={() => download(name)}
              >
                <span className="sr-only">Download </span>
                {label}
              </button>
            ))}
          </div>
        )}
        {error !== null && (
          <p role="alert" className="text-bad">
            {problemOf(error).message}. {problemOf(error).action}
          </p>
        )}
      </div>
    </details>
  );
}
