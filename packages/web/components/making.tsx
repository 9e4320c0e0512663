"use client";
import type { JobView, Results } from "@kangklip/contract";
import { ChevronDown } from "lucide-react";
import { useTranslations } from "next-intl";
import { useState } from "react";
import { useDownload } from "../hooks/use-clips.ts";
import { stageRows } from "../lib/job-view.ts";
import { problemOf } from "../lib/problem.ts";
import { Attempts } from "./attempts.tsx";
import { LogDrawer } from "./log-drawer.tsx";
import { ProblemLine } from "./problem-line.tsx";
import { ReceiptView } from "./receipt-view.tsx";
import { StageTimeline } from "./stage-timeline.tsx";

const FILES = [
  ["transcript.json", "transcript"],
  ["edl.json", "edl"],
  ["qc.json", "qc"],
  ["receipt.json", "receipt"],
  ["manifest.json", "manifest"],
] as const;

/** How a finished job was made, for whoever wants to know; closed at first. */
export function Making({
  view,
  results,
  owner,
}: {
  view: JobView;
  results: Results | undefined;
  owner: boolean;
}) {
  const t = useTranslations();
  const { download, busy, error } = useDownload(view.job_id);
  const [opened, setOpened] = useState(false);
  const measured = results?.clips.some(({ verdict }) => verdict !== null) ?? false;
  const bold = (text: React.ReactNode) => (
    <strong lang="en" className="font-medium text-ink">
      {text}
    </strong>
  );
  return (
    <details
      className="group panel px-5 sm:px-6"
      onToggle={({ currentTarget }) => currentTarget.open && setOpened(true)}
    >
      <summary className="flex min-h-14 list-none items-center justify-between gap-4 font-medium [&::-webkit-details-marker]:hidden">
        {t("receipt.title")}
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
            {t.rich("receipt.words", {
              transcriber: results.transcriber ?? t("receipt.unnamedRecogniser"),
              selector: results.selector ?? t("receipt.unnamedSelector"),
              b: bold,
            })}
          </p>
        )}
        {results && <ReceiptView view={view} wanted={opened} />}
        <div className="flex flex-wrap gap-2">
          {results &&
            FILES.filter(([name]) => measured || name !== "qc.json").map(([name, label]) => (
              <button
                key={name}
                type="button"
                className="button button-quiet"
                disabled={busy === name}
                onClick={() => download(name)}
              >
                <span className="sr-only">{t("receipt.file.download")} </span>
                {t(`receipt.file.${label}`)}
              </button>
            ))}
          {owner && <LogDrawer jobId={view.job_id} ended />}
        </div>
        {error !== null && (
          <p role="alert" className="text-bad">
            <ProblemLine problem={problemOf(error)} />
          </p>
        )}
      </div>
    </details>
  );
}
