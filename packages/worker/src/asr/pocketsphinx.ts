import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError, type TranscriptSegment, type Word } from "@kangklip/contract";
import { runChild } from "../child.ts";
import { type ComingParts, comingParts } from "./coming-parts.ts";
import { endOf, type Lengths, type Part, placed, surelyUpTo } from "./parts.ts";
import { readPart } from "./pcm.ts";
import { joined, orderedWords, PAUSE_SECONDS, segmentsOf, trimmedToSound } from "./segments.ts";
import type { HeardSoFar, Hearing, Transcriber } from "./transcriber.ts";

const PROGRAM = "pocketsphinx_continuous";
/** Long enough for the language model to follow the thread, short enough to share among cores and to report progress. */
const PARTS: Lengths = { minSeconds: 20, maxSeconds: 40, skipSeconds: 2 };
/** It hears about as fast as one speaks; a machine that needs this long for 40 s of sound does not answer at all. */
const PART_MS = 20 * 60_000;
/** Its English model takes 120 MB. */
const MEMORY_BYTES = 1024 ** 3;
/** A pause this long is shown as the end of a sentence: the recogniser knows no punctuation. */
const SENTENCE_PAUSE_SECONDS = 0.6;

/**
 * Recognises English with Debian's pocketsphinx (0.8+5prealpha, packages pocketsphinx and pocketsphinx-en-us), where nothing better
 * is at hand: no download and no network, but many words are wrong. The sound is cut at silences and heard in `threads` parts at once.
 */
export function createPocketsphinxTranscriber(program = PROGRAM, lengths = PARTS): Transcriber {
  return {
    name: "pocketsphinx",
    async transcribe(hearing) {
      const { context, sound, durationSeconds } = hearing;
      if (!["auto", "en"].includes(context.job.language))
        return { unavailable: "pocketsphinx knows English only" };
      await using parts = await comingParts(hearing, lengths, context.signal);
      const segmentsIn = (heard: Word[]) => {
        const words = trimmedToSound(orderedWords(heard, durationSeconds), sound);
        return tidied(segmentsOf(orderedWords(words, durationSeconds)));
      };
      const soFar = (heard: Word[], end: number): HeardSoFar => {
        const upTo = surelyUpTo(heard, end);
        const segments = wholeBreaths(segmentsIn(heard.filter((word) => word.end < upTo)));
        return { language: "en", accuracy: "low", words: segments.flatMap(({ words }) => words) };
      };
      const heard = await hearParts(hearing, parts, program, soFar);
      if (!heard) return { unavailable: `there is no ${program} on PATH` };
      return { language: "en", accuracy: "low", timing: "word", segments: segmentsIn(heard) };
    },
  };
}

/** Without those after the last pause: how they are written depends on what follows. */
function wholeBreaths(segments: TranscriptSegment[]): TranscriptSegment[] {
  const isAfterPause = ({ start }: TranscriptSegment, index: number) => {
    const before = segments[index - 1];
    return before !== undefined && start - (before.start + before.duration) >= PAUSE_SECONDS + 0.001;
  };
  return segments.slice(0, Math.max(0, segments.findLastIndex(isAfterPause)));
}

