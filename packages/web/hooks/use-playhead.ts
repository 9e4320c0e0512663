import { useEffect, useRef, useState } from "react";

const EVENTS = ["seeking", "seeked", "timeupdate", "loadedmetadata", "pause"] as const;

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
