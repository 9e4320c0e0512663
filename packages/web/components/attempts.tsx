import type { JobView } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { attemptRows } from "../lib/compute.ts";
import { Said } from "./said.tsx";

/** Each try of a job: where it ran and why there, what it cost, what became of it. `now`: milliseconds since 1970. */
export function Attempts({ view, now }: { view: JobView; now: number }) {
  const t = useTranslations();
  const rows = attemptRows(t, view, now);
  return (
    <ol aria-label={t("job.attempts.label")} className="divide-y divide-line" reversed>
      {rows.map(({ epoch, place, state, ended, why, ending, facts }) => (
        <li key={epoch} className="py-3 first:pt-0 last:pb-0">
          <p className="flex flex-wrap items-baseline justify-between gap-x-4">
            <span className="min-w-0 break-words">
              {t.rich("job.attempts.one", {
                epoch,
                place,
                b: (text) => <strong className="font-medium">{text}</strong>,
              })}
            </span>
            <span className="text-sm text-soft">{ended ? <code>{state}</code> : state}</span>
          </p>
          {ending && (
            <p lang="en" dir="ltr" className="mt-0.5 text-start text-sm break-words">
              {ending}
            </p>
          )}
          {why && (
            <p className="mt-0.5 text-sm break-words text-soft">
              {t("job.attempts.why")} <Said>{why}</Said>
            </p>
          )}
          {facts.length > 0 && (
            <p className="mt-0.5 text-sm wrap-anywhere text-soft tabular-nums">{facts.join(" · ")}</p>
          )}
        </li>
      ))}
    </ol>
  );
}
