/** Pictures in colour, which libass cannot draw: it would show empty boxes. They stay in the subtitle files. */
const COLOURED_EMOJI =
  /[\p{Emoji_Presentation}\p{Emoji_Modifier}\p{Regional_Indicator}\u{e0020}-\u{e007f}]|(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d|\ufe0f?\u20e3|\p{Extended_Pictographic}?\ufe0f/gu;

export const withoutEmoji = (text: string): string => text.replace(COLOURED_EMOJI, "");

/** Whether a character needs no glyph of its own: spaces, joiners, variation selectors. */
export const isUndrawn = (character: string): boolean =>
  /\s|\u200c|\u200d|[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}]/u.test(character);
