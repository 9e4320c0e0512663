import type { Lexicon } from "./lexicon.ts";
import { plainWord, visible } from "./plain-text.ts";

/** How much of a wish (0..1) must be met by what is said for a stretch to be about it. */
const LEAST_SHARE = 0.34;
/** What a stretch that is about it gets at least; the rest says how much of it is. */
const MATCHED = 0.55;
/** Mentions of a word after which more make no difference. */
const ENOUGH = 4;
const MOST_TERMS = 24;

/** Scripts that write no spaces: there, two signs in a row stand for a word. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const UNSPACED_RUN = new RegExp(`${UNSPACED.source}[\\p{M}ー]*(?:${UNSPACED.source}|[\\p{M}ー])*`, "gu");
const IDEOGRAPH = /^[\p{Script=Han}\p{Script=Katakana}ー]+$/u;
const set = (words: string) => new Set(words.split(/\s+/));
/** Words of a wish that name no subject: what is wished for are always moments. */
const OF_WISHES = set(
  `part parts moment moments clip clips scene scenes section sections bit bits video talk talks talking talked speak speaks speaking
  say says said tell tells telling explain explains explaining explained discuss discusses discussing mention mentions anything
  something everything stuff topic subject show shows please want find best funny
  bagian momen tentang soal mengenai cerita bercerita bicara bicarakan membahas dibahas topik terbaik mana
  teil teile stelle über von mit und der die das den ein eine wo el la los las de del un una sobre donde parte que le les des du une
  sur où passage o a os as do da em onde il lo gli di про о об где и в на`,
);
/** The same in scripts without spaces; particles and what is written around a subject. */
const OF_WISHES_UNSPACED = set(
  "の は が を に で と も や へ から まで について 部分 場面 話 ところ する いる 的 了 是 在 和 与 关于 關於 部分 片段 视频 影片 说 講 讲 谈 เกี่ยวกับ ที่ ของ และ ใน",
);

/** What a wish means for a talk. */
export interface Wish {
  /** How much the words `first` to `last` are about it: 0, or from `MATCHED` to 1. */
  of(first: number, last: number): number;
  /** Whether anything in the talk is. */
  isMet: boolean;
}

/**
 * Finds what a talk says about a wish, by the words that both have in common: rare words of the talk count for more (inverse document
 * frequency over sentences), endings do not count, and where no spaces are written pairs of signs are compared.
 * @param about the user's words, whatever they hold; nothing of them is used but as words to look for
 * @param plain the talk's words as they are looked up
 */
export function wishOf(
  about: string,
  plain: readonly string[],
  sentences: readonly { first: number; last: number }[],
  lexicon: Lexicon,
): Wish {
  const stem = lexicon.code === "id" ? indonesianStem : stemOf;
  const found = termsOf(about, lexicon, stem).map((term) =>
    "pair" in term ? placesOfPair(plain, term.pair) : placesOfWord(plain, term.word, stem),
  );
  const sentenceOf = new Int32Array(plain.length);
  for (const [index, { first, last }] of sentences.entries()) sentenceOf.fill(index, first, last + 1);
  const weights = found.map((places) => {
    const inSentences = new Set(places.map((at) => sentenceOf[at])).size;
    return Math.log(1 + sentences.length / (0.5 + inSentences));
  });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const counts = found.map((places) => countsOf(places, plain.length));
  const share = (first: number, last: number) => {
    let sum = 0;
    let depth = 0;
    for (const [index, count] of counts.entries()) {
      const times = (count[last + 1] ?? 0) - (count[first] ?? 0);
      if (times === 0) continue;
      sum += weights[index] ?? 0;
      depth += ((weights[index] ?? 0) * Math.min(ENOUGH, times)) / ENOUGH;
    }
    return { met: total > 0 ? sum / total : 0, depth: total > 0 ? depth / total : 0 };
  };
  const of = (first: number, last: number) => {
    const { met, depth } = share(first, last);
    return met < LEAST_SHARE ? 0 : MATCHED + (1 - MATCHED) * (0.6 * met + 0.4 * depth);
  };
  const isMet = plain.length > 0 && share(0, plain.length - 1).met >= LEAST_SHARE;
  return { of, isMet };
}

type Term = { word: string } | { pair: string };

