import type { Word } from "@kangklip/contract";
import { cleanText } from "./sanitize.ts";

/** A spoken word, or a piece of one that is too long for a line. Seconds count from the clip's start. */
export interface CaptionWord {
  text: string;
  start: number;
  end: number;
  /** Drawn without a space before it: a piece of a word, or a script that has no spaces. */
  glued: boolean;
  /** First word of another stretch of the source. */
  afterCut: boolean;
}

/** A stretch of the source, in the source's seconds, and where it lies in the clip. */
export interface CaptionSpan {
  start: number;
  end: number;
  clipStart: number;
}

/** Scripts that are written without spaces. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Their signs and length marks, which come as words of their own now and then; no space stands beside them either. */
const UNSPACED_EDGE = new RegExp(
  `[${UNSPACED.source.slice(1, -1)}ー々\\u3001-\\u3011\\uff01-\\uff0f\\uff1a-\\uff20]`,
  "u",
);
const STARTS_UNSPACED = new RegExp(`^${UNSPACED_EDGE.source}`, "u");
const ENDS_UNSPACED = new RegExp(`${UNSPACED_EDGE.source}$`, "u");
const wordPieces = new Intl.Segmenter(undefined, { granularity: "word" });
const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
/** No two words appear closer than this, seconds: one frame at 25 per second. */
const STEP_SECONDS = 0.04;

/** The words of a line as they are read. */
export const lineText = (words: CaptionWord[]): string =>
  words.map(({ text, glued }, i) => (glued || i === 0 ? text : ` ${text}`)).join("");

/**
 * The words that are heard in a clip, clean, in order and on the clip's time. A word belongs to a stretch that holds its middle.
 * No word is lost: what does not fit into a line is cut into pieces.
 * @param words on the source's time. @param fits whether a text fits into one line.
 */
export function clipWords(
  words: Word[],
  spans: CaptionSpan[],
  clipSeconds: number,
  fits: (text: string) => boolean,
): CaptionWord[] {
  const found = spans.flatMap(({ start, end, clipStart }, span) => {
    const inside = words.filter((word) => {
      const middle = (word.start + Math.max(word.start, word.end)) / 2;
      return middle >= start && middle <= end;
    });
    const onClip = (seconds: number) => clipStart + Math.min(end, Math.max(start, seconds)) - start;
    const pieces = inside.flatMap((word) =>
      piecesOf({ ...word, start: onClip(word.start), end: onClip(word.end) }, fits),
    );
    return pieces.map((piece, i) => ({ ...piece, afterCut: span > 0 && i === 0 }));
  });
  return inOrder(glueUnspaced(found), clipSeconds);
}

function piecesOf({ word, start, end }: Word, fits: (text: string) => boolean): CaptionWord[] {
  const texts = cleanText(word)
    .split(" ")
    .flatMap((text) => splitUnspaced(text))
    .flatMap(({ text, glued }) =>
      splitLong(text, fits).map((part, i) => ({ text: part, glued: glued || i > 0 })),
    )
    .filter(({ text }) => text !== "");
  const total = texts.reduce((sum, { text }) => sum + text.length, 0);
  let read = 0;
  return texts.map(({ text, glued }) => {
    const from = start + ((end - start) * read) / total;
    read += text.length;
    return { text, glued, start: from, end: start + ((end - start) * read) / total, afterCut: false };
  });
}

/** 你好世界 → 你好 + 世界, with signs at the end of what they follow. */
export function splitUnspaced(text: string): { text: string; glued: boolean }[] {
  if (!UNSPACED.test(text)) return [{ text, glued: false }];
  const pieces: string[] = [];
  for (const { segment, isWordLike } of wordPieces.segment(text)) {
    const previous = pieces.at(-1);
    if (previous !== undefined && !isWordLike) pieces[pieces.length - 1] = previous + segment;
    else pieces.push(segment);
  }
  return pieces.map((piece, i) => ({ text: piece, glued: i > 0 }));
}

/** As few and as equal pieces as fit, cut between whole characters as a reader sees them. */
function splitLong(text: string, fits: (text: string) => boolean): string[] {
  if (fits(text)) return [text];
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  for (let count = 2; count < characters.length; count++) {
    const at = (piece: number) => Math.round((piece * characters.length) / count);
    const pieces = Array.from({ length: count }, (_, i) => characters.slice(at(i), at(i + 1)).join(""));
    if (pieces.every(fits)) return pieces;
  }
  // a chain of joined emoji is one character of any length
  return characters.flatMap((character) =>
    fits(character) ? [character] : Array.from(character.replaceAll("\u200d", "")),
  );
}

function glueUnspaced(words: CaptionWord[]): CaptionWord[] {
  return words.map((word, i) => {
    const unspaced = ENDS_UNSPACED.test(words[i - 1]?.text ?? "") && STARTS_UNSPACED.test(word.text);
    return { ...word, glued: word.glued || unspaced };
  });
}

/** Times that only rise, at least a step apart, all inside the clip; recognisers give zero lengths and overlaps now and then. */
function inOrder(words: CaptionWord[], clipSeconds: number): CaptionWord[] {
  const step = Math.min(STEP_SECONDS, clipSeconds / (words.length + 1));
  const starts: number[] = [];
  for (const { start } of words) starts.push(Math.max(start, 0, (starts.at(-1) ?? -step) + step));
  let latest = clipSeconds - step;
  for (let i = starts.length - 1; i >= 0; i--, latest -= step)
    starts[i] = Math.min(starts[i] ?? latest, latest);
  return words.map((word, i) => {
    const start = starts[i] ?? 0;
    const limit = starts[i + 1] ?? clipSeconds;
    return { ...word, start, end: Math.min(limit, Math.max(start + step, word.end)) };
  });
}
