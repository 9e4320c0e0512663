"use client";
import { isEnded, type JobView } from "@kangklip/contract";
import { ChevronRight } from "lucide-react";
import Link from "next/link";
import { useKnownJobs } from "../hooks/use-known-jobs.ts";
import { headline, nameOf } from "../lib/job-view.ts";

const DAY = new Intl.DateTimeFormat("en", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
});

/** The way back to what was started in this browser or by the wallet that is signed in; nothing where nothing was. */
export function KnownJobs() {
  const { jobs, ofWallet } = useKnownJobs();
  if (jobs.length === 0) return null;
  return (
    <section aria-labelledby="known" className="pt-14">
      <h2 id="known" className="text-2xl">
        {ofWallet ? "Your jobs" : "Started in this browser"}
      </h2>
      <ul className="mt-4 border-t border-line">
        {jobs.map((job) => (
          <li key={job.job_id} className="border-b border-line">
            <Link href={`/jobs/${job.job_id}`} className="group flex min-h-16 items-center gap-4 py-3">
              <span className="min-w-0 flex-1">
                <span dir="auto" className="block truncate font-medium group-hover:text-link">
                  {nameOf(job)}
                </span>
                <span className="block text-sm text-soft">
                  {DAY.format(Date.parse(job.created_at))}, {stateOf(job)}
                </span>
              </span>
              <ChevronRight size={20} aria-hidden="true" className="shrink-0 text-soft" />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

const stateOf = (job: JobView) =>
  isEnded(job.status) ? headline(job).toLowerCase() : `${job.progress}%, ${headline(job).toLowerCase()}`;
