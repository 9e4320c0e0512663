import { STRIP_OPACITY } from "@kangklip/contract";
import type { Cue } from "./cues.ts";
import { assColour, frameTimes, placedEvents } from "./draw.ts";
import type { CaptionStyle } from "./style.ts";

/** `H:MM:SS.cc` */
function assTime(seconds: number): string {
  const hundredths = Math.max(0, Math.round(seconds * 100));
  const two = (n: number) => String(n).padStart(2, "0");
  const [minutes, rest] = [Math.floor(hundredths / 6000), hundredths % 6000];
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.floor(rest / 100))}.${two(rest % 100)}`;
}

const fixed = (pixels: number) => pixels.toFixed(2);

/** Letters and what lies around them, see-through by `alpha`: "00" is solid, "FF" is not there. */
const paint = (alpha: string, text: string, outline: string) =>
  `&H${alpha}${text},&H${alpha}${text},&H${alpha}${outline},&H80000000`;

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
 * Captions as an ASS file, drawn as the style's preset draws them. Every change falls on a frame: the one nearest to the word's time.
 * @param fps of the picture that they are drawn into
 * @param splits when the frame is split into halves, clip seconds: see placedEvents
 */
export function captionsAss(
  cues: Cue[],
  style: CaptionStyle,
  fps: number,
  splits: { start: number; end: number }[] = [],
): string {
  const { font, fontSize, outline, shadow, marginH, marginV, strip, colours } = style;
  const at = frameTimes(fps);
  const events = placedEvents(cues, style, splits).map(
    ({ layer, start, end, margin, text }) =>
      `Dialogue: ${layer},${assTime(at(start))},${assTime(at(end))},Caption,,0,0,${margin},,${text}`,
  );
  const [text, edge] = [assColour(colours.text), assColour(colours.outline)];
  // style 4 is libass's own: one box behind the whole caption, in the last colour, wider than the text by the shadow
  const seeThrough = Math.round((1 - STRIP_OPACITY) * 255)
    .toString(16)
    .toUpperCase()
    .padStart(2, "0");
  const colour = strip
    ? `&H00${text},&H00${text},&HFF${edge},&H${seeThrough}${edge}`
    : paint("00", text, edge);
  const border = strip ? `4,0.00,${fixed(outline)}` : `1,${fixed(outline)},${fixed(shadow)}`;
  const margins = `${marginH},${marginH},${marginV}`;
  const look = `Caption,${font},${fixed(fontSize)},${colour},-1,0,0,0,100,100,0,0,${border},2,${margins},-1`;
  return assFile(style, look, events);
}

/** The mark of a preview: its name, slanted, across a picture of its own that is laid over the preview (see clip-args.ts), which makes it see-through. */
export function previewMarkAss(width: number, height: number, font: string, clipSeconds: number): string {
  const rows = [0.14, 0.5, 0.87]; // clear of the captions
  const events = rows.map((row) => {
    const at = `{\\an5\\pos(${fixed(width / 2)},${fixed(height * row)})}`;
    return `Dialogue: 0,${assTime(0)},${assTime(clipSeconds + 1)},Mark,,0,0,0,,${at}KangKlip preview`;
  });
  const look = `Mark,${font},${fixed(width / 8)},${paint("00", "FFFFFF", "140E0C")},-1,0,0,0,100,100,0,24,1,0.70,0,5,0,0,0,-1`;
  return assFile({ width, height }, look, events);
}
