"use client";
import { ErrorCode, type JobView } from "@kangklip/contract";
import Link from "next/link";
import { useCopy } from "../hooks/use-copy.ts";
import type { useJobActions } from "../hooks/use-job.ts";
import { useSystem } from "../hooks/use-system.ts";
import { placeName } from "../lib/compute.ts";
import { feeText } from "../lib/credit-text.ts";
import { diagnostics, STAGE_TEXT } from "../lib/job-view.ts";
import { codeProblem } from "../lib/problem.ts";
import { ProblemCard } from "./problem-card.tsx";

interface FailureCardProps {
  view: JobView;
  owner: boolean;
  actions: ReturnType<typeof useJobActions>;
}

/** How a job ended badly, and the ways on from there. */
export function FailureCard({ view, owner, actions }: FailureCardProps) {
  const { data: system } = useSystem();
  const { copied, copy } = useCopy();
  const source = view.source?.url;
  const anew =
    source && /^https?:/.test(source)
      ? `/generate-clips?url=${encodeURIComponent(source)}`
      : "/generate-clips";
  const ways = (
    <>
      {owner && (
        <button
          type="button"
          className="button button-main"
          disabled={actions.retrying}
          onClick={actions.retry}
        >
          {actions.retrying ? "Starting…" : "Start it again"}
        </button>
      )}
      <Link href={anew} className="button button-quiet">
        Change and make a new job
      </Link>
    </>
  );
  const fee = view.fee
    ? ` Its fee: ${feeText(view.fee)}.`
    : system?.credits
      ? " No credits were kept for it."
      : "";
  if (view.state === "CANCELLED")
    return (
      <section className="panel p-5 sm:p-6">
        <h2 className="text-xl">This job was cancelled</h2>
        <p className="mt-2 text-soft">Nothing is left of it.{fee}</p>
        <div className="mt-4 flex flex-wrap gap-3">{ways}</div>
      </section>
    );
  const code = ErrorCode.safeParse(view.error_code).data ?? "INTERNAL";
  const known = codeProblem(code, view.error ?? "The job failed");
  const place = view.failed_stage
    ? `in the stage ${STAGE_TEXT[view.failed_stage].name}`
    : "before the first stage";
  const attempt = view.attempts.at(-1);
  const where = attempt && placeName(attempt);
  return (
    <ProblemCard problem={{ ...known, action: view.error_action ?? known.action }}>
      <p className="w-full text-sm text-soft">
        It ended {place}, attempt {attempt?.epoch ?? 1}
        {where ? ` on ${where}` : ""}.{fee}
      </p>
      {ways}
      <button
        type="button"
        className="button button-quiet"
        onClick={() => copy(diagnostics(view, { version: system?.version, browser: navigator.userAgent }))}
      >
        {copied ? "Copied" : "Copy diagnostics"}
      </button>
      <span role="status" className="sr-only">
        {copied ? "Diagnostics are copied" : ""}
      </span>
    </ProblemCard>
  );
}
