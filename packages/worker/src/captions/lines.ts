import { type CaptionWord, lineText } from "./words.ts";

/**
 * Words that cling to the one behind them: conjunctions, prepositions, articles. A line or a caption ends before them rather
 * than after them (Netflix timed text guide). English, and the commonest of the languages that speech is recognised in most.
 */
const CLINGS_TO_NEXT = new Set(
  (
    "a an the and or but nor so because if when while that which who than as of to in on at by for from with into about over my your " +
    "our his her their its this these those not no very is are was were i we you they he she it " +
    "dan atau tetapi karena yang untuk dengan dari ke di pada ini itu " +
    "der die das ein eine und oder aber weil dass zu von mit in im am für " +
    "el la los las un una y o pero porque que de en con para por " +
    "le les et ou mais parce du des dans avec pour sur " +
    "o os as um uma e ou mas em do da com para il lo gli ma perché di che"
  ).split(" "),
);

export const clingsToNext = ({ text }: CaptionWord): boolean => CLINGS_TO_NEXT.has(text.toLowerCase());
/** A sign that closes what is before it: no line begins with one (JIS X 4051, kinsoku). */
export const startsClosing = ({ text }: CaptionWord): boolean =>
  /^[\p{Pe}\p{Pf}.,;:!?…。、，．！？：；・ーゝゞ々»]/u.test(text);
export const endsSentence = ({ text }: CaptionWord): boolean => /[.!?…。！？]["'”’)\]]*$/u.test(text);
export const endsClause = ({ text }: CaptionWord): boolean => /[,;:–—、，；]["'”’)\]]*$/u.test(text);

/**
 * Breaks words into the fewest lines that hold them, at most `maxLines`; among those, even ones that end where a reader pauses.
 * @returns null where they do not fit. A single word is given a line of its own in any case.
 */
export function breakLines(
  words: CaptionWord[],
  maxLines: number,
  fits: (text: string) => boolean,
): CaptionWord[][] | null {
  for (let lines = 1; lines <= Math.min(maxLines, words.length); lines++) {
    const even = lineText(words).length / lines;
    const broken = breakInto(words, lines, even, fits);
    if (broken) return broken.lines;
  }
  return words.length === 1 ? [words] : null;
}

interface Broken {
  lines: CaptionWord[][];
  cost: number;
}

function breakInto(
  words: CaptionWord[],
  lines: number,
  even: number,
  fits: (text: string) => boolean,
): Broken | null {
  if (lines === 1) {
    const text = lineText(words);
    return fits(text) ? { lines: [words], cost: (text.length - even) ** 2 } : null;
  }
  let best: Broken | null = null;
  for (let length = 1; length <= words.length - lines + 1; length++) {
    const line = words.slice(0, length);
    const text = lineText(line);
    if (!fits(text)) break;
    const rest = breakInto(words.slice(length), lines - 1, even, fits);
    const last = line.at(-1);
    if (!rest || !last) continue;
    const torn = rest.lines[0]?.[0] && startsClosing(rest.lines[0][0]) ? 60 : 0;
    const pause = torn + (endsSentence(last) ? -30 : endsClause(last) ? -20 : clingsToNext(last) ? 70 : 0);
    const cost = rest.cost + (text.length - even) ** 2 + pause;
    if (!best || cost < best.cost) best = { lines: [line, ...rest.lines], cost };
  }
  return best;
}
