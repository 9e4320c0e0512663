import { readFileSync } from "node:fs";
import type { Word } from "@kangklip/contract";

interface Language {
  id: string;
  script: string;
  spoken: string;
}

const { languages }: { languages: Language[] } = JSON.parse(
  readFileSync(new URL("../../corpus/captions.json", import.meta.url), "utf8"),
);
export const SCRIPTS = [...new Set(languages.map(({ script }) => script))];

/** What is said in one go, timed as a recogniser times it; seconds from 0. */
export interface Utterance {
  language: string;
  script: string;
  words: Word[];
  clipSeconds: number;
}

/** How many characters people say in a second, by how they are written: a Chinese one is a syllable, two of Tamil are. */
const LETTERS_PER_SECOND: Readonly<Record<string, number>> = {
  Han: 5,
  Kana: 7,
  Hangul: 7.5,
  Thai: 12,
  Tamil: 11,
};
const segmenter = new Intl.Segmenter(undefined, { granularity: "word" });

/**
 * `count` utterances of 4 to 40 words in all languages of corpus/captions.json, the same for the same seed. A tenth is said very fast, a tenth
 * slowly with long pauses.
 */
export function captionCorpus(count: number, seed = 6): Utterance[] {
  const random = mulberry32(seed);
  const between = (least: number, most: number) => least + (most - least) * random();
  return Array.from({ length: count }, (_, i) => {
    const language = languages[i % languages.length] ?? { id: "", script: "", spoken: "" };
    const all = tokensOf(language);
    const length = Math.min(all.length, Math.round(between(4, 40)));
    const first = Math.floor(between(0, all.length - length + 1));
    const pace = random();
    const speed = pace < 0.1 ? between(1.4, 1.8) : pace < 0.2 ? between(0.5, 0.7) : between(0.85, 1.15);
    const perSecond = speed * (LETTERS_PER_SECOND[language.script] ?? 15);
    let at = between(0, 0.4);
    const words = all.slice(first, first + length).map((word): Word => {
      const start = at;
      const end = start + Math.max(0.12, (Array.from(word).length / perSecond) * between(0.8, 1.2));
      const pause = /[.?!。？؟।]$/u.test(word)
        ? between(0.25, 0.9)
        : /[,،，、:]$/u.test(word)
          ? between(0.05, 0.3)
          : 0.02;
      at = end + pause / speed;
      return { word, start: milliseconds(start), end: milliseconds(end) };
    });
    return {
      ...{ language: language.id, script: language.script, words },
      clipSeconds: milliseconds(at + 0.45),
    };
  });
}

const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000;

/** Words as recognisers give them: those of scripts without spaces in pieces of a word or two. */
function tokensOf({ script, spoken }: Language): string[] {
  if (!["Han", "Kana", "Thai"].includes(script)) return spoken.split(" ");
  const pieces: string[] = [];
  for (const { segment, isWordLike } of segmenter.segment(spoken.replaceAll(" ", ""))) {
    if (isWordLike || pieces.length === 0) pieces.push(segment);
    else pieces[pieces.length - 1] += segment;
  }
  return pieces;
}

/** A small generator of even random numbers, 0..1 (public domain, by Tommy Ettinger). */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
