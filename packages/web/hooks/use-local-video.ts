import { useEffect, useState } from "react";
import { type LocalVideo, readVideo } from "../lib/local-video.ts";

/** What this browser sees in a file: undefined while it looks, null where it cannot show it, or there is none. */
export function useLocalVideo(file: File | null): LocalVideo | null | undefined {
  const [seen, setSeen] = useState<{ file: File; video: LocalVideo | null }>();
  useEffect(() => {
    if (!file) return;
    const stop = new AbortController();
    void readVideo(file, stop.signal).then((video) => {
      if (!stop.signal.aborted) setSeen({ file, video });
    });
    return () => stop.abort();
  }, [file]);
  if (!file) return null;
  return seen?.file === file ? seen.video : undefined;
}
