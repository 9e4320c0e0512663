import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { WorkerSettings } from "../stage.ts";
import { readFontMetrics } from "./font-metrics.ts";

/** How captions look and where they may lie; pixels of the output picture. */
export interface CaptionStyle {
  width: number;
  height: number;
  /** Family, as ASS names it. */
  font: string;
  fontSize: number;
  outline: number;
  shadow: number;
  /** Free space left and right. */
  marginH: number;
  /** From the foot of the lowest line to the bottom of the picture. */
  marginV: number;
  maxLines: number;
  /** Whether a line is short enough, in pixels and in characters. */
  fits(line: string): boolean;
  /** Whether the font that we ship has all characters of a text. */
  canDraw(text: string): boolean;
}

/** The shipped font and the family name inside of it. */
export const SHIPPED_FONT = {
  family: "Roboto Black",
  file: fileURLToPath(import.meta.resolve("@expo-google-fonts/roboto/900Black/Roboto_900Black.ttf")),
};
/** Widths of another family are not known: the shipped font's, and this much more. */
const OTHER_FONT_MARGIN = 1.3;

export type CaptionSettings = Pick<
  WorkerSettings,
  | "renderWidth"
  | "renderHeight"
  | "captionFont"
  | "captionFontSize"
  | "captionMaxChars"
  | "captionMaxLines"
  | "captionMarginH"
  | "captionMarginV"
>;

/**
 * The caption style for an output size. The defaults are those of 1080x1920, scaled: at most 780 px of text, centred, the lowest
 * line ending at y 1440. That lies inside x 65..930, which the apps' own buttons leave free, and keeps the text on the picture's
 * axis. What the operator set wins; a family name with characters that no family has is taken as the shipped one.
 */
export async function captionStyle(settings: CaptionSettings): Promise<CaptionStyle> {
  const { renderWidth: width, renderHeight: height, captionFont } = settings;
  const metrics = readFontMetrics(await readFile(SHIPPED_FONT.file));
  const shipped = /^roboto( black)?$/i.test(captionFont) || !/^[\p{L}\p{N} _-]{1,64}$/u.test(captionFont);
  const scale = height / 1920;
  const fontSize = settings.captionFontSize ?? 96 * scale;
  const [outline, shadow] = [fontSize / 16, fontSize / 24];
  const marginH = settings.captionMarginH ?? Math.round((150 * width) / 1080);
  const maxChars = settings.captionMaxChars ?? Math.max(8, Math.round((20 * width) / 1080 / scale));
  const maxWidth = (width - 2 * marginH - 2 * outline) / (shipped ? 1 : OTHER_FONT_MARGIN);
  return {
    width,
    height,
    font: shipped ? SHIPPED_FONT.family : captionFont,
    fontSize,
    outline,
    shadow,
    marginH,
    marginV: settings.captionMarginV ?? Math.ceil(480 * scale + outline + shadow),
    maxLines: settings.captionMaxLines ?? 2,
    fits: (line) => Array.from(line).length <= maxChars && metrics.width(line, fontSize) <= maxWidth,
    canDraw: (text) => Array.from(text).every((character) => metrics.has(character.codePointAt(0) ?? 0)),
  };
}

/** Where the highest caption begins with some room above it, pixels from the top. An ASS font size is a line's height. */
export const captionTop = ({ height, marginV, maxLines, fontSize }: CaptionStyle): number =>
  height - marginV - (maxLines + 0.5) * fontSize;
