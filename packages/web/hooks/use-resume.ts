import { useRef, useState } from "react";

/** A link that fails again this soon after it was renewed did not fail for its age. */
const RENEW_ONCE_IN_MS = 15_000;
/** A fresh link is on the page so soon after it was fetched; of what does not tell when it is done, after the longer time. */
const SHOWN_IN_MS = { told: 400, untold: 8000 };

interface Resume {
  url: string | undefined;
  kind: "full" | "preview" | undefined;
  onExpired: (() => unknown) | undefined;
}

/** Lets a video go on where it was when its link runs out and a fresh one comes, and when the whole clip takes the place of its preview. */
export function useResume({ url, kind, onExpired }: Resume) {
  const [brokenUrl, setBroken] = useState<string | null>(null);
  const latest = useRef(url);
  latest.current = url;
  const renewedAt = useRef(0);
  const resume = useRef<{ seconds: number; playing: boolean }>(null);
  /** Where it is now, of which kind. */
  const place = useRef<{ kind: typeof kind; seconds: number; playing: boolean }>(null);
  return {
    /** What there is cannot be played, and asking for a fresh link did not help. */
    broken: brokenUrl !== null && brokenUrl === url,
    onError(video: HTMLVideoElement) {
      if (!onExpired || Date.now() - renewedAt.current < RENEW_ONCE_IN_MS) return setBroken(url ?? null);
      renewedAt.current = Date.now();
      resume.current = place.current ?? { seconds: video.currentTime, playing: !video.paused };
      const renewal: unknown = onExpired();
      const isStillThat = () => latest.current === url && setBroken(url ?? null); // nothing came, or the same again
      void Promise.resolve(renewal)
        .catch(() => {}) // whoever fetches it tells why
        .then(() =>
          setTimeout(isStillThat, renewal instanceof Promise ? SHOWN_IN_MS.told : SHOWN_IN_MS.untold),
        );
    },
    onTime(video: HTMLVideoElement) {
      if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return; // another address, from 0
      place.current = { kind, seconds: video.currentTime, playing: !video.paused };
    },
    onLoaded(video: HTMLVideoElement) {
      const unlocked = place.current && place.current.kind !== kind ? place.current : null;
      const from = resume.current ?? unlocked;
      resume.current = null;
      place.current = null;
      if (!from) return;
      video.currentTime = from.seconds;
      if (from.playing) video.play().catch(() => {}); // the browser may want a click first
    },
    again() {
      renewedAt.current = Date.now();
      setBroken(null);
      onExpired?.();
    },
  };
}