function termsOf(about: string, { stop }: Lexicon, stem: (word: string) => string): Term[] {
  const text = visible(about).normalize("NFKC").toLowerCase();
  const pairs = [...text.matchAll(UNSPACED_RUN)].flatMap(([run]) => pairsIn(run));
  const words = text
    .replace(UNSPACED_RUN, " ")
    .split(/[^\p{L}\p{M}\p{N}'’]+/u)
    .map(plainWord)
    .filter((word) => word.length > 1);
  const own = words.filter((word) => !stop.has(word) && !OF_WISHES.has(word));
  return [
    ...[...new Set(own.map(stem))].map((word) => ({ word })),
    ...[...new Set(pairs)].map((pair) => ({ pair })),
  ].slice(0, MOST_TERMS);
}

const pieces = new Intl.Segmenter("und", { granularity: "word" });

/** The words of a run without spaces, long ones as pairs of signs; all of the run where nothing of it is a subject. */
function pairsIn(run: string): string[] {
  const words = Array.from(pieces.segment(run), ({ segment }) => segment);
  const own = words.filter((word) => !OF_WISHES_UNSPACED.has(word));
  return (own.length > 0 ? own : words).flatMap((word) => {
    const signs = Array.from(word);
    if (signs.length <= 2 || !IDEOGRAPH.test(word)) return [word];
    return signs.slice(1).map((_, at) => signs.slice(at, at + 2).join(""));
  });
}

/** Where words stand that are like one of the wish: the same stem, or in long words all but the ending. */
function placesOfWord(plain: readonly string[], wanted: string, stem: (word: string) => string): number[] {
  const known = new Map<string, boolean>();
  return plain.flatMap((word, at) => {
    let isLike = known.get(word);
    if (isLike === undefined) {
      isLike = word !== "" && like(stem(word), wanted);
      known.set(word, isLike);
    }
    return isLike ? [at] : [];
  });
}

/** Stems that differ in their last letters alone, as they do where a language bends its words more than `stemOf` knows. */
function like(a: string, b: string): boolean {
  if (a === b) return true;
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  if (short.length < 5 || long.length - short.length > 3 || /\d/.test(long)) return false;
  let shared = 0;
  while (shared < short.length && short[shared] === long[shared]) shared++;
  return shared >= Math.max(5, short.length - 1);
}

const ENDINGS =
  /(?:ations?|izations?|ements?|ingly|ings?|edly|ed|ers?|ies|es|ly|ness|ments?|nya|kan|lah|kah|en|(?<![isu])s|e|y)$/u;
/** Indonesian: what stands before a stem. */
const BEGINNINGS = /^(?:ber|ter|me(?:ng|ny|m|n)?|pe(?:ng|ny|m|n|r)?|di|ke|se)(?=\p{L}{4})/u;

/** A word without accents and its commonest endings: "pricing", "prices" and "priced" are one. */
function stemOf(word: string): string {
  const bare = word
    .normalize("NFD")
    .replace(/(?<=[a-z])\p{M}+/gu, "")
    .normalize("NFC")
    .replace(/['’]s?$/u, "");
  if (bare.length < 4 || !/^[a-z'-]+$/u.test(bare)) return bare;
  const cut = bare.replace(ENDINGS, "");
  const stem = cut.length >= 3 ? cut : bare;
  return stem.replace(/([b-df-hj-np-tv-z])\1$/u, "$1").replace(/i$/u, "");
}

const indonesianStem = (word: string) => stemOf(word).replace(BEGINNINGS, "");

/** Where a pair of signs begins, across the borders of the talk's words. */
function placesOfPair(plain: readonly string[], pair: string): number[] {
  const first = pair.slice(0, String.fromCodePoint(pair.codePointAt(0) ?? 0).length);
  return plain.flatMap((word, at) => {
    if (!word.includes(first)) return [];
    let joined = word;
    for (let next = at + 1; joined.length < word.length + pair.length && next < plain.length; next++) {
      if (!UNSPACED.test(plain[next] ?? "")) break;
      joined += plain[next];
    }
    const begins = joined.indexOf(pair);
    return begins >= 0 && begins < word.length ? [at] : [];
  });
}

function countsOf(places: readonly number[], length: number): Int32Array {
  const counts = new Int32Array(length + 1);
  for (const at of places) counts[at + 1] = 1;
  for (let at = 0; at < length; at++) counts[at + 1] = (counts[at + 1] ?? 0) + (counts[at] ?? 0);
  return counts;
}
