/** Half a surrogate pair: what is left of an emoji that somebody cut in two. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** Line breaks of every kind and control characters: a line break would start a new line of an ASS or SRT file. */
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
/** Marks that turn the reading direction around, and marks without any width (a joiner inside an emoji stays). */
const BIDI_AND_INVISIBLE = /[\u200b\u200c\u200e\u200f\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\u00ad]/g;
const JOINER_OUTSIDE_EMOJI =
  /(?<!\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d|\u200d(?!\p{Extended_Pictographic})/gu;
/** More than this many accents on one letter is a prank that climbs over the picture. */
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * The one cleaner of everything that is drawn into a picture or written into a subtitle file.
 * libass reads `{…}` as orders and `\` as the start of one, and has no escape for either: `{\alpha&HFF&}` hides a caption and
 * `{\fscx10000\blur100}` costs 591 MB (measured), so the three characters are replaced by their lookalikes.
 * @returns one line of well-formed NFC text, at most `maxLength` code points; cleaning it again changes nothing.
 */
export function cleanText(text: string, maxLength = 400): string {
  const clean = text
    .replace(LONE_SURROGATE, "\ufffd")
    .replace(CONTROLS, " ")
    .replace(BIDI_AND_INVISIBLE, "")
    .replace(JOINER_OUTSIDE_EMOJI, "")
    .normalize("NFC")
    .replace(PILED_MARKS, "$1")
    .replaceAll("{", "(")
    .replaceAll("}", ")")
    .replaceAll("\\", "/")
    .replace(/\s+/g, " ")
    .trim();
  return Array.from(clean).slice(0, maxLength).join("").trim();
}
