"use client";
import type { Box, Focus, ShotFrame } from "@kangklip/contract";
import { useTranslations } from "next-intl";
import { type KeyboardEvent, type PointerEvent, useEffect, useRef } from "react";
import { partsOfPicture, windowAround, windowAt } from "../lib/shots.ts";

type Size = Pick<Box, "w" | "h">;

interface FocusPadProps {
  picture: Size;
  layout: "crop" | "split";
  /** The middles of the windows: one, or of a split frame the upper and the lower one. */
  focuses: readonly Focus[];
  onFocus: (index: number, focus: Focus) => void;
  /** How large a window is, pixels of the picture. */
  size: Size;
  /** How the picture is framed in the video that plays, of which what can be seen is drawn. */
  frame: ShotFrame | null;
  video: HTMLVideoElement | null;
  disabled: boolean;
}

const STEP = 0.02;
const FAR = 5;
const NAMES = { crop: ["window"], split: ["upper", "lower"] } as const;

/** The whole picture with the window that the clip shows of it: moved by pointer and by arrow keys. */
export function FocusPad(props: FocusPadProps) {
  const { picture, layout, focuses, onFocus, size, frame, video, disabled } = props;
  const t = useTranslations();
  const pad = useRef<HTMLDivElement>(null);
  const held = (value: number) => Math.min(1, Math.max(0, value));
  const rounded = ({ x, y }: Focus): Focus => ({
    x: Math.round(held(x) * 1000) / 1000,
    y: Math.round(held(y) * 1000) / 1000,
  });

  function onPointer(index: number, event: PointerEvent<HTMLElement>) {
    const box = pad.current?.getBoundingClientRect();
    if (!box || disabled || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    onFocus(
      index,
      rounded({ x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height }),
    );
  }
  function onKey(index: number, focus: Focus, event: KeyboardEvent) {
    const step = event.shiftKey ? STEP * FAR : STEP;
    const moves: Record<string, Focus> = {
      ArrowLeft: { x: -step, y: 0 },
      ArrowRight: { x: step, y: 0 },
      ArrowUp: { x: 0, y: -step },
      ArrowDown: { x: 0, y: step },
    };
    const move = moves[event.key];
    if (!move || disabled) return;
    event.preventDefault();
    onFocus(index, rounded({ x: focus.x + move.x, y: focus.y + move.y }));
  }
  /** A click beside the windows takes the nearest one there. */
  function onPress(event: PointerEvent<HTMLElement>) {
    if (disabled || event.target !== event.currentTarget) return;
    const box = event.currentTarget.getBoundingClientRect();
    const at = { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
    const away = (focus: Focus) => Math.hypot(focus.x - at.x, focus.y - at.y);
    const nearest = focuses.reduce(
      (best, focus, index) => (away(focus) < away(focuses[best] ?? focus) ? index : best),
      0,
    );
    onFocus(nearest, rounded(at));
  }

  return (
    <div
      ref={pad}
      dir="ltr"
      className="relative mx-auto max-h-80 w-full max-w-lg overflow-hidden rounded-control bg-[#0b1020]"
      style={{ aspectRatio: `${picture.w} / ${picture.h}` }}
    >
      <SeenPart picture={picture} frame={frame} video={video} />
      <div className="absolute inset-0" onPointerDown={onPress} aria-hidden="true" />
      {focuses.map((focus, index) => {
        const { x, y, w, h } = windowAround(picture, size, focus);
        return (
          <div
            // biome-ignore lint/suspicious/noArrayIndexKey: the upper one and the lower one
            key={index}
            role="slider"
            tabIndex={disabled ? -1 : 0}
            aria-disabled={disabled}
            aria-label={t(`editor.picture.${NAMES[layout][index] ?? "window"}`)}
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={Math.round(focus.x * 100)}
            aria-valuetext={t("editor.picture.at", {
              x: Math.round(focus.x * 100),
              y: Math.round(focus.y * 100),
            })}
            className="absolute touch-none cursor-move rounded-[0.3rem] border-2 border-lit bg-lit/15 -outline-offset-4"
            style={{ left: `${x * 100}%`, top: `${y * 100}%`, width: `${w * 100}%`, height: `${h * 100}%` }}
            onKeyDown={(event) => onKey(index, focus, event)}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              event.currentTarget.focus();
              onPointer(index, event);
            }}
            onPointerMove={(event) => onPointer(index, event)}
          >
            {layout === "split" && (
              <span className="absolute top-1 left-1 rounded bg-lit px-1.5 text-xs font-semibold text-on-lit">
                {index + 1}
              </span>
            )}
          </div>
        );
      })}
    </div>
  );
}

const REDRAW = ["loadeddata", "canplay", "seeked", "timeupdate", "play"] as const;
const CLIP_SHAPE = 9 / 16;

/** What the clip shows of the source, drawn in its place; the rest of the picture is not on this page and stays dark. */
function SeenPart({ picture, frame, video }: Pick<FocusPadProps, "picture" | "frame" | "video">) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!video || !frame) return;
    video.preload = "auto"; // there is no picture to draw of a video whose length alone is loaded
    function draw() {
      const [target, paper] = [canvas.current, canvas.current?.getContext("2d")];
      if (!target || !paper || !video || !frame || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA)
        return;
      paper.clearRect(0, 0, target.width, target.height);
      for (const { from, to } of piecesOf(frame, video, picture))
        paper.drawImage(
          video,
          ...([from.x, from.y, from.w, from.h] as const),
          ...([
            to.x * target.width,
            to.y * target.height,
            to.w * target.width,
            to.h * target.height,
          ] as const),
        );
    }
    draw();
    for (const event of REDRAW) video.addEventListener(event, draw);
    return () => {
      for (const event of REDRAW) video.removeEventListener(event, draw);
    };
  }, [video, frame, picture]);
  return (
    <canvas
      ref={canvas}
      width={640}
      height={Math.round((640 * picture.h) / picture.w)}
      className="absolute inset-0 size-full opacity-80"
    />
  );
}

/** Which part of the video's frame shows which part of the source. */
function piecesOf(frame: ShotFrame, video: HTMLVideoElement, picture: Size) {
  const [width, height] = [video.videoWidth, video.videoHeight];
  const full = { x: 0, y: 0, w: width, h: height };
  if (frame.layout === "fit") {
    const shape = frame.w / frame.h;
    const [w, h] = shape > CLIP_SHAPE ? [width, width / shape] : [height * shape, height];
    const from = { x: (width - w) / 2, y: (height - h) / 2, w, h };
    return [{ from, to: partsOfPicture(frame, picture) }];
  }
  if (frame.layout === "split" && frame.lower)
    return [frame, frame.lower].map((box, index) => ({
      from: { x: 0, y: (index * height) / 2, w: width, h: height / 2 },
      to: partsOfPicture(box, picture),
    }));
  return [{ from: full, to: partsOfPicture(windowAt(frame, video.currentTime), picture) }];
}
