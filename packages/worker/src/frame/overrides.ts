import type { EdlClip, Focus, ShotFrame, ShotOverride } from "@kangklip/contract";
import type { Box } from "./picture.ts";
import { roundSeconds } from "./plan.ts";
import { halfTarget, largestWindow, placeWindow, type Target } from "./window.ts";

/** A wish that begins or ends this near a border of the planned frames is meant for that border, seconds. */
const NEAR = 0.1;
/** Where eyes are in a window that was laid around a face, and so the middle of a half window around the same face. */
const FACE_AT = 0.42;
/** Two places of a picture that is split without anything known of it: parts of its width. */
const THIRDS = [0.28, 0.72] as const;

/** Places nearer than this part of the width are one and the same. */
const ONE_PLACE = 1 / 6;

interface Wish extends Pick<ShotOverride, "layout" | "focus" | "lower_focus"> {
  /** Seconds of the clip. */
  start: number;
  end: number;
}

/**
 * Frames with a person's wishes: within each wish's range (source seconds) the layout and the place that it asks for, cut at the range's
 * borders; elsewhere as they were. Of two wishes for the same moment the later one counts. Frames stay in order and without gaps, windows
 * inside the picture on even pixels.
 * @param picture size of the upright, square-pixel source, even sides
 */
export function withOverrides(
  frames: ShotFrame[],
  { segments, overrides }: Pick<EdlClip, "segments" | "overrides">,
  picture: Pick<Box, "w" | "h">,
  target: Target,
): ShotFrame[] {
  const borders = frames.flatMap(({ start, end }) => [start, end]);
  const wishes = overrides.flatMap((wish) => onClip(wish, segments, borders));
  if (wishes.length === 0) return frames;
  const whole = { x: 0, y: 0, w: picture.w, h: picture.h };
  return frames.flatMap((frame) => {
    const inside = wishes.filter(({ start, end }) => start < frame.end && end > frame.start);
    const cuts = inside.flatMap(({ start, end }) => [start, end]);
    const bounds = [frame.start, ...cuts.filter((at) => at > frame.start && at < frame.end), frame.end];
    const sorted = [...new Set(bounds)].sort((a, b) => a - b);
    return sorted.slice(1).map((end, i): ShotFrame => {
      const part = { ...frame, start: sorted[i] ?? frame.start, end };
      const middle = (part.start + part.end) / 2;
      const wish = inside.findLast((one) => one.start <= middle && one.end > middle);
      return wish ? wished(part, wish, { all: frames, whole, target }) : part;
    });
  });
}

/** The parts of a wish's range that the clip shows, on the clip's own timeline. */
function onClip(wish: ShotOverride, segments: EdlClip["segments"], borders: number[]): Wish[] {
  let at = 0;
  const near = (time: number) => borders.find((border) => Math.abs(border - time) < NEAR) ?? time;
  return segments.flatMap((segment) => {
    const offset = at - segment.start;
    at += Math.max(0, segment.end - segment.start);
    const start = near(roundSeconds(Math.max(wish.from, segment.start) + offset));
    const end = near(roundSeconds(Math.min(wish.to, segment.end) + offset));
    return end > start ? [{ ...wish, start, end }] : [];
  });
}

interface About {
  all: ShotFrame[];
  /** The whole picture: what a focus is a part of. */
  whole: Box;
  target: Target;
}

function wished(frame: ShotFrame, wish: Wish, about: About): ShotFrame {
  const layout = wish.layout === "auto" ? frame.layout : wish.layout;
  const asItIs = layout === frame.layout && !wish.focus && !wish.lower_focus;
  if (asItIs) return frame;
  const { start, end } = frame;
  const made = { start, end, reason: "override" };
  const area = areaOf(frame, about);
  if (layout === "fit") return { ...made, layout, ...area };
  if (layout === "split") return { ...made, layout, ...splitWindows(frame, wish, area, about) };
  const size = frame.layout === "crop" ? frame : largestWindow(area, about.target);
  const middle = wish.focus ? pixels(wish.focus, about.whole) : middleOf(frame, about.whole);
  return { ...made, layout, ...centred(area, size, middle) };
}

/** The picture without its black bars, which a frame that shows it whole knows. */
function areaOf(frame: ShotFrame, { all, whole }: About): Box {
  const known = frame.layout === "fit" ? frame : all.find(({ layout }) => layout === "fit");
  if (!known) return whole;
  const { x, y, w, h } = known;
  return { x, y, w, h };
}

interface Point {
  x: number;
  y: number;
}

const pixels = ({ x, y }: Focus, { w, h }: Box): Point => ({ x: x * w, y: y * h });

/** Where a frame looks: a face in its window lies a little above the window's middle. */
function middleOf({ layout, focus, x, y, w, h }: ShotFrame, whole: Box): Point {
  if (layout === "fit" && focus) return pixels(focus, whole);
  return { x: x + w / 2, y: layout === "crop" ? y + h * FACE_AT : y + h / 2 };
}

const even = (length: number) => Math.max(2, 2 * Math.floor(length / 2));

function centred(area: Box, size: Pick<Box, "w" | "h">, { x, y }: Point): Box {
  const [w, h] = [even(Math.min(size.w, area.w)), even(Math.min(size.h, area.h))];
  return placeWindow(area, { w, h }, x, y - h / 2);
}

function splitWindows(frame: ShotFrame, wish: Wish, area: Box, { all, whole, target }: About) {
  const half = halfTarget(target);
  const { w } = largestWindow(area, target);
  // as wide as the window of a whole frame, so that a face keeps its size
  const narrow = { w, h: Math.min(area.h, (w * half.height) / half.width) };
  const { upper: own, lower: below } =
    frame.layout === "split" && frame.lower
      ? { upper: frame, lower: frame.lower }
      : { upper: narrow, lower: narrow };
  const [left, right] = places(frame, all, whole);
  const upper = wish.focus ? pixels(wish.focus, whole) : left;
  const lower = wish.lower_focus ? pixels(wish.lower_focus, whole) : farFrom(upper, left, right);
  return { ...centred(area, own, upper), lower: centred(area, below, lower) };
}

const farFrom = ({ x }: Point, one: Point, other: Point): Point =>
  Math.abs(one.x - x) > Math.abs(other.x - x) ? one : other;

/** Two places worth to be seen: a split's own, else this frame's and that of the nearest one that looks elsewhere, the left one first. */
function places(frame: ShotFrame, all: ShotFrame[], whole: Box): [first: Point, second: Point] {
  if (frame.layout === "split" && frame.lower)
    return [middleOf(frame, whole), middleOf({ ...frame, ...frame.lower }, whole)];
  const here = middleOf(frame, whole);
  const looks = frame.layout === "crop" || frame.focus !== undefined;
  const other = all
    .filter(({ layout }) => layout === "crop")
    .map((one) => ({ point: middleOf(one, whole), far: Math.abs(one.start - frame.start) }))
    .filter(({ point }) => Math.abs(point.x - here.x) > whole.w * ONE_PLACE)
    .sort((a, b) => a.far - b.far)[0]?.point;
  if (looks && other) return here.x < other.x ? [here, other] : [other, here];
  const [left, right] = THIRDS;
  return [pixels({ x: left, y: FACE_AT }, whole), pixels({ x: right, y: FACE_AT }, whole)];
}
