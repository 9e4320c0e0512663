/** Half a surrogate pair: what is left of an emoji that somebody cut in two. */
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
/** Line breaks of every kind and control characters: a line break would start a new line of an ASS or SRT file. */
const CONTROLS = /[\p{Cc}\u2028\u2029]+/gu;
/**
 * Marks that turn the reading direction around, marks without any width, and letters that look like nothing (the Hangul fillers, the
 * empty Braille cell).
 */
const BIDI_AND_INVISIBLE =
  /[\u034f\u200b\u200e\u200f\u061c\u2060-\u2064\u202a-\u202e\u2066-\u206f\ufeff\u00ad\u115f\u1160\u3164\uffa0\u2800\u180e\ufff9-\ufffb]/g;
/** Characters that no font is meant to draw: private ones and those that will never be assigned. */
const NOT_FOR_DRAWING = /[\p{Co}\p{Noncharacter_Code_Point}]/gu;
/** Scripts in which a joiner or its opposite changes how letters are drawn. */
const JOINED = [
  ...["Arabic", "Syriac", "Mongolian", "Devanagari", "Bengali", "Gurmukhi", "Gujarati", "Oriya", "Tamil"],
  ...["Telugu", "Kannada", "Malayalam", "Sinhala", "Myanmar", "Khmer"],
]
  .map((script) => `\\p{Script=${script}}`)
  .join("");
/** Both kinds of joiner outside of words that need them and of emoji. */
const LOOSE_JOINER = new RegExp(
  [
    `(?<![${JOINED}]\\p{M}*)\\u200c`,
    `\\u200c(?![${JOINED}])`,
    `(?<![${JOINED}]\\p{M}*|\\p{Extended_Pictographic}\\p{Emoji_Modifier}?\\ufe0f?)\\u200d`,
    `\\u200d(?![${JOINED}]|\\p{Extended_Pictographic})`,
  ].join("|"),
  "gu",
);
/** Tags and variation selectors can carry a whole hidden text. They stay where they belong: in a flag, behind an ideograph. */
const HIDDEN_TEXT =
  /(?<!\u{1f3f4}[\u{e0020}-\u{e007e}]{0,6})[\u{e0000}-\u{e007f}]|(?<!\p{Script=Han})[\u{e0100}-\u{e01ef}]/gu;
/** More than this many accents on one letter is a prank that climbs over the picture. */
const PILED_MARKS = /(\p{M}{4})\p{M}+/gu;

/**
 * What a person can see of a text, as one line of well-formed NFC: no line breaks and controls, no marks that hide, turn or pile up. Pure.
 * Seeing it again changes nothing.
 */
export function seen(text: string): string {
  let clean = text.replace(LONE_SURROGATE, "\ufffd").replace(CONTROLS, " ").normalize("NFC");
  // what goes may bring together what must go next
  for (let before = ""; before !== clean; ) {
    before = clean;
    clean = clean
      .replace(BIDI_AND_INVISIBLE, "")
      .replace(NOT_FOR_DRAWING, "")
      .replace(HIDDEN_TEXT, "")
      .replace(LOOSE_JOINER, "")
      .normalize("NFC")
      .replace(PILED_MARKS, "$1");
  }
  return clean.replace(/\s+/g, " ").trim();
}

/**
 * The one cleaner of everything that is drawn into a picture or written into a subtitle file.
 * libass reads `{…}` as orders and `\` as the start of one, and has no escape for either: `{\alpha&HFF&}` hides a caption and
 * `{\fscx10000\blur100}` costs 591 MB (measured), so the three characters are replaced by their lookalikes.
 * @returns one line of well-formed NFC text, at most `maxLength` code points; cleaning it again changes nothing.
 */
export function cleanText(text: string, maxLength = 400): string {
  const clean = seen(text.slice(0, 20 * maxLength))
    .replaceAll("{", "(")
    .replaceAll("}", ")")
    .replaceAll("\\", "/");
  return Array.from(clean)
    .slice(0, maxLength)
    .join("")
    .replace(/[\s\u200c\u200d]+$/u, "");
}
