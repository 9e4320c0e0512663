import type { ShotFrame } from "@kangklip/contract";
import type { Box } from "./picture.ts";
import { roundSeconds } from "./plan.ts";

/** Gaps and overlaps of neighbours up to this are rounding, seconds: the later one's start counts. */
const SLACK_SECONDS = 0.25;
/** An hour-long clip would not need as many; the graph of ffmpeg grows with each. */
const MOST_FRAMES = 400;
const MOST_KEYPOINTS = 100;

/**
 * The framing that a clip brings along, ready to be rendered: in order, from 0 to the clip's end, inside the picture. What is a little off is put
 * right. @returns null where it was made for something else - a gap, another length, windows outside the picture - and has to be planned anew.
 * @param seconds the clip's length
 * @param picture size of the upright, square-pixel source
 */
export function keptFraming(
  framing: ShotFrame[],
  seconds: number,
  picture: Pick<Box, "w" | "h">,
): ShotFrame[] | null {
  const frames = framing.toSorted((a, b) => a.start - b.start);
  if (frames.length === 0 || frames.length > MOST_FRAMES) return null;
  const kept: ShotFrame[] = [];
  for (const [i, frame] of frames.entries()) {
    const next = frames[i + 1]?.start ?? seconds;
    const start = i === 0 ? 0 : frame.start;
    const fits =
      Math.abs(frame.end - next) <= SLACK_SECONDS && Math.abs(frame.start - start) <= SLACK_SECONDS;
    const box = inside(frame, picture);
    const lower = frame.lower ? inside(frame.lower, picture) : undefined;
    const path = pathInside(frame, box, picture);
    if (!fits || !box || !(next > start)) return null;
    if ((frame.layout === "split") !== (lower !== undefined && lower !== null) || path === null) return null;
    const { layout, reason, focus } = frame;
    kept.push({
      ...{ start: roundSeconds(start), end: roundSeconds(next), layout, ...box, reason },
      ...(lower && { lower }),
      ...(path && { path }),
      ...(focus && { focus }),
    });
  }
  return kept;
}

/** The box moved inside the picture; null where most of it lies elsewhere. */
function inside({ x, y, w, h }: Box, picture: Pick<Box, "w" | "h">): Box | null {
  if (![x, y, w, h].every(Number.isFinite)) return null;
  const whole = { w: Math.min(w, picture.w), h: Math.min(h, picture.h) };
  if (whole.w < 2 || whole.h < 2 || whole.w * 2 < w || whole.h * 2 < h) return null;
  const moved = { x: clamp(x, 0, picture.w - whole.w), y: clamp(y, 0, picture.h - whole.h), ...whole };
  const far = Math.abs(moved.x - x) > w / 2 || Math.abs(moved.y - y) > h / 2;
  return far ? null : moved;
}

/** The keypoints in order, with the window inside the picture; undefined: there are none, null: they are nothing that a window could follow. */
function pathInside(
  { layout, path }: ShotFrame,
  box: Box | null,
  picture: Pick<Box, "w" | "h">,
): ShotFrame["path"] | null {
  if (!path || path.length === 0 || !box) return undefined;
  const sound = path.every(({ at, x, y }) => [at, x, y].every(Number.isFinite));
  if (layout !== "crop" || path.length > MOST_KEYPOINTS || !sound) return null;
  return path
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, x, y }) => ({
      ...{ at, x: clamp(x, 0, picture.w - box.w), y: clamp(y, 0, picture.h - box.h) },
    }));
}

const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));
