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
/** A silence that ends so near to the end lasts up to it. */
const AT_END_SECONDS = 0.05;

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
  lengths: Lengths,
  speechless: readonly Stretch[] = sound.silences,
): Part[] {
  return createCutter(sound, durationSeconds, lengths, speechless).cut(null);
}

/**
 * Cuts a sound while it grows: the parts are those that `partsOf` makes of the whole, however much of it is known at a time.
 * @param sound grows; so does `speechless`
 */
export function createCutter(
  sound: SoundMap,
  durationSeconds: number,
  { minSeconds, maxSeconds, skipSeconds, padSeconds = PAD_SECONDS }: Lengths,
  speechless: readonly Stretch[],
) {
  const parts: Part[] = [];
  let part: Stretch[] = [];
  let filled = 0;
  let start = 0; // of what lies in no part yet
  let next = 0; // of `speechless`
  let isAtEnd = false;
  const close = () => {
    if (part.length > 0) parts.push(part);
    part = [];
    filled = 0;
  };
  /** What sounds from `start` to `end`, or on and on from there. */
  const take = (end: number, goesOn: boolean) => {
    for (;;) {
      const room = maxSeconds - filled;
      if (end - start <= room) break;
      if (filled >= minSeconds || room < SPLINTER_SECONDS) close();
      else {
        const cut = cutBetween(sound, start + minSeconds - filled, start + room);
        part.push({ start, end: cut });
        start = cut;
        close();
      }
    }
    if (goesOn) return;
    part.push({ start, end });
    filled += end - start;
  };
  return {
    /**
     * The parts that cannot become others any more, but for those that it has given before.
     * @param knownSeconds up to where every silence is in the lists, and every one of `speechless` that begins before; null: they are whole
     */
    cut(knownSeconds: number | null): Part[] {
      for (let silence = speechless[next]; silence && !isAtEnd; silence = speechless[++next]) {
        const atAnEnd = silence.start <= 0 || silence.end >= durationSeconds - AT_END_SECONDS;
        if (silence.end - silence.start < skipSeconds && !atAnEnd) continue;
        const middle = (silence.start + silence.end) / 2;
        if (silence.start > start) take(Math.min(durationSeconds, silence.start + padSeconds, middle), false);
        start = Math.max(silence.end - padSeconds, middle);
        isAtEnd = silence.end >= durationSeconds - AT_END_SECONDS;
      }
      if (knownSeconds === null) {
        if (!isAtEnd && durationSeconds > start) take(durationSeconds, false);
        isAtEnd = true;
        close();
      } else if (!isAtEnd && knownSeconds > start) take(Math.min(durationSeconds, knownSeconds), true);
      return parts.splice(0);
    },
  };
}

/** How long a part is to hear, seconds. */
export const secondsOf = (part: Part): number => part.reduce((sum, { start, end }) => sum + end - start, 0);

/** Where a part ends, seconds of the source. */
export const endOf = (part: Part): number => part.at(-1)?.end ?? 0;

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

/** A word that begins no later than this after another one shares its time, seconds. */
const SAME_MOMENT_SECONDS = 0.05;

/**
 * The second up to which words of parts that end at `end` are not touched by those of later parts: a word may run on behind its part, and
 * words that begin at the same moment share what there is.
 */
export const surelyUpTo = (words: readonly Word[], end: number): number =>
  words.reduce((least, word) => (word.end >= end ? Math.min(least, word.start) : least), end) -
  SAME_MOMENT_SECONDS;

/**
 * How much of all parts is heard (0..1), and up to where (seconds of the source), after a share of one of them.
 * @param parts may become more @param restSeconds how much may come behind them
 */
export function createScale(parts: readonly Part[], restSeconds = () => 0) {
  const before = [0];
  return (index: number, fraction: number): [fraction: number, upToSeconds: number] => {
    for (let at = before.length - 1; at < parts.length; at++)
      before.push((before[at] ?? 0) + secondsOf(parts[at] ?? []));
    const total = (before.at(-1) ?? 0) + restSeconds();
    const part = parts[index] ?? [];
    const heard = secondsOf(part) * fraction;
    return [total > 0 ? ((before[index] ?? 0) + heard) / total : 1, sourceTime(part, heard)];
  };
}

/** Seconds of sound that are not silence. @param upTo where it ends, if it is not yet known as a whole */
export function voicedSeconds(
  { levels, silences }: SoundMap,
  upTo = levels.dbfs.length * levels.step,
): number {
  return Math.max(
    0,
    silences.reduce((left, { start, end }) => left - Math.max(0, Math.min(end, upTo) - start), upTo),
  );
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
