"use client";
import type { JobId, RevisionView } from "@kangklip/contract";
import { ErrorCode } from "@kangklip/contract";
import { useJob, useJobActions } from "../hooks/use-job.ts";
import { codeProblem, problemOf } from "../lib/problem.ts";
import { ProblemCard } from "./problem-card.tsx";

interface EditFailedProps {
  jobId: JobId;
  version: RevisionView;
  /** Told when it was started again. */
  onRetry: () => void;
}

/** A version that was not made: why, and the ways on. */
export function EditFailed({ jobId, version, onRetry }: EditFailedProps) {
  const { view } = useJob(jobId);
  const { retryThen, retrying, error } = useJobActions(jobId);
  if (version.state === "CANCELLED")
    return (
      <section className="panel p-5">
        <p>
          Version {version.revision} was stopped. Your changes are still here: make the version again, or
          change them first.
        </p>
      </section>
    );
  const code = ErrorCode.safeParse(view?.error_code).data ?? "INTERNAL";
  const known = codeProblem(code, version.error ?? view?.error ?? "It is not known why");
  return (
    <ProblemCard
      title={`Version ${version.revision} could not be made`}
      problem={{ ...known, action: view?.error_action ?? known.action }}
    >
      <button
        type="button"
        className="button button-main"
        disabled={retrying}
        onClick={() => retryThen(onRetry)}
      >
        {retrying ? "Starting…" : "Try again"}
      </button>
      <p className="w-full text-sm text-soft">
        {error !== null && <span className="text-bad">{problemOf(error).message}. </span>}
        Nothing is lost: the version before is still shown, and your changes are still here.
      </p>
    </ProblemCard>
  );
}
