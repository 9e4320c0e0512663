import type { Box, EdlClip, Focus, ShotFrame, ShotOverride } from "@kangklip/contract";
import { lengthOf, toSource } from "./clip-time.ts";

/** A stretch of a clip in which the picture is framed in one way. */
export interface Shot {
  /** Seconds of the clip. */
  start: number;
  end: number;
  /** The same in seconds of the source. */
  from: number;
  to: number;
  /** How it is framed; null where that is not known. */
  frame: ShotFrame | null;
}

type Size = Pick<Box, "w" | "h">;

/** The shots of a rendered clip, in order; one for all of it where its framing is not known. Pure. */
export function shotsOf({ framing, segments }: Pick<EdlClip, "framing" | "segments">): Shot[] {
  const place = (start: number, end: number) => ({
    start,
    end,
    from: toSource(segments, start),
    to: toSource(segments, end),
  });
  if (framing.length === 0) return [{ ...place(0, lengthOf(segments)), frame: null }];
  return framing.map((frame) => ({ ...place(frame.start, frame.end), frame }));
}

const middle = ({ from, to }: { from: number; to: number }) => (from + to) / 2;
const covers = ({ from, to }: ShotOverride, seconds: number) => seconds >= from && seconds <= to;

/** The wish that counts for a shot; null where there is none. Pure. */
export const wishFor = (overrides: readonly ShotOverride[], shot: Shot): ShotOverride | null =>
  overrides.findLast((wish) => covers(wish, middle(shot))) ?? null;

/** All wishes with this one for the shot in place of what was wished for it; one that asks for nothing takes it back. Pure. */
export function withWish(
  overrides: readonly ShotOverride[],
  shot: Shot,
  wish: Pick<ShotOverride, "layout" | "focus" | "lower_focus">,
): ShotOverride[] {
  const others = overrides.filter((one) => !covers(one, middle(shot)));
  const asksForNothing = wish.layout === "auto" && !wish.focus && !wish.lower_focus;
  const all = asksForNothing ? others : [...others, { from: shot.from, to: shot.to, ...wish }];
  return all.toSorted((one, other) => one.from - other.from);
}

/** The largest 9:16 window in a picture, or the half as high one of a split frame. Pure. */
export function windowSize({ w, h }: Size, layout: "crop" | "split"): Size {
  const width = Math.min(w, (h * 9) / 16);
  const height = layout === "crop" ? Math.min(h, (w * 16) / 9) : Math.min(h, (width * 8) / 9);
  return { w: width, h: height };
}

/** The window of this size around a point, held inside the picture; in parts of the picture. Pure. */
export function windowAround(picture: Size, size: Size, focus: Focus) {
  const [w, h] = [size.w / picture.w, size.h / picture.h];
  const held = (at: number, length: number) => Math.min(1 - length, Math.max(0, at - length / 2));
  return { x: held(focus.x, w), y: held(focus.y, h), w, h };
}

/** A box as parts of the picture's sides. Pure. */
export const partsOfPicture = ({ x, y, w, h }: Box, picture: Size) => ({
  x: x / picture.w,
  y: y / picture.h,
  w: w / picture.w,
  h: h / picture.h,
});

/** Where a shot's window is at a moment of the clip (seconds), along its path. Pure. */
export function windowAt(frame: ShotFrame, seconds: number): Box {
  const { x, y, w, h, path } = frame;
  if (!path || path.length === 0) return { x, y, w, h };
  const next = path.findIndex(({ at }) => at >= seconds);
  const after = path[next === -1 ? path.length - 1 : next];
  const before = path[next === -1 ? path.length - 1 : Math.max(0, next - 1)];
  if (!after || !before) return { x, y, w, h };
  const part = after.at > before.at ? (seconds - before.at) / (after.at - before.at) : 0;
  const between = (one: number, other: number) => one + (other - one) * Math.min(1, Math.max(0, part));
  return { x: between(before.x, after.x), y: between(before.y, after.y), w, h };
}

/** The middle of a box, in parts of the picture. Pure. */
export const middleOf = ({ x, y, w, h }: Box, picture: Size): Focus => ({
  x: (x + w / 2) / picture.w,
  y: (y + h / 2) / picture.h,
});
