"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { Pencil } from "lucide-react";
import Link from "next/link";
import { useRef } from "react";
import { editHref, placeText, scoreText } from "../lib/clip-text.ts";
import { clock } from "../lib/time.ts";
import { ClipDownloads } from "./clip-downloads.tsx";
import { ClipPlayer } from "./clip-player.tsx";
import { ClipQuality } from "./clip-quality.tsx";
import { ClipUnlock } from "./clip-unlock.tsx";

interface ClipCardProps {
  jobId: JobId;
  clip: ClipView;
  /** Words beside the picture, where there is room, instead of below it. */
  beside: boolean;
  onPlay: (video: HTMLVideoElement) => void;
}

/** One clip: to watch, to judge, to save. */
export function ClipCard({ jobId, clip, beside, onPlay }: ClipCardProps) {
  const wasLocked = useRef(false);
  if (clip.locked) wasLocked.current = true;
  const score = scoreText(clip.score);
  return (
    <article
      aria-labelledby={`title-${clip.index}`}
      className={`flex flex-col gap-4 ${beside ? "sm:grid sm:grid-cols-[20rem_minmax(0,26rem)] sm:items-start sm:gap-10" : ""}`}
    >
      <ClipPlayer jobId={jobId} clip={clip} onPlay={onPlay} />
      <div className="flex flex-col gap-4">
        <div>
          <h2 id={`title-${clip.index}`} dir="auto" className="text-xl break-words">
            {clip.title}
          </h2>
          <p className="mt-1.5 text-sm text-soft tabular-nums">
            {clock(clip.duration_seconds)} long, from {placeText(clip)} in the source
          </p>
          {clip.hook && (
            <blockquote dir="auto" className="mt-3 border-lit border-s-4 ps-3 break-words">
              {clip.hook}
            </blockquote>
          )}
          {(score || clip.reason) && (
            <p className="mt-3 text-[0.95rem] break-words text-soft">
              {score && <span className="font-medium text-ink tabular-nums">Score {score}. </span>}
              <span dir="auto">{clip.reason}</span>
            </p>
          )}
        </div>
        <ClipQuality jobId={jobId} clip={clip} />
        {clip.locked ? (
          <ClipUnlock jobId={jobId} clip={clip} />
        ) : (
          <ClipDownloads jobId={jobId} clip={clip} focus={wasLocked.current} />
        )}
        <Link href={editHref(jobId, clip.clip_file)} className="button button-quiet">
          <Pencil size={18} aria-hidden="true" /> Edit <span className="sr-only">clip {clip.index}</span>
          {clip.revisions > 1 && (
            <span className="font-normal text-soft">
              version {clip.revision} of {clip.revisions}
            </span>
          )}
        </Link>
      </div>
    </article>
  );
}
