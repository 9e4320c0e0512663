import type { SoundMap } from "../stage.ts";
import type { Span } from "./cuts.ts";

/** Levels below this are taken for silence, dBFS. */
const FLOOR_DBFS = -70;
/** What is at most this far under the median is as loud as speech, dB. */
const LOUD_DB = 8;
/** Shorter silences part no phrases where there are no words. */
const SILENCE_MS = 300;

/** The source's sound, ready to be asked about any stretch. */
export interface Sound {
  /** Whether there are levels at all. */
  isKnown: boolean;
  /** Median level of what is not silent, dBFS. */
  medianDbfs: number;
  /** Stretches without sound, in order, none overlapping. */
  silences: Span[];
  /** Milliseconds of a stretch that are about as loud as speech, or louder. */
  loudMs(span: Span): number;
  /** Mean level and its spread (standard deviation) over a stretch, dBFS and dB. */
  level(span: Span): { mean: number; spread: number };
}

/** Takes pauses and levels as they were measured; numbers that are none count as silence. */
export function soundOf({ silences, levels }: SoundMap, durationMs: number): Sound {
  const stepMs = levels.step * 1000;
  const dbfs = levels.dbfs.map((level) =>
    Number.isFinite(level) ? Math.min(0, Math.max(FLOOR_DBFS, level)) : FLOOR_DBFS,
  );
  const sums = new Float64Array(dbfs.length + 1);
  const squares = new Float64Array(dbfs.length + 1);
  for (const [index, level] of dbfs.entries()) {
    sums[index + 1] = (sums[index] ?? 0) + level;
    squares[index + 1] = (squares[index] ?? 0) + level * level;
  }
  const audible = dbfs.filter((level) => level > FLOOR_DBFS + 10).sort((a, b) => a - b);
  const medianDbfs = audible[audible.length >> 1] ?? FLOOR_DBFS;
  const loud = new Int32Array(dbfs.length + 1);
  for (const [index, level] of dbfs.entries())
    loud[index + 1] = (loud[index] ?? 0) + Number(level >= medianDbfs - LOUD_DB);
  const stepAt = (ms: number) => Math.min(dbfs.length, Math.max(0, Math.round(ms / stepMs)));
  return {
    isKnown: dbfs.length > 0 && stepMs > 0,
    medianDbfs,
    loudMs: ({ startMs, endMs }) =>
      stepMs > 0 ? ((loud[stepAt(endMs)] ?? 0) - (loud[stepAt(startMs)] ?? 0)) * stepMs : 0,
    silences: merged(silences, durationMs),
    level({ startMs, endMs }) {
      const from = Math.min(dbfs.length - 1, Math.max(0, Math.floor(startMs / stepMs)));
      const to = Math.min(dbfs.length, Math.max(from + 1, Math.ceil(endMs / stepMs)));
      const mean = ((sums[to] ?? 0) - (sums[from] ?? 0)) / (to - from);
      const meanSquare = ((squares[to] ?? 0) - (squares[from] ?? 0)) / (to - from);
      return { mean, spread: Math.sqrt(Math.max(0, meanSquare - mean * mean)) };
    },
  };
}

function merged(silences: SoundMap["silences"], durationMs: number): Span[] {
  const spans = silences
    .map(({ start, end }) => ({ startMs: Math.round(start * 1000), endMs: Math.round(end * 1000) }))
    .filter(({ startMs, endMs }) => endMs - startMs >= SILENCE_MS && startMs < durationMs && endMs > 0)
    .map(({ startMs, endMs }) => ({ startMs: Math.max(0, startMs), endMs: Math.min(durationMs, endMs) }))
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const result: Span[] = [];
  for (const span of spans) {
    const last = result.at(-1);
    if (last && span.startMs <= last.endMs) last.endMs = Math.max(last.endMs, span.endMs);
    else result.push(span);
  }
  return result;
}

/** Laughter and applause last this long, milliseconds; what is shorter is a noise, what is longer is music. */
const REACTION_MS = { from: 600, to: 8000 };
/** Share of such a gap that is loud. */
const REACTION_SHARE = 0.4;

/**
 * Gaps between words that are as loud as speech: recognisers write nothing for laughter, applause and cheers. A guess, for a door or a
 * tune sounds the same in levels alone. Pure.
 * @param words in order, none overlapping
 */
export function reactionsIn(words: readonly Span[], sound: Sound): Span[] {
  if (!sound.isKnown) return [];
  return words.flatMap(({ endMs }, index) => {
    const gap = { startMs: endMs + 100, endMs: (words[index + 1]?.startMs ?? endMs) - 100 };
    const lengthMs = gap.endMs - gap.startMs;
    if (lengthMs < REACTION_MS.from || lengthMs > REACTION_MS.to) return [];
    const loudMs = sound.loudMs(gap);
    return loudMs >= Math.max(REACTION_MS.from, REACTION_SHARE * lengthMs) ? [gap] : [];
  });
}
