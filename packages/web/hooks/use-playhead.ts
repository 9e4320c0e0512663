import { useEffect, useRef, useState } from "react";

const EVENTS = [
  "seeking",
  "seeked",
  "timeupdate",
  "loadedmetadata",
  "durationchange",
  "emptied",
  "pause",
] as const;

/**
 * What there is at the place where a video plays: asked anew for each frame, told where it changes. @param select from seconds of the
 * video; gives a number, a text or null
 */
export function usePlayhead<T extends string | number | null>(
  video: HTMLVideoElement | null,
  select: (seconds: number) => T,
): T {
  const latest = useRef(select);
  latest.current = select;
  const [, tell] = useState<T | undefined>();
  useEffect(() => {
    if (!video) return;
    let frame = 0;
    const look = () => tell(latest.current(video.currentTime));
    const follow = () => {
      look();
      cancelAnimationFrame(frame);
      if (!video.paused) frame = requestAnimationFrame(follow);
    };
    video.addEventListener("play", follow);
    for (const event of EVENTS) video.addEventListener(event, look);
    follow();
    return () => {
      cancelAnimationFrame(frame);
      video.removeEventListener("play", follow);
      for (const event of EVENTS) video.removeEventListener(event, look);
    };
  }, [video]);
  return select(video?.currentTime ?? 0);
}

/** Whether a video plays. */
export const useIsPlaying = (video: HTMLVideoElement | null): boolean =>
  usePlayhead(video, () => Number(video !== null && !video.paused)) === 1;

/** How long a video is, seconds; 0 until that is known. */
export const useDuration = (video: HTMLVideoElement | null): number =>
  usePlayhead(video, () => (video && Number.isFinite(video.duration) ? video.duration : 0));
