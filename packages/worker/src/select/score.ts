import { silenceAt, type Window } from "./candidates.ts";
import type { WordKind } from "./counts.ts";
import { firstIndex, type Lengths } from "./cuts.ts";
import { BORDER_STRENGTH } from "./sentences.ts";
import type { HeardSentence, Talk } from "./talk.ts";

/** A window with what speaks for it. */
export interface Candidate extends Window {
  /** Each 0..1, more is better, thousandths. */
  parts: Record<string, number>;
  /** Weighted mean of the parts, thousandths. */
  score: number;
}

/**
 * What each part of the score counts for. Our own decision: the opening and the ending decide whether a clip is watched and posted,
 * understanding it without the rest comes next (podcli's and supoclip's rubrics agree); the rest tells good moments from flat ones.
 */
const SPEECH_WEIGHTS = {
  hook: 0.13, // the first sentences: a question, stakes, a number, the listener addressed
  question: 0.08, // asked near the start and answered inside
  payoff: 0.16, // ends with a finished sentence, before a pause, not with a question
  standalone: 0.13, // opens without leaning on what came before
  topic: 0.04, // begins and ends where the talk takes breath, not across such a place
  unity: 0.07, // begins and ends where the subject changes, not across such a place
  specifics: 0.07, // numbers and names
  contrast: 0.05, // but, however, wrong …
  stakes: 0.06, // words of stakes and surprise throughout
  story: 0.06, // somebody to whom it happened, and what was said
  fluency: 0.03, // no fillers and repeated words
  pace: 0.02, // words per second of speech against the whole talk
  energy: 0.03, // loudness against the talk's median, and how it changes
  reaction: 0.03, // laughter or applause inside, or right behind
  coverage: 0.02, // speech, not silence or music
  length: 0.02, // close to the length asked for
} as const;

/** Where nothing is said. */
const SOUND_WEIGHTS = {
  energy: 0.35,
  change: 0.2,
  onset: 0.15,
  ending: 0.1,
  pictures: 0.1,
  place: 0.1,
} as const;
const SPEECH = Object.entries(SPEECH_WEIGHTS);
const SOUND = Object.entries(SOUND_WEIGHTS);
/** What people replayed most adds this much to a score at most: a hint, for old clips and links send people to a place as well. */
const REPLAYED_BONUS = 0.12;
/** Where the user wishes for a subject, being about it counts for this much: what is comes before what is not, whatever else they are. */
const WISH_SHARE = 2 / 3;
/** A window without words in a talk with words must not win against speech. */
const WORDLESS_IN_TALK = 0.3;
/** Laughter that begins this soon behind a clip is about it. */
const REACTION_REACH_MS = 600;
/** The opening that is judged: the first two sentences, at most this long. */
const OPENING_MS = 9000;

const clamp = (value: number) => Math.min(1, Math.max(0, value));
const rounded = (value: number) => Math.round(value * 1000) / 1000;

/** Scores a window; the same window of the same talk always gets the same figures. */
export function scored(talk: Talk, lengths: Lengths, window: Window): Candidate {
  const hasWords = window.first <= window.last;
  const parts = hasWords ? speechParts(talk, lengths, window) : soundParts(talk, window);
  let score = 0;
  for (const [name, weight] of hasWords ? SPEECH : SOUND) score += weight * (parts[name] ?? 0);
  // greetings, sponsors, orders to machines: what is left of the clip without them
  if (hasWords) score *= parts.substance ?? 1;
  else if (talk.words.length > 0) score *= WORDLESS_IN_TALK;
  if (talk.replayed) {
    const replayed = talk.replayed(window);
    parts.replayed = clamp(0.5 + 0.5 * replayed);
    score = clamp(score + REPLAYED_BONUS * Math.max(0, replayed));
  }
  if (talk.wish) {
    parts.about = hasWords ? talk.wish.of(window.first, window.last) : 0;
    score = (1 - WISH_SHARE) * score + WISH_SHARE * parts.about;
  }
  for (const name in parts) parts[name] = rounded(parts[name] ?? 0);
  return { ...window, parts, score: rounded(score) };
}

