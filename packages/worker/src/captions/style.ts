import { readFile } from "node:fs/promises";
import {
  type BrandColours,
  type CaptionColours,
  type CaptionPreset,
  captionColours,
  contrastProblems,
} from "@kangklip/contract";
import type { WorkerSettings } from "../stage.ts";
import { isUndrawn, withoutEmoji } from "./emoji.ts";
import { type FontMetrics, readFontMetrics } from "./font-metrics.ts";
import type { Font, MachineFonts } from "./fonts.ts";
import { LOOKS, type Look, PLATE_SIDE, ROBOTO_BLACK } from "./looks.ts";

/** How captions look and where they may lie; pixels of the output picture. */
export interface CaptionStyle {
  preset: CaptionPreset;
  width: number;
  height: number;
  /** Family, as ASS names it. */
  font: string;
  /** Font files that must lie beside the captions. */
  fontFiles: string[];
  fontSize: number;
  outline: number;
  shadow: number;
  colours: CaptionColours;
  shows: Look["shows"];
  strip: boolean;
  /** Whether captions are drawn into the picture. */
  burnIn: boolean;
  /** Free space left and right. */
  marginH: number;
  /** From the foot of the lowest line to the bottom of the picture. */
  marginV: number;
  maxLines: number;
  /** How far outlines, shadows and plates reach past a line's letters on either side. */
  reach: number;
  /** Most pixels that a line may take, what reaches past its letters not counted. */
  maxWidth: number;
  /** A text as it is drawn: in capitals where the look wants them, without what cannot be drawn. */
  drawn(text: string): string;
  /** Pixels that a text takes on one line, as it is drawn, outline not counted. */
  widthOf(text: string): number;
  /** Whether a line is short enough, in pixels and in characters. */
  fits(line: string): boolean;
  /** Whether the look's own font has all characters of a text. */
  canDraw(text: string): boolean;
  /** A text in pieces of one font each; null is the look's own. */
  runs(text: string): { text: string; font: string | null }[];
  /** Characters of a text for which this machine has no font; none where that is not known. */
  missing(text: string): string[];
  /** What a person should know about the settings: a font that is not installed, colours that could not be read. */
  warnings: string[];
}

/** Widths of a family that cannot be measured: the shipped font's, and this much more. */
const OTHER_FONT_MARGIN = 1.3;
/** Widths of the words of "pop" are for its pages in the subtitle files; in the picture each is made as large as fits. */
const PAGE_FONT_SIZE = 96;

/** Georgian has capitals too, which hardly a font has. */
const HAS_CAPITALS = /[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}]+/gu;

type Given = Pick<
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
type GivenLook = Pick<WorkerSettings, "captionPreset" | "captionBurnIn" | "captionColours">;
export type CaptionSettings = Given & Partial<GivenLook>;

/** What is known besides the settings. */
interface Known {
  /** In place of the setting's. */
  preset?: CaptionPreset | undefined;
  /** Fonts of this machine; null or undefined: it could not be asked. */
  fonts?: MachineFonts | null;
  /** How exact the words' times are: where they were spread over a line, no word is lit up or shown by itself. */
  timing?: "word" | "line" | undefined;
}

/**
 * The caption style for an output size. Defaults are those of 1080x1920, scaled: at most 780 px of text, centred, the lowest
 * line ending at y 1440 or higher. That lies inside x 65..930, which the apps' own buttons leave free, and keeps the text on the picture's
 * axis. What the operator set wins; a family name with characters that no family has is taken as the shipped one.
 */
export async function captionStyle(
  settings: CaptionSettings,
  { preset = settings.captionPreset ?? "amber", fonts = null, timing = "word" }: Known = {},
): Promise<CaptionStyle> {
  const { renderWidth: width, renderHeight: height } = settings;
  const look = timing === "line" ? unlit(LOOKS[preset]) : LOOKS[preset];
  const shipped = { family: look.face.family, metrics: await metricsOf(look.face.file) };
  const wanted = wantedFamily(settings.captionFont);
  const { own, guessed, warnings } = chooseFont(wanted, shipped, fonts);
  const { colours, warning } = chooseColours(preset, settings.captionColours ?? {});
  const scale = height / 1920;
  const fontSize = settings.captionFontSize ?? look.fontSize * scale;
  const [outline, shadow] = [fontSize * look.outline, fontSize * look.shadow];
  const marginH = settings.captionMarginH ?? Math.round((150 * width) / 1080);
  const maxChars = settings.captionMaxChars ?? Math.max(8, Math.round((20 * width) / 1080 / scale));
  const reach = Math.max(outline + shadow, look.shows === "plate" ? PLATE_SIDE * fontSize : 0);
  const maxWidth = (width - 2 * marginH - 2 * reach) / (guessed ? OTHER_FONT_MARGIN : 1);
  const pageSize = look.shows === "words" ? Math.min(fontSize, PAGE_FONT_SIZE * scale) : fontSize;

  const drawn = (text: string) => {
    const shown = withoutEmoji(text);
    return look.capitals ? shown.replace(HAS_CAPITALS, (letters) => letters.toUpperCase()) : shown;
  };
  const fontOf = fontChooser(own, shipped, fonts);
  const runs = (text: string) => fontRuns(text, fontOf);
  const widthAt = (text: string, size: number) =>
    runs(drawn(text)).reduce((sum, run) => sum + (run.font ?? own).metrics.width(run.text, size), 0);
  return {
    ...{ preset, width, height, colours, outline, shadow, fontSize, marginH, reach, maxWidth },
    font: own.family,
    fontFiles: [...new Set([look.face.file, ROBOTO_BLACK.file])],
    ...{ shows: look.shows, strip: look.strip, burnIn: settings.captionBurnIn ?? true },
    marginV: settings.captionMarginV ?? Math.ceil((1920 - look.foot) * scale + outline + shadow),
    maxLines: settings.captionMaxLines ?? 2,
    drawn,
    widthOf: (text) => widthAt(text, fontSize),
    fits: (line) => Array.from(line).length <= maxChars && widthAt(line, pageSize) <= maxWidth,
    canDraw: (text) => Array.from(text).every((character) => own.metrics.has(codePointOf(character))),
    runs: (text) => runs(text).map((run) => ({ text: run.text, font: run.font?.family ?? null })),
    missing: (text) =>
      fonts === null
        ? []
        : Array.from(drawn(text)).filter((one) => !isUndrawn(one) && fontOf(codePointOf(one)) === "none"),
    warnings: [...warnings, ...warning],
  };
}

