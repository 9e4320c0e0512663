import type { Word } from "@kangklip/contract";
import type { SoundMap } from "../stage.ts";
import { type Cue, type CueWord, parseCues } from "./cues.ts";
import { withoutAsides } from "./doubt.ts";
import { firstEndingAfter, voicedSeconds } from "./parts.ts";
import { orderedWords, segmentsOf, trimmedToSound } from "./segments.ts";
import { wholeOf } from "./sound.ts";
import type { Transcriber } from "./transcriber.ts";

/** Captions that cover less of the sound than this are for foreign lines or signs only. */
const MIN_COVERAGE = 0.1;
/** Codes that sites use for languages which whisper, and so a job, calls otherwise. */
const OTHER_CODES: Readonly<Record<string, string>> = {
  ...{ iw: "he", in: "id", ji: "yi", jv: "jw", fil: "tl", nb: "no", cmn: "zh" },
};
/** More than two rows of captions hold. */
const MOST_SHOWN_WORDS = 60;
/** Longest time a stamped word is believed to last: most files only say when words begin. */
const longestSeconds = (word: string) => 0.3 + 0.09 * word.length;

/** Takes the words from the subtitles that came with the source. Nothing has to be recognised then. */
export function createCaptionsTranscriber(): Transcriber {
  return {
    name: "source-captions",
    async transcribe(hearing) {
      const { context, source, sound, durationSeconds } = hearing;
      const { captions } = source;
      if (!captions) return { unavailable: "the source has no captions" };
      const code = captions.language?.toLowerCase().split(/[-_]/)[0] || null;
      const language = code && (OTHER_CODES[code] ?? code);
      const wanted = context.job.language;
      if (language && wanted !== "auto" && language !== wanted)
        return { unavailable: `the source's captions are in "${language}" and the job asks for "${wanted}"` };
      await wholeOf(hearing);
      const cues = apart(withoutRepeats(parseCues(captions.text)));
      const covered = cues.reduce(
        (sum, { start, end }) => sum + Math.max(0, Math.min(end, durationSeconds) - start),
        0,
      );
      if (covered < voicedSeconds(sound) * MIN_COVERAGE)
        return { unavailable: "the source's captions cover hardly any of its sound" };
      const words = orderedWords(trimmedToSound(cueTimes(cues, sound), sound), durationSeconds);
      if (words.length === 0) return { unavailable: "the source's captions hold no words" };
      const all = cues.flatMap((cue) => cue.words);
      const stamped = all.filter(({ at }) => at !== undefined).length;
      return {
        language,
        accuracy: "high",
        timing: stamped * 2 > all.length ? "word" : "line",
        segments: segmentsOf(words),
      };
    },
  };
}

/**
 * Cues that show only new words. Automatic captions roll: each cue shows the line before once more (or grows word by word).
 * The overlap is cut only in files that roll throughout, for people do say the same word twice.
 */
export function withoutRepeats(cues: Cue[]): Cue[] {
  const overlaps = cues.map((cue, index) => {
    const previous = cues[index - 1];
    return previous && cue.start - previous.end < 0.1 ? overlapOf(previous.words, cue.words) : 0;
  });
  const rolls = overlaps.filter((overlap) => overlap >= 2).length * 3 > cues.length;
  return cues
    .map((cue, index) => (rolls ? { ...cue, words: cue.words.slice(overlaps[index]) } : cue))
    .filter(({ words }) => words.length > 0);
}

/** How many words at the end of `shown` stand at the beginning of `next`. */
function overlapOf(shown: CueWord[], next: CueWord[]): number {
  for (let length = Math.min(shown.length, next.length, MOST_SHOWN_WORDS); length > 0; length--) {
    const from = shown.length - length;
    if (next.slice(0, length).every(({ word }, index) => word === shown[from + index]?.word)) return length;
  }
  return 0;
}

/** Cues that do not overlap: those of the same moment become one, others end where the next begins. */
function apart(cues: Cue[]): Cue[] {
  const result: Cue[] = [];
  for (const cue of cues) {
    const last = result.at(-1);
    if (last && cue.start - last.start < 0.02) {
      const text = (words: CueWord[]) => words.map(({ word }) => word).join(" ");
      if (text(last.words) !== text(cue.words)) last.words = [...last.words, ...cue.words];
      last.end = Math.max(last.end, cue.end);
      continue;
    }
    if (last) last.end = Math.min(last.end, cue.start);
    result.push({ ...cue });
  }
  return result.map((cue) => ({ ...cue, words: withoutAsides(cue.words) }));
}

/** Each word's time: from its stamp where it has one; the words between two stamps share the time by their length. */
function cueTimes(cues: Cue[], sound: SoundMap): Word[] {
  return cues.flatMap(({ start, end, words }) => {
    const times: Word[] = [];
    for (let first = 0; first < words.length; ) {
      let next = first + 1;
      while (next < words.length && words[next]?.at === undefined) next++;
      const within = (at: number | undefined, otherwise: number) =>
        at !== undefined && at >= start && at <= end ? at : otherwise;
      const run = words.slice(first, next).map(({ word }) => word);
      const from = within(words[first]?.at, start);
      times.push(...spreadWords(run, from, Math.max(from, within(words[next]?.at, end)), sound));
      first = next;
    }
    return words.some(({ at }) => at !== undefined)
      ? times.map((time) => ({ ...time, end: Math.min(time.end, time.start + longestSeconds(time.word)) }))
      : times;
  });
}

/**
 * Words of a line that is shown from `start` to `end` (seconds), each as long as its share of the characters; silences in the line
 * are left out, as the line stays on the screen while nobody speaks.
 */
export function spreadWords(words: string[], start: number, end: number, { silences }: SoundMap): Word[] {
  const voiced: { start: number; end: number }[] = [];
  let from = start;
  for (let index = firstEndingAfter(silences, start); index < silences.length; index++) {
    const silence = silences[index];
    if (!silence || silence.start >= end) break;
    if (silence.start > from) voiced.push({ start: from, end: silence.start });
    from = Math.max(from, silence.end);
  }
  if (from < end) voiced.push({ start: from, end });
  const length = (stretches: typeof voiced) => stretches.reduce((sum, one) => sum + one.end - one.start, 0);
  const stretches = length(voiced) >= (end - start) * 0.3 ? voiced : [{ start, end }];
  const total = length(stretches);
  const characters = words.reduce((sum, word) => sum + word.length + 1, 0);
  const timeAt = (share: number, atEnd: boolean) => {
    let left = share * total;
    for (const stretch of stretches) {
      const here = stretch.end - stretch.start;
      if (left < here - 1e-6 || (atEnd && left <= here + 1e-6)) return stretch.start + Math.max(0, left);
      left -= here;
    }
    return end;
  };
  let before = 0;
  return words.map((word) => {
    const begin = timeAt(before / characters, false);
    before += word.length + 1;
    return { word, start: begin, end: timeAt(before / characters, true) };
  });
}