/** All words of all parts in order, seconds of the source; undefined where the program is not installed. */
async function hearParts(
  hearing: Hearing,
  parts: ComingParts,
  program: string,
  soFar: (words: Word[], end: number) => HeardSoFar,
): Promise<Word[] | undefined> {
  const { context, heard } = hearing;
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const words: (Word[] | undefined)[] = [];
  const done: number[] = [];
  let taken = 0;
  let told = 0;
  let upTo = 0;
  const worker = async () => {
    for (;;) {
      const index = taken++;
      const part = await parts.at(index);
      if (!part || signal.aborted) return;
      words[index] = await hearPart(hearing, part, index, program, signal);
      done.push(index);
      const share = (of: number) => parts.scale(of, 1)[0] - parts.scale(of, 0)[0];
      upTo = Math.max(upTo, parts.scale(index, 1)[1]);
      heard(
        Math.min(
          1,
          done.reduce((sum, of) => sum + share(of), 0),
        ),
        upTo,
      );
      const last = told;
      while (words[told]) told++;
      const [end, count] = [endOf(parts.parts[told - 1] ?? []), told];
      const first = () => words.slice(0, count).flatMap((own) => own ?? []);
      if (count > last) hearing.sure?.(end, () => soFar(first(), end));
    }
  };
  const workers = Array.from({ length: Math.max(1, context.settings.threads) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort(error);
    await parts[Symbol.asyncDispose]();
    await Promise.allSettled(workers); // no child outlives this call
    context.signal.throwIfAborted();
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
  return words.flatMap((own) => own ?? []);
}

async function hearPart(
  hearing: Hearing,
  part: Part,
  index: number,
  program: string,
  signal: AbortSignal,
): Promise<Word[]> {
  const file = join(hearing.context.dir, `part-${index}.pcm`);
  try {
    await writeFile(file, await readPart(hearing.pcmFile, part));
    return placed(await runOnce(program, file, signal), part);
  } finally {
    await rm(file, { force: true });
  }
}

async function runOnce(program: string, file: string, signal: AbortSignal): Promise<Word[]> {
  const words: Word[] = [];
  const { ended } = await runChild(program, ["-infile", file, "-time", "yes", "-logfn", "/dev/null"], {
    ...{ signal, timeoutMs: PART_MS, memoryBytes: MEMORY_BYTES, fileBytes: 0 },
    onLine: (line) => {
      const word = wordOf(line);
      if (word) words.push(word);
    },
  });
  if (ended !== 0)
    throw new KangKlipError(
      "INTERNAL",
      `pocketsphinx stopped with ${typeof ended === "number" ? `exit code ${ended}` : ended}; is pocketsphinx-en-us installed?`,
    );
  return words;
}

/**
 * A word from a line of the program's output, "for(2) 3.060 3.220 0.658133": word, start, end (seconds of the part),
 * probability among all that the part may have said (rounding takes it up to 1.0004).
 * "(2)" marks another pronunciation; a doubtful swear word is left out; "<sil>", "[NOISE]" and "++UM++" are no words; the sentence itself comes on a line without numbers.
 */
export function wordOf(line: string): Word | undefined {
  const [, word = "", start, end, probability] = /^(\S+) (\d+\.\d+) (\d+\.\d+) (\d+\.\d+)$/.exec(line) ?? [];
  if (!word || /^[<[+]/.test(word)) return undefined;
  const confidence = Math.min(1, Number(probability));
  const text = word.replace(/\(\d+\)$/, "");
  if (SWEAR_WORD.test(text) && confidence < SURELY_SWORN) return undefined;
  return { word: text, start: Number(start), end: Number(end), confidence };
}

/** A wrong word can be laughed off, but not one of these: it is drawn only where it was surely said ("it" is heard as one). */
const SWEAR_WORD =
  /^(?:bull|horse)?(?:shit|fuck|cunt|bitch|bastard|asshole|cock|dick|pussy|slut|whore|faggot|nigg\w+)(?:s|es|ed|er|ers|ing|head|heads|ty|y)?$/;
const SURELY_SWORN = 0.95;

/** Words that English writes with a capital wherever they stand. */
const CAPITAL = /^(?:i|i'm|i've|i'll|i'd|monday|tuesday|wednesday|thursday|friday|saturday|sunday)$/;

/**
 * Bare recognised words as captions a person can read: "I" is capital, a longer pause ends a sentence with a full stop, and what
 * follows begins with a capital. Nothing is added that was not heard.
 */
export function tidied(segments: TranscriptSegment[]): TranscriptSegment[] {
  let begins = true;
  return segments.map((segment, index) => {
    const next = segments[index + 1];
    const ends = !next || next.start - (segment.start + segment.duration) >= SENTENCE_PAUSE_SECONDS;
    const words = segment.words.map(({ word, ...times }, at) => {
      const capital = CAPITAL.test(word) || (begins && at === 0);
      const stop = ends && at === segment.words.length - 1 ? "." : "";
      return { ...times, word: (capital ? word.charAt(0).toUpperCase() + word.slice(1) : word) + stop };
    });
    begins = ends;
    return { ...segment, words, text: joined(words) };
  });
}
