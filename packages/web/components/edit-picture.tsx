"use client";
import type { Box, EdlClip, Focus, ShotOverride } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { useMemo, useState } from "react";
import { useIsPlaying, usePlayhead } from "../hooks/use-playhead.ts";
import { middleOf, type Shot, shotsOf, windowAt, windowSize, wishFor, withWish } from "../lib/shots.ts";
import { clock } from "../lib/time.ts";
import { Choice } from "./choice.tsx";
import { FocusPad } from "./focus-pad.tsx";

type Size = Pick<Box, "w" | "h">;
type Layout = ShotOverride["layout"];

interface EditPictureProps {
  clip: EdlClip;
  overrides: readonly ShotOverride[];
  onChange: (overrides: ShotOverride[]) => void;
  picture: Size | null;
  video: HTMLVideoElement | null;
  disabled: boolean;
}

const LAYOUTS: readonly Layout[] = ["auto", "crop", "fit", "split"];

/** What is seen in each shot: layout, and where the window looks. */
export function EditPicture({ clip, overrides, onChange, picture, video, disabled }: EditPictureProps) {
  const t = useTranslations();
  const shots = useMemo(() => shotsOf(clip), [clip]);
  const underHead = usePlayhead(video, (at) => {
    const index = shots.findIndex(({ start, end }) => at >= start && at < end);
    return index === -1 ? shots.length - 1 : index;
  });
  const [pinned, pin] = useState<number | null>(null);
  const isPlaying = useIsPlaying(video);
  const index = Math.min(isPlaying || pinned === null ? underHead : pinned, shots.length - 1);
  const shot = shots[index];
  if (!shot) return null;
  const wish = wishFor(overrides, shot);
  const layout = wish?.layout ?? "auto";
  const drawn = layout === "auto" ? (shot.frame?.layout ?? "crop") : layout;
  const set = (part: Partial<Pick<ShotOverride, "layout" | "focus" | "lower_focus">>) => {
    const { focus, lower_focus } = wish ?? {};
    const next = { layout, ...(focus && { focus }), ...(lower_focus && { lower_focus }), ...part };
    onChange(withWish(overrides, shot, next));
  };
  function go(to: number) {
    pin(to);
    const start = shots[to]?.start;
    if (video && start !== undefined) {
      video.pause();
      video.currentTime = start + 0.05; // within it, also where the border falls between two frames
    }
  }

  return (
    <div className="flex flex-col gap-5">
      {shots.length > 1 && (
        <fieldset className="min-w-0">
          <legend className="mb-2 font-medium">{t("editor.picture.shots")}</legend>
          <div className="flex flex-wrap gap-2">
            {shots.map((one, at) => (
              <button
                key={one.start}
                type="button"
                aria-pressed={at === index}
                aria-label={t(wishFor(overrides, one) ? "editor.picture.shotWished" : "editor.picture.shot", {
                  number: at + 1,
                  place: clock(one.start),
                })}
                className="button button-quiet px-3 tabular-nums aria-pressed:border-ink aria-pressed:bg-ink aria-pressed:text-surface"
                onClick={() => go(at)}
              >
                {`${at + 1} `}
                <span dir="ltr" className="font-normal">
                  {clock(one.start)}
                </span>
                {wishFor(overrides, one) && (
                  <span className="size-2 rounded-full bg-lit ring-1 ring-on-lit/40" />
                )}
              </button>
            ))}
          </div>
        </fieldset>
      )}
      <div>
        <Choice
          legend={
            shots.length > 1
              ? t("editor.picture.layoutOf", { number: index + 1 })
              : t("editor.picture.layout")
          }
          options={LAYOUTS.map((value) => ({ value, label: t(`editor.picture.layouts.${value}`) }))}
          value={layout}
          onChange={(value) => onChange(withWish(overrides, shot, { layout: value }))}
          disabled={disabled}
          long
        />
        <p className="mt-2 text-sm text-soft">{t(`editor.picture.what.${layout}`)}</p>
      </div>
      {drawn !== "fit" && picture && (
        <div>
          <FocusPad
            picture={picture}
            layout={drawn}
            focuses={focusesOf(shot, { wish, drawn, picture, at: video?.currentTime ?? shot.start })}
            onFocus={(which, focus) => set(which === 0 ? { focus } : { lower_focus: focus })}
            size={shot.frame?.layout === drawn ? shot.frame : windowSize(picture, drawn)}
            frame={underHead === index ? shot.frame : null}
            video={video}
            disabled={disabled}
          />
          <p className="mt-2 text-sm text-soft">{t("editor.picture.move")}</p>
        </div>
      )}
      {drawn !== "fit" && !picture && <p className="text-sm text-soft">{t("editor.picture.noSize")}</p>}
    </div>
  );
}

interface About {
  wish: ShotOverride | null;
  drawn: "crop" | "split";
  picture: Size;
  /** Seconds of the clip. */
  at: number;
}

/** Where the windows look: as wished, else where they look now, else a guess for what the renderer will do. */
function focusesOf({ frame, start, end }: Shot, { wish, drawn, picture, at }: About): Focus[] {
  const box = frame && windowAt(frame, Math.min(end, Math.max(start, at)));
  const middle = { x: 0.5, y: 0.5 };
  const now = frame?.layout === "fit" ? (frame.focus ?? middle) : box ? middleOf(box, picture) : middle;
  if (drawn === "crop") return [wish?.focus ?? now];
  const lower = frame?.layout === "split" && frame.lower ? middleOf(frame.lower, picture) : null;
  return [
    wish?.focus ?? (lower ? now : { x: 0.28, y: now.y }),
    wish?.lower_focus ?? lower ?? { x: 0.72, y: now.y },
  ];
}
