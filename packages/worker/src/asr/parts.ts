import type { Word } from "@kangklip/contract";
import type { SoundMap } from "../stage.ts";

/** A stretch of the sound, seconds of the source. */
export interface Stretch {
  start: number;
  end: number;
}

/** What a recogniser hears at one go: stretches of the sound one after the other, without what lies between them. */
export type Part = readonly Stretch[];

/** How the sound is cut for a recogniser, seconds. */
export interface Lengths {
  /** Shortest and longest part; only the last one, and one before a stretch that would not fit, may be shorter. */
  minSeconds: number;
  maxSeconds: number;
  /** A silence this long is in no part. */
  skipSeconds: number;
  /** Kept of such a silence on each side of speech: recognisers need a breath before the first word. */
  padSeconds?: number;
}

const PAD_SECONDS = 0.3;
/** A stretch shorter than this is not begun at the end of a part. */
const SPLINTER_SECONDS = 1;

/**
 * Cuts the sound into parts that can be recognised one by one: none begins or ends inside a word where there is a silence to
 * cut at, none is longer than `maxSeconds`, and silences of `skipSeconds` and more are in no part. What lies between such silences is
 * joined until a part is full, so that many short sentences cost no more than one long one.
 * Stretches are in order and do not overlap, within a part and from part to part.
 * @param speechless where surely nobody speaks (gate.ts); cuts are made at any silence of `sound`
 */
export function partsOf(
  sound: SoundMap,
  durationSeconds: number,
  { minSeconds, maxSeconds, skipSeconds, padSeconds = PAD_SECONDS }: Lengths,
  speechless: readonly Stretch[] = sound.silences,
): Part[] {
  const parts: Stretch[][] = [];
  let part: Stretch[] = [];
  let filled = 0;
  const close = () => {
    if (part.length > 0) parts.push(part);
    part = [];
    filled = 0;
  };
  for (const stretch of soundingStretches(speechless, durationSeconds, skipSeconds, padSeconds)) {
    let { start } = stretch;
    for (;;) {
      const room = maxSeconds - filled;
      if (stretch.end - start <= room) break;
      if (filled >= minSeconds || room < SPLINTER_SECONDS) close();
      else {
        const cut = cutBetween(sound, start + minSeconds - filled, start + room);
        part.push({ start, end: cut });
        start = cut;
        close();
      }
    }
    part.push({ start, end: stretch.end });
    filled += stretch.end - start;
  }
  close();
  return parts;
}

/** How long a part is to hear, seconds. */
export const secondsOf = (part: Part): number => part.reduce((sum, { start, end }) => sum + end - start, 0);

/** The beginning of a part, at most so many seconds of it. */
export function headOf(part: Part, seconds: number): Part {
  const head: Stretch[] = [];
  let left = seconds;
  for (const { start, end } of part) {
    if (left <= 0) break;
    head.push({ start, end: Math.min(end, start + left) });
    left -= end - start;
  }
  return head;
}

/**
 * The second of the source at which a part is after so many seconds of it. Where two stretches meet both ends of what was left out are
 * meant: a word begins in the later one and ends in the earlier one. Before and after the part time goes on as it is.
 */
export function sourceTime(part: Part, seconds: number, which: "start" | "end" = "end"): number {
  let from = 0;
  for (const [index, { start, end }] of part.entries()) {
    const upTo = from + end - start;
    if (index === part.length - 1 || (which === "start" ? seconds < upTo - 1e-9 : seconds <= upTo + 1e-9))
      return start + seconds - from;
    from = upTo;
  }
  return seconds;
}

/** Words with times in a part as words with times in the source. */
export const placed = (words: readonly Word[], part: Part): Word[] =>
  words.map(({ start, end, ...rest }) => {
    const begin = sourceTime(part, start, "start");
    return { ...rest, start: begin, end: Math.max(begin, sourceTime(part, end, "end")) };
  });

/** How much of all parts is heard (0..1), and up to where (seconds of the source), after a share of one of them. */
export function createScale(parts: readonly Part[]) {
  let total = 0;
  const before = parts.map((part) => {
    const begun = total;
    total += secondsOf(part);
    return begun;
  });
  return (index: number, fraction: number): [fraction: number, upToSeconds: number] => {
    const part = parts[index] ?? [];
    const heard = secondsOf(part) * fraction;
    return [total > 0 ? ((before[index] ?? 0) + heard) / total : 1, sourceTime(part, heard)];
  };
}

/** Seconds of sound that are not silence. */
export function voicedSeconds(sound: SoundMap): number {
  const { step, dbfs } = sound.levels;
  return Math.max(
    0,
    sound.silences.reduce((left, { start, end }) => left - (end - start), dbfs.length * step),
  );
}

function soundingStretches(
  silences: readonly Stretch[],
  durationSeconds: number,
  skipSeconds: number,
  padSeconds: number,
): Stretch[] {
  const stretches: Stretch[] = [];
  let start = 0;
  for (const silence of silences) {
    const atAnEnd = silence.start <= 0 || silence.end >= durationSeconds - 0.05;
    if (silence.end - silence.start < skipSeconds && !atAnEnd) continue;
    const end = Math.min(durationSeconds, silence.start + padSeconds, (silence.start + silence.end) / 2);
    if (silence.start > start) stretches.push({ start, end });
    start = Math.max(silence.end - padSeconds, (silence.start + silence.end) / 2);
    if (silence.end >= durationSeconds - 0.05) return stretches;
  }
  if (durationSeconds > start) stretches.push({ start, end: durationSeconds });
  return stretches;
}

/** The middle of the longest silence between two times; where there is none, the quietest place. */
function cutBetween(sound: SoundMap, from: number, to: number): number {
  let best: { at: number; length: number } | undefined;
  for (let index = firstEndingAfter(sound.silences, from); index < sound.silences.length; index++) {
    const { start, end } = sound.silences[index] ?? { start: to, end: to };
    if (start > to) break;
    const at = (start + end) / 2;
    if (at >= from && at <= to && end - start > (best?.length ?? 0)) best = { at, length: end - start };
  }
  if (best) return best.at;
  const { step, dbfs } = sound.levels;
  let quietest = Math.floor(to / step) - 1;
  for (let at = quietest; at * step >= from; at--) if ((dbfs[at] ?? 0) < (dbfs[quietest] ?? 0)) quietest = at;
  return (quietest + 0.5) * step;
}

/** Index of the first silence that ends after a time: twelve hours have fifty thousand of them. */
export function firstEndingAfter(silences: readonly Stretch[], seconds: number): number {
  let [low, high] = [0, silences.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((silences[middle]?.end ?? 0) <= seconds) low = middle + 1;
    else high = middle;
  }
  return low;
}