function speechParts(talk: Talk, lengths: Lengths, window: Window): Record<string, number> {
  const { startMs, endMs, first, last } = window;
  const count = last - first + 1;
  const sentences = talk.sentences.slice(talk.sentenceOf[first], (talk.sentenceOf[last] ?? 0) + 1);
  const per = (words: number, kind: WordKind) => (talk.countOf(kind, first, last) * words) / count;
  const speechMs = Math.max(1, talk.speechMs(first, last));
  const pace = (count * 1000) / speechMs / Math.max(0.1, wordsPerSpeechSecond(talk));
  return {
    hook: hook(talk, window, sentences),
    question: question(talk, window),
    payoff: payoff(talk, window, sentences),
    standalone: standalone(talk, window, sentences),
    topic: topic(talk, window),
    unity: unity(talk, window),
    specifics: clamp((per(25, "number") + 0.5 * per(25, "name")) / 1.5),
    contrast: clamp(per(40, "contrast") / 2),
    stakes: clamp(per(25, "strong") / 1.5),
    story: clamp(per(12, "story")),
    fluency: clamp(1 - per(10, "filler") - per(10, "repeat")),
    pace: clamp(1 - Math.abs(pace - 1.05) / 0.5),
    energy: energy(talk, window),
    reaction: reaction(talk, window),
    coverage: coverage(talk, window, speechMs),
    length: clamp(1 - Math.abs(endMs - startMs - lengths.targetMs) / (lengths.targetMs - lengths.shortestMs)),
    substance: substance(sentences, window),
  };
}

const wordsPerSpeechSecond = ({ words, speechMs }: Talk) =>
  (words.length * 1000) / Math.max(1, speechMs(0, words.length - 1));

/** How strongly a sentence opens a clip, 0..1. Also used to find the line to show first. */
export function strength(
  talk: Talk,
  { first, last, isQuestion, isBoilerplate, isFiller, isForMachine }: HeardSentence,
): number {
  if (isBoilerplate || isFiller || isForMachine) return 0;
  const has = (kind: WordKind) => Math.min(1, talk.countOf(kind, first, last));
  const words = last - first + 1;
  return clamp(
    0.4 * Number(isQuestion && words >= 4) +
      0.25 * has("strong") +
      0.15 * has("contrast") +
      0.2 * has("number") +
      0.15 * has("name") +
      0.2 * has("you") +
      0.1 * Number(words >= 4 && words <= 16),
  );
}

function hook(talk: Talk, window: Window, sentences: HeardSentence[]): number {
  const [one, two] = sentences;
  if (!one) return 0;
  const opening = catching(talk, one);
  const follow = two && two.endMs - window.startMs <= OPENING_MS ? catching(talk, two) : 0;
  const cleanStart = 0.4 + 0.6 * strengthOf(window.opens);
  return clamp(Math.max(opening, 0.8 * follow) + 0.15 * Math.min(opening, follow)) * cleanStart;
}

/** A strong sentence that needs no other: what a clip should open with. */
export const catching = (talk: Talk, sentence: HeardSentence) =>
  strength(talk, sentence) * (1 - 0.5 * leaning(talk, sentence));

const strengthOf = (edge: Window["opens"]) =>
  edge in BORDER_STRENGTH ? BORDER_STRENGTH[edge as keyof typeof BORDER_STRENGTH] : 0.3;

