"use client";
import { Keyboard, PictureInPicture2, X } from "lucide-react";
import { useLocale, useTranslations } from "next-intl";
import { useEffect, useId, useRef } from "react";
import type { useBigPicture } from "../hooks/use-big-picture.ts";
import type { usePlayback } from "../hooks/use-playback.ts";
import { directionOf } from "../i18n/locales.ts";
import { SPEEDS } from "../lib/player-keys.ts";
import { PlayerButton } from "./player-button.tsx";

interface PlayerSettingsProps {
  playback: ReturnType<typeof usePlayback>;
  big: ReturnType<typeof useBigPicture>;
  /** The player leaves it too little room on narrow screens: it lies at the bottom of the screen there. */
  isSmall: boolean;
  onHelp: () => void;
  onClose: () => void;
}

const LINE =
  "flex min-h-11 w-full items-center gap-2.5 rounded-control px-2 text-start text-[0.95rem] leading-tight hover:bg-[#27314f]";

/** How a player plays, over its picture: speed, volume, and what is needed less often. */
export function PlayerSettings({ playback, big, isSmall, onHelp, onClose }: PlayerSettingsProps) {
  const t = useTranslations();
  const name = useId();
  const first = useRef<HTMLButtonElement>(null);
  const { wishes, wish } = playback;
  useEffect(() => first.current?.focus(), []);
  return (
    <div
      role="dialog"
      aria-label={t("player.settingsOf")}
      dir={directionOf(useLocale())}
      className={`[--focus:#ffd56b] absolute inset-0 z-2 overflow-y-auto bg-[#0b1020]/95 p-2 text-[#edf0f9] ${isSmall ? "max-lg:fixed max-lg:top-auto max-lg:max-h-[85dvh] max-lg:rounded-t-panel max-lg:bg-[#0b1020] max-lg:pb-4 max-lg:shadow-[0_-0.5rem_2rem_#05070f99] max-lg:ring-1 max-lg:ring-[#27314f]" : ""}`}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.preventDefault();
        event.nativeEvent.stopImmediatePropagation(); // a dialog around the player stays open
        onClose();
      }}
    >
      <div className="mx-auto flex max-w-80 flex-col gap-1">
        <div className="flex items-center justify-between ps-2">
          <p className="font-medium">{t("player.settings")}</p>
          <PlayerButton ref={first} label={t("player.close")} onClick={onClose}>
            <X size={20} aria-hidden="true" />
          </PlayerButton>
        </div>
        <fieldset className="min-w-0 px-2">
          <legend className="mb-1 text-sm text-[#c3cbe0]">{t("player.speed")}</legend>
          <div className="grid grid-cols-3 gap-1">
            {SPEEDS.map((speed) => (
              <label
                key={speed}
                className="grid min-h-11 place-items-center rounded-control border border-[#5c698f] text-sm tabular-nums has-checked:border-[#f5b921] has-checked:bg-[#f5b921] has-checked:font-semibold has-checked:text-[#1c1503] has-focus-visible:outline-3 has-focus-visible:outline-offset-2 has-focus-visible:outline-[#ffd56b]"
              >
                <input
                  type="radio"
                  name={name}
                  className="sr-only"
                  checked={wishes.speed === speed}
                  onChange={() => wish({ speed })}
                />
                <span dir="ltr">{t("player.speedValue", { speed })}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <label className={LINE} htmlFor={`${name}-volume`}>
          <span className="shrink-0">{t("player.volume")}</span>
          <input
            id={`${name}-volume`}
            type="range"
            dir="ltr"
            min={0}
            max={100}
            step={5}
            value={wishes.muted ? 0 : Math.round(wishes.volume * 100)}
            className="h-11 min-w-0 flex-1 accent-[#f5b921]"
            onChange={({ target }) =>
              wish({ volume: Number(target.value) / 100, muted: target.value === "0" })
            }
          />
        </label>
        <label className={LINE} htmlFor={`${name}-loop`}>
          <input
            id={`${name}-loop`}
            type="checkbox"
            className="size-4.5 shrink-0 accent-[#f5b921]"
            checked={wishes.loop}
            onChange={({ target }) => wish({ loop: target.checked })}
          />
          {t("player.loop")}
        </label>
        {big.canBeOver && (
          <button type="button" className={LINE} onClick={() => big.toggleOver().then(onClose)}>
            <PictureInPicture2 size={18} aria-hidden="true" className="rtl:-scale-x-100" />
            {t(big.isOver ? "player.notOver" : "player.over")}
          </button>
        )}
        <button type="button" className={LINE} onClick={onHelp}>
          <Keyboard size={18} aria-hidden="true" />
          {t("player.keys")}
          <kbd className="ms-auto rounded border border-[#5c698f] px-1.5 font-sans text-sm">?</kbd>
        </button>
      </div>
    </div>
  );
}
