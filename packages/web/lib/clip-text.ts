import type { ClipView, JobId } from "@kangklip/contract";
import { clock } from "./time.ts";

/** A clip's score for people, from a score of 0..1 (or already 0..100): "84 of 100". Null where it has none. Pure. */
export function scoreText(score: number | null): string | null {
  if (score === null) return null;
  const hundred = Math.round(score <= 1 ? score * 100 : score);
  return `${Math.min(100, Math.max(0, hundred))} of 100`;
}

/** Where in the source a clip comes from: "2:05 to 2:48". Pure. */
export const placeText = ({ start, end }: Pick<ClipView, "start" | "end">) =>
  `${clock(start)} to ${clock(end)}`;

/** A clip's stretch of the source, in percent of its length, held within it. Pure. */
export function placeOnStrip({ start, end }: Pick<ClipView, "start" | "end">, sourceSeconds: number) {
  const percent = (seconds: number) => Math.min(100, Math.max(0, (seconds / sourceSeconds) * 100));
  return { left: percent(start), width: Math.max(0.5, percent(end) - percent(start)) };
}

/** The page on which a clip is changed, from its job and its file, "clip_01.mp4". Pure. */
export const editHref = (jobId: JobId, clipFile: string) =>
  `/jobs/${jobId}/edit/${/^clip_0([1-5])\./.exec(clipFile)?.[1] ?? 1}`;
