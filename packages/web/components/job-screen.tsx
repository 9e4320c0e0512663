"use client";
import type { JobId } from "@kangklip/contract";
import Link from "next/link";
import { useEffect } from "react";
import { useResults } from "../hooks/use-clips.ts";
import { useJob, useJobActions } from "../hooks/use-job.ts";
import { useJobToken } from "../hooks/use-job-token.ts";
import { useSession } from "../hooks/use-session.ts";
import { editHref } from "../lib/clip-text.ts";
import { keepJobToken, tokenInHash } from "../lib/job-token.ts";
import { tabTitle } from "../lib/job-view.ts";
import { problemOf } from "../lib/problem.ts";
import { Banner } from "./banner.tsx";
import { ClaimJob } from "./claim-job.tsx";
import { Clips } from "./clips.tsx";
import { FailureCard } from "./failure-card.tsx";
import { JobBanners } from "./job-banners.tsx";
import { JobHeading } from "./job-heading.tsx";
import { JobProgress } from "./job-progress.tsx";
import { JobSkeleton } from "./job-skeleton.tsx";
import { Making } from "./making.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { TokenBox } from "./token-box.tsx";

/** One job from its first second to its clips. Everybody may watch; the clips are for whoever has the job's token, or its wallet. */
export function JobScreen({ jobId }: { jobId: JobId }) {
  const token = useJobToken(jobId);
  const wallet = useSession()?.wallet ?? null;
  useEffect(() => {
    const given = tokenInHash(window.location.hash);
    if (!given) return;
    keepJobToken(jobId, given);
    window.history.replaceState(null, "", window.location.pathname); // so that it is not shared by accident
  }, [jobId]);
  return (
    <div className="page pt-6 sm:pt-10">
      {token === undefined ? (
        <JobSkeleton />
      ) : (
        <LiveJob key={token} jobId={jobId} hasToken={token !== null} wallet={wallet} />
      )}
    </div>
  );
}

function LiveJob({ jobId, hasToken, wallet }: { jobId: JobId; hasToken: boolean; wallet: string | null }) {
  const { view, now, error, stalled, offline, reload } = useJob(jobId);
  const actions = useJobActions(jobId);
  const succeeded = view?.status === "SUCCEEDED";
  const ofWallet = wallet !== null && view?.wallet === wallet;
  const results = useResults(jobId, (hasToken || ofWallet) && succeeded && view.edit === null);
  const failure = actions.error ?? results.error;
  const tokenIsWrong = failure !== null && problemOf(failure).code === "UNAUTHORIZED";
  const owner = (hasToken || ofWallet) && !tokenIsWrong;

  useEffect(() => {
    document.title = tabTitle(view);
  }, [view]);

  if (error)
    return (
      <>
        <h1 className="mb-6 text-3xl sm:text-[2.5rem]">This job cannot be shown</h1>
        <ProblemCard problem={problemOf(error)} onRetry={() => reload()} />
      </>
    );
  if (!view) return <JobSkeleton />;
  return (
    <div className="flex flex-col gap-6">
      <JobHeading view={view} clips={results.data?.clips.length} />
      <JobBanners view={view} stalled={stalled} offline={offline} />
      {view.status === "FAILED" && <FailureCard view={view} owner={owner} actions={actions} />}
      {failure !== null && !tokenIsWrong && (
        <ProblemCard problem={problemOf(failure)} onRetry={() => results.refetch()} />
      )}
      {view.edit && (
        <Banner>
          This job makes version {view.edit.revision} of a clip of another job.{" "}
          <Link href={editHref(view.edit.of, view.edit.clip_file)} className="text-link">
            Open that clip
          </Link>
        </Banner>
      )}
      {!owner && <TokenBox jobId={jobId} wrong={tokenIsWrong} ended={succeeded} />}
      {!succeeded && <JobProgress view={view} now={now} owner={owner} actions={actions} />}
      {succeeded && owner && view.edit === null && <Clips view={view} results={results.data} />}
      {owner && wallet !== null && view.wallet === null && view.source !== null && (
        <ClaimJob actions={actions} />
      )}
      {succeeded && <Making view={view} results={results.data} />}
    </div>
  );
}
