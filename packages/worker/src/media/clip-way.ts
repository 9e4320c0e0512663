import type { ShotFrame } from "@kangklip/contract";
import type { FetchedSource } from "../stage.ts";
import type { Window } from "./clip-timeline.ts";
import { squareSize } from "./probe.ts";

/**
 * How a window moves: over a part of the picture (`region`, which holds all of its places) that is first brought to the output's scale, so
 * that it moves by the output's pixels and not by the source's, which would be seen as steps.
 */
export interface Way {
  region: Window;
  /** The region's size at the output's scale. */
  scaled: { width: number; height: number };
  /** The window's corner on the scaled region, at frames of the piece (the first is 0); linear in between. */
  keypoints: { frame: number; x: number; y: number }[];
}

type Path = NonNullable<ShotFrame["path"]>;
/** Frames of the clip; `end` is not one of them. */
interface Frames {
  first: number;
  end: number;
}

/** A rest is cut off from the moves around it if it is as long as this, seconds: a moving window costs up to twice as much. */
const LONG_REST_SECONDS = 0.5;
/** How many times the output's pixels a scaled region may have. A longer way is gone in several parts. */
const LARGEST_REGION = 3;
/** Pixels of the source that make no move. */
const STILL = 0.25;

/** The frames of a shot with a path, divided: where its window moves, and where it rests. */
export function partsOfPath(
  path: Path,
  { first, end }: Frames,
  fps: number,
): (Frames & { moves: boolean })[] {
  const moves: Frames[] = [];
  for (const [i, point] of path.entries()) {
    const next = path[i + 1];
    if (!next || Math.hypot(next.x - point.x, next.y - point.y) <= STILL) continue;
    const [from, to] = [Math.ceil(point.at * fps - 1e-6), Math.floor(next.at * fps + 1e-6) + 1];
    const before = moves.at(-1);
    if (before && from - before.end < LONG_REST_SECONDS * fps) before.end = Math.max(before.end, to);
    else moves.push({ first: from, end: to });
  }
  const parts: (Frames & { moves: boolean })[] = [];
  let at = first;
  for (const move of moves) {
    const [from, to] = [Math.max(first, move.first), Math.min(end, move.end)];
    if (to <= from) continue;
    if (from > at) parts.push({ first: at, end: from, moves: false });
    parts.push({ first: from, end: to, moves: true });
    at = to;
  }
  if (at < end) parts.push({ first: at, end, moves: false });
  return parts;
}

/** Where a path is at a second of the clip: linear between keypoints, at rest before the first and after the last. */
export function placeAt(path: Path, at: number): { x: number; y: number } {
  const next = path.findIndex((point) => point.at >= at);
  const [one, other] = [path[Math.max(0, next - 1)], path[next]];
  if (!one || !other) return path.at(-1) ?? { x: 0, y: 0 };
  const k = next === 0 ? 0 : (at - one.at) / (other.at - one.at || 1);
  return { x: one.x + (other.x - one.x) * k, y: one.y + (other.y - one.y) * k };
}

interface About {
  /** The window of the shot at its usual place: stored pixels. */
  window: Window;
  video: FetchedSource["info"]["video"];
  size: { width: number; height: number };
  fps: number;
}

/** The ways of a window over some of the clip's frames: one, or several where the picture is very wide. */
export function waysOf(shot: ShotFrame, path: Path, frames: Frames, about: About): (Frames & { way: Way })[] {
  const way = wayOf(shot, path, frames, about);
  const { width, height } = about.size;
  const middle = (frames.first + frames.end) >> 1;
  const small = way.scaled.width * way.scaled.height <= LARGEST_REGION * width * height;
  if (small || middle === frames.first) return [{ ...frames, way }];
  const halves = [
    { first: frames.first, end: middle },
    { first: middle, end: frames.end },
  ];
  return halves.flatMap((half) => waysOf(shot, path, half, about));
}

function wayOf(shot: ShotFrame, path: Path, { first, end }: Frames, about: About): Way {
  const { window, video, size, fps } = about;
  const square = squareSize(video);
  const [across, down] = [video.width / square.width, video.height / square.height];
  // the stored window may be a little smaller than the one that was planned: it stays in that one's middle
  const inset = { x: (shot.w * across - window.w) / 2, y: (shot.h * down - window.h) / 2 };
  const last = end - 1 - first;
  const bends = path.map(({ at }) => at * fps - first).filter((frame) => frame > 0 && frame < last);
  const places = [0, ...bends, last].map((frame) => {
    const { x, y } = placeAt(path, (frame + first) / fps);
    return {
      frame,
      x: clamp(x * across + inset.x, video.width - window.w),
      y: clamp(y * down + inset.y, video.height - window.h),
    };
  });
  const horizontal = extent(
    places.map(({ x }) => x),
    window.w,
    video.width,
  );
  const vertical = extent(
    places.map(({ y }) => y),
    window.h,
    video.height,
  );
  const even = (length: number) => 2 * Math.round(length / 2);
  const scaled = {
    width: Math.max(size.width, even((horizontal.length * size.width) / window.w)),
    height: Math.max(size.height, even((vertical.length * size.height) / window.h)),
  };
  const keypoints = places.map(({ frame, x, y }) => ({
    frame,
    x: clamp(((x - horizontal.at) * scaled.width) / horizontal.length, scaled.width - size.width),
    y: clamp(((y - vertical.at) * scaled.height) / vertical.length, scaled.height - size.height),
  }));
  const region = { x: horizontal.at, y: vertical.at, w: horizontal.length, h: vertical.length };
  return { region, scaled, keypoints };
}

const clamp = (value: number, most: number) => Math.min(Math.max(0, value), Math.max(0, most));

/** Even start and length of what a window of a length shows on its way. */
function extent(places: number[], length: number, stored: number): { at: number; length: number } {
  const whole = 2 * Math.floor(stored / 2);
  const at = 2 * Math.floor(Math.min(...places) / 2);
  const end = Math.min(whole, 2 * Math.ceil((Math.max(...places) + length) / 2));
  return { at: Math.min(at, end - length), length: Math.max(end - at, length) };
}

/**
 * A coordinate of the way as an expression of ffmpeg over `n`, the frame's number: only numbers and fixed names. A sum with one term for each
 * stretch between keypoints, which is flat however many there are.
 */
export function wayExpression(points: { frame: number; value: number }[]): string {
  const [first] = points;
  const terms = points.flatMap(({ frame, value }, i) => {
    const next = points[i + 1];
    if (!next || next.frame - frame < 1e-6 || Math.abs(next.value - value) < 1e-3) return [];
    const slope = (next.value - value) / (next.frame - frame);
    const [from, to] = [frame.toFixed(3), next.frame.toFixed(3)];
    return [`${slope.toFixed(6)}*(clip(n,${from},${to})-${from})`];
  });
  return [(first?.value ?? 0).toFixed(3), ...terms].join("+");
}
