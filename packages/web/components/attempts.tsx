import type { JobView } from "@kangklip/contract";
import { attemptRows } from "../lib/compute.ts";

/** Each try of a job: where it ran and why there, what it cost, what became of it. `now`: milliseconds since 1970. */
export function Attempts({ view, now }: { view: JobView; now: number }) {
  const rows = attemptRows(view, now);
  return (
    <ol aria-label="Attempts" className="divide-y divide-line" reversed>
      {rows.map(({ epoch, place, state, ended, why, ending, facts }) => (
        <li key={epoch} className="py-3 first:pt-0 last:pb-0">
          <p className="flex flex-wrap items-baseline justify-between gap-x-4">
            <span className="min-w-0 break-words">
              Attempt {epoch}: <strong className="font-medium">{place}</strong>
            </span>
            <span className="text-sm text-soft">{ended ? <code>{state}</code> : state}</span>
          </p>
          {ending && (
            <p dir="auto" className="mt-0.5 text-sm break-words">
              {ending}
            </p>
          )}
          {why && <p className="mt-0.5 text-sm break-words text-soft">Why there: {why}</p>}
          {facts.length > 0 && (
            <p className="mt-0.5 text-sm wrap-anywhere text-soft tabular-nums">{facts.join(" · ")}</p>
          )}
        </li>
      ))}
    </ol>
  );
}
