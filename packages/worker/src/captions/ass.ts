import type { Cue } from "./cues.ts";
import { cleanText } from "./sanitize.ts";
import type { CaptionStyle } from "./style.ts";

/** Colours as ASS writes them, blue first. White and amber on near-black: contrast 18:1 and 11:1. */
const WHITE = "FFFFFF";
const AMBER = "1FB8FF";
const NEAR_BLACK = "140E0C";

/** `H:MM:SS.cc`; a time is rounded once and used for an end and the next start alike, so nothing drifts. */
function assTime(seconds: number): string {
  const hundredths = Math.max(0, Math.round(seconds * 100));
  const two = (n: number) => String(n).padStart(2, "0");
  const [minutes, rest] = [Math.floor(hundredths / 6000), hundredths % 6000];
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.floor(rest / 100))}.${two(rest % 100)}`;
}

interface AssStyle {
  name: string;
  font: string;
  size: number;
  colour: string;
  /** Of the letters and their outline: "00" is solid, "FF" is not there. */
  alpha?: string;
  outline: number;
  shadow: number;
  angle?: number;
  /** As on a number pad: 2 is bottom centre, 5 the middle. */
  alignment: number;
  marginH: number;
  marginV: number;
}

function assFile(width: number, height: number, style: AssStyle, events: string[]): string {
  const {
    name,
    font,
    size,
    colour,
    outline,
    shadow,
    alpha = "00",
    angle = 0,
    alignment,
    marginH,
    marginV,
  } = style;
  const fixed = (n: number) => n.toFixed(2);
  return [
    "[Script Info]",
    "ScriptType: v4.00+",
    `PlayResX: ${width}`, // equal to the picture, so that sizes are its pixels
    `PlayResY: ${height}`,
    "WrapStyle: 2", // only \N breaks a line
    "ScaledBorderAndShadow: yes",
    "",
    "[V4+ Styles]",
    "Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding",
    `Style: ${name},${font},${fixed(size)},&H${alpha}${colour},&H${alpha}${colour},&H${alpha}${NEAR_BLACK},&H80000000,0,0,0,0,100,100,0,${angle},1,${fixed(outline)},${fixed(shadow)},${alignment},${marginH},${marginH},${marginV},1`,
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
  const events = cues.flatMap(({ end, lines }) => {
    const words = lines.flat();
    return words.map((spoken, i) => {
      const shown = lines.map((line) =>
        line
          .map((word, at) => {
            const lead = at === 0 || word.glued ? "" : " ";
            const text = cleanText(word.text);
            return lead + (word === spoken ? `{\\1c&H${AMBER}&}${text}{\\1c&H${WHITE}&}` : text);
          })
          .join(""),
      );
      const until = words[i + 1]?.start ?? end;
      // a little blur softens the shadow; letters keep their edge
      return `Dialogue: 0,${assTime(spoken.start)},${assTime(until)},Caption,,0,0,0,,{\\blur${(style.fontSize / 48).toFixed(2)}}${shown.join("\\N")}`;
    });
  });
  const { font, fontSize: size, outline, shadow, marginH, marginV } = style;
  const look = {
    name: "Caption",
    font,
    size,
    colour: WHITE,
    outline,
    shadow,
    alignment: 2,
    marginH,
    marginV,
  };
  return assFile(style.width, style.height, look, events);
}

/** The mark of a preview: its name, slanted and see-through, across the picture for as long as the clip runs. */
export function previewMarkAss(width: number, height: number, font: string, clipSeconds: number): string {
  const size = width / 8;
  const rows = [0.14, 0.5, 0.87]; // clear of the captions
  const events = rows.map((row) => {
    const at = `{\\an5\\pos(${(width / 2).toFixed(0)},${(height * row).toFixed(0)})}`;
    return `Dialogue: 0,${assTime(0)},${assTime(clipSeconds + 1)},Mark,,0,0,0,,${at}KangKlip preview`;
  });
  const look = {
    name: "Mark",
    font,
    size,
    colour: WHITE,
    alpha: "98",
    outline: 0.7,
    shadow: 0,
    angle: 24,
    alignment: 5,
    marginH: 0,
    marginV: 0,
  };
  return assFile(width, height, look, events);
}
