import { useEffect, useRef } from "react";
import { toClip, toSource } from "../lib/clip-time.ts";

type Span = { start: number; end: number };

/**
 * Plays a clip as it would be cut: where it comes to the new end by itself it goes on at the new start, as it loops. Whoever jumps
 * to a place outside of the cut hears that place. @param playing the parts of the video @param span where the cut begins and ends; all
 * seconds of the source
 */
export function useCutPreview(video: HTMLVideoElement | null, playing: readonly Span[], span: Span) {
  const cut = useRef({ playing, span });
  useEffect(() => {
    cut.current = { playing, span };
  });
  useEffect(() => {
    if (!video) return;
    let before = video.currentTime;
    function onTime() {
      if (!video) return;
      const { playing, span } = cut.current;
      const [was, now] = [toSource(playing, before), toSource(playing, video.currentTime)];
      before = video.currentTime;
      const start = toClip(playing, span.start);
      if (video.paused || video.seeking || start === null) return;
      const isOverEnd = was < span.end && now >= span.end && now - was < 2;
      const hasLooped = now < was && now < span.start;
      if (isOverEnd || hasLooped) video.currentTime = start;
    }
    const onSeek = () => {
      if (video.currentTime > 0.05) before = video.currentTime; // to 0 it loops
    };
    video.addEventListener("timeupdate", onTime);
    video.addEventListener("seeked", onSeek);
    return () => {
      video.removeEventListener("timeupdate", onTime);
      video.removeEventListener("seeked", onSeek);
    };
  }, [video]);
}
