"use client";
import type { ClipFile, ClipView, JobId, ReadyClip } from "@kangklip/contract";
import { Pencil } from "lucide-react";
import Link from "next/link";
import { useTranslations } from "next-intl";
import { useEffect, useRef } from "react";
import { useArtifactLink, useClipLink } from "../hooks/use-clips.ts";
import { editHref, placeText, scoreText } from "../lib/clip-text.ts";
import { apiUrl } from "../lib/config.ts";
import { clock } from "../lib/time.ts";
import { ClipDownloads } from "./clip-downloads.tsx";
import { LinkPlayer } from "./clip-player.tsx";
import { ClipQuality } from "./clip-quality.tsx";
import { ClipUnlock } from "./clip-unlock.tsx";

interface ClipCardProps {
  jobId: JobId;
  file: ClipFile;
  /** As it was ready while its job went on; undefined where nobody looked at that. */
  ready: ReadyClip | undefined;
  /** As the finished job has it; undefined while the job goes on. */
  clip: ClipView | undefined;
  /** Words beside the picture, where there is room, instead of below it. */
  beside: boolean;
}

/** One clip: to watch as soon as it is ready, and to judge and save once its job is done. The player stays the same from one to the other. */
export function ClipCard({ jobId, file, ready, clip, beside }: ClipCardProps) {
  const t = useTranslations();
  const wasLocked = useRef(false);
  if (clip?.locked) wasLocked.current = true;
  const video = useRef<HTMLVideoElement>(null);
  const goesOn = clip === undefined;
  const { url, kind, error, renew } = useClipLink(jobId, file, { goesOn });
  const hasEarlyLink = useRef(goesOn);
  useEffect(() => {
    if (goesOn || !hasEarlyLink.current) return;
    hasEarlyLink.current = false;
    if (!video.current?.currentTime) void renew(); // it may lead nowhere now; whoever watches asks when it does
  }, [goesOn, renew]);
  const cover = useArtifactLink(jobId, clip?.cover_file ?? null);
  const captions = useArtifactLink(jobId, clip && !clip.captioned ? clip.vtt_file : null);
  const told = clip ?? ready;
  if (!told) return null;
  const { index, title, hook, reason, start, end, duration_seconds } = told;
  const score = scoreText(t, told.score);
  return (
    <article
      aria-labelledby={`title-${index}`}
      className={
        beside
          ? "flex flex-col gap-4 sm:grid sm:grid-cols-[20rem_minmax(0,26rem)] sm:items-start sm:gap-10"
          : "clip-rows"
      }
    >
      <LinkPlayer
        index={index}
        title={title}
        name={file}
        url={url}
        kind={kind}
        poster={cover ?? (ready?.cover_url && apiUrl(ready.cover_url))}
        captions={captions ?? null}
        error={error}
        onExpired={renew}
        videoRef={(element) => {
          video.current = element;
        }}
      />
      <div className={beside ? "flex flex-col gap-4" : "contents"}>
        <div>
          <h2 id={`title-${index}`} className="text-xl break-words">
            <bdi>{title}</bdi>
          </h2>
          <p className="mt-1.5 text-sm text-soft tabular-nums">
            {t("clips.source", {
              duration: clock(Math.round(duration_seconds)),
              place: placeText(t, { start, end }),
            })}
          </p>
          {hook && (
            <blockquote className="mt-3 border-s-4 border-lit ps-3 break-words">
              <bdi>{hook}</bdi>
            </blockquote>
          )}
          {(score || reason) && (
            <p className="mt-3 text-[0.95rem] break-words text-soft">
              {score && (
                <span className="font-medium text-ink tabular-nums">{t("clips.scoreLine", { score })} </span>
              )}
              {reason && (
                <>
                  <span className="sr-only">{t("clips.why")} </span>
                  <bdi>{reason}</bdi>
                </>
              )}
            </p>
          )}
        </div>
        {clip ? (
          <div className="flex flex-col gap-4">
            <ClipQuality jobId={jobId} clip={clip} />
            {clip.locked ? (
              <ClipUnlock jobId={jobId} clip={clip} />
            ) : (
              <ClipDownloads jobId={jobId} clip={clip} focus={wasLocked.current} />
            )}
            <Link href={editHref(jobId, clip.clip_file)} className="button button-quiet">
              <Pencil size={18} aria-hidden="true" className="shrink-0" /> {t("clips.edit")}{" "}
              <span className="sr-only">{t("clips.editOf", { index })}</span>
              {clip.revisions > 1 && (
                <span className="font-normal text-soft">
                  {t("clips.version", { revision: clip.revision, revisions: clip.revisions })}
                </span>
              )}
            </Link>
          </div>
        ) : (
          <p className="text-sm text-soft">{t("clips.ready.early")}</p>
        )}
      </div>
    </article>
  );
}
