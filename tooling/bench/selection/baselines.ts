import type { Random } from "../../chaos/random.ts";
import type { Heat } from "./labelled.ts";
import type { Stretch } from "./metrics.ts";

/** Seconds of a chunk of 1.x. */
const CHUNK_SECONDS = 300;

/** What 1.x chose where no language model answered: the first seconds of each chunk, in order. */
export function linearClips(seconds: number, count: number, clipSeconds: number): Stretch[] {
  const clips: Stretch[] = [];
  for (let start = 0; clips.length < count && start + 1 <= seconds; start += CHUNK_SECONDS)
    clips.push({ start, end: Math.min(seconds, start + clipSeconds) });
  return clips;
}

/** Clips of one length anywhere, none over another, every such set as likely as any other, in no order. */
export function randomClips(seconds: number, count: number, clipSeconds: number, random: Random): Stretch[] {
  const fitting = Math.max(1, Math.min(count, Math.floor(seconds / clipSeconds)));
  const room = Math.max(0, seconds - fitting * clipSeconds);
  const offsets = Array.from({ length: fitting }, () => room * random.next()).sort((a, b) => a - b);
  const clips = offsets.map((offset, index) => {
    const start = offset + index * clipSeconds;
    return { start, end: Math.min(seconds, start + clipSeconds) };
  });
  for (let at = clips.length - 1; at > 0; at--) {
    const other = random.whole(0, at);
    [clips[at], clips[other]] = [clips[other] as Stretch, clips[at] as Stretch];
  }
  return clips;
}

/** The hottest stretches, one after the other, by somebody who sees the labels: about the best that clips of one length can do. */
export function hottestClips(heat: Heat, count: number, clipSeconds: number): Stretch[] {
  const starts = Array.from(
    { length: Math.max(1, Math.floor(heat.seconds - clipSeconds) + 1) },
    (_, at) => at,
  );
  const byHeat = starts
    .map((start) => ({ start, end: Math.min(heat.seconds, start + clipSeconds) }))
    .map((clip) => ({ clip, heat: heat.mean(clip.start, clip.end) }))
    .sort((a, b) => b.heat - a.heat || a.clip.start - b.clip.start);
  const clips: Stretch[] = [];
  for (const { clip } of byHeat) {
    if (clips.length === count) break;
    if (clips.every(({ start, end }) => clip.end <= start || clip.start >= end)) clips.push(clip);
  }
  return clips;
}
