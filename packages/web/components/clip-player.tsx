"use client";
import type { ClipView, JobId } from "@kangklip/contract";
import { type KeyboardEvent, useRef, useState } from "react";
import { useArtifactLink, useClipLink } from "../hooks/use-clips.ts";
import { problemOf } from "../lib/problem.ts";

interface ClipPlayerProps {
  jobId: JobId;
  clip: ClipView;
  onPlay?: (video: HTMLVideoElement) => void;
  /** Told the video while there is one. */
  videoRef?: (video: HTMLVideoElement | null) => void;
}

/** A link that fails again this soon after it was renewed did not fail for its age. */
const RENEW_ONCE_IN_MS = 15_000;
const STEP_SECONDS = 5;

/** Plays one clip, and goes on where it was when its link runs out. */
export function ClipPlayer({ jobId, clip, onPlay, videoRef }: ClipPlayerProps) {
  const { url, kind, error, renew } = useClipLink(jobId, clip.clip_file);
  const cover = useArtifactLink(jobId, clip.cover_file);
  const captions = useArtifactLink(jobId, clip.captioned ? clip.vtt_file : null);
  const [broken, setBroken] = useState(false);
  const renewedAt = useRef(0);
  const resume = useRef<{ seconds: number; playing: boolean }>(null);
  /** Where it is now, of which kind: once it is unlocked, the whole clip goes on where its preview was. */
  const place = useRef<{ kind: typeof kind; seconds: number; playing: boolean }>(null);

  async function onError(video: HTMLVideoElement) {
    if (Date.now() - renewedAt.current < RENEW_ONCE_IN_MS) return setBroken(true);
    renewedAt.current = Date.now();
    resume.current = { seconds: video.currentTime, playing: !video.paused };
    await renew();
  }
  function onLoaded(video: HTMLVideoElement) {
    const unlocked = place.current && place.current.kind !== kind ? place.current : null;
    const from = resume.current ?? unlocked;
    resume.current = null;
    place.current = null;
    if (!from) return;
    video.currentTime = from.seconds;
    if (from.playing) video.play().catch(() => {}); // the browser may want a click first
  }

  return (
    <div className="relative w-full overflow-hidden rounded-panel bg-[#0b1020]">
      {url && !broken ? (
        // biome-ignore lint/a11y/useMediaCaption: clips without words have none; all others have theirs in the picture too
        <video
          ref={videoRef}
          className="block aspect-[9/16] w-full object-contain"
          src={url}
          poster={cover}
          controls
          playsInline
          loop
          preload="metadata"
          aria-label={`Clip ${clip.index}: ${clip.title}`}
          aria-keyshortcuts="k j l m f"
          onPlay={({ currentTarget }) => onPlay?.(currentTarget)}
          onError={({ currentTarget }) => onError(currentTarget)}
          onTimeUpdate={({ currentTarget }) => {
            if (currentTarget.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return; // another address, from 0
            place.current = { kind, seconds: currentTarget.currentTime, playing: !currentTarget.paused };
          }}
          onLoadedMetadata={({ currentTarget }) => onLoaded(currentTarget)}
          onKeyDown={onKey}
        >
          {captions && <track kind="captions" label="Captions" src={captions} />}
        </video>
      ) : (
        <div className="grid aspect-[9/16] place-items-center p-6 text-center text-[#edf0f9]">
          {error || broken ? (
            <div role="alert">
              <p>
                {clip.locked && problemOf(error).code === "NOT_FOUND"
                  ? problemOf(error).message
                  : "This clip cannot be played at present"}
                .
              </p>
              <button
                type="button"
                className="button button-main mt-4"
                onClick={() => renew().then(() => setBroken(false))}
              >
                Try again
              </button>
            </div>
          ) : (
            <span role="status" className="sr-only">
              Loading clip {clip.index}
            </span>
          )}
        </div>
      )}
      {kind === "preview" && (
        <p className="pointer-events-none absolute top-3 left-3 rounded-md bg-[#0b1020]/85 px-2 py-1 text-sm text-[#fff]">
          Preview
        </p>
      )}
    </div>
  );
}

/** The keys editors know, beside the browser's own (space, arrows). */
function onKey(event: KeyboardEvent<HTMLVideoElement>) {
  if (event.metaKey || event.ctrlKey || event.altKey) return;
  const video = event.currentTarget;
  if (event.key === "k") void (video.paused ? video.play() : video.pause());
  else if (event.key === "j") video.currentTime = Math.max(0, video.currentTime - STEP_SECONDS);
  else if (event.key === "l") video.currentTime += STEP_SECONDS;
  else if (event.key === "m") video.muted = !video.muted;
  else if (event.key === "f")
    void (document.fullscreenElement ? document.exitFullscreen() : video.requestFullscreen());
  else return;
  event.preventDefault();
}
