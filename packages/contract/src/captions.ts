import { z } from "zod";

/** How captions look. "amber" is the default; docs/captions.md shows all of them. */
export const CaptionPreset = z.enum([
  "amber", // white, the spoken word amber
  "strict", // the same, higher: clear of every app's buttons
  "clean", // white, nothing lit up
  "pop", // one word at a time, large
  "bold", // capitals, the spoken word yellow
  "boxed", // the spoken word on a coloured plate
  "fill", // words stay green once they are said
  "minimal", // small, on a dark strip
]);
export type CaptionPreset = z.infer<typeof CaptionPreset>;

/** `#RRGGBB`. */
export const Colour = z.string().regex(/^#[0-9a-fA-F]{6}$/, "A colour is written like #FFB81F");

/** Colours of captions, each `#RRGGBB`. */
export interface CaptionColours {
  text: string;
  /** Of the spoken word, or of its plate where the preset draws one. */
  highlight: string;
  /** Around the letters; of the strip behind them where the preset has one. */
  outline: string;
}

/** How opaque the dark strip of `minimal` is; what is behind it shines through. */
export const STRIP_OPACITY = 0.72;
/** WCAG 2.2, 1.4.3: text of any size. Captions are larger, but stand on pictures. */
export const LEAST_CONTRAST = 4.5;

const WHITE = "#FFFFFF";
const NEAR_BLACK = "#0C0E14";

export const CAPTION_COLOURS: Readonly<Record<CaptionPreset, CaptionColours>> = {
  amber: { text: WHITE, highlight: "#FFB81F", outline: NEAR_BLACK },
  strict: { text: WHITE, highlight: "#FFB81F", outline: NEAR_BLACK },
  clean: { text: WHITE, highlight: WHITE, outline: NEAR_BLACK },
  pop: { text: WHITE, highlight: WHITE, outline: "#000000" },
  bold: { text: WHITE, highlight: "#FFE600", outline: "#000000" },
  boxed: { text: WHITE, highlight: "#6D28D9", outline: NEAR_BLACK },
  fill: { text: WHITE, highlight: "#4ADE80", outline: NEAR_BLACK },
  minimal: { text: WHITE, highlight: WHITE, outline: "#000000" },
};

/** Brand colours in place of a preset's; what is undefined stays the preset's. */
export interface BrandColours {
  text?: string | undefined;
  highlight?: string | undefined;
  outline?: string | undefined;
}

/** A preset's colours with the brand's in their place. Presets that light nothing up draw all words alike. */
export function captionColours(preset: CaptionPreset, brand: BrandColours = {}): CaptionColours {
  const own = CAPTION_COLOURS[preset];
  const text = brand.text ?? own.text;
  const plain = preset === "clean" || preset === "pop" || preset === "minimal";
  return {
    text,
    highlight: plain ? text : (brand.highlight ?? own.highlight),
    outline: brand.outline ?? own.outline,
  };
}

/** Contrast of two colours, 1..21 (WCAG 2.2, relative luminance of sRGB). */
export function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(channels(one)), luminance(channels(other))].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255);
}

function luminance(rgb: number[]): number {
  const [r = 0, g = 0, b = 0] = rgb.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Two of a look's colours that meet in the picture, as a person would name them. */
export interface ContrastPair {
  of: string;
  against: string;
  ratio: number;
}

/** Every pair of colours of a look that must be told apart. A strip counts with the worst picture behind it: a white or a black one. */
export function contrastPairs(preset: CaptionPreset, colours: CaptionColours): ContrastPair[] {
  const { text, highlight, outline } = colours;
  if (preset === "minimal") {
    const worst = Math.min(...["#FFFFFF", "#000000"].map((behind) => contrast(text, over(outline, behind))));
    return [{ of: "the text", against: "its strip", ratio: worst }];
  }
  const pairs = [{ of: "the text", against: "its outline", ratio: contrast(text, outline) }];
  if (preset === "boxed")
    pairs.push({ of: "the text", against: "the highlight's plate", ratio: contrast(text, highlight) });
  else if (highlight !== text)
    pairs.push({ of: "the highlight", against: "its outline", ratio: contrast(highlight, outline) });
  return pairs;
}

function over(colour: string, behind: string): string {
  const [front, back] = [channels(colour), channels(behind)];
  const mixed = front.map((c, i) => STRIP_OPACITY * c + (1 - STRIP_OPACITY) * (back[i] ?? 0));
  return `#${mixed
    .map((c) =>
      Math.round(c * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}

/** Why a look cannot be read, one sentence per pair; empty where it can. */
export function contrastProblems(preset: CaptionPreset, brand: BrandColours): string[] {
  return contrastPairs(preset, captionColours(preset, brand))
    .filter(({ ratio }) => ratio < LEAST_CONTRAST)
    .map(
      ({ of, against, ratio }) =>
        `Captions could not be read: the contrast of ${of} to ${against} is ${ratio.toFixed(1)}:1, and ` +
        `${LEAST_CONTRAST}:1 is the least. Make one of CAPTION_COLOUR, CAPTION_HIGHLIGHT_COLOUR and CAPTION_OUTLINE_COLOUR lighter or darker.`,
    );
}
