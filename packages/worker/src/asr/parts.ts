import type { SoundMap } from "../stage.ts";

/** A stretch of the sound, seconds. */
export interface Part {
  start: number;
  end: number;
}

/** Kept of a silence on each side of speech: recognisers need a breath before the first word. */
const PAD_SECONDS = 0.3;

/**
 * Cuts the sound into parts that can be recognised one by one: none begins or ends inside a word where there is a silence to
 * cut at, none is longer than `maxSeconds`, and silences of `skipSeconds` and more are in no part.
 * Parts are in order and do not overlap.
 */
export function partsOf(
  sound: SoundMap,
  durationSeconds: number,
  { minSeconds, maxSeconds, skipSeconds }: { minSeconds: number; maxSeconds: number; skipSeconds: number },
): Part[] {
  return soundingStretches(sound, durationSeconds, skipSeconds).flatMap((stretch) => {
    const parts: Part[] = [];
    let { start } = stretch;
    while (stretch.end - start > maxSeconds) {
      const cut = cutBetween(sound, start + minSeconds, start + maxSeconds);
      parts.push({ start, end: cut });
      start = cut;
    }
    return [...parts, { start, end: stretch.end }];
  });
}

/** Seconds of sound that are not silence. */
export function voicedSeconds(sound: SoundMap): number {
  const { step, dbfs } = sound.levels;
  return Math.max(
    0,
    sound.silences.reduce((left, { start, end }) => left - (end - start), dbfs.length * step),
  );
}

function soundingStretches(sound: SoundMap, durationSeconds: number, skipSeconds: number): Part[] {
  const stretches: Part[] = [];
  let start = 0;
  for (const silence of sound.silences) {
    const atAnEnd = silence.start <= 0 || silence.end >= durationSeconds - 0.05;
    if (silence.end - silence.start < skipSeconds && !atAnEnd) continue;
    const end = Math.min(durationSeconds, silence.start + PAD_SECONDS, (silence.start + silence.end) / 2);
    if (silence.start > start) stretches.push({ start, end });
    start = Math.max(silence.end - PAD_SECONDS, (silence.start + silence.end) / 2);
    if (silence.end >= durationSeconds - 0.05) return stretches;
  }
  if (durationSeconds > start) stretches.push({ start, end: durationSeconds });
  return stretches;
}

/** The middle of the longest silence between two times; where there is none, the quietest place. */
function cutBetween(sound: SoundMap, from: number, to: number): number {
  let best: { at: number; length: number } | undefined;
  for (const { start, end } of sound.silences) {
    const at = (start + end) / 2;
    if (at >= from && at <= to && end - start > (best?.length ?? 0)) best = { at, length: end - start };
  }
  if (best) return best.at;
  const { step, dbfs } = sound.levels;
  let quietest = Math.floor(to / step) - 1;
  for (let at = quietest; at * step >= from; at--) if ((dbfs[at] ?? 0) < (dbfs[quietest] ?? 0)) quietest = at;
  return (quietest + 0.5) * step;
}
