"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { Download } from "lucide-react";
import { useDownload } from "../hooks/use-clips.ts";
import { useFocus } from "../hooks/use-focus.ts";
import { problemOf } from "../lib/problem.ts";
import { size } from "../lib/time.ts";

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
  const button = useFocus<HTMLButtonElement>(focus);
  const { download, busy, error } = useDownload(jobId);
  const beside = [
    ["SRT", clip.srt_file],
    ["VTT", clip.vtt_file],
    ["ASS", clip.ass_file],
    ["Cover", clip.cover_file],
  ] as const;
  const problem = error === null ? null : problemOf(error);
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
          <Download size={18} aria-hidden="true" />
          <span>
            Download MP4 <span className="sr-only">of clip {clip.index}</span>
            {clip.size_bytes !== null && <span className="font-normal"> {size(clip.size_bytes)}</span>}
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
                <span className="sr-only">Download </span>
                {label}
                <span className="sr-only"> of clip {clip.index}</span>
              </button>
            ),
        )}
      </div>
      {problem && (
        <p role="alert" className="mt-2 text-bad">
          {problem.message}. {problem.action}
        </p>
      )}
    </div>
  );
}
