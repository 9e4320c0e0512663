import { TriangleAlert } from "lucide-react";
import type { ReactNode } from "react";
import type { Problem } from "../lib/problem.ts";

interface ProblemCardProps {
  problem: Problem;
  /** What it was that failed, before the sentence that says how. */
  title?: string;
  onRetry?: () => void;
  children?: ReactNode;
}

/** A failure: what happened, what to do, and its code for whoever is asked about it. */
export function ProblemCard({ problem, title, onRetry, children }: ProblemCardProps) {
  return (
    <div role="alert" className="rounded-panel border border-bad bg-bad-soft p-5 sm:p-6">
      <h2 className="mt-0! mb-0! flex items-start gap-3 text-xl">
        <TriangleAlert size={22} aria-hidden="true" className="mt-0.5 shrink-0 text-bad" />
        <span className="min-w-0 break-words">{title ?? problem.message}</span>
      </h2>
      <div className="mt-3 space-y-2 sm:pl-[2.125rem]">
        {title && <p className="break-words">{problem.message}</p>}
        <p>{problem.action}</p>
        {problem.code && (
          <p className="text-sm text-soft">
            Code <code className="font-medium text-ink">{problem.code}</code>
          </p>
        )}
        {(onRetry || children) && (
          <div className="flex flex-wrap gap-3 pt-2">
            {onRetry && (
              <button type="button" className="button button-main" onClick={onRetry}>
                Try again
              </button>
            )}
            {children}
          </div>
        )}
      </div>
    </div>
  );
}
