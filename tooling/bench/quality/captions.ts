import { CaptionPreset } from "@kangklip/contract";
import { captionsAss } from "../../../packages/worker/src/captions/ass.ts";
import {
  type CaptionCheck,
  captionChecks,
  hurriedCues,
} from "../../../packages/worker/src/captions/checks.ts";
import {
  type Cue,
  captionCues,
  FASTEST_CPS,
  LONGEST,
  lettersOf,
  SHORTEST,
} from "../../../packages/worker/src/captions/cues.ts";
import { findFonts } from "../../../packages/worker/src/captions/fonts.ts";
import { clingsToNext } from "../../../packages/worker/src/captions/lines.ts";
import {
  type CaptionStyle,
  captionStyle,
  lackingCharacters,
} from "../../../packages/worker/src/captions/style.ts";
import {
  captionCorpus,
  SCRIPTS,
  type Utterance,
} from "../../../packages/worker/src/captions/testing-corpus.ts";
import { clipWords, lineText } from "../../../packages/worker/src/captions/words.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { shown } from "../page.ts";
import { originalLines } from "./original.ts";
import type { QualityRow } from "./report.ts";

export interface CaptionFigures {
  utterances: number;
  scripts: readonly string[];
  captions: number;
  lines: number;
  rows: QualityRow[];
}

const FPS = 30;
/** Other presets are measured on every n-th utterance. */
const SAMPLE = 10;

const WHAT: Readonly<Record<string, string>> = {
  "C1.width": "widest line with its outline, of 1080",
  "C1.outside": "farthest outside of the safe box",
  "C2.lines": "most lines of a caption",
  "C2.too_long": "lines that are too long",
  "C3.longest": "longest caption",
  "C3.too_short": "captions too short to be read that had time to stay",
  "C3.gap": "smallest gap between captions that do not touch",
  "C4.highlight": "most frames between a word and its highlight",
  "C4.onset": "longest time between a word and its caption",
  "C4.overlap": "longest overlap of two captions",
  "C5.too_fast": "captions over 25 characters a second that had time to stay",
  "C6.words": "words missing, twice or out of order",
  "C7.contrast": "least contrast",
  "C9.structure": "lines in the ASS file that are no caption of ours",
};

/**
 * Makes captions of a corpus in all presets and measures them.
 * @param utterances how many, each of 4 to 40 words and some 10 lines
 */
export async function measureCaptions({ utterances = 5000, seed = 6 } = {}): Promise<CaptionFigures> {
  const corpus = captionCorpus(utterances, seed);
  const said = [...new Set(corpus.flatMap(({ words }) => words.map(({ word }) => word)))].join(" ");
  const fonts = await findFonts(await lackingCharacters(said), null);
  const settings = readSettings({});
  const worst = new Map<string, CaptionCheck>();
  const all: Cue[] = [];
  const original = createOriginal();
  let missing = 0;
  for (const preset of CaptionPreset.options) {
    const style = await captionStyle(settings, { preset, fonts });
    const some = preset === "amber" ? corpus : corpus.filter((_, i) => i % SAMPLE === 0);
    for (const utterance of some) {
      const { words, cues } = captionsOf(utterance, style);
      const ass = captionsAss(cues, style, FPS);
      const { clipSeconds } = utterance;
      for (const check of captionChecks({ words, cues, style, ass, fps: FPS, clipSeconds }))
        worst.set(check.id, worse(worst.get(check.id), check));
      if (preset !== "amber") continue;
      for (const cue of cues) all.push(cue);
      original.add(utterance, style);
      missing += style.missing(lineText(words)).length;
    }
  }
  const lines = all.flatMap((cue) => cue.lines);
  const checked = [...worst.values()].map((check): QualityRow => {
    const { id, value, unit, pass, min, max } = check;
    const target = max === undefined ? `≥ ${min}` : `≤ ${max}`;
    return {
      id,
      what: WHAT[id] ?? id,
      value,
      unit,
      ...beside(id, original.figures()),
      target,
      pass,
    };
  });
  return {
    ...{ utterances, scripts: SCRIPTS, captions: all.length, lines: lines.length },
    rows: [...checked, ...shares(all, original.figures()), glyphRow(missing, fonts !== null)],
  };
}

function captionsOf({ words, clipSeconds }: Utterance, { fits, maxLines }: CaptionStyle) {
  const placed = clipWords(words, [{ start: 0, end: clipSeconds, clipStart: 0 }], clipSeconds, fits);
  return { words: placed, cues: captionCues(placed, { clipSeconds, maxLines, fits }) };
}

/** Counts of failures add up, other figures keep the worst. */
function worse(known: CaptionCheck | undefined, check: CaptionCheck): CaptionCheck {
  if (!known) return check;
  const isCount = check.max === 0 && check.unit !== "px" && check.unit !== "s";
  const [value, before] = [check.value ?? 0, known.value ?? 0];
  if (isCount) return { ...known, value: before + value, pass: known.pass && check.pass };
  const isWorse = check.min === undefined ? value > before : value < before;
  return { ...(isWorse ? check : known), pass: known.pass && check.pass };
}

const ONE_CAPTION = "an utterance was one caption, after which none comes";
const WHY_NOT: Readonly<Record<string, string>> = {
  "C3.too_short": ONE_CAPTION,
  "C3.gap": ONE_CAPTION,
  "C4.overlap": ONE_CAPTION,
  "C5.too_fast": ONE_CAPTION,
  "C4.onset": "a caption came with its segment, whenever its words were said",
  "C9.structure": "see C9.hostile",
};

