import { Check, Square, X } from "lucide-react";
import { useTranslations } from "next-intl";
import { type StageRow, stageName } from "../lib/job-view.ts";
import { spanText } from "../lib/time.ts";

const FILL = { done: "bg-indigo", now: "bg-indigo", todo: "", failed: "bg-bad", stopped: "bg-line-strong" };

/** The six stages as the tracks of one timeline, each as wide as its share of the job. */
export function StageTimeline({ rows }: { rows: StageRow[] }) {
  const t = useTranslations();
  return (
    <ol className="grid gap-y-3.5 md:grid-cols-[20fr_20fr_15fr_13fr_15fr_15fr] md:gap-x-1.5">
      {rows.map((row) => (
        <li
          key={row.stage}
          data-stage={row.stage}
          data-state={row.state}
          aria-current={row.state === "now" ? "step" : undefined}
          className="grid grid-cols-[7rem_1fr_4.25rem] items-center gap-3 md:grid-cols-1 md:content-start md:gap-x-0 md:gap-y-0"
        >
          <p
            className={`flex items-center gap-1.5 md:order-2 ${row.state === "todo" ? "text-soft" : ""} ${row.state === "now" ? "font-semibold" : ""}`}
          >
            {row.state === "done" && <Check size={16} aria-hidden="true" className="shrink-0 text-good" />}
            {row.state === "failed" && <X size={16} aria-hidden="true" className="shrink-0 text-bad" />}
            {row.state === "stopped" && (
              <Square size={14} aria-hidden="true" className="shrink-0 text-soft" />
            )}
            {stageName(t, row.stage)}
            <span className="sr-only">: {t(`job.stageState.${row.state}`)}</span>
          </p>
          <Track row={row} />
          <p className="text-end text-sm text-soft tabular-nums md:order-3 md:text-start">
            {row.seconds === null ? "" : spanText(t, row.seconds)}
          </p>
        </li>
      ))}
    </ol>
  );
}

function Track({ row: { state, fraction } }: { row: StageRow }) {
  const percent = `${Math.round(fraction * 1000) / 10}%`;
  return (
    <div className="relative h-2.5 rounded-[0.2rem] bg-line md:order-1 md:mb-2.5" aria-hidden="true">
      <div
        className={`h-full rounded-[0.2rem] transition-[width] duration-500 ${FILL[state]}`}
        style={{ width: percent }}
      />
      {state === "now" && (
        <div
          className="absolute -top-1.5 -bottom-1.5 -ms-[3px] w-1.5 rounded-full border border-ink bg-lit transition-[inset-inline-start] duration-500"
          style={{ insetInlineStart: percent }}
        />
      )}
    </div>
  );
}
