"use client";
import { ErrorCode, type JobView } from "@kangklip/contract";
import Link from "next/link";
import { useTranslations } from "next-intl";
import type { useJobActions } from "../hooks/use-job.ts";
import { useSystem } from "../hooks/use-system.ts";
import { placeName } from "../lib/compute.ts";
import { feeText } from "../lib/credit-text.ts";
import { diagnostics, stageName } from "../lib/job-view.ts";
import { codeProblem } from "../lib/problem.ts";
import { ProblemCard } from "./problem-card.tsx";

interface FailureCardProps {
  view: JobView;
  owner: boolean;
  actions: ReturnType<typeof useJobActions>;
}

/** How a job ended badly, and the ways on from there. */
export function FailureCard({ view, owner, actions }: FailureCardProps) {
  const t = useTranslations();
  const { data: system } = useSystem();
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
          {actions.retrying ? t("job.failed.starting") : t("job.failed.again")}
        </button>
      )}
      <Link href={anew} className="button button-quiet">
        {t("job.failed.anew")}
      </Link>
    </>
  );
  const fee = view.fee
    ? t("job.failed.fee", { fee: feeText(t, view.fee) })
    : system?.credits
      ? t("job.failed.noFee")
      : "";
  if (view.state === "CANCELLED")
    return (
      <section className="panel p-5 sm:p-6">
        <h2 className="text-xl">{t("job.failed.cancelled")}</h2>
        <p className="mt-2 text-soft">
          {t("job.failed.nothingLeft")} {fee}
        </p>
        <div className="mt-4 flex flex-wrap gap-3">{ways}</div>
      </section>
    );
  const code = ErrorCode.safeParse(view.error_code).data ?? "INTERNAL";
  const problem = codeProblem(code, view.error ?? "The job failed", view.error ? "api" : "table");
  const attempt = view.attempts.at(-1);
  const epoch = attempt?.epoch ?? 1;
  const place = attempt && placeName(t, attempt);
  const stage = view.failed_stage && stageName(t, view.failed_stage);
  const where = stage
    ? place
      ? t("job.failed.inStageOn", { stage, epoch, place })
      : t("job.failed.inStage", { stage, epoch })
    : place
      ? t("job.failed.beforeOn", { epoch, place })
      : t("job.failed.before", { epoch });
  return (
    <ProblemCard
      problem={problem}
      diagnostics={() => diagnostics(view, { version: system?.version, browser: navigator.userAgent })}
    >
      <p className="w-full text-sm text-soft">
        {where} {fee}
      </p>
      {ways}
    </ProblemCard>
  );
}
