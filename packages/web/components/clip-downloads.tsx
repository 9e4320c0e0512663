"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { Download } from "lucide-react";
import { useTranslations } from "next-intl";
import { useDownload } from "../hooks/use-clips.ts";
import { useFocus } from "../hooks/use-focus.ts";
import { problemOf } from "../lib/problem.ts";
import { sizeText } from "../lib/time.ts";
import { ProblemLine } from "./problem-line.tsx";

/** Saves a clip, its subtitles and its cover. */
export function ClipDownloads({
  jobId,
  clip,
  focus,
}: {
  jobId: JobId;
  clip: ClipView;
  /** Whether it takes the place of unlocking. */
  focus: boolean;
}) {
  const t = useTranslations();
  const button = useFocus<HTMLButtonElement>(focus);
  const { download, busy, error } = useDownload(jobId);
  const beside = [
    ["SRT", clip.srt_file],
    ["VTT", clip.vtt_file],
    ["ASS", clip.ass_file],
    [t("clips.save.cover"), clip.cover_file],
  ] as const;
  const of = t("clips.save.of", { index: clip.index });
  return (
    <div>
      <div className="flex flex-wrap gap-2">
        <button
          ref={button}
          type="button"
          className="button button-main w-full"
          disabled={busy === clip.clip_file}
          onClick={() => download(clip.clip_file)}
        >
          <Download size={18} aria-hidden="true" className="shrink-0" />
          <span>
            {t("clips.save.mp4")} <span className="sr-only">{of}</span>
            {clip.size_bytes !== null && (
              <span className="font-normal">
                {" "}
                <bdi>{sizeText(t, clip.size_bytes)}</bdi>
              </span>
            )}
          </span>
        </button>
        {beside.map(
          ([label, name]) =>
            name && (
              <button
                key={name}
                type="button"
                className="button button-quiet flex-1 px-3"
                disabled={busy === name}
                onClick={() => download(name)}
              >
                <span className="sr-only">{t("clips.save.download")} </span>
                {label}
                <span className="sr-only"> {of}</span>
              </button>
            ),
        )}
      </div>
      {error !== null && (
        <p role="alert" className="mt-2 text-bad">
          <ProblemLine problem={problemOf(error)} />
        </p>
      )}
    </div>
  );
}
