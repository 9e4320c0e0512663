import { useCallback, useEffect, useRef, useState } from "react";

/** How far the two pictures may be apart before the silent one is moved (seconds). */
const APART = 0.25;
/** How much of the sample must be in sight for it to play by itself. */
const SHARE_SEEN = 0.4;

/** After the page has loaded: what it needs itself comes first. */
const SETTLED_MS = 2000;

/** Moving pictures are for whoever has not asked for less of them, or of data. */
const mayMove = () =>
  !matchMedia("(prefers-reduced-motion: reduce)").matches &&
  !(navigator as { connection?: { saveData?: boolean } }).connection?.saveData;

/**
 * Plays a clip and, in step with it, the silent talk that it was cut from. Begins by itself, muted, once it is in sight and the page has
 * loaded; never again after somebody has stopped it. @param from the place where it begins (seconds)
 */
export function useSample(from: number) {
  const clip = useRef<HTMLVideoElement>(null);
  const talk = useRef<HTMLVideoElement>(null);
  const figure = useRef<HTMLElement>(null);
  const [at, setAt] = useState(from);
  const [playing, setPlaying] = useState(false);
  const [muted, setMuted] = useState(true);
  const [failed, setFailed] = useState(false);
  const begun = useRef(false);
  const stopped = useRef(false);

  const follow = useCallback(() => {
    const [lead, silent] = [clip.current, talk.current];
    if (!lead || !silent || silent.readyState === 0 || silent.seeking) return;
    if (Math.abs(silent.currentTime - lead.currentTime) > APART) silent.currentTime = lead.currentTime;
    if (!lead.paused && silent.paused) void silent.play().catch(() => {}); // it had ended, as the clip began again
  }, []);

  const seek = useCallback((seconds: number) => {
    const lead = clip.current;
    setAt(seconds);
    begun.current = true;
    if (!lead) return;
    if (lead.readyState > 0) lead.currentTime = seconds;
    else {
      const land = () => {
        lead.currentTime = seconds;
      };
      lead.addEventListener("loadedmetadata", land, { once: true });
      lead.load();
    }
    if (talk.current?.readyState === 0) talk.current.load();
  }, []);

  const play = useCallback(async () => {
    const lead = clip.current;
    if (!lead) return;
    if (!begun.current) seek(from);
    try {
      await lead.play();
    } catch (error) {
      if ((error as Error).name === "NotSupportedError") setFailed(true); // anything else: the browser wants a person's press first
    }
  }, [from, seek]);

  useEffect(() => {
    const box = figure.current;
    if (!box) return;
    let idle = 0;
    const look = new IntersectionObserver(
      ([entry]) => {
        if (!entry?.isIntersecting) clip.current?.pause();
        else if (mayMove() && !stopped.current) void play();
      },
      { threshold: SHARE_SEEN },
    );
    const start = () => {
      idle = window.setTimeout(() => look.observe(box), SETTLED_MS);
    };
    if (document.readyState === "complete") start();
    else addEventListener("load", start, { once: true });
    return () => {
      removeEventListener("load", start);
      clearTimeout(idle);
      look.disconnect();
    };
  }, [play]);

  useEffect(() => {
    if (!playing) return;
    const silent = talk.current;
    void silent?.play().catch(() => {}); // the clip goes on without it
    return () => silent?.pause();
  }, [playing]);

  return {
    figure,
    talk,
    at,
    playing,
    muted,
    failed,
    seek: (seconds: number) => {
      seek(seconds);
      if (talk.current && talk.current.readyState > 0) talk.current.currentTime = seconds;
    },
    /** By a person's hand: from then on it neither begins nor ends by itself but when it leaves the screen. */
    toggle: () => {
      stopped.current = playing;
      if (playing) clip.current?.pause();
      else void play();
    },
    toggleSound: () => setMuted((was) => !was),
    clipProps: {
      ref: clip,
      muted,
      onPlay: () => setPlaying(true),
      onPause: () => setPlaying(false),
      onError: () => setFailed(true),
      onSeeked: follow,
      // four times a second: enough for a bar, and cheap
      onTimeUpdate: () => {
        if (clip.current) setAt(clip.current.currentTime);
        follow();
      },
    },
  };
}
