import type { HeardSentence, Talk } from "./talk.ts";

/** A pause that ends a phrase, where the recogniser writes no punctuation. */
const PAUSE_MS = 250;
const e = process.env;
const CONTENT = Number(e.TC ?? 0.8);
const ANY = Number(e.TF ?? 0.3);
const LAST = Number(e.TL ?? 0);
const FIRST = Number(e.TS ?? 0);
const MIN_WORDS = 4;
const MIN_CONTENT_WORDS = 2;
const words = (text: string) => new Set(text.split(" "));
const BREATHS = words("oh ah uh um er hmm huh wow whoo yeah");
const JOINING = words("and but because so");
const CLAUSES = words("and but because so or when if while until although");
const SUBJECTS = words("i you he she it we they there nobody everybody");
const DANGLING = words(
  "a an the and or but so of to from with as than if because when while that who which my your his her its our their is are was were be been am has have had do does did will would can could should very i'm you're we're they're he's she's it's",
);
const AUXILIARIES = words(
  "is are was were do does did have has had can could will would shall should may might must isn't don't doesn't didn't can't couldn't won't wouldn't",
);

export function believablePhrases(talk: Talk, window: { first: number; last: number }): HeardSentence[] {
  const { plain } = talk;
  const phrases: HeardSentence[] = [];
  for (const stretch of stretches(talk, window)) {
    const clauses = [stretch.first];
    for (let at = stretch.first + 1; at <= stretch.last; at++) if (CLAUSES.has(plain[at] ?? "")) clauses.push(at);
    for (const [index, start] of clauses.entries()) {
      const opens = index === 0 || (JOINING.has(plain[start] ?? "") && SUBJECTS.has(plain[start + 1] ?? ""));
      if (!opens) continue;
      let first = start;
      while (first < stretch.last && (BREATHS.has(plain[first] ?? "") || JOINING.has(plain[first] ?? ""))) first++;
      for (const next of [...clauses.slice(index + 1), stretch.last + 1]) {
        let last = next - 1;
        while (last > first && (BREATHS.has(plain[last] ?? "") || DANGLING.has(plain[last] ?? ""))) last--;
        if (!isBelievable(talk, first, last)) continue;
        const sentence = talk.sentences[talk.sentenceOf[first] ?? 0];
        if (phrases.some((other) => other.first === first && other.last === last)) continue;
        phrases.push({
          first,
          last,
          startMs: talk.words[first]?.startMs ?? 0,
          endMs: talk.words[last]?.endMs ?? 0,
          isQuestion: asks(talk, first),
          isBoilerplate: talk.lexicon.boilerplate.test(plain.slice(first, last + 1).join(" ")),
          isFiller: false,
          isForMachine: sentence?.isForMachine ?? false,
        });
      }
    }
  }
  return phrases;
}

function isBelievable({ words, plain, lexicon }: Talk, first: number, last: number): boolean {
  if (last - first + 1 < MIN_WORDS) return false;
  let content = 0;
  for (let at = first; at <= last; at++) {
    const isContent = !lexicon.stop.has(plain[at] ?? "");
    if (isContent) content++;
    const need = Math.max(isContent ? CONTENT : ANY, at === last ? LAST : 0, at === first ? FIRST : 0);
    if ((words[at]?.confidence ?? 0) < need) return false;
  }
  return content >= MIN_CONTENT_WORDS;
}

function* stretches({ words }: Talk, { first, last }: { first: number; last: number }) {
  let from = first;
  for (let at = first; at <= last; at++) {
    const pause = (words[at + 1]?.startMs ?? Number.POSITIVE_INFINITY) - (words[at]?.endMs ?? 0);
    if (at < last && pause < PAUSE_MS) continue;
    yield { first: from, last: at };
    from = at + 1;
  }
}

function asks({ plain, lexicon }: Talk, first: number): boolean {
  const opener = plain[first] ?? "";
  const next = opener === "how" && !AUXILIARIES.has(plain[first + 1] ?? "") ? first + 2 : first + 1;
  return lexicon.questions.has(opener) && AUXILIARIES.has(plain[next] ?? "");
}
