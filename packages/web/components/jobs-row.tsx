"use client";
import { isEnded, type JobView } from "@kangklip/contract";
import { Film, TriangleAlert } from "lucide-react";
import Link from "next/link";
import { useFormatter, useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { useJobCover } from "../hooks/use-job-cover.ts";
import { headline, nameOf } from "../lib/job-view.ts";

/** One job of a list: a picture where there is one, what it is called, how it stands, and whatever else is given. */
export function JobsRow({ view, children }: { view: JobView; children?: ReactNode }) {
  const t = useTranslations();
  const finished = view.status === "SUCCEEDED";
  const { clips, url } = useJobCover(view.job_id, finished && view.source !== null);
  const making = !isEnded(view.status);
  return (
    <li className="flex items-center gap-2 border-b border-line">
      <Link
        href={`/jobs/${view.job_id}`}
        className="group flex min-h-20 min-w-0 flex-1 items-center gap-4 rounded-control py-3"
      >
        <span className="grid aspect-[9/14] w-10 shrink-0 place-items-center overflow-hidden rounded-[0.4rem] bg-sunk text-soft sm:w-12">
          {url ? (
            // biome-ignore lint/performance/noImgElement: a signed address that runs out
            <img src={url} alt="" loading="lazy" className="size-full object-cover" />
          ) : view.status === "FAILED" ? (
            <TriangleAlert size={20} aria-hidden="true" />
          ) : (
            <Film size={20} aria-hidden="true" />
          )}
        </span>
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium group-hover:text-link">
            <bdi>{nameOf(t, view)}</bdi>
          </span>
          <span className={`block text-sm ${view.state === "FAILED" ? "text-bad" : "text-soft"}`}>
            {making
              ? t("jobs.row.making", { percent: view.progress, headline: headline(t, view) })
              : headline(t, view)}
          </span>
          {making && (
            <span className="mt-1.5 mb-1 block h-1 overflow-hidden rounded-full bg-line" aria-hidden="true">
              <span className="block h-full rounded-full bg-indigo" style={{ width: `${view.progress}%` }} />
            </span>
          )}
          <span className="block text-sm text-soft">
            <When at={view.created_at} /> · {clipsText()}
          </span>
        </span>
      </Link>
      {children}
    </li>
  );

  function clipsText(): string {
    if (clips !== undefined) return t("jobs.row.made", { count: clips });
    if (view.clips_ready > 0) return t("jobs.row.watch", { count: view.clips_ready });
    return t("jobs.row.asked", { count: view.request.clip_count });
  }
}

/** A point in time, where its reader is. */
function When({ at }: { at: string }) {
  const format = useFormatter();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const parts = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" } as const;
  return <time dateTime={at}>{format.dateTime(Date.parse(at), { ...parts, timeZone })}</time>;
}
