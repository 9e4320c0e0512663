"use client";
import type { JobId } from "@kangklip/contract";
import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import { useEffect } from "react";
import { useClipGround } from "../hooks/use-clip-ground.ts";
import { useJobToken } from "../hooks/use-job-token.ts";
import { useSession } from "../hooks/use-session.ts";
import { problemOf } from "../lib/problem.ts";
import { Editor } from "./editor.tsx";
import { JobSkeleton } from "./job-skeleton.tsx";
import { ProblemCard } from "./problem-card.tsx";
import { TokenBox } from "./token-box.tsx";

/** One clip to be changed: for whoever has its job's token, or its wallet. */
export function EditScreen({ jobId, index }: { jobId: JobId; index: number }) {
  const token = useJobToken(jobId);
  const wallet = useSession()?.wallet ?? null;
  return (
    <div className="page pt-4 sm:pt-6">
      <Link
        href={`/jobs/${jobId}#clip-${index}`}
        className="text-link inline-flex min-h-11 items-center gap-1.5"
      >
        <ArrowLeft size={18} aria-hidden="true" className="rtl:rotate-180" /> All clips of this job
      </Link>
      {token === undefined ? (
        <JobSkeleton />
      ) : (
        <LoadedEditor
          key={`${token} ${wallet}`}
          jobId={jobId}
          clipFile={`clip_0${index}.mp4`}
          mayTry={token !== null || wallet !== null}
        />
      )}
    </div>
  );
}

function LoadedEditor({ jobId, clipFile, mayTry }: { jobId: JobId; clipFile: string; mayTry: boolean }) {
  const ground = useClipGround(jobId, clipFile, mayTry);
  const { view, clip, error, isLoading } = ground;
  const title = view?.title;
  useEffect(() => {
    document.title = title ? `Edit: ${title} · KangKlip` : "Edit a clip · KangKlip";
  }, [title]);
  const isWrongToken = error !== null && problemOf(error).code === "UNAUTHORIZED";
  if (!mayTry || isWrongToken)
    return (
      <>
        <h1 className="mt-2 mb-6 text-3xl">Edit a clip</h1>
        <TokenBox jobId={jobId} wrong={isWrongToken} ended />
      </>
    );
  if (error && (!view || !clip))
    return (
      <>
        <h1 className="mt-2 mb-6 text-3xl">This clip cannot be edited now</h1>
        <ProblemCard problem={problemOf(error)} onRetry={() => ground.reload()} />
      </>
    );
  if (isLoading) return <JobSkeleton />;
  if (!view || !clip)
    return (
      <>
        <h1 className="mt-2 mb-3 text-3xl">There is no such clip</h1>
        <p className="text-soft">This job has no clip of this number.</p>
      </>
    );
  return <Editor jobId={jobId} ground={{ ...ground, view, clip }} />;
}
