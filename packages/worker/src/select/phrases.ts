import type { HeardSentence, Talk } from "./talk.ts";
import type { Window } from "./candidates.ts";

const e = process.env;
/** A silence between two words that ends a phrase: a recogniser that writes no punctuation leaves nothing else to go by. */
const PAUSE_MS = 250;
const CONTENT_CONFIDENCE = Number(e.TC ?? 0.6);
const ANY_CONFIDENCE = Number(e.TF ?? 0.4);
const LAST_CONFIDENCE = Number(e.TL ?? 0.8);
const FIRST_CONFIDENCE = Number(e.TS ?? 0);
const FEWEST_WORDS = Number(e.TW ?? 5);
const FEWEST_CONTENT_WORDS = 2;

const set = (words: string) => new Set(words.split(/\s+/));
/** What breath and music are heard as. */
const BREATHS = set("oh ah uh um er hmm huh wow whoo yeah");
/** What another clause begins with. */
const CLAUSES = set("and but because so or when if while until although");
/** Those of them after which a clause can stand alone, when a subject follows. */
const JOINING = set("and but because so");
const SUBJECTS = set("i you he she it we they there nobody everybody");
/** What no phrase ends on. */
const DANGLING = set(`a an the and or but so of to from with as than if because when while that who which my your his her its
  our their very i'm you're we're they're he's she's it's`);
/** The same, but after a subject: "where you are", "what they did". */
const VERBS = set(`is are was were be been am has have had do does did can could will would shall should may might must isn't
  aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't`);

export function believablePhrases(talk: Talk, window: Pick<Window, "first" | "last">): HeardSentence[] {
  const { plain, words, lexicon, sentences, sentenceOf } = talk;
  const wordAt = (index: number) => plain[index] ?? "";
  const phrases = new Map<string, HeardSentence>();
  for (const stretch of stretchesOf(talk, window)) {
    const { first: from, last: to } = stretch;
    const starts = [from];
    for (let at = from + 1; at <= to; at++) if (CLAUSES.has(wordAt(at))) starts.push(at);
    for (const [index, start] of starts.entries()) {
      const standsAlone = JOINING.has(wordAt(start)) && SUBJECTS.has(wordAt(start + 1));
      if (index > 0 && !standsAlone) continue;
      let first = start;
      if (e.TB && BREATHS.has(wordAt(first))) continue;
      while (first < to && (BREATHS.has(wordAt(first)) || JOINING.has(wordAt(first)))) first++;
      for (const next of [...starts.slice(index + 1), to + 1].reverse()) {
        let last = next - 1;
        while (last > first && isDangling(talk, last)) last--;
        if (!isBelievable(talk, first, last)) continue;
        const TN = Number(e.TN ?? 0);
        if (first > from && (words[first - 1]?.confidence ?? 0) < TN) continue;
        if (last < to && (words[last + 1]?.confidence ?? 0) < TN) continue;
        const text = plain.slice(first, last + 1).join(" ");
        phrases.set(`${first} ${last}`, {
          first,
          last,
          startMs: words[first]?.startMs ?? 0,
          endMs: words[last]?.endMs ?? 0,
          isQuestion: asks(talk, first),
          isBoilerplate: lexicon.boilerplate.test(text),
          isFiller: false,
          isForMachine: sentences[sentenceOf[first] ?? 0]?.isForMachine ?? false,
        });
      }
    }
  }
  return [...phrases.values()];
}

/** The words between two pauses. */
function* stretchesOf({ words }: Talk, { first, last }: Pick<Window, "first" | "last">) {
  let from = first;
  for (let at = first; at <= last; at++) {
    const silenceMs = (words[at + 1]?.startMs ?? Number.POSITIVE_INFINITY) - (words[at]?.endMs ?? 0);
    if (at < last && silenceMs < PAUSE_MS) continue;
    yield { first: from, last: at };
    from = at + 1;
  }
}

function isDangling({ plain }: Talk, at: number): boolean {
  const word = plain[at] ?? "";
  return BREATHS.has(word) || DANGLING.has(word) || (VERBS.has(word) && !SUBJECTS.has(plain[at - 1] ?? ""));
}

function isBelievable({ words, plain, lexicon }: Talk, first: number, last: number): boolean {
  if (last - first + 1 < FEWEST_WORDS) return false;
  let content = 0;
  for (let at = first; at <= last; at++) {
    const isContent = !lexicon.stop.has(plain[at] ?? "");
    if (isContent) content++;
    const needed = Math.max(at === last ? LAST_CONFIDENCE : isContent ? CONTENT_CONFIDENCE : ANY_CONFIDENCE, at===first ? FIRST_CONFIDENCE : 0);
    if ((words[at]?.confidence ?? 0) < needed) return false;
  }
  return content >= FEWEST_CONTENT_WORDS;
}

/** Whether a phrase asks: "why did he", "how long was it", but not "what we need". */
function asks({ plain, lexicon }: Talk, first: number): boolean {
  const opener = plain[first] ?? "";
  const verbs = opener === "how" ? plain.slice(first + 1, first + 3) : plain.slice(first + 1, first + 2);
  return lexicon.questions.has(opener) && verbs.some((word) => VERBS.has(word));
}