/** A question early in the clip, with as much of its answer as there is. */
function question({ answers, sentences, sentenceOf }: Talk, { startMs, endMs, first, last }: Window): number {
  const [from, to] = [sentenceOf[first] ?? 0, sentenceOf[last] ?? 0];
  let best = 0;
  for (let at = firstIndex(answers.length, (index) => (answers[index]?.asked ?? 0) >= from); ; at++) {
    const pair = answers[at];
    if (!pair || pair.asked >= to) return best;
    const question = sentences[pair.asked];
    const answer = sentences[Math.min(pair.last, to)];
    if (!question || !answer) continue;
    const early = clamp(1 - (question.startMs - startMs) / (0.5 * (endMs - startMs)));
    const wholeMs = (sentences[pair.last]?.endMs ?? 0) - question.endMs;
    const heard = clamp((Math.min(endMs, answer.endMs) - question.endMs) / Math.max(1, wholeMs));
    best = Math.max(best, early * heard * pair.strength);
  }
}

function payoff(talk: Talk, window: Window, sentences: HeardSentence[]): number {
  const closing = sentences.at(-1);
  if (!closing) return 0;
  const edge = strengthOf(window.closes);
  if (closing.isQuestion || closing.isFiller) return 0.1 * edge;
  const { lexicon } = talk;
  const silenceMs = silenceAt(talk, window.last + 1);
  const opener = talk.plain[window.last + 1] ?? "";
  const goesOn = lexicon.joining.has(opener) || lexicon.leaning.has(opener);
  const from = Math.max(window.first, (sentences.at(-2) ?? closing).first);
  const isPoint = talk.countOf("payoff", from, window.last) + talk.countOf("strong", from, window.last) > 0;
  return edge * (0.4 + 0.35 * clamp(silenceMs / 1200) + 0.15 * Number(isPoint) + 0.1 * Number(!goesOn));
}

/** Whether a listener who heard nothing before understands the opening. */
function standalone(talk: Talk, window: Window, sentences: HeardSentence[]): number {
  const [one] = sentences;
  if (!one) return 0;
  if (window.opens !== "sentence") return 0.35 * strengthOf(window.opens);
  const cost = leaning(talk, one);
  const before = talk.sentences[(talk.sentenceOf[one.first] ?? 0) - 1];
  const isAnswer = before?.isQuestion && one.startMs - before.endMs < 2000 ? 0.35 : 0;
  const firstIsLower =
    /^\p{Ll}/u.test(talk.words[one.first]?.text ?? "") && talk.countOf("name", 0, talk.words.length - 1) > 0;
  return clamp(1 - cost - isAnswer - 0.2 * Number(firstIsLower));
}

/** How much a sentence leans on earlier ones, 0..1: its first words ("And", "For that"), and pronouns before anybody is named. */
export function leaning({ plain, lexicon, countOf }: Talk, { first, last }: HeardSentence): number {
  const opener = plain[first] ?? "";
  const early = plain.slice(first, Math.min(last, first + 7) + 1);
  const pronoun = early.findIndex((word) => lexicon.pronouns.has(word));
  const named = pronoun > 0 && countOf("name", first, first + pronoun) > 0;
  const points = lexicon.stop.has(opener) && lexicon.leaning.has(plain[first + 1] ?? "") && first < last;
  return clamp(
    0.45 * Number(lexicon.leaning.has(opener)) +
      0.3 * Number(points) +
      0.4 * Number(lexicon.joining.has(opener)) +
      0.35 * Number(pronoun >= 0 && !named),
  );
}

/** Silence around the window against the longest silence inside: a clip should not run across the end of a thought. */
function topic(talk: Talk, { first, last }: Window): number {
  const most = 2000;
  const around = Math.min(most, silenceAt(talk, first)) + Math.min(most, silenceAt(talk, last + 1));
  let inside = 0;
  for (let border = first + 1; border <= last; border++) inside = Math.max(inside, silenceAt(talk, border));
  return clamp(around / Math.max(200, around + Math.min(most, inside)));
}

