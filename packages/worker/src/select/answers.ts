import type { Lexicon } from "./lexicon.ts";
import type { Sentence } from "./sentences.ts";

/** A question that somebody answers: sentences `asked`, and `asked + 1` to `last`, by index. */
export interface Answered {
  asked: number;
  last: number;
  /** How sure it is that this is the answer, 0..1. */
  strength: number;
}

interface Said extends Sentence {
  startMs: number;
  endMs: number;
  isBoilerplate: boolean;
  isFiller: boolean;
}

/** Shorter questions ("Really?", "And you?") are no subject. */
const FEWEST_QUESTION_WORDS = 4;
const FEWEST_ANSWER_WORDS = 8;
/** An answer that goes on for longer has said what matters by then. */
const ANSWER_MS = 25_000;
/** Who waits longer than this before going on has not been answered. */
const LONGEST_WAIT_MS = 4000;
const STEM_LETTERS = 5;

/**
 * The questions of a talk with their answers. Whatever follows a question may be its answer; it is one more surely where it takes up
 * a word of it, opens with a reason or a yes or no, or gives a figure.
 */
export function answersIn(
  plain: readonly string[],
  sentences: readonly Said[],
  { stop, reasons, replies, numbers }: Lexicon,
): Answered[] {
  const stemsOf = ({ first, last }: Sentence) =>
    new Set(
      plain
        .slice(first, last + 1)
        .filter((word) => word.length > 2 && !stop.has(word))
        .map((word) => word.slice(0, STEM_LETTERS)),
    );
  return sentences.flatMap((question, asked): Answered[] => {
    const next = sentences[asked + 1];
    const isAsked = question.isQuestion && question.last - question.first >= FEWEST_QUESTION_WORDS - 1;
    if (!isAsked || question.isBoilerplate || !next || next.startMs - question.endMs > LONGEST_WAIT_MS)
      return [];
    let last = asked;
    let isDone = false;
    for (let at = asked + 1; at < sentences.length && !isDone; at++) {
      const sentence = sentences[at] as Said;
      if (sentence.isQuestion || sentence.isBoilerplate || sentence.isFiller) break;
      last = at;
      isDone = sentence.endMs - next.startMs >= ANSWER_MS;
    }
    const answer = { first: next.first, last: sentences[last]?.last ?? next.first, isQuestion: false };
    if (last === asked || answer.last - answer.first < FEWEST_ANSWER_WORDS - 1) return [];
    const opener = plain[next.first] ?? "";
    const near = {
      ...answer,
      last: Math.min(answer.last, sentences[Math.min(last, asked + 2)]?.last ?? answer.last),
    };
    const takesUp = stemsOf(question).intersection(stemsOf(near)).size > 0;
    const hasFigure = plain
      .slice(near.first, near.last + 1)
      .some((word) => numbers.has(word) || /\d/.test(word));
    const strength =
      0.15 +
      0.4 * Number(takesUp) +
      0.35 * Number(reasons.has(opener) || replies.has(opener)) +
      0.1 * Number(hasFigure);
    return [{ asked, last, strength: Math.min(1, strength) }];
  });
}
