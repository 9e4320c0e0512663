import type { Lexicon } from "./lexicon.ts";
import type { Sentence } from "./sentences.ts";
import type { SpokenWord } from "./words.ts";

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

/** Counts each kind once: how many words of it are from one word to another, both included. */
export function countersOf(
  words: readonly SpokenWord[],
  plain: readonly string[],
  lexicon: Lexicon,
  sentences: readonly Sentence[],
) {
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
