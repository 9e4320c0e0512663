import type { SelectInput } from "../stage.ts";
import { type Wish, wishOf } from "./about.ts";
import { type Answered, answersIn } from "./answers.ts";
import { countersOf, type WordKind } from "./counts.ts";
import { type Cuts, cutsOf, firstIndex, type Span } from "./cuts.ts";
import { fillersIn } from "./fillers.ts";
import { addressesMachine, givesOrders, hidesText } from "./for-machines.ts";
import { codeOf, type Lexicon, lexiconFor } from "./lexicon.ts";
import { inARow, plainLine, plainWord, wordRuns } from "./plain-text.ts";
import { replayedIn } from "./replayed.ts";
import { type Border, bordersOf, type Sentence, sentencesOf } from "./sentences.ts";
import { reactionsIn, type Sound, soundOf } from "./sound.ts";
import { onSource, onTight, tightened, tightSound, untightened } from "./tighten.ts";
import { topicChanges } from "./topics.ts";
import { type SpokenWord, spokenWords } from "./words.ts";

/** A sentence with what the score needs to know of it. */
export interface HeardSentence extends Sentence {
  startMs: number;
  endMs: number;
  /** Greetings, thanks, channel talk. */
  isBoilerplate: boolean;
  /** Words that only fill time: "And uh yeah, we will see." */
  isFiller: boolean;
  /** Written for a machine, or right after such a sentence. */
  isForMachine: boolean;
}

/** Everything that was heard, prepared once: all scores are sums over ranges of it. Times are those of what is left after tightening. */
export interface Talk {
  durationMs: number;
  /** Length of the source: more where something is left out. */
  sourceMs: number;
  /** The stretches of the source that a stretch of the talk is made of, in order. */
  onSource(span: Span): Span[];
  /** The words on the source's timeline. */
  sourceWords: SpokenWord[];
  /** Which of the words that are left only fill time. */
  fills: boolean[];
  /** What was left out of it: words, and milliseconds in all. */
  leftOut: { words: number; ms: number };
  /** The source's title, cleaned; empty where it is written for a machine. */
  title: string;
  /** Whether the words are good enough to be read by people. */
  isReliable: boolean;
  lexicon: Lexicon;
  words: SpokenWord[];
  /** The words as they are looked up: lower case, without punctuation. */
  plain: string[];
  borders: Border[];
  sentences: HeardSentence[];
  /** Index of the sentence of each word. */
  sentenceOf: Int32Array;
  /** The silence before each word, and after the last one, as it was spoken. */
  pausesMs: number[];
  cuts: Cuts;
  sound: Sound;
  /** How clearly a new subject begins with each sentence, 0..1; a chapter of the source's own is 1. */
  topicChanges: Float64Array;
  /** Questions with their answers, in order of the questions. */
  answers: Answered[];
  /** What sounds like laughter or applause, in order. */
  reactions: Span[];
  /** How much more than the whole video people replayed a stretch: -1..1; undefined where nobody says so. */
  replayed: ((span: Span) => number) | undefined;
  /** Scene cuts, milliseconds, in order. */
  shots: number[];
  /** What the user wishes to hear about; undefined where they wish for nothing, or nothing is said about it. */
  wish: Wish | undefined;
  /** In how many sentences each word occurs. */
  sentencesWith: Map<string, number>;
  /** Whether anything that is said gives orders to a machine; a link alone does not. */
  givesOrders: boolean;
  /** Word runs that occur only in sentences written for a machine. */
  machineWords: Set<string>;
  /** Number of words of a kind from word `first` to `last`, both included. */
  countOf(kind: WordKind, first: number, last: number): number;
  /** Milliseconds of speech in the words `first` to `last`. */
  speechMs(first: number, last: number): number;
}

/** What the user asks of a talk besides clips. */
export interface Wishes {
  /** Whether fillers and long silences are left out. */
  tighten?: boolean;
  /** What the moments should be about, in the user's words. */
  about?: string | null;
}

/** Reads the input once. Times come out in whole milliseconds. */
export function talkOf(input: SelectInput, { tighten = false, about = null }: Wishes = {}): Talk {
  const sourceMs = Math.round(1000 * secondsOf(input));
  const all = spokenWords(input.transcript.segments, sourceMs);
  const allPlain = all.map(({ text }) => plainWord(text));
  const lexicon = lexiconFor(input.transcript.language, allPlain);
  const language = codeOf(input.transcript.language) ?? lexicon.code;
  const left = tighten ? leftOf(input, all, sourceMs, language) : untightened(all, sourceMs);
  const { durationMs, words, removed, pausesMs } = left;
  const toTight = onTight(removed);
  const plain = tighten ? words.map(({ text }) => plainWord(text)) : allPlain;
  const borders = bordersOf(words, pausesMs);
  const sentences = heard(words, plain, sentencesOf(words, borders, lexicon), lexicon);
  const sentenceOf = new Int32Array(words.length);
  for (const [index, { first, last }] of sentences.entries()) sentenceOf.fill(index, first, last + 1);
  const speech = new Float64Array(words.length + 1);
  for (const [index, { startMs, endMs }] of words.entries())
    speech[index + 1] = (speech[index] ?? 0) + endMs - startMs;
  const inSentences = sentencesWith(plain, sentences);
  const changes = topicChanges(plain, sentences, lexicon, inSentences);
  const tight = (seconds: number) => toTight(Math.round(seconds * 1000)) / 1000;
  markChapters(changes, sentences, (input.chapters ?? []).map(tight));
  const sound = soundOf(tightSound(input.sound, removed), durationMs);
  const wish = about ? wishOf(about, plain, sentences, lexicon) : undefined;
  return {
    durationMs,
    sourceMs,
    onSource: onSource(removed),
    sourceWords: left.sourceWords,
    fills: fillersIn(left.sourceWords, language),
    leftOut: { words: left.fillers, ms: sourceMs - durationMs },
    title: addressesMachine(input.title ?? "") ? "" : plainLine(input.title ?? ""),
    isReliable: input.transcript.accuracy !== "low",
    lexicon,
    words,
    plain,
    borders,
    sentences,
    sentenceOf,
    pausesMs,
    cuts: cutsOf(
      words,
      durationMs,
      removed.map(({ atMs }) => atMs),
    ),
    sound,
    topicChanges: changes,
    answers: answersIn(plain, sentences, lexicon),
    reactions: reactionsIn(words, sound),
    replayed: replayedIn(
      (input.replayed ?? []).map((part) => ({ ...part, start: tight(part.start), end: tight(part.end) })),
    ),
    wish: wish?.isMet ? wish : undefined,
    shots: input.shots
      .map((seconds) => toTight(Math.round(seconds * 1000)))
      .filter((ms) => ms > 0 && ms < durationMs)
      .sort((a, b) => a - b),
    sentencesWith: inSentences,
    givesOrders: givesOrdersIn(input, words, sentences),
    machineWords: machineWords(words, sentences),
    countOf: countersOf(words, plain, lexicon, sentences),
    speechMs: (first, last) => (speech[last + 1] ?? 0) - (speech[first] ?? 0),
  };
}

