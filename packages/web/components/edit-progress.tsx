"use client";
import { Progress } from "@base-ui/react/progress";
import { isEnded, type JobId, type JobView } from "@kangklip/contract";
import { useLocale, useTranslations } from "next-intl";
import { useEffect } from "react";
import { useJob, useJobActions } from "../hooks/use-job.ts";
import type { Translate } from "../i18n/translate.ts";
import { headline, remainingText } from "../lib/job-view.ts";

interface EditProgressProps {
  jobId: JobId;
  revision: number;
  /** Told once, when nothing more will come by itself. */
  onEnd: () => void;
}

/** A version on its way. */
export function EditProgress({ jobId, revision, onEnd }: EditProgressProps) {
  const t = useTranslations();
  const foreign = !useLocale().startsWith("en");
  const { view, now, stalled, offline } = useJob(jobId);
  const { cancel, cancelling } = useJobActions(jobId);
  const ended = view !== undefined && isEnded(view.status);
  useEffect(() => {
    if (ended) onEnd();
  }, [ended, onEnd]);
  const told = offline ? t("editor.progress.offline") : stalled ? t("editor.progress.stalled") : null;
  const left = view && remainingText(t, view, now);
  const what = toldOf(t, view);
  return (
    <section aria-label={t("editor.versions.version", { revision })} className="panel p-5">
      <Progress.Root
        value={view?.progress ?? 0}
        aria-valuetext={t("editor.progress.percent", { percent: view?.progress ?? 0 })}
      >
        <div className="flex items-baseline justify-between gap-4">
          <Progress.Label className="font-medium" render={<p />}>
            <span role="status">{t("editor.progress.told", { revision, what })}</span>
          </Progress.Label>
          <span aria-hidden="true" dir="ltr" className="font-medium tabular-nums">
            {view?.progress ?? 0} %
          </span>
        </div>
        <Progress.Track className="mt-3 h-2.5 rounded-[0.2rem] bg-line">
          <Progress.Indicator className="h-full rounded-[0.2rem] bg-indigo transition-[width] duration-500" />
        </Progress.Track>
      </Progress.Root>
      <p className="mt-2 min-h-[1.55em] text-sm break-words text-soft">
        {told ?? (
          <>
            {view?.message && (
              <span dir={foreign ? "ltr" : undefined} lang="en">
                {view.message}
              </span>
            )}
            {view?.message && left && " · "}
            {left}
          </>
        )}
      </p>
      <div className="mt-2 flex flex-wrap items-center justify-between gap-3">
        <p className="text-sm text-soft">{t("editor.progress.meanwhile")}</p>
        {!ended && view?.state !== "COMMITTING" && (
          <button
            type="button"
            className="button button-quiet"
            disabled={cancelling || view?.state === "CANCELLING"}
            onClick={cancel}
          >
            {t(
              cancelling || view?.state === "CANCELLING"
                ? "editor.progress.stopping"
                : "editor.progress.stop",
            )}
          </button>
        )}
      </div>
    </section>
  );
}

function toldOf(t: Translate, view: JobView | undefined): string {
  if (!view) return t("editor.progress.starting");
  if (view.status === "SUCCEEDED") return t("editor.progress.ready");
  return view.status === "FAILED" ? t("editor.progress.notMade") : headline(t, view);
}
