import type { Cue } from "./cues.ts";
import { cleanText } from "./sanitize.ts";
import type { CaptionStyle } from "./style.ts";
import type { CaptionWord } from "./words.ts";

/** Colours as ASS writes them, blue first. White and amber on near-black: contrast 18:1 and 11:1. */
const WHITE = "FFFFFF";
const AMBER = "1FB8FF";
const NEAR_BLACK = "140E0C";

/** Pictures in colour, which libass cannot draw: it would show empty boxes. They stay in the subtitle files. */
const COLOURED_EMOJI =
  /[\p{Emoji_Presentation}\p{Emoji_Modifier}\p{Regional_Indicator}\u{e0020}-\u{e007f}]|(?<=\p{Extended_Pictographic}\p{Emoji_Modifier}?\ufe0f?)\u200d|\ufe0f?\u20e3|\p{Extended_Pictographic}?\ufe0f/gu;

/** `H:MM:SS.cc`; a time is rounded once and used for an end and the next start alike, so nothing drifts. */
function assTime(seconds: number): string {
  const hundredths = Math.max(0, Math.round(seconds * 100));
  const two = (n: number) => String(n).padStart(2, "0");
  const [minutes, rest] = [Math.floor(hundredths / 6000), hundredths % 6000];
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.floor(rest / 100))}.${two(rest % 100)}`;
}

const fixed = (pixels: number) => pixels.toFixed(2);

/** Letters and what lies around them, see-through by `alpha`: "00" is solid, "FF" is not there. */
const paint = (alpha: string) => `&H${alpha}${WHITE},&H${alpha}${WHITE},&H${alpha}${NEAR_BLACK},&H80000000`;

function assFile(size: { width: number; height: number }, style: string, events: string[]): string {
  return [
    "[Script Info]",
    "ScriptType: v4.00+",
    `PlayResX: ${size.width}`, // equal to the picture, so that sizes are its pixels
    `PlayResY: ${size.height}`,
    "WrapStyle: 2", // only \N breaks a line
    "ScaledBorderAndShadow: yes",
    "",
    // styles are bold for the fonts that stand in for missing letters; encoding -1 finds the reading direction from the text
    "[V4+ Styles]",
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding",
    `Style: ${style}`,
    "",
    "[Events]",
    "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
    ...events,
    "",
  ].join("\n");
}

/**
 * Captions as an ASS file: one event per word, which shows the whole caption with that word in amber until the next one is
 * spoken. Only the colour changes, so lines stand still.
 */
export function captionsAss(cues: Cue[], style: CaptionStyle): string {
  const { font, fontSize, outline, shadow, marginH, marginV } = style;
  const blur = `{\\blur${fixed(fontSize / 48)}}`; // softens the shadow; letters keep their edge
  const events = cues.flatMap(({ end, lines }) => {
    const words = lines.flat();
    return words.map((spoken, i) => {
      const times = `${assTime(spoken.start)},${assTime(words[i + 1]?.start ?? end)}`;
      const text = lines.map((line) => drawnLine(line, spoken)).join("\\N");
      return `Dialogue: 0,${times},Caption,,0,0,0,,${blur}${text}`;
    });
  });
  const margins = `${marginH},${marginH},${marginV}`;
  const look = `Caption,${font},${fixed(fontSize)},${paint("00")},-1,0,0,0,100,100,0,0,1,${fixed(outline)},${fixed(shadow)},2,${margins},-1`;
  return assFile(style, look, events);
}

function drawnLine(line: CaptionWord[], spoken: CaptionWord): string {
  return line
    .map((word, at) => {
      const text = cleanText(word.text).replace(COLOURED_EMOJI, "");
      const lead = at === 0 || word.glued || text === "" ? "" : " ";
      return lead + (word === spoken ? `{\\1c&H${AMBER}&}${text}{\\1c&H${WHITE}&}` : text);
    })
    .join("");
}

/** The mark of a preview: its name, slanted and see-through, across the picture for as long as the clip runs. */
export function previewMarkAss(width: number, height: number, font: string, clipSeconds: number): string {
  const rows = [0.14, 0.5, 0.87]; // clear of the captions
  const events = rows.map((row) => {
    const at = `{\\an5\\pos(${fixed(width / 2)},${fixed(height * row)})}`;
    return `Dialogue: 0,${assTime(0)},${assTime(clipSeconds + 1)},Mark,,0,0,0,,${at}KangKlip preview`;
  });
  const look = `Mark,${font},${fixed(width / 8)},${paint("98")},-1,0,0,0,100,100,0,24,1,0.70,0,5,0,0,0,-1`;
  return assFile({ width, height }, look, events);
}
