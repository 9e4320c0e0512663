import { useEffect, useRef, useState } from "react";
import { type PlayerWishes, playerWishes, wishPlayer } from "../lib/player-memory.ts";
import { addPlayer, takeOver } from "../lib/players.ts";
import { usePlayerWishes } from "./use-player-wishes.ts";

/** A stretch of a video that plays again and again, seconds; an end that was not chosen is the video's own. */
export interface Round {
  start: number | null;
  end: number | null;
}

const NO_ROUND: Round = { start: null, end: null };
/** Until a video has shown how long its pictures last. */
const USUAL_FRAME_SECONDS = 1 / 30;
const LEAST_FRAME_SECONDS = 1 / 120;

/** Plays a video as somebody likes it: speed, volume, captions, what is played again. One player of the page plays at a time. */
export function usePlayback(video: HTMLVideoElement | null, name: string | undefined) {
  const wishes = usePlayerWishes();
  const [round, setRound] = useState(NO_ROUND);
  const [isWaiting, setWaiting] = useState(false);
  const frame = useFrameSeconds(video);

  useEffect(() => {
    if (!video) return;
    const player = { name, video };
    const gone = addPlayer(player);
    const onPlay = () => takeOver(player);
    const [onWait, onGo] = [() => setWaiting(true), () => setWaiting(false)];
    const goes = ["playing", "canplay", "seeked", "pause", "emptied", "error"] as const;
    const onMeta = () => apply(video, playerWishes()); // another address begins as usual
    video.addEventListener("play", onPlay);
    video.addEventListener("waiting", onWait);
    video.addEventListener("loadedmetadata", onMeta);
    for (const event of goes) video.addEventListener(event, onGo);
    return () => {
      gone();
      video.removeEventListener("play", onPlay);
      video.removeEventListener("waiting", onWait);
      video.removeEventListener("loadedmetadata", onMeta);
      for (const event of goes) video.removeEventListener(event, onGo);
    };
  }, [video, name]);

  useEffect(() => {
    if (video) apply(video, wishes);
  }, [video, wishes]);

  useEffect(() => {
    if (!video || (round.start === null && round.end === null)) return;
    function onTime() {
      if (!video || video.paused || video.seeking) return;
      if (round.end !== null && video.currentTime >= round.end) video.currentTime = round.start ?? 0;
      else if (round.start !== null && video.currentTime < round.start - 0.3) video.currentTime = round.start;
    }
    video.addEventListener("timeupdate", onTime);
    return () => video.removeEventListener("timeupdate", onTime);
  }, [video, round]);

  return {
    wishes,
    isWaiting,
    round,
    /** Chooses an end of the stretch that plays again and again; one beyond the other end takes that away. */
    mark(edge: keyof Round, seconds: number) {
      setRound((before) => {
        const next = { ...before, [edge]: seconds };
        const isTurned = next.start !== null && next.end !== null && next.end - next.start < 0.2;
        return isTurned ? { ...NO_ROUND, [edge]: seconds } : next;
      });
    },
    unmark: () => setRound(NO_ROUND),
    toggle() {
      if (video?.paused)
        video.play().catch(() => {}); // its error is told by the video itself
      else video?.pause();
    },
    seek(seconds: number) {
      if (!video) return;
      video.currentTime = Math.min(Math.max(0, seconds), video.duration || 0);
    },
    stepFrame(by: number) {
      if (!video) return;
      video.pause();
      video.currentTime = Math.min(Math.max(0, video.currentTime + by * frame.current), video.duration || 0);
    },
    wish: wishPlayer,
  };
}

function apply(video: HTMLVideoElement, { speed, volume, muted }: PlayerWishes) {
  video.defaultPlaybackRate = speed;
  video.playbackRate = speed;
  video.volume = volume; // phones leave that to their buttons
  video.muted = muted;
}

/** How long a picture of the video lasts, seconds, as seen while it plays. */
function useFrameSeconds(video: HTMLVideoElement | null) {
  const frame = useRef(USUAL_FRAME_SECONDS);
  useEffect(() => {
    if (!video || !("requestVideoFrameCallback" in video)) return;
    let [handle, before, least] = [0, Number.NaN, Number.POSITIVE_INFINITY];
    const onFrame = (_: number, { mediaTime }: VideoFrameCallbackMetadata) => {
      const lasted = mediaTime - before;
      if (lasted >= LEAST_FRAME_SECONDS && lasted < least) {
        least = lasted;
        frame.current = Math.min(least, 1 / 10);
      }
      before = mediaTime;
      handle = video.requestVideoFrameCallback(onFrame);
    };
    handle = video.requestVideoFrameCallback(onFrame);
    return () => video.cancelVideoFrameCallback(handle);
  }, [video]);
  return frame;
}
