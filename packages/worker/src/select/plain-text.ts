import { seen } from "../captions/sanitize.ts";

/** Cleaning of text from outside: transcripts, titles, answers of a language model. */

const MARKUP = /<[^<>]{0,500}>|&[a-z]{2,8};|&#\w{1,8};/gi;
export const LINK =
  /\b[a-z][a-z0-9+.-]{1,15}:\/\/\S*|\b(?:javascript|data|file|mailto):\S*|\bwww\.\S+|\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|co|ru|cn|xyz|info|app|dev|me|ly|gg|tv|ai|link|site|online|top|shop|example|test|onion|id)\b(?:[/:?#]\S*)?/gi;
const SYNTAX = /[{}<>[\]\\|`~^*_#=$]+/g;

/** Visible characters only, in one line; everything that can be read stays, but half a character. */
export const visible = (text: string) => seen(text.toWellFormed().replace(UNKNOWN, ""));
const UNKNOWN = /[\ufffd\p{Cn}]+/gu;

/** One line for people: no markup, links, invisible characters or brackets of a syntax; not shortened. */
export function plainLine(text: string): string {
  return visible(text.slice(0, 2000))
    .replace(MARKUP, " ")
    .replace(LINK, " ")
    .replace(SYNTAX, " ")
    .replace(/\s+([,.;:!?])/gu, "$1")
    .replace(/\s+/gu, " ")
    .replace(/^[\s,.;:!?/"'“”‘’«»)(–—-]+(?=.)|[\s,;:/"“”«»(–—-]+$/gu, "")
    .trim();
}

/** Scripts and signs that stand without spaces between them. */
const UNSPACED =
  "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}ー々\\u3001-\\u3011\\uff01-\\uff0f\\uff1a-\\uff20]";
const NEEDLESS_SPACE = new RegExp(`(?<=${UNSPACED})\\s+(?=${UNSPACED})`, "gu");

/** Words as they are written in a row: with spaces, but for scripts that have none. */
export const inARow = (words: readonly string[]) => words.join(" ").replace(NEEDLESS_SPACE, "");

/** How many code points a text has. */
export const lengthOf = (text: string) => Array.from(text).length;

/**
 * A text of at most `limit` code points: as it is where it fits, else up to a word border with "…"; scripts without spaces are
 * cut between characters.
 */
export function shortened(text: string, limit: number): string {
  const points = Array.from(text);
  if (points.length <= limit) return text;
  let end = limit - 1;
  const border = points.lastIndexOf(" ", end);
  if (border >= limit / 2) end = border;
  else while (end > 1 && /\p{M}|\u200d/u.test(points[end] ?? "")) end--;
  return `${points
    .slice(0, end)
    .join("")
    .replace(/[\s,.;:!?–—-]+$/u, "")}…`;
}

/** Lower case, without the punctuation around it and without invisible characters: the form in which words are looked up. */
export const plainWord = (word: string) =>
  visible(word.normalize("NFKC"))
    .toLowerCase()
    .replaceAll("’", "'")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}%]+$/gu, "");

/** The runs of letters and digits of a text, lower case, from three characters on: what is left of words inside code and names. */
export const wordRuns = (text: string) =>
  text
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .toLowerCase()
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter((run) => run.length >= 3);