function beside(
  id: string,
  original: ReadonlyMap<string, number>,
): Pick<QualityRow, "original" | "originalWhy"> {
  const why = WHY_NOT[id];
  return { original: original.get(id) ?? null, ...(why !== undefined && { originalWhy: why }) };
}

function shares(cues: Cue[], original: ReadonlyMap<string, number>): QualityRow[] {
  const share = (id: string, what: string, value: number, most: number): QualityRow => ({
    ...{ id, what, value, unit: "%", ...beside(id, original) },
    ...{ target: `≤ ${most}`, pass: value <= most },
  });
  const percent = (count: number) => (100 * count) / cues.length;
  const breaks = cues.flatMap(({ lines }) => lines.slice(0, -1).flatMap((line) => line.at(-1) ?? []));
  return [
    share(
      "C2.bad_breaks",
      "line breaks after an article, a conjunction or a preposition",
      (100 * breaks.filter(clingsToNext).length) / Math.max(1, breaks.length),
      10,
    ),
    share(
      "C3.outside",
      "captions under 0.83 s (0.5 s where speech is faster than 4 words a second) or over 3 s",
      percent(cues.filter(isOutside).length),
      0.5,
    ),
    share(
      "C5.hurried",
      "captions over 20 characters a second (a tenth of the corpus is said very fast)",
      percent(hurriedCues(cues)),
      10,
    ),
    share("C5.over", "captions over 25 characters a second", percent(cues.filter(isTooFast).length), 3),
  ];
}

const secondsOf = ({ start, end }: Cue) => end - start;
const isTooFast = (cue: Cue) => lettersOf(cue.lines) / secondsOf(cue) > FASTEST_CPS;
function isOutside(cue: Cue): boolean {
  const least = cue.lines.flat().length / secondsOf(cue) > 4 ? 0.5 : SHORTEST;
  return secondsOf(cue) < least - 1e-6 || secondsOf(cue) > LONGEST + 1e-6;
}

function glyphRow(missing: number, known: boolean): QualityRow {
  const what = known
    ? "characters without a font on this machine (told on each clip)"
    : "characters without a font: not known without fontconfig";
  return {
    id: "C9.missing",
    what,
    value: missing,
    unit: "characters",
    original: null,
    originalWhy: "nobody was told",
    target: "told",
    pass: true,
  };
}

/** Its colours were white, yellow and black; the ratio by WCAG 2.2. */
const YELLOW_ON_BLACK = 19.56;

/**
 * Captions as 1.x made them: one per segment of the transcript, its words filled into lines of 22 characters, of which the third takes
 * whatever is left; karaoke steps in hundredths that forget the spaces between lines (80 ms per line break, measured on its code).
 */
function createOriginal() {
  const lostPerBreak = 0.08;
  const worst = new Map<string, number>();
  const counts = { cues: 0, outside: 0, fast: 0, hurried: 0, breaks: 0, badBreaks: 0, words: 0 };
  const keep = (id: string, value: number) => worst.set(id, Math.max(worst.get(id) ?? 0, value));
  const add = ({ words, clipSeconds }: Utterance, style: CaptionStyle) => {
    const all = clipWords(words, [{ start: 0, end: clipSeconds, clipStart: 0 }], clipSeconds, () => true);
    const lines = originalLines(all, lineText);
    const width = Math.max(...lines.map((line) => style.widthOf(lineText(line)) + 2 * style.outline));
    const cue: Cue = { start: all[0]?.start ?? 0, end: all.at(-1)?.end ?? 0, lines };
    keep("C1.width", width);
    keep("C1.outside", Math.max(0, (style.width + width) / 2 - 930, 65 - (style.width - width) / 2));
    keep("C2.lines", lines.length);
    worst.set(
      "C2.too_long",
      (worst.get("C2.too_long") ?? 0) + lines.filter((line) => !style.fits(lineText(line))).length,
    );
    keep("C3.longest", secondsOf(cue));
    keep("C4.highlight", (lines.length - 1) * lostPerBreak * FPS);
    counts.cues += 1;
    counts.outside += Number(isOutside(cue));
    counts.fast += Number(isTooFast(cue));
    counts.hurried += hurriedCues([cue]);
    const breaks = lines.slice(0, -1).flatMap((line) => line.at(-1) ?? []);
    counts.breaks += breaks.length;
    counts.badBreaks += breaks.filter(clingsToNext).length;
    counts.words += Math.abs(all.length - lines.flat().length);
  };
  const figures = () => {
    const percent = (count: number) => (100 * count) / Math.max(1, counts.cues);
    return new Map([
      ...worst,
      ["C2.bad_breaks", (100 * counts.badBreaks) / Math.max(1, counts.breaks)],
      ["C6.words", counts.words],
      ["C7.contrast", YELLOW_ON_BLACK],
      ["C3.outside", percent(counts.outside)],
      ["C5.hurried", percent(counts.hurried)],
      ["C5.over", percent(counts.fast)],
    ]);
  };
  return { add, figures };
}

if (import.meta.main) {
  const figures = await measureCaptions({ utterances: Number(process.argv[2] ?? 5000) });
  console.log(
    `${figures.utterances} utterances in ${figures.scripts.length} scripts: ${figures.captions} captions, ${figures.lines} lines`,
  );
  for (const { id, what, value, unit, original, target, pass } of figures.rows) {
    const before = original === null ? "" : ` (1.x: ${shown(original)})`;
    console.log(
      `${pass ? "ok  " : "FAIL"} ${id.padEnd(16)} ${shown(value)} ${unit}${before}, ${target}: ${what}`,
    );
  }
}
