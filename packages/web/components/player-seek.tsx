"use client";
import { useTranslations } from "next-intl";
import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import type { Round } from "../hooks/use-playback.ts";
import { useDuration, usePlayhead } from "../hooks/use-playhead.ts";
import { clock } from "../lib/time.ts";

interface PlayerSeekProps {
  video: HTMLVideoElement | null;
  round: Round;
  onSeek: (seconds: number) => void;
}

const [NEAR, FINE, FAR] = [5, 1, 10];

/** Where a clip plays: to see, to drag and to steer with keys. */
export function PlayerSeek({ video, round, onSeek }: PlayerSeekProps) {
  const t = useTranslations();
  const track = useRef<HTMLDivElement>(null);
  const duration = useDuration(video);
  const at = usePlayhead(video, (seconds) => Math.round(seconds * 20) / 20);
  const percent = (seconds: number) => `${duration > 0 ? Math.min(100, (seconds / duration) * 100) : 0}%`;

  function onPointer(event: PointerEvent<HTMLElement>) {
    const box = track.current?.getBoundingClientRect();
    if (!box || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onSeek((Math.min(Math.max(0, event.clientX - box.left), box.width) / box.width) * duration);
  }
  function onKey(event: KeyboardEvent) {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const step = event.shiftKey ? FINE : NEAR;
    const steps: Record<string, number> = {
      ...{ ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step },
      ...{ PageDown: -FAR, PageUp: FAR },
    };
    const by = steps[event.key];
    if (event.key === "Home") onSeek(0);
    else if (event.key === "End") onSeek(duration);
    else if (by !== undefined && video) onSeek(video.currentTime + by);
    else return;
    event.preventDefault();
  }

  return (
    <div
      role="slider"
      tabIndex={0}
      aria-label={t("player.seek")}
      aria-valuemin={0}
      aria-valuemax={Math.round(duration)}
      aria-valuenow={Math.round(at)}
      aria-valuetext={t("player.placeOf", { place: clock(at), length: clock(Math.round(duration)) })}
      className="group/seek relative h-11 touch-none cursor-pointer px-2"
      onKeyDown={onKey}
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        onPointer(event);
      }}
      onPointerMove={onPointer}
    >
      <div ref={track} className="relative h-full">
        <span className="absolute inset-x-0 top-1/2 h-1.5 -translate-y-1/2 overflow-hidden rounded-full bg-[#39456b]">
          <span className="absolute inset-y-0 left-0 bg-[#f5b921]" style={{ width: percent(at) }} />
        </span>
        {(round.start !== null || round.end !== null) && duration > 0 && (
          <span
            className="absolute top-1/2 h-3.5 -translate-y-1/2 rounded-xs border-x-2 border-[#edf0f9] bg-[#edf0f9]/25"
            style={{
              left: percent(round.start ?? 0),
              right: `calc(100% - ${percent(round.end ?? duration)})`,
            }}
          />
        )}
        <span
          className="absolute top-1/2 size-4 -translate-x-1/2 -translate-y-1/2 rounded-full bg-[#f5b921] ring-2 ring-[#0b1020] transition-[scale] group-hover/seek:scale-110"
          style={{ left: percent(at) }}
        />
      </div>
    </div>
  );
}
