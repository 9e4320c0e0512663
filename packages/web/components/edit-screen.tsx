"use client";
import type { JobId } from "@kangklip/contract";
import { ArrowLeft } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
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
  const t = useTranslations();
  const token = useJobToken(jobId);
  const wallet = useSession()?.wallet ?? null;
  return (
    <div className="page pt-4 sm:pt-6">
      <Link
        href={`/jobs/${jobId}#clip-${index}`}
        className="text-link inline-flex min-h-11 items-center gap-1.5"
      >
        <ArrowLeft size={18} aria-hidden="true" className="rtl:-scale-x-100" /> {t("editor.allClips")}
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
  const t = useTranslations();
  const ground = useClipGround(jobId, clipFile, mayTry);
  const { view, clip, error, isLoading } = ground;
  const title = view?.title;
  useEffect(() => {
    document.title = title ? t("editor.tabTitle", { title }) : `${t("editor.title")} · KangKlip`;
  }, [title, t]);
  const isWrongToken = error !== null && problemOf(error).code === "UNAUTHORIZED";
  if (!mayTry || isWrongToken)
    return (
      <>
        <h1 className="mt-2 mb-6 text-3xl">{t("editor.title")}</h1>
        <TokenBox jobId={jobId} wrong={isWrongToken} ended />
      </>
    );
  if (error && (!view || !clip))
    return (
      <>
        <h1 className="mt-2 mb-6 text-3xl">{t("editor.cannot")}</h1>
        <ProblemCard problem={problemOf(error)} onRetry={() => ground.reload()} />
      </>
    );
  if (isLoading) return <JobSkeleton />;
  if (!view || !clip)
    return (
      <>
        <h1 className="mt-2 mb-3 text-3xl">{t("editor.noClip")}</h1>
        <p className="text-soft">{t("editor.noClipWhat")}</p>
      </>
    );
  return <Editor jobId={jobId} ground={{ ...ground, view, clip }} />;
}
