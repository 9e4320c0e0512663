import { closeSync, openSync, readSync } from "node:fs";
import { runChild } from "../child.ts";
import { type FontMetrics, readFontMetrics } from "./font-metrics.ts";

/** A font of this machine, as ASS names it. */
export interface Font {
  family: string;
  metrics: FontMetrics;
}

/** Fonts of this machine that captions need beside the shipped one. */
export interface MachineFonts {
  /** The operator's family; null where it is not installed. */
  brand: Font | null;
  /** For a character that the shipped font lacks; null where no font has it. */
  fontOf(codePoint: number): Font | null;
}

/** A font as `fc-match --sort` tells of it. */
interface Listed {
  file: string;
  face: number;
  family: string;
  has(codePoint: number): boolean;
}

const FORMAT = "%{file}\t%{index}\t%{family[0]}\t%{charset}\t%{outline}\n";
/** A list of all fonts of a machine with their characters is some 300 kB. */
const MOST_OUTPUT = 16 << 20;

/** The first question on a machine may build fontconfig's cache. */
const LONGEST_MS = 30_000;
/** A family's name goes into the captions' file: no sign that means something there. */
const PLAIN_NAME = /^[\p{L}\p{N} ._-]{1,64}$/u;

/** Scripts and the language by which fontconfig finds a good font for them: its tag for `:lang=`. */
const LANGUAGES: readonly [script: RegExp, language: string][] = [
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/u, "ja"],
  [/\p{Script=Hangul}/u, "ko"],
  [/\p{Script=Han}/u, "zh-cn"],
  [/\p{Script=Arabic}/u, "ar"],
  [/\p{Script=Hebrew}/u, "he"],
  [/\p{Script=Thai}/u, "th"],
  [/\p{Script=Devanagari}/u, "hi"],
  [/\p{Script=Bengali}/u, "bn"],
  [/\p{Script=Tamil}/u, "ta"],
  [/\p{Script=Telugu}/u, "te"],
  [/\p{Script=Kannada}/u, "kn"],
  [/\p{Script=Malayalam}/u, "ml"],
  [/\p{Script=Gujarati}/u, "gu"],
  [/\p{Script=Gurmukhi}/u, "pa"],
  [/\p{Script=Sinhala}/u, "si"],
  [/\p{Script=Khmer}/u, "km"],
  [/\p{Script=Lao}/u, "lo"],
  [/\p{Script=Myanmar}/u, "my"],
  [/\p{Script=Georgian}/u, "ka"],
  [/\p{Script=Armenian}/u, "hy"],
  [/\p{Script=Ethiopic}/u, "am"],
];

/**
 * Asks fontconfig, which libass asks too, for the fonts that a text needs.
 * @param lacking characters that the shipped font has not. @param brandFamily null: none is wanted
 * @returns null where fontconfig cannot be asked: what can be drawn is not known then.
 */
export async function findFonts(
  lacking: string,
  brandFamily: string | null,
  ask: (pattern: string) => Promise<string> = askFontconfig,
): Promise<MachineFonts | null> {
  try {
    const brand = brandFamily === null ? null : await findBrand(brandFamily, ask);
    const fonts = new Map<number, Font | null>();
    const opened = new Map<string, Font | null>();
    for (const [language, codePoints] of byLanguage(lacking)) {
      const listed = parseFonts(await ask(`sans-serif:bold${language && `:lang=${language}`}`));
      // one font for all of a script's characters, where there is one: words of two fonts look torn
      const whole = listed.find((font) => codePoints.every(font.has));
      for (const codePoint of codePoints) {
        const font = whole ?? listed.find(({ has }) => has(codePoint));
        fonts.set(codePoint, font ? openFont(font, opened) : null);
      }
    }
    return { brand, fontOf: (codePoint) => fonts.get(codePoint) ?? null };
  } catch {
    return null;
  }
}

/** Characters by the language tag that finds a font for them; "" where none is known. */
function byLanguage(text: string): Map<string, number[]> {
  const inJapanese = LANGUAGES[0]?.[0].test(text) ?? false;
  const found = new Map<string, number[]>();
  for (const character of new Set(text)) {
    const language = LANGUAGES.find(([script]) => script.test(character))?.[1] ?? "";
    const key = language === "zh-cn" && inJapanese ? "ja" : language;
    found.set(key, [...(found.get(key) ?? []), character.codePointAt(0) ?? 0]);
  }
  return found;
}

async function findBrand(family: string, ask: (pattern: string) => Promise<string>): Promise<Font | null> {
  const [first] = parseFonts(await ask(`${family.replaceAll("-", "\\-")}:bold`));
  // fontconfig always names a font; it is the one that was asked for only where it bears its name
  if (first?.family.toLowerCase() !== family.toLowerCase()) return null;
  return openFont(first, new Map());
}

async function askFontconfig(pattern: string): Promise<string> {
  const { ended, stdout } = await runChild("fc-match", ["--sort", "--format", FORMAT, "--", pattern], {
    ...{ signal: AbortSignal.timeout(LONGEST_MS), timeoutMs: LONGEST_MS, maxStdout: MOST_OUTPUT },
    ...{ memoryBytes: 1 << 30, fileBytes: 64 << 20 }, // it may write its cache
  });
  if (ended !== 0) throw new Error("fontconfig did not answer");
  return stdout;
}

/** Reads the lines of `fc-match`; fonts that hold pictures in place of outlines cannot be drawn and are left out. */
export function parseFonts(text: string): Listed[] {
  return text.split("\n").flatMap((line) => {
    const [file, face = "", family, charset = "", outline] = line.split("\t");
    if (!file || !family || !PLAIN_NAME.test(family) || outline === "False") return [];
    const ranges = charset.split(" ").map((range) => {
      const [first = "", last = first] = range.split("-");
      return [Number.parseInt(first, 16), Number.parseInt(last, 16)] as const;
    });
    const has = (codePoint: number) =>
      ranges.some(([first, last]) => codePoint >= first && codePoint <= last);
    return [{ file, face: Number(face) & 0xffff, family, has }];
  });
}

function openFont({ file, face, family }: Listed, opened: Map<string, Font | null>): Font | null {
  const key = `${file} ${face} ${family}`;
  const known = opened.get(key);
  if (known !== undefined) return known;
  const font = readFont(file, face, family);
  opened.set(key, font);
  return font;
}

/** Only the tables that are needed: fonts of Chinese, Japanese and Korean are 20 MB and more. */
function readFont(file: string, face: number, family: string): Font | null {
  const handle = openSync(file, "r");
  try {
    const read = (offset: number, length: number) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(handle, bytes, 0, length, offset));
    };
    return { family, metrics: readFontMetrics(read, face) };
  } catch {
    return null; // not a font that can be measured
  } finally {
    closeSync(handle);
  }
}
