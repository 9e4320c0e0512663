import { Check, Square, X } from "lucide-react";
import { STAGE_TEXT, type StageRow } from "../lib/job-view.ts";
import { span } from "../lib/time.ts";

const STATE_TEXT = { done: "done", now: "at work", todo: "to come", failed: "failed", stopped: "stopped" };

const FILL = { done: "bg-indigo", now: "bg-indigo", todo: "", failed: "bg-bad", stopped: "bg-line-strong" };

/** The six stages as the tracks of one timeline, each as wide as its share of the job. */
export function StageTimeline({ rows }: { rows: StageRow[] }) {
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
            {STAGE_TEXT[row.stage].name}
            <span className="sr-only">: {STATE_TEXT[row.state]}</span>
          </p>
          <Track row={row} />
          <p className="text-right text-sm text-soft tabular-nums md:order-3 md:text-left">
            {row.seconds === null ? "" : span(row.seconds)}
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
          className="absolute -top-1.5 -bottom-1.5 w-1.5 -translate-x-1/2 rounded-full border border-ink bg-lit transition-[left] duration-500"
          style={{ left: percent }}
        />
      )}
    </div>
  );
}
