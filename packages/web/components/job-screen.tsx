"use client";
import type { JobId, JobView } from "@kangklip/contract";
import dynamic from "next/dynamic";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useEffect } from "react";
import { useReadyClips, useResults } from "../hooks/use-clips.ts";
import { useJob, useJobActions } from "../hooks/use-job.ts";
import { useJobToken } from "../hooks/use-job-token.ts";
import { useDoneNotice, useNotify } from "../hooks/use-notify.ts";
import { useSession } from "../hooks/use-session.ts";
import { useTitle } from "../hooks/use-title.ts";
import { editHref } from "../lib/clip-text.ts";
import { keepJobToken, tokenInHash } from "../lib/job-token.ts";
import { tabTitle } from "../lib/job-view.ts";
import { problemOf } from "../lib/problem.ts";
import { startJob } from "../lib/start-job.ts";
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

if (typeof window !== "undefined") void startJob(window.location).catch(() => {});

/** For a finished job alone. */
const JobTranscript = dynamic(() => import("./job-transcript.tsx").then((module) => module.JobTranscript));

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

/** Whether clips may be there to be watched while the job goes on; an attempt that ended takes its clips with it. */
const mayBeReady = ({ clips_ready, state }: JobView) =>
  clips_ready > 0 || state === "COMMITTING" || state === "SUCCEEDED";

function LiveJob({ jobId, hasToken, wallet }: { jobId: JobId; hasToken: boolean; wallet: string | null }) {
  const t = useTranslations();
  const notify = useNotify().state === "on";
  const { view, now, error, stalled, offline, link, reload } = useJob(jobId, { notify });
  useDoneNotice(view, notify);
  useTitle(tabTitle(t, view));

  if (error)
    return (
      <>
        <h1 className="mb-6 text-3xl sm:text-[2.5rem]">{t("job.cannotShow")}</h1>
        <ProblemCard problem={problemOf(error)} onRetry={() => reload()} />
      </>
    );
  if (!view) return <JobSkeleton />;
  const ofWallet = wallet !== null && view.wallet === wallet;
  return (
    <SeenJob
      view={view}
      now={now}
      stalled={stalled && !offline}
      link={link}
      mayOpen={hasToken || ofWallet}
      canClaim={wallet !== null && view.wallet === null && view.source !== null}
    />
  );
}

interface SeenJobProps {
  view: JobView;
  now: number;
  stalled: boolean;
  link: ReturnType<typeof useJob>["link"];
  /** There is a token, or the job's wallet is signed in. */
  mayOpen: boolean;
  canClaim: boolean;
}

function SeenJob({ view, now, stalled, link, mayOpen, canClaim }: SeenJobProps) {
  const t = useTranslations();
  const jobId = view.job_id;
  const actions = useJobActions(jobId);
  const succeeded = view.status === "SUCCEEDED";
  const hasClips = view.edit === null; // an edit's clip is shown with the job that it belongs to
  const results = useResults(jobId, mayOpen && succeeded && hasClips);
  const ready = useReadyClips(view, mayOpen && hasClips);
  const failure = actions.error ?? results.error ?? (succeeded ? null : ready.error);
  const tokenIsWrong = failure !== null && problemOf(failure).code === "UNAUTHORIZED";
  const owner = mayOpen && !tokenIsWrong;
  const clipsReady = mayBeReady(view) ? (ready.data ?? []) : [];
  return (
    <div className="flex flex-col gap-6">
      <JobHeading view={view} clips={results.data?.clips.length} />
      <JobBanners view={view} stalled={stalled} />
      {view.status === "FAILED" && <FailureCard view={view} owner={owner} actions={actions} />}
      {failure !== null && !tokenIsWrong && (
        <ProblemCard
          problem={problemOf(failure)}
          onRetry={() => (succeeded ? results.refetch() : ready.refetch())}
        />
      )}
      {view.edit && (
        <Banner>
          {t.rich("job.edit", {
            revision: view.edit.revision,
            clip: (text) => (
              <Link
                href={editHref(view.edit?.of ?? jobId, view.edit?.clip_file ?? "")}
                className="text-link inline-flex min-h-6 items-center"
              >
                {text}
              </Link>
            ),
          })}
        </Banner>
      )}
      {!owner && <TokenBox jobId={jobId} wrong={tokenIsWrong} ended={succeeded} />}
      {!succeeded && <JobProgress view={view} now={now} owner={owner} link={link} actions={actions} />}
      {owner && hasClips && (succeeded || clipsReady.length > 0) && (
        <Clips view={view} ready={clipsReady} results={results.data} />
      )}
      {owner && succeeded && results.data && results.data.clips.length > 0 && (
        <JobTranscript jobId={jobId} clips={results.data.clips} />
      )}
      {owner && canClaim && <ClaimJob actions={actions} />}
      {succeeded && <Making view={view} results={results.data} owner={owner} />}
    </div>
  );
}