/** A look that lights up no word; one that shows single words becomes that of whole captions most like it. */
const unlit = (look: Look): Look => ({
  ...(look.shows === "words" ? { ...LOOKS.bold, foot: look.foot } : look),
  shows: "nothing",
});

const codePointOf = (character: string) => character.codePointAt(0) ?? 0;

const read = new Map<string, Promise<FontMetrics>>();
/** Shipped files do not change while we run. */
function metricsOf(file: string): Promise<FontMetrics> {
  const known = read.get(file) ?? readFile(file).then((bytes) => readFontMetrics(bytes));
  read.set(file, known);
  return known;
}

/** The brand's family; null where the look's own font is meant. */
export function wantedFamily(captionFont: string): string | null {
  const own = /^roboto( black)?$/i.test(captionFont) || !/^[\p{L}\p{N} _-]{1,64}$/u.test(captionFont);
  return own ? null : captionFont;
}

/** Characters that must come from other fonts of the machine, whatever the look. */
export async function lackingCharacters(text: string): Promise<string> {
  const { has } = await metricsOf(ROBOTO_BLACK.file);
  const drawn = Array.from(new Set(withoutEmoji(text.normalize("NFC"))));
  return drawn.filter((one) => !isUndrawn(one) && !has(codePointOf(one))).join("");
}

function chooseFont(wanted: string | null, shipped: Font, fonts: MachineFonts | null) {
  if (wanted === null) return { own: shipped, guessed: false, warnings: [] };
  if (fonts?.brand) return { own: fonts.brand, guessed: false, warnings: [] };
  // drawn by whatever fontconfig takes for it, as wide as that may be
  if (fonts === null) return { own: { ...shipped, family: wanted }, guessed: true, warnings: [] };
  const text = `The font ${wanted} (CAPTION_FONT) is not installed on this machine: captions use ${shipped.family}.`;
  return { own: shipped, guessed: false, warnings: [text] };
}

function chooseColours(preset: CaptionPreset, brand: BrandColours) {
  const problems = contrastProblems(preset, brand);
  if (problems.length === 0) return { colours: captionColours(preset, brand), warning: [] };
  // settings are checked when they are read, so this is a clip with a preset of its own
  const text = `The brand's colours cannot be read in the preset ${preset}: its own are used.`;
  return { colours: captionColours(preset), warning: [text] };
}

/** null: the look's own font. */
type FontOf = (codePoint: number) => Font | null | "none";

function fontChooser(own: Font, shipped: Font, fonts: MachineFonts | null): FontOf {
  return (codePoint) => {
    if (own.metrics.has(codePoint)) return null;
    if (shipped.metrics.has(codePoint)) return shipped;
    return fonts?.fontOf(codePoint) ?? "none";
  };
}

/** Marks and joiners go with the letter that they belong to. */
function fontRuns(text: string, fontOf: FontOf): { text: string; font: Font | null }[] {
  const pieces: { text: string; font: Font | null }[] = [];
  for (const character of text) {
    const last = pieces.at(-1);
    const found = fontOf(codePointOf(character));
    const clings = last !== undefined && /[\p{M}\u200c\u200d]/u.test(character);
    const font = clings ? last.font : found === "none" ? null : found;
    if (last && last.font === font) last.text += character;
    else pieces.push({ text: character, font });
  }
  return pieces;
}

/** Where the highest caption begins with some room above it, pixels from the top. An ASS font size is a line's height. */
export const captionTop = ({ height, marginV, maxLines, fontSize, shows }: CaptionStyle): number =>
  height - marginV - ((shows === "words" ? 1 : maxLines) + 0.5) * fontSize;
