"use client";
import type { JobView } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useReceipt } from "../hooks/use-artifact.ts";
import { receiptRows, receiptTotals, toolsText, wastedText } from "../lib/receipt-text.ts";

/** What a finished job took: time, machine, bytes, money, and what came to nothing. */
export function ReceiptView({ view, wanted }: { view: JobView; wanted: boolean }) {
  const t = useTranslations();
  const { data: receipt, isError, isPending, refetch } = useReceipt(view.job_id, wanted);
  if (isError)
    return (
      <p role="alert" className="text-bad">
        {t("receipt.failed")}{" "}
        <button type="button" className="text-link min-h-11" onClick={() => refetch()}>
          {t("receipt.retry")}
        </button>
      </p>
    );
  if (!receipt)
    return (
      <p role="status" className="text-soft">
        {isPending ? t("receipt.reading") : t("receipt.none")}
      </p>
    );
  const rows = receiptRows(t, receipt);
  return (
    <section aria-labelledby="receipt" className="space-y-5">
      <h3 id="receipt" className="text-lg">
        {t("receipt.heading")}
      </h3>
      <dl className="flex flex-wrap gap-x-8 gap-y-3">
        {receiptTotals(t, receipt, view.usd).map(([term, value]) => (
          <div key={term} className="min-w-0">
            <dt className="text-sm text-soft">{term}</dt>
            <dd className="font-medium wrap-anywhere tabular-nums">
              <bdi>{value}</bdi>
            </dd>
          </div>
        ))}
      </dl>
      {rows.length > 0 && (
        <ol aria-label={t("receipt.stages")} className="divide-y divide-line border-y border-line">
          {rows.map(({ stage, took, facts }) => (
            <li key={stage} className="grid gap-x-6 py-2.5 sm:grid-cols-[7rem_14rem_1fr]">
              <span className="font-medium">{stage}</span>
              <span className="tabular-nums">{took}</span>
              <span className="text-soft tabular-nums">{facts.join(", ")}</span>
            </li>
          ))}
        </ol>
      )}
      {receipt.wasted_attempts.length > 0 && (
        <div>
          <h4 className="font-medium">{t("receipt.wasted")}</h4>
          <ul className="mt-1 text-soft">
            {receipt.wasted_attempts.map((attempt) => (
              <li key={attempt.epoch} className="break-words tabular-nums">
                {wastedText(t, attempt)}
              </li>
            ))}
          </ul>
        </div>
      )}
      {receipt.notes.length > 0 && (
        <div>
          <h4 className="font-medium">{t("receipt.notes")}</h4>
          <ul className="mt-1 max-w-prose list-disc space-y-1 ps-5 text-soft">
            {receipt.notes.map((note) => (
              <li key={note} lang="en" dir="ltr" className="text-start break-words">
                {note}
              </li>
            ))}
          </ul>
        </div>
      )}
      <p className="text-sm wrap-anywhere text-soft">
        {t("receipt.madeWith", { tools: toolsText(receipt) })}
      </p>
    </section>
  );
}
