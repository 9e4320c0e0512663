import { ClipFile, type ClipView, type JobId, type ReadyClip } from "@kangklip/contract";
import type { Translate } from "../i18n/translate.ts";
import { clock } from "./time.ts";

/** A clip's score for people, from a score of 0..1 (or already 0..100): "84 of 100". Null where it has none. Pure. */
export function scoreText(t: Translate, score: number | null): string | null {
  if (score === null) return null;
  const hundred = Math.round(score <= 1 ? score * 100 : score);
  return t("clips.score", { score: Math.min(100, Math.max(0, hundred)) });
}

/** Where in the source a clip comes from: "2:05 to 2:48". Pure. */
export const placeText = (t: Translate, { start, end }: Pick<ClipView, "start" | "end">) =>
  t("clips.place", { start: clock(start), end: clock(end) });

/** A clip's stretch of the source, in percent of its length, held within it. Pure. */
export function placeOnStrip({ start, end }: Pick<ClipView, "start" | "end">, sourceSeconds: number) {
  const percent = (seconds: number) => Math.min(100, Math.max(0, (seconds / sourceSeconds) * 100));
  return { left: percent(start), width: Math.max(0.5, percent(end) - percent(start)) };
}

/** The page on which a clip is changed, from its job and its file, "clip_01.mp4". Pure. */
export const editHref = (jobId: JobId, clipFile: string) =>
  `/jobs/${jobId}/edit/${/^clip_0([1-5])\./.exec(clipFile)?.[1] ?? 1}`;

export interface ClipPlace {
  file: ClipFile;
  /** From 1. */
  index: number;
  ready: ReadyClip | undefined;
  clip: ClipView | undefined;
}

/** The places that a job's clips have on its page: as many as were asked for, until it is known how many came out. Pure. */
export function clipPlaces(
  asked: number,
  ready: readonly ReadyClip[],
  clips: readonly ClipView[] | undefined,
): ClipPlace[] {
  const readyOf = (file: string) => ready.find(({ clip_file }) => clip_file === file);
  if (clips)
    return clips.map((clip) => ({
      file: clip.clip_file,
      index: clip.index,
      ready: readyOf(clip.clip_file),
      clip,
    }));
  const most = Math.max(asked, ...ready.map(({ index }) => index));
  return Array.from({ length: most }, (_, at) => {
    const found = ready.find(({ index }) => index === at + 1);
    const file = found?.clip_file ?? ClipFile.parse(`clip_0${at + 1}.mp4`);
    return { file, index: at + 1, ready: found, clip: undefined };
  });
}
