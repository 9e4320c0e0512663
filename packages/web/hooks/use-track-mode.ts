import { useEffect } from "react";
import { useCaptionFile } from "./use-caption-file.ts";

/** The captions of a video, shown or not. @param url of a WebVTT file; null: there is none. Gives the address its track takes, once it is there */
export function useTrackMode(
  video: HTMLVideoElement | null,
  url: string | null,
  shown: boolean,
): string | undefined {
  const own = useCaptionFile(url);
  useEffect(() => {
    const track = own === undefined ? undefined : video?.textTracks[0];
    if (track) track.mode = shown ? "showing" : "hidden";
  }, [video, own, shown]);
  return own;
}