/** What is left of it without fillers and long silences. */
function leftOf(
  { transcript, sound }: SelectInput,
  words: SpokenWord[],
  durationMs: number,
  language: string | null,
) {
  const known = soundOf(sound, durationMs);
  return tightened(words, durationMs, {
    silences: known.isKnown ? known.silences : undefined,
    language,
    areExact: transcript.timing === "word",
  });
}

/** Seconds that the file says it has; where it says nothing, those in which something was heard. */
function secondsOf({ durationSeconds, transcript, sound }: SelectInput): number {
  if (Number.isFinite(durationSeconds)) return durationSeconds;
  const { step, dbfs } = sound.levels;
  const ends = transcript.segments.map(({ start, duration }) => start + duration).filter(Number.isFinite);
  return ends.reduce((a, b) => Math.max(a, b), step * dbfs.length);
}

/** The words from `first` to `last` as a text. */
export const textOf = ({ words }: Pick<Talk, "words">, first: number, last: number) =>
  inARow(words.slice(first, last + 1).map(({ text }) => text));

function heard(
  words: SpokenWord[],
  plain: string[],
  sentences: Sentence[],
  lexicon: Lexicon,
): HeardSentence[] {
  let forMachines = 0; // an order to a machine is seldom one sentence long
  return sentences.map((sentence) => {
    const { first, last } = sentence;
    const text = textOf({ words }, first, last);
    const spoken = plain.slice(first, last + 1);
    forMachines = addressesMachine(text) ? 3 : forMachines - 1;
    return {
      ...sentence,
      startMs: words[first]?.startMs ?? 0,
      endMs: words[last]?.endMs ?? 0,
      isBoilerplate: lexicon.boilerplate.test(spoken.join(" ")),
      isFiller: isFiller(spoken, lexicon),
      isForMachine: forMachines > 0,
    };
  });
}

/** Whether a sentence has more filling words than words of content; "like" and its kin are both, and so do not count. */
function isFiller(spoken: string[], { fillers, stop }: Lexicon): boolean {
  const own = spoken.filter((word) => !stop.has(word));
  const filling = own.filter((word) => fillers.has(word)).length;
  return filling > own.filter((word) => word.length > 3 && !fillers.has(word)).length;
}

/** How far a chapter's start may be from the sentence that it means: people set them by hand. */
const CHAPTER_REACH_MS = 4000;

function markChapters(
  changes: Float64Array,
  sentences: readonly HeardSentence[],
  chapters: readonly number[],
) {
  for (const seconds of chapters) {
    const ms = seconds * 1000;
    const after = firstIndex(sentences.length, (index) => (sentences[index]?.startMs ?? 0) >= ms);
    const farMs = (index: number) => Math.abs((sentences[index]?.startMs ?? Number.POSITIVE_INFINITY) - ms);
    const nearest = farMs(after - 1) < farMs(after) ? after - 1 : after;
    if (farMs(nearest) <= CHAPTER_REACH_MS) changes[nearest] = 1;
  }
}

function sentencesWith(plain: string[], sentences: HeardSentence[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { first, last } of sentences)
    for (const word of new Set(plain.slice(first, last + 1))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

function givesOrdersIn(
  { transcript }: SelectInput,
  words: SpokenWord[],
  sentences: readonly HeardSentence[],
): boolean {
  return (
    sentences.some(
      ({ isForMachine, first, last }) => isForMachine && givesOrders(textOf({ words }, first, last)),
    ) ||
    transcript.segments.some(
      ({ text, words: own }) => hidesText(text) || own.some(({ word }) => hidesText(word)),
    )
  );
}

function machineWords(words: SpokenWord[], sentences: HeardSentence[]): Set<string> {
  const runsIn = (forMachines: boolean) =>
    new Set(
      sentences
        .filter(({ isForMachine }) => isForMachine === forMachines)
        .flatMap(({ first, last }) => wordRuns(textOf({ words }, first, last))),
    );
  const toldToMachines = runsIn(true);
  return toldToMachines.size > 0 ? toldToMachines.difference(runsIn(false)) : toldToMachines;
}
