import { silenceAt, type Window } from "./candidates.ts";
import { asks } from "./sentences.ts";
import type { HeardSentence, Talk } from "./talk.ts";

/** First and last word of a stretch, both included. */
type Words = Pick<Window, "first" | "last">;

/** A silence between two words that ends a phrase. */
const PAUSE_MS = 250;
/** How sure the recogniser must be of every word of a phrase and of the words beside it in the same breath, … */
const ANY_CONFIDENCE = 0.4;
/** … of its words of content, … */
const CONTENT_CONFIDENCE = 0.6;
/** … and of its last one: before a pause twice as many words are wrong as elsewhere. */
const LAST_CONFIDENCE = 0.8;
const FEWEST_WORDS = 4;
const FEWEST_CONTENT_WORDS = 2;

const set = (words: string) => new Set(words.split(/\s+/));
/** What breath and music are heard as; words beside them are often wrong. */
const BREATHS = set("oh ah uh um er hmm huh wow whoo yeah");
/** What another clause begins with. */
const CLAUSES = set("and but because so or when if while until although");
/** What a clause begins with that can do without the one before: one of these after "and", … */
const SUBJECTS = set("i you he she it we they there nobody everybody");
/** … and one of these too after "but", "because" and "so", for "the moon and the stars" is no clause. */
const DETERMINERS = set("the a an my your his her its our their this that these those");
/** What no phrase ends on. */
const DANGLING =
  set(`a an the and or but so of to from with as than if because when while that who which my your his her its
  our their very i'm you're we're they're he's she's it's`);

/**
 * What of a window may be shown as it was heard although many words of its transcript are wrong: phrases from pause to pause,
 * or parts of them from clause to clause, in which no word is doubtful; of those with the same start the longest comes first.
 * Words without a confidence are not believed.
 *
 * The limits were measured on 52 minutes of speech as pocketsphinx heard it, most of it by four synthetic voices and a little by
 * five readers, in quiet, noise and echo, 8 to 85 % of the words wrong. Where less than half were, 99 % of the words of a
 * confidence of 0.99 and more were right, 91 % at 0.8 to 0.9, 85 % at 0.4 to 0.6 and 48 % below 0.2. By this rule 56 % of the
 * clips got a title and 86 % of the titles were right word by word, most others wrong in one small word; higher limits lost more
 * right titles than wrong ones. Where more than half of the words were wrong, nothing was believed.
 */
export function believablePhrases(talk: Talk, window: Words): HeardSentence[] {
  return breathsOf(talk, window).flatMap((breath) => {
    const starts = clauseStarts(talk, breath);
    return starts.flatMap((start) => {
      const first = opensClause(talk, start) ? start + 1 : start;
      if (start > breath.first && first === start) return [];
      const ends = [...starts.filter((next) => next > first), breath.last + 1].map((next) => next - 1);
      const lasts = new Set(ends.reverse().map((end) => withoutDangling(talk, { first, last: end })));
      return [...lasts]
        .map((last) => ({ first, last }))
        .filter((phrase) => isBelievable(talk, phrase, breath))
        .map((phrase) => asSentence(talk, phrase))
        .filter(({ isBoilerplate, isForMachine }) => !isBoilerplate && !isForMachine);
    });
  });
}

/** What is said from one pause to the next. */
function breathsOf(talk: Talk, { first, last }: Words): Words[] {
  const breaths: Words[] = [];
  let from = first;
  for (let at = first; at <= last; at++) {
    if (at < last && silenceAt(talk, at + 1) < PAUSE_MS) continue;
    breaths.push({ first: from, last: at });
    from = at + 1;
  }
  return breaths;
}

const wordsIn = ({ plain }: Talk, { first, last }: Words) => plain.slice(first, last + 1);

function clauseStarts(talk: Talk, breath: Words): number[] {
  return wordsIn(talk, breath).flatMap((word, index) =>
    index === 0 || CLAUSES.has(word) ? [breath.first + index] : [],
  );
}

/** Whether a word joins a clause that can stand without it. */
function opensClause({ plain }: Talk, at: number): boolean {
  const [joining = "", next = ""] = plain.slice(at, at + 2);
  if (joining === "and") return SUBJECTS.has(next);
  return /^(?:but|because|so)$/.test(joining) && (SUBJECTS.has(next) || DETERMINERS.has(next));
}

/** The last word without those behind it on which no phrase ends; a verb may end one behind its subject: "where you are". */
function withoutDangling({ plain, lexicon }: Talk, { first, last }: Words): number {
  const at = (index: number) => plain[index] ?? "";
  const dangles = (index: number) =>
    BREATHS.has(at(index)) ||
    DANGLING.has(at(index)) ||
    (lexicon.auxiliaries.has(at(index)) && !SUBJECTS.has(at(index - 1)));
  let end = last;
  while (end > first && dangles(end)) end--;
  return end;
}

function isBelievable({ words, plain, lexicon }: Talk, { first, last }: Words, breath: Words): boolean {
  const isSure = (index: number, needed: number) => (words[index]?.confidence ?? 0) >= needed;
  const isContent = (index: number) => !lexicon.stop.has(plain[index] ?? "");
  const inside = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const beside = [first - 1, last + 1].filter((index) => index >= breath.first && index <= breath.last);
  return (
    inside.length >= FEWEST_WORDS &&
    inside.filter(isContent).length >= FEWEST_CONTENT_WORDS &&
    !BREATHS.has(plain[first] ?? "") &&
    inside.every((index) => isSure(index, isContent(index) ? CONTENT_CONFIDENCE : ANY_CONFIDENCE)) &&
    beside.every((index) => isSure(index, ANY_CONFIDENCE)) &&
    isSure(last, LAST_CONFIDENCE)
  );
}

function asSentence(talk: Talk, phrase: Words): HeardSentence {
  const { words, lexicon, sentences, sentenceOf } = talk;
  const spoken = wordsIn(talk, phrase);
  return {
    ...phrase,
    startMs: words[phrase.first]?.startMs ?? 0,
    endMs: words[phrase.last]?.endMs ?? 0,
    isQuestion: asks(spoken, lexicon),
    isBoilerplate: lexicon.boilerplate.test(spoken.join(" ")),
    isFiller: false,
    isForMachine: sentences[sentenceOf[phrase.first] ?? 0]?.isForMachine ?? false,
  };
}
