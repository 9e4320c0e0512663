import { readFileSync } from "node:fs";
import type { Word } from "@kangklip/contract";

/** A text as it stands, or one that is made of many equal pieces. */
type Text = string | { before?: string; repeat: string; times: number; after?: string };
type Time = number | "NaN" | "Infinity" | "-Infinity" | "-0";
/** A short expected text as it stands; of a long one its length in code points. */
type Expected = string | { length: number } | null;

/** Rows of corpus/texts.json. */
interface TextRow {
  id: string;
  what: string;
  text: Text;
  expect: {
    /** As it is drawn, and in how many words. */
    caption: Expected;
    words: number;
    /** As the title of a source, and as the name of a file. */
    title: Expected;
    file_title: Expected;
    /** As a line that goes with a clip. */
    line: Expected;
    for_machine: boolean;
  };
}
interface TimedRow {
  id: string;
  what: string;
  words: [word: string, start: Time, end: Time][] | Repeated;
  /** How many words are left for the transcript, the selection and the captions of a minute. */
  expect: { ordered: number; spoken: number; captions: number };
}
interface Repeated {
  words: [word: string, start: number, end: number];
  times: number;
  /** Seconds from one to the next. */
  step?: number;
  /** Every second word. */
  other?: string;
}
interface SubtitleRow {
  id: string;
  what: string;
  text: Text;
  expect: { cues: number; first: string | null };
}

export const { texts, timed, subtitles }: { texts: TextRow[]; timed: TimedRow[]; subtitles: SubtitleRow[] } =
  JSON.parse(readFileSync(new URL("../../corpus/texts.json", import.meta.url), "utf8"));

export const written = (text: Text): string =>
  typeof text === "string"
    ? text
    : `${text.before ?? ""}${text.repeat.repeat(text.times)}${text.after ?? ""}`;

export function wordsIn({ words: row }: TimedRow): Word[] {
  if (Array.isArray(row))
    return row.map(([word, start, end]) => ({ word, start: Number(start), end: Number(end) }));
  const { words, times, step = 0, other } = row;
  const [word, start, end] = words;
  return Array.from({ length: times }, (_, at) => ({
    word: at % 2 === 1 && other ? other : word,
    start: start + step * at,
    end: end + step * at,
  }));
}

/** A text in the form in which the corpus expects it. */
export const asExpected = (text: string | null): Expected =>
  text !== null && Array.from(text).length > 120 ? { length: Array.from(text).length } : text;

/** How often a property is tried: `runs` times, and KK_LONG times as often in the long form. */
export const runs = (count: number) => count * Math.max(1, Number(process.env.KK_LONG) || 1);
