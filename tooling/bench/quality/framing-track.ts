import type { ShotFrame } from "@kangklip/contract";
import type { Box } from "./scenes.ts";

/** What one frame of the clip shows. */
export interface View {
  /** Number of the framing's range that it belongs to. */
  piece: number;
  layout: ShotFrame["layout"];
  /** crop: the window; split: the upper and the lower one; fit: the whole picture. Pixels of the source, not rounded. */
  windows: Box[];
  reason: string;
}

/** Lays a framing out on `count` frames as the renderer does: a range begins on the frame that is nearest to its start. */
export function viewsOf(frames: readonly ShotFrame[], fps: number, count: number): View[] {
  const sorted = frames.toSorted((a, b) => a.start - b.start);
  return Array.from({ length: count }, (_, n) => {
    const found = sorted.findLastIndex(({ start }) => Math.round(start * fps) <= n);
    const piece = Math.max(0, found);
    const frame = sorted[piece];
    if (!frame) throw new Error("A framing without ranges");
    const { w, h, layout, lower, reason } = frame;
    const windows = [{ ...cornerAt(frame, n / fps), w, h }];
    if (layout === "split" && lower) windows.push(lower);
    return { piece, layout, windows, reason };
  });
}

function cornerAt({ x, y, path }: ShotFrame, seconds: number): { x: number; y: number } {
  if (!path || path.length === 0) return { x, y };
  const after = path.find(({ at }) => at >= seconds) ?? path.at(-1);
  const before = path.findLast(({ at }) => at <= seconds) ?? path[0];
  if (!after || !before) return { x, y };
  const t = after.at > before.at ? (seconds - before.at) / (after.at - before.at) : 0;
  return { x: before.x + (after.x - before.x) * t, y: before.y + (after.y - before.y) * t };
}

/** The part of a box that lies in another one, 0..1. */
export function partInside(box: Box, window: Box): number {
  const w = Math.min(box.x + box.w, window.x + window.w) - Math.max(box.x, window.x);
  const h = Math.min(box.y + box.h, window.y + window.h) - Math.max(box.y, window.y);
  return w <= 0 || h <= 0 ? 0 : (w * h) / (box.w * box.h);
}

export const middleOf = ({ x, y, w, h }: Box) => ({ x: x + w / 2, y: y + h / 2 });

/** Whether two views show the same part of the picture, but for a fiftieth of their width. */
export function isSameView(one: View, other: View): boolean {
  if (one.layout !== other.layout || one.windows.length !== other.windows.length) return false;
  return one.windows.every((window, i) => {
    const against = other.windows[i] as Box;
    const slack = window.w * 0.02;
    return (["x", "y", "w", "h"] as const).every((side) => Math.abs(window[side] - against[side]) <= slack);
  });
}
