"use client";
import {
  Captions,
  CaptionsOff,
  Maximize,
  Minimize,
  Pause,
  Play,
  Settings2,
  Volume2,
  VolumeX,
  X,
} from "lucide-react";
import { useTranslations } from "next-intl";
import type { Ref } from "react";
import type { useBigPicture } from "../hooks/use-big-picture.ts";
import type { usePlayback } from "../hooks/use-playback.ts";
import { useDuration, useIsPlaying, usePlayhead } from "../hooks/use-playhead.ts";
import { clock, fineClock } from "../lib/time.ts";
import { PlayerButton } from "./player-button.tsx";
import { PlayerSeek } from "./player-seek.tsx";

interface PlayerControlsProps {
  video: HTMLVideoElement | null;
  playback: ReturnType<typeof usePlayback>;
  big: ReturnType<typeof useBigPicture>;
  /** Whether it has captions that can be turned on and off. */
  hasCaptions: boolean;
  /** The button that opens the settings. */
  settingsRef: Ref<HTMLButtonElement>;
  onSettings: () => void;
}

/** What one does with a player most often, always in sight; the rest is in its settings. */
export function PlayerControls(props: PlayerControlsProps) {
  const { video, playback, big, hasCaptions, settingsRef, onSettings } = props;
  const t = useTranslations();
  const { wishes, wish, round } = playback;
  const isPlaying = useIsPlaying(video);
  const seconds = usePlayhead(video, (at) => Math.floor(at + 0.05));
  const duration = useDuration(video);
  const isRound = round.start !== null || round.end !== null;
  const ends = { start: fineClock(round.start ?? 0), end: fineClock(round.end ?? duration) };
  return (
    <div className="@container min-w-0 px-1.5 pb-1.5">
      <PlayerSeek video={video} round={round} onSeek={playback.seek} />
      <div className="-mt-1.5 flex flex-wrap items-center">
        <PlayerButton label={t(isPlaying ? "player.pause" : "player.play")} onClick={playback.toggle}>
          {isPlaying ? (
            <Pause size={22} aria-hidden="true" fill="currentColor" />
          ) : (
            <Play size={22} aria-hidden="true" fill="currentColor" />
          )}
        </PlayerButton>
        <p className="me-auto px-1 text-sm text-[#c3cbe0] tabular-nums @max-[15rem]:order-first @max-[15rem]:basis-full @max-[15rem]:px-2.5">
          {clock(seconds)}
          <span className="hidden @max-[15rem]:inline @min-[17rem]:inline">
            {" "}
            / {clock(Math.round(duration))}
          </span>
        </p>
        <PlayerButton
          label={t(wishes.muted ? "player.unmute" : "player.mute")}
          onClick={() => wish({ muted: !wishes.muted })}
        >
          {wishes.muted ? <VolumeX size={20} aria-hidden="true" /> : <Volume2 size={20} aria-hidden="true" />}
        </PlayerButton>
        {hasCaptions && (
          <PlayerButton
            label={t("player.captions")}
            aria-pressed={wishes.captions}
            onClick={() => wish({ captions: !wishes.captions })}
          >
            {wishes.captions ? (
              <Captions size={20} aria-hidden="true" />
            ) : (
              <CaptionsOff size={20} aria-hidden="true" />
            )}
          </PlayerButton>
        )}
        <PlayerButton
          ref={settingsRef}
          label={t("player.settings")}
          aria-haspopup="dialog"
          onClick={onSettings}
        >
          {wishes.speed === 1 ? (
            <Settings2 size={20} aria-hidden="true" />
          ) : (
            <span aria-hidden="true" className="text-sm font-semibold text-[#f5b921]">
              {t("player.speedValue", { speed: wishes.speed })}
            </span>
          )}
        </PlayerButton>
        <PlayerButton label={t(big.isFull ? "player.notFull" : "player.full")} onClick={big.toggleFull}>
          {big.isFull ? <Minimize size={20} aria-hidden="true" /> : <Maximize size={20} aria-hidden="true" />}
        </PlayerButton>
      </div>
      {isRound && (
        <div className="flex items-center gap-1 ps-2">
          <p className="min-w-0 flex-1 text-sm text-[#c3cbe0] tabular-nums">
            <span aria-hidden="true">{t("player.roundShort", ends)}</span>
            <span className="sr-only">{t("player.round", ends)}</span>
          </p>
          <PlayerButton label={t("player.noRound")} onClick={playback.unmark}>
            <X size={18} aria-hidden="true" />
          </PlayerButton>
        </div>
      )}
    </div>
  );
}