/** Changes of subject at the window's ends against the clearest one inside: 0.5 where there are none. */
function unity({ topicChanges, sentenceOf, sentences }: Talk, { first, last }: Window): number {
  const [from, to] = [sentenceOf[first] ?? 0, sentenceOf[last] ?? 0];
  const opens = sentences[from]?.first === first ? (topicChanges[from] ?? 0) : 0;
  const closes = sentences[to]?.last === last ? (topicChanges[to + 1] ?? 1) : 0;
  let inside = 0;
  // a change lies between blocks of words, so the borders beside it look like it
  for (let at = from + 2; at < to; at++) inside = Math.max(inside, topicChanges[at] ?? 0);
  return clamp(0.5 + 0.25 * (opens + closes) - 0.5 * inside);
}

/** Two seconds of laughter or applause are as much as any clip needs; at its end they say more. */
function reaction({ reactions }: Talk, { startMs, endMs }: Window): number {
  let sum = 0;
  for (
    let at = firstIndex(reactions.length, (index) => (reactions[index]?.startMs ?? 0) >= startMs);
    ;
    at++
  ) {
    const heard = reactions[at];
    if (!heard || heard.startMs > endMs + REACTION_REACH_MS) return clamp(sum / 2000);
    const isLate = heard.startMs > (startMs + endMs) / 2;
    sum += (heard.endMs - heard.startMs) * (isLate ? 1 : 0.6);
  }
}

function energy({ sound }: Talk, window: Window): number {
  if (!sound.isKnown) return 0.5;
  const { mean, spread } = sound.level(window);
  return clamp(0.5 + (mean - sound.medianDbfs) / 16 + (spread - 8) / 40);
}

function coverage(talk: Talk, { startMs, endMs, first, last }: Window, speechMs: number): number {
  const { words } = talk;
  let longest = Math.max((words[first]?.startMs ?? 0) - startMs, endMs - (words[last]?.endMs ?? 0));
  for (let at = first; at < last; at++)
    longest = Math.max(longest, (words[at + 1]?.startMs ?? 0) - (words[at]?.endMs ?? 0));
  return clamp(speechMs / (endMs - startMs) / 0.7) * clamp(1 - (longest - 2500) / 7500);
}

/** Share of the words that are neither channel talk nor filler, of which the first weighs more; at either end both weigh double. */
function substance(sentences: HeardSentence[], { first, last }: Window): number {
  let lost = 0;
  for (const [index, sentence] of sentences.entries()) {
    const isForOthers = sentence.isBoilerplate || sentence.isForMachine;
    if (!isForOthers && !sentence.isFiller) continue;
    const words = Math.min(last, sentence.last) - Math.max(first, sentence.first) + 1;
    lost += words * (isForOthers ? 1.5 : 0.5) * (index === 0 || index === sentences.length - 1 ? 2 : 1);
  }
  return clamp(1 - lost / (last - first + 1));
}

function soundParts(
  { sound, shots, durationMs }: Talk,
  { startMs, endMs, opens, closes }: Window,
): Record<string, number> {
  const { mean, spread } = sound.isKnown ? sound.level({ startMs, endMs }) : { mean: 0, spread: 0 };
  const start = sound.level({ startMs, endMs: startMs + 3000 });
  const before = sound.level({ startMs: Math.max(0, startMs - 2000), endMs: startMs });
  const cuts = shots.filter((ms) => ms > startMs && ms < endMs).length;
  const middle = (startMs + endMs) / 2 / durationMs;
  return {
    energy: sound.isKnown ? clamp(0.5 + (mean - sound.medianDbfs) / 20) : 0.5,
    change: sound.isKnown ? clamp(spread / 12) : 0.5,
    onset: clamp((opens === "sound" ? 0.5 : 0) + (sound.isKnown ? (start.mean - before.mean) / 24 : 0)),
    ending: closes === "sound" ? 1 : 0,
    pictures: clamp((cuts * 10_000) / (endMs - startMs)),
    place: clamp(Math.min(middle, 1 - middle) * 6), // titles and credits are at the two ends
  };
}
