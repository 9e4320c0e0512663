import type { SelectInput } from "../stage.ts";
import { type Answered, answersIn } from "./answers.ts";
import { type Cuts, cutsOf, firstIndex, type Span } from "./cuts.ts";
import { addressesMachine, givesOrders, hidesText } from "./for-machines.ts";
import { type Lexicon, lexiconFor } from "./lexicon.ts";
import { plainLine, plainWord, wordRuns } from "./plain-text.ts";
import { type Border, bordersOf, type Sentence, sentencesOf } from "./sentences.ts";
import { reactionsIn, type Sound, soundOf } from "./sound.ts";
import { topicChanges } from "./topics.ts";
import { type SpokenWord, spokenWords } from "./words.ts";

/** What is counted per word; `countOf` gives the number of words of a kind in a range. */
export type WordKind =
  | "number"
  | "name"
  | "contrast"
  | "strong"
  | "payoff"
  | "filler"
  | "repeat"
  | "you"
  | "story";

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

/** Everything that was heard, prepared once: all scores are sums over ranges of it. */
export interface Talk {
  durationMs: number;
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

/** Reads the input once. Times come out in whole milliseconds. */
export function talkOf(input: SelectInput): Talk {
  const durationMs = Math.round(1000 * secondsOf(input));
  const words = spokenWords(input.transcript.segments, durationMs);
  const plain = words.map(({ text }) => plainWord(text));
  const lexicon = lexiconFor(input.transcript.language, plain);
  const borders = bordersOf(words);
  const sentences = heard(words, plain, sentencesOf(words, borders, lexicon), lexicon);
  const sentenceOf = new Int32Array(words.length);
  for (const [index, { first, last }] of sentences.entries()) sentenceOf.fill(index, first, last + 1);
  const speech = new Float64Array(words.length + 1);
  for (const [index, { startMs, endMs }] of words.entries())
    speech[index + 1] = (speech[index] ?? 0) + endMs - startMs;
  const inSentences = sentencesWith(plain, sentences);
  const changes = topicChanges(plain, sentences, lexicon, inSentences);
  markChapters(changes, sentences, input.chapters ?? []);
  const sound = soundOf(input.sound, durationMs);
  return {
    durationMs,
    title: addressesMachine(input.title ?? "") ? "" : plainLine(input.title ?? ""),
    isReliable: input.transcript.accuracy !== "low",
    lexicon,
    words,
    plain,
    borders,
    sentences,
    sentenceOf,
    cuts: cutsOf(words, durationMs),
    sound,
    topicChanges: changes,
    answers: answersIn(plain, sentences, lexicon),
    reactions: reactionsIn(words, sound),
    replayed: replayedIn(input.replayed ?? []),
    shots: input.shots
      .map((seconds) => Math.round(seconds * 1000))
      .filter((ms) => ms > 0 && ms < durationMs)
      .sort((a, b) => a - b),
    sentencesWith: inSentences,
    givesOrders: givesOrdersIn(input, words, sentences),
    machineWords: machineWords(words, sentences),
    countOf: counters(words, plain, lexicon, sentences),
    speechMs: (first, last) => (speech[last + 1] ?? 0) - (speech[first] ?? 0),
  };
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
  words
    .slice(first, last + 1)
    .map(({ text }) => text)
    .join(" ");

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

/** What a source says people replayed, as a question that can be asked of any stretch; everybody has seen the start, so it counts as what follows. */
function replayedIn(parts: NonNullable<SelectInput["replayed"]>): Talk["replayed"] {
  const [first, second] = parts;
  if (!first || !second) return undefined;
  const ordered = [{ ...first, value: second.value }, ...parts.slice(1)].sort((a, b) => a.start - b.start);
  const heat = ({ startMs, endMs }: Span) => {
    let [sum, length] = [0, 0];
    const from = firstIndex(ordered.length, (index) => (ordered[index]?.end ?? 0) * 1000 > startMs);
    for (let at = from; at < ordered.length; at++) {
      const { start, end, value } = ordered[at] as (typeof ordered)[number];
      if (start * 1000 >= endMs) break;
      const shared = Math.max(0, Math.min(endMs, end * 1000) - Math.max(startMs, start * 1000));
      sum += shared * value;
      length += shared;
    }
    return length > 0 ? sum / length : 0;
  };
  const mean = heat({ startMs: 0, endMs: Number.POSITIVE_INFINITY });
  const most = Math.max(...ordered.map(({ value }) => value));
  if (most - mean < 0.01) return undefined;
  return (span) => Math.max(-1, (heat(span) - mean) / (most - mean));
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

function counters(words: SpokenWord[], plain: string[], lexicon: Lexicon, sentences: HeardSentence[]) {
  const opensSentence = new Set(sentences.map(({ first }) => first));
  const capitals = words.filter(({ text }) => /^\p{Lu}/u.test(text)).length;
  const hasNames = capitals > 0 && capitals < words.length / 2; // not in capitals or lower case throughout
  const tests: Record<WordKind, (word: string, index: number) => boolean> = {
    number: (word) => /\d/.test(word) || lexicon.numbers.has(word),
    name: (word, index) =>
      hasNames &&
      word.length > 2 &&
      !opensSentence.has(index) &&
      /^\p{Lu}\p{Ll}/u.test(words[index]?.text ?? ""),
    contrast: (word) => lexicon.contrast.has(word),
    strong: (word) => lexicon.strong.has(word),
    payoff: (word) => lexicon.payoff.has(word),
    filler: (word) => lexicon.fillers.has(word),
    repeat: (word, index) => index > 0 && word !== "" && plain[index - 1] === word && !/\d/.test(word),
    you: (word) => lexicon.you.has(word),
    story: (word) => lexicon.story.has(word),
  };
  const sums = Object.fromEntries(
    Object.entries(tests).map(([kind, test]) => {
      const sum = new Int32Array(plain.length + 1);
      for (const [index, word] of plain.entries())
        sum[index + 1] = (sum[index] ?? 0) + (test(word, index) ? 1 : 0);
      return [kind, sum];
    }),
  );
  return (kind: WordKind, first: number, last: number) =>
    (sums[kind]?.[last + 1] ?? 0) - (sums[kind]?.[first] ?? 0);
}
