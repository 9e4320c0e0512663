import type { EdlClip, JobSpec, Word } from "@kangklip/contract";
import type { SelectInput } from "../stage.ts";
import { sentenceWindows } from "./candidates.ts";
import { clipLengths } from "./cuts.ts";
import { edlClips } from "./edl.ts";
import { languagesOf } from "./languages.ts";
import { codeOf } from "./lexicon.ts";
import { inARow } from "./plain-text.ts";
import { type Candidate, scored } from "./score.ts";
import { talkOf } from "./talk.ts";
import { type SpokenWord, spokenWords } from "./words.ts";

/** Shorter videos are heard in a moment, seconds. */
const SHORTEST_SECONDS = 480;
/** How much of the video has been heard when it is looked whether a clip is sure, in order. */
const SHARES = [0.2, 0.25, 0.3, 0.35];
/** An opening is this many clips long at least: of less nothing can be told. */
const LEAST_CLIPS = 3;
/** What the score of a moment must be, … */
const LEAST_SCORE = 0.6;
/** … and how far above that of the opening's middle candidate. */
const LEAST_LEAD = 0.15;
/** Candidates below which there is no middle to speak of. */
const FEWEST = 10;

/** What must be known of a job and of what is said for a clip to be sure before the rest is heard. */
type Asked = Pick<
  JobSpec,
  "clip_count" | "clip_duration_seconds" | "tighten" | "about" | "output_language" | "language"
>;
export type Known = Pick<SelectInput, "durationSeconds" | "title" | "chapters" | "replayed"> & {
  transcript: Pick<SelectInput["transcript"], "language" | "accuracy" | "segments">;
  levels: SelectInput["sound"]["levels"];
};

/**
 * The seconds up to which openings of a video reach, in order: from each of them by itself a clip may be chosen for good. None where
 * the video is short, where but one clip is asked for, or where a wish can only be met by whoever knows all of the talk.
 */
export function openingsOf(job: Asked, durationSeconds: number): number[] {
  const { clip_count, clip_duration_seconds, tighten, about, output_language } = job;
  const isWished = tighten || about !== null || codeOf(output_language) !== null;
  if (!(durationSeconds >= SHORTEST_SECONDS) || clip_count < 2 || isWished) return [];
  return SHARES.map((share) => Math.floor(durationSeconds * share)).filter(
    (seconds) => seconds >= LEAST_CLIPS * clip_duration_seconds,
  );
}

/**
 * The clip that is sure before the rest of the talk is heard: the best moment of the first opening in which one is good beyond doubt,
 * by what is said and heard up to its end alone. It is the first of the EDL, whatever follows. Pure: the same words up to there give the
 * same clip, also where they were never heard part by part.
 * @param known may end with the opening; what is behind it counts for nothing
 */
export function sureClip(job: Asked, known: Known, openings = openingsOf(job, known.durationSeconds)) {
  if (openings.length === 0) return null;
  const words = spokenWords(known.transcript.segments, Math.round(1000 * known.durationSeconds));
  for (const seconds of openings) {
    const clip = bestOf(job, known, words, seconds);
    if (clip) return clip;
  }
  return null;
}

function bestOf(job: Asked, known: Known, all: readonly SpokenWord[], seconds: number): EdlClip | null {
  const words = all
    .filter(({ endMs }) => endMs <= 1000 * seconds)
    .map(({ text, startMs, endMs, confidence }): Word => {
      const word = { word: text, start: startMs / 1000, end: endMs / 1000 };
      return confidence === undefined ? word : { ...word, confidence };
    });
  if (words.length === 0) return null;
  const { transcript, levels, chapters } = known;
  const talk = talkOf({
    ...{ durationSeconds: seconds, title: known.title, chunks: [], shots: [], rank: null },
    transcript: {
      ...{ language: transcript.language, accuracy: transcript.accuracy, timing: "none" },
      ...{ transcriber: "none", segments: [{ ...wholeOf(words), words }] },
    },
    // where it is silent is told from the minute around it, and so from what follows: no clip with words depends on that
    sound: {
      silences: [],
      levels: { ...levels, dbfs: levels.dbfs.slice(0, Math.floor(seconds / levels.step)) },
    },
    chapters: chapters?.filter((at) => at < seconds),
    replayed: known.replayed,
  });
  const lengths = clipLengths(job.clip_duration_seconds);
  // the last sentence may go on behind the opening
  const end = talk.sentences.at(-1)?.first ?? 0;
  const pool = sentenceWindows(talk, lengths)
    .filter(({ first, last }) => first <= last && last + 1 < end)
    .map((window) => scored(talk, lengths, window))
    .sort((a, b) => b.score - a.score || a.startMs - b.startMs || a.endMs - b.endMs);
  const [best] = pool;
  if (!best || pool.length < FEWEST || !isSure(best, pool)) return null;
  const told = { heard: transcript.language, told: job.language, wanted: job.output_language };
  const [clip = null] = edlClips(talk, [best], null, { language: languagesOf(talk, told).spoken });
  return clip;
}

/** Good by itself, and beside what else there is. */
function isSure({ score }: Candidate, pool: readonly Candidate[]): boolean {
  const middle = pool[pool.length >> 1]?.score ?? 0;
  return score >= LEAST_SCORE && score - middle >= LEAST_LEAD;
}

function wholeOf(words: readonly Word[]) {
  const [start, end] = [words[0]?.start ?? 0, words.at(-1)?.end ?? 0];
  return { text: inARow(words.map(({ word }) => word)), start, duration: end - start };
}
