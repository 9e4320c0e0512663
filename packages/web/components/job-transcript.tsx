"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { ChevronDown } from "lucide-react";
import { useTranslations } from "next-intl";
import { useId, useMemo, useState } from "react";
import { useTranscript } from "../hooks/use-artifact.ts";
import { useClipParts } from "../hooks/use-clip-parts.ts";
import { useWide } from "../hooks/use-wide.ts";
import { problemOf } from "../lib/problem.ts";
import { sentencesOf } from "../lib/transcript.ts";
import { ProblemLine } from "./problem-line.tsx";
import { TranscriptText } from "./transcript-text.tsx";

export interface JobTranscriptProps {
  jobId: JobId;
  clips: readonly ClipView[];
  /**
   * Told which clip is to play from where (seconds of the source, and the same place in seconds of the clip). Left out: the clip's player on
   * this page plays.
   */
  onSeekClip?: (clipFile: string, sourceSeconds: number, clipSeconds: number) => void;
}

/** All that was said in the source, with what was taken into which clip; open at first where there is room. Nothing where the job kept no transcript. */
export function JobTranscript({ jobId, clips, onSeekClip }: JobTranscriptProps) {
  const t = useTranslations();
  const id = useId();
  const isWide = useWide();
  const [chosen, choose] = useState<boolean | null>(null);
  const isOpen = chosen ?? isWide;
  const transcript = useTranscript(jobId, isOpen);
  const marked = useClipParts(jobId, clips, isOpen);
  const sentences = useMemo(() => (transcript.data ? sentencesOf(transcript.data) : null), [transcript.data]);
  if (transcript.data === null) return null;
  return (
    <section aria-labelledby={`${id}-title`} className="panel min-w-0 p-4 sm:p-6">
      <h2 id={`${id}-title`} className="text-xl">
        <button
          type="button"
          aria-expanded={isOpen}
          aria-controls={`${id}-text`}
          className="flex min-h-11 w-full items-center justify-between gap-3 text-start"
          onClick={() => choose(!isOpen)}
        >
          {t("player.transcript.title")}
          <ChevronDown
            size={20}
            aria-hidden="true"
            className={`shrink-0 transition-transform ${isOpen ? "rotate-180" : ""}`}
          />
        </button>
      </h2>
      <div id={`${id}-text`} hidden={!isOpen}>
        {transcript.error ? (
          <div role="alert" className="mt-3">
            <p className="font-medium">{t("player.transcript.failed")}</p>
            <p className="mt-1">
              <ProblemLine problem={problemOf(transcript.error)} />
            </p>
            <button
              type="button"
              className="button button-quiet mt-3"
              onClick={() => void transcript.refetch()}
            >
              {t("player.again")}
            </button>
          </div>
        ) : !sentences ? (
          isOpen && (
            <div role="status" aria-label={t("player.transcript.loading")} className="mt-3 space-y-2">
              <div className="skeleton h-5 w-full" />
              <div className="skeleton h-5 w-11/12" />
              <div className="skeleton h-5 w-4/5" />
            </div>
          )
        ) : sentences.length === 0 ? (
          <p className="mt-2 text-soft">{t("player.transcript.none")}</p>
        ) : (
          <TranscriptText sentences={sentences} clips={marked} {...(onSeekClip && { onSeekClip })} />
        )}
      </div>
    </section>
  );
}
