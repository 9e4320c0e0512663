"use client";
import { ArrowRight } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useKnownJobs } from "../hooks/use-known-jobs.ts";
import { JobsRow } from "./jobs-row.tsx";

/** The way back to the newest of what was started in this browser or by the wallet that is signed in; nothing where nothing was. */
export function KnownJobs() {
  const t = useTranslations();
  const { jobs, ofWallet } = useKnownJobs();
  if (jobs.length === 0) return null;
  return (
    <section aria-labelledby="known" className="pt-14">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6">
        <h2 id="known" className="text-2xl">
          {t(ofWallet ? "jobs.known.wallet" : "jobs.known.browser")}
        </h2>
        <Link href="/jobs" className="text-link inline-flex min-h-11 items-center gap-1.5">
          {t("jobs.known.all")} <ArrowRight size={16} aria-hidden="true" className="rtl:-scale-x-100" />
        </Link>
      </div>
      <ul className="mt-2 border-t border-line">
        {jobs.map((view) => (
          <JobsRow key={view.job_id} view={view} />
        ))}
      </ul>
    </section>
  );
}
