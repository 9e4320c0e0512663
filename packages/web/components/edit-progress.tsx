"use client";
import { Progress } from "@base-ui/react/progress";
import { isEnded, type JobId, type JobView } from "@kangklip/contract";
import { useEffect } from "react";
import { useJob, useJobActions } from "../hooks/use-job.ts";
import { headline, remainingText } from "../lib/job-view.ts";

interface EditProgressProps {
  jobId: JobId;
  revision: number;
  /** Told once, when nothing more will come by itself. */
  onEnd: () => void;
}

/** A version on its way. */
export function EditProgress({ jobId, revision, onEnd }: EditProgressProps) {
  const { view, now, stalled, offline } = useJob(jobId);
  const { cancel, cancelling } = useJobActions(jobId);
  const ended = view !== undefined && isEnded(view.status);
  useEffect(() => {
    if (ended) onEnd();
  }, [ended, onEnd]);
  const detail = offline
    ? "No connection to KangKlip at present; the work goes on."
    : stalled
      ? "The worker has not been heard of for a while. If it stays silent, another one starts."
      : view && [view.message, remainingText(view, now)].filter(Boolean).join(" · ");
  return (
    <section aria-label={`Version ${revision}`} className="panel p-5">
      <Progress.Root value={view?.progress ?? 0} aria-valuetext={`${view?.progress ?? 0} percent`}>
        <div className="flex items-baseline justify-between gap-4">
          <Progress.Label className="font-medium" render={<p />}>
            <span role="status">
              Version {revision}: {toldOf(view)}
            </span>
          </Progress.Label>
          <span aria-hidden="true" className="font-medium tabular-nums">
            {view?.progress ?? 0} %
          </span>
        </div>
        <Progress.Track className="mt-3 h-2.5 rounded-[0.2rem] bg-line">
          <Progress.Indicator className="h-full rounded-[0.2rem] bg-indigo transition-[width] duration-500" />
        </Progress.Track>
      </Progress.Root>
      <p dir="auto" className="mt-2 min-h-[1.55em] text-sm break-words text-soft">
        {detail}
      </p>
      <div className="mt-2 flex flex-wrap items-center justify-between gap-3">
        <p className="text-sm text-soft">The version before plays on meanwhile.</p>
        {!ended && view?.state !== "COMMITTING" && (
          <button
            type="button"
            className="button button-quiet"
            disabled={cancelling || view?.state === "CANCELLING"}
            onClick={cancel}
          >
            {cancelling || view?.state === "CANCELLING" ? "Stopping…" : "Stop it"}
          </button>
        )}
      </div>
    </section>
  );
}

function toldOf(view: JobView | undefined): string {
  if (!view) return "Starting";
  if (view.status === "SUCCEEDED") return "Ready";
  return view.status === "FAILED" ? "Not made" : headline(view);
}
