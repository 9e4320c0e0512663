import { openGate } from "./gate.ts";
import { createCutter, createScale, headOf, type Lengths, type Part, type Stretch } from "./parts.ts";
import type { DecodedSound } from "./sound.ts";

/** Longest sound by which a language is told. */
const SAMPLE_SECONDS = 30;
/** Where it is taken from, unless the middle comes before: behind what is played while one waits for a stream to begin. */
const SAMPLE_AT_SECONDS = 600;

/** What a recogniser hears, part by part, as soon as each of them cannot become another one any more. */
export interface ComingParts extends AsyncDisposable {
  /** Those that are known, in order; all of them once `at` has said that there are no more. */
  parts: readonly Part[];
  /** Where surely nobody speaks, as far as it is known. */
  speechless: Stretch[];
  /**
   * A part, once it is known; undefined: there are no more. May be asked for several at once.
   * @throws what decoding failed with, or the signal's reason
   */
  at(index: number): Promise<Part | undefined>;
  /**
   * By what a language is told that nobody has named: half a minute of the part that reaches beyond the middle of the video or its tenth
   * minute, whichever comes first; undefined where all of it is but one part, which tells it by itself. @throws as `at`
   */
  sample(): Promise<Part | undefined>;
  /** How much is heard (0..1), and up to where (seconds of the source), after a share of a part. */
  scale(index: number, fraction: number): [fraction: number, upToSeconds: number];
}

/** The parts of a sound, whether it is whole or grows; they are the same either way. Whoever opens them closes them. */
export async function comingParts(
  { pcmFile, sound, durationSeconds, growth }: DecodedSound,
  lengths: Lengths,
  until: AbortSignal,
): Promise<ComingParts> {
  const closed = new AbortController();
  const signal = AbortSignal.any([until, closed.signal]);
  const gate = await openGate(pcmFile, signal);
  const parts: Part[] = [];
  const speechless: Stretch[] = [];
  const cutter = createCutter(sound, durationSeconds, lengths, speechless);
  let looked = 0; // how many silences the gate has seen
  let isComplete = false;
  let running: Promise<void> | undefined;

  /** Cuts what is known now; waits for more where that gives nothing. */
  async function advance(): Promise<void> {
    const isWhole = growth?.isWhole() ?? true;
    const known = isWhole ? null : (growth?.knownSeconds() ?? null);
    const silences = sound.silences.slice(looked);
    for (const silence of silences) speechless.push(...(await gate.speechlessWithin(silence)));
    looked += silences.length;
    const found = cutter.cut(known);
    isComplete = isWhole;
    parts.push(...found);
    const hasRisen = growth?.isWhole() || growth?.knownSeconds() !== known;
    if (found.length === 0 && !isWhole && !hasRisen) await orAborted(growth?.next(), signal);
  }
  const at = async (index: number): Promise<Part | undefined> => {
    while (index >= parts.length && !isComplete) {
      signal.throwIfAborted();
      running ??= advance().finally(() => {
        running = undefined;
      });
      await running;
    }
    return parts[index];
  };
  const restSeconds = () =>
    isComplete ? 0 : Math.max(0, durationSeconds - (parts.at(-1)?.at(-1)?.end ?? 0));
  return {
    ...{ parts, speechless, at },
    async sample() {
      if (durationSeconds <= lengths.maxSeconds) return undefined;
      const from = Math.min(durationSeconds / 2, SAMPLE_AT_SECONDS);
      for (let index = 0; ; index++) {
        const part = await at(index);
        const found = part ?? parts.at(-1);
        if (!part || (part.at(-1)?.end ?? 0) > from) return found && headOf(found, SAMPLE_SECONDS);
      }
    },
    scale: createScale(parts, restSeconds),
    async [Symbol.asyncDispose]() {
      closed.abort(new Error("Nobody hears the sound any more"));
      await running?.catch(() => {});
      await gate[Symbol.asyncDispose]();
    },
  };
}

/** @throws the signal's reason as soon as there is one */
async function orAborted(work: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
