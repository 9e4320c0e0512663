import { type RefObject, useEffect, useState } from "react";

/** iPhones show nothing but a video itself on all of the screen. */
type PhoneVideo = HTMLVideoElement & { webkitEnterFullscreen?: () => void };

/** A player on all of the screen, and its video in a small window over everything else, where the browser can do that. */
export function useBigPicture(root: RefObject<HTMLElement | null>, video: HTMLVideoElement | null) {
  const [isFull, setFull] = useState(false);
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const onFull = () => setFull(document.fullscreenElement === root.current && root.current !== null);
    document.addEventListener("fullscreenchange", onFull);
    return () => document.removeEventListener("fullscreenchange", onFull);
  }, [root]);
  useEffect(() => {
    if (!video) return;
    const [onEnter, onLeave] = [() => setOver(true), () => setOver(false)];
    video.addEventListener("enterpictureinpicture", onEnter);
    video.addEventListener("leavepictureinpicture", onLeave);
    return () => {
      video.removeEventListener("enterpictureinpicture", onEnter);
      video.removeEventListener("leavepictureinpicture", onLeave);
    };
  }, [video]);
  return {
    isFull,
    async toggleFull() {
      try {
        if (document.fullscreenElement) await document.exitFullscreen();
        else if (root.current?.requestFullscreen) await root.current.requestFullscreen();
        else (video as PhoneVideo | null)?.webkitEnterFullscreen?.();
      } catch {
        // the browser does not want to now
      }
    },
    isOver,
    canBeOver: typeof document !== "undefined" && document.pictureInPictureEnabled === true,
    async toggleOver() {
      try {
        if (document.pictureInPictureElement === video) await document.exitPictureInPicture();
        else await video?.requestPictureInPicture();
      } catch {
        // the browser does not want to now
      }
    },
  };
}
