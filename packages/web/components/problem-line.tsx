"use client";
import { useProblemText } from "../hooks/use-problem-text.ts";
import type { Problem } from "../lib/problem.ts";

interface ProblemLineProps {
  problem: Problem;
  /** What is said in place of what to do, e.g. that nothing is lost. */
  instead?: string;
}

/** A failure within a line or beside a field: what happened and what to do. Whoever uses it gives it its place and its role. */
export function ProblemLine({ problem, instead }: ProblemLineProps) {
  const { title, detail, detailLang, action } = useProblemText()(problem);
  const said = detailLang ? title : (detail ?? title);
  return (
    <>
      <strong className="font-medium break-words">{ended(said)}</strong> {instead ?? action}
      {detailLang && (
        <span lang={detailLang} dir="ltr" className="mt-1 block text-sm rtl:text-end break-words opacity-90">
          {ended(detail ?? "")}
        </span>
      )}
    </>
  );
}

/** Sentences of the API end without a stop. */
const ended = (sentence: string) => (/[.!?…؟]$/.test(sentence) ? sentence : `${sentence}.`);
