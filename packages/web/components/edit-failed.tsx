"use client";
import type { JobId, RevisionView } from "@kangklip/contract";
import { ErrorCode } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useJob, useJobActions } from "../hooks/use-job.ts";
import { codeProblem, problemOf } from "../lib/problem.ts";
import { ProblemCard } from "./problem-card.tsx";
import { ProblemLine } from "./problem-line.tsx";

interface EditFailedProps {
  jobId: JobId;
  version: RevisionView;
  /** Told when it was started again. */
  onRetry: () => void;
}

/** A version that was not made: why, and the ways on. */
export function EditFailed({ jobId, version, onRetry }: EditFailedProps) {
  const t = useTranslations();
  const { view } = useJob(jobId);
  const { retryThen, retrying, error } = useJobActions(jobId);
  if (version.state === "CANCELLED")
    return (
      <section className="panel p-5">
        <p>{t("editor.failed.stopped", { revision: version.revision })}</p>
      </section>
    );
  const code = ErrorCode.safeParse(view?.error_code).data ?? "INTERNAL";
  const known = codeProblem(code, version.error ?? view?.error ?? "It is not known why");
  return (
    <ProblemCard
      title={t("editor.failed.title", { revision: version.revision })}
      problem={{ ...known, action: view?.error_action ?? known.action }}
    >
      <button
        type="button"
        className="button button-main"
        disabled={retrying}
        onClick={() => retryThen(onRetry)}
      >
        {t(retrying ? "editor.failed.starting" : "editor.failed.again")}
      </button>
      <p className="w-full text-sm text-soft">
        {error !== null && (
          <span role="alert" className="text-bad">
            <ProblemLine problem={problemOf(error)} />{" "}
          </span>
        )}
        {t("editor.failed.kept")}
      </p>
    </ProblemCard>
  );
}
