"use client";
import { TriangleAlert } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { useProblemText } from "../hooks/use-problem-text.ts";
import type { Problem } from "../lib/problem.ts";
import { CopyDiagnostics } from "./copy-diagnostics.tsx";

interface ProblemCardProps {
  problem: Problem;
  /** What it was that failed, before the sentence that says how. */
  title?: string;
  onRetry?: () => void;
  /** What "copy diagnostics" copies in place of what the page knows by itself; never a token. */
  diagnostics?: (() => string) | undefined;
  children?: ReactNode;
}

/** A failure: what happened, why, what to do, and its code for whoever is asked about it. */
export function ProblemCard({ problem, title, onRetry, diagnostics, children }: ProblemCardProps) {
  const t = useTranslations();
  const text = useProblemText()(problem);
  return (
    <div role="alert" className="rounded-panel border border-bad bg-bad-soft p-5 sm:p-6">
      <h2 className="mt-0! mb-0! flex items-start gap-3 text-xl">
        <TriangleAlert size={22} aria-hidden="true" className="mt-0.5 shrink-0 text-bad" />
        <span className="min-w-0 break-words">{title ?? text.title}</span>
      </h2>
      <div className="mt-3 space-y-2 sm:ps-[2.125rem]">
        {title && <p className="font-medium break-words">{text.title}</p>}
        {text.cause && <p className="break-words">{text.cause}</p>}
        {text.detail && (
          <p
            lang={text.detailLang}
            dir={text.detailLang && "ltr"}
            className={`break-words ${text.detailLang ? "rtl:text-end" : ""}`}
          >
            {text.detail}
          </p>
        )}
        <p>{text.action}</p>
        {problem.code && (
          <p className="text-sm text-soft">
            {t("errors.card.code")}{" "}
            <Link
              href={`/errors/${problem.code}`}
              className="text-link inline-flex min-h-11 items-center font-medium"
              title={t("errors.card.about")}
            >
              <code dir="ltr">{problem.code}</code>
            </Link>
          </p>
        )}
        <div className="flex flex-wrap gap-3 pt-2">
          {onRetry && (
            <button type="button" className="button button-main" onClick={onRetry}>
              {t("errors.card.retry")}
            </button>
          )}
          {children}
          <CopyDiagnostics problem={problem} text={diagnostics} />
        </div>
      </div>
    </div>
  );
}
