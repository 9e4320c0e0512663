import { useTranslations } from "next-intl";
import { useEffect, useState } from "react";
import { nextSpeed, type PlayerAction } from "../lib/player-keys.ts";
import { fineClock } from "../lib/time.ts";
import type { useBigPicture } from "./use-big-picture.ts";
import type { usePlayback } from "./use-playback.ts";

const SAID_MS = 1600;

interface Player {
  video: HTMLVideoElement | null;
  playback: ReturnType<typeof usePlayback>;
  big: ReturnType<typeof useBigPicture>;
  hasCaptions: boolean;
  onMark: ((edge: "start" | "end", seconds: number) => string) | undefined;
  onHelp: () => void;
}

/** Does what a key asks a player for, and says for a moment what came of it where that is not to be seen. */
export function usePlayerActions({ video, playback, big, hasCaptions, onMark, onHelp }: Player) {
  const t = useTranslations();
  const [said, say] = useState<string | null>(null);
  useEffect(() => {
    if (said === null) return;
    const timer = setTimeout(() => say(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const { wishes, wish } = playback;

  function mark(edge: "start" | "end", seconds: number): string {
    if (onMark) return onMark(edge, seconds);
    playback.mark(edge, seconds);
    return t(`player.says.${edge}`, { place: fineClock(seconds) });
  }
  function act(action: PlayerAction) {
    if (!video) return;
    switch (action.do) {
      case "play":
        return playback.toggle();
      case "seek":
        return playback.seek(video.currentTime + action.by);
      case "frame":
        return playback.stepFrame(action.by);
      case "tenth":
        return playback.seek(((video.duration || 0) * action.tenth) / 10);
      case "speed": {
        const speed = nextSpeed(wishes.speed, action.by);
        wish({ speed });
        return say(t("player.says.speed", { speed }));
      }
      case "mute":
        wish({ muted: !wishes.muted });
        return say(t(wishes.muted ? "player.says.unmuted" : "player.says.muted"));
      case "captions":
        if (!hasCaptions) return say(t("player.says.fixed"));
        wish({ captions: !wishes.captions });
        return say(t(wishes.captions ? "player.says.noCaptions" : "player.says.captions"));
      case "fullscreen":
        return void big.toggleFull();
      case "mark":
        return say(mark(action.edge, video.currentTime));
      case "help":
        return onHelp();
    }
  }
  return { act, said };
}
