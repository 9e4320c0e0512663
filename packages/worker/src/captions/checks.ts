import { contrastPairs, LEAST_CONTRAST } from "@kangklip/contract";
import { type Cue, EASY_CPS, FASTEST_CPS, LONGEST, lettersOf, SHORTEST } from "./cues.ts";
import { placedEvents } from "./draw.ts";
import type { CaptionStyle } from "./style.ts";
import { type CaptionWord, lineText } from "./words.ts";

/** One figure of a clip's captions beside what it may be, as qc.json has it. */
export interface CaptionCheck {
  id: string;
  value: number;
  unit: string;
  min?: number;
  max?: number;
  pass: boolean;
}

/** Above this many words a second a caption of half a second is allowed. */
const FAST_WORDS = 4;
const SHORTEST_FAST = 0.5;
const EPSILON = 1e-6;
/** Seconds between a word and its caption. */
const LATEST_ONSET = 0.08;
/** Share of the picture's width that text may take, and pixels of 1080 and 1920 between which it must stay. */
const WIDEST = 0.8;
const BOX = { left: 65, right: 930, foot: 1440, strictFoot: 1248 };

export interface CaptionsToCheck {
  /** What is heard, as `clipWords` gives it. */
  words: CaptionWord[];
  cues: Cue[];
  style: CaptionStyle;
  /** captions.ass, as it is drawn into the picture. */
  ass: string;
  fps: number;
  clipSeconds: number;
  /** When the frame is split into halves, clip seconds; left out: never. */
  splits?: { start: number; end: number }[];
}

/** Measures captions against what they must hold (C1-C7, C9). What an operator set of the sizes is measured as he set it. */
export function captionChecks(captions: CaptionsToCheck): CaptionCheck[] {
  const { words, cues, style, clipSeconds } = captions;
  const texts = cues.flatMap((cue) => cue.lines.map(lineText));
  const gaps = cues.slice(1).flatMap((cue, i) => {
    const gap = cue.start - (cues[i]?.end ?? 0);
    return gap > EPSILON ? [gap * captions.fps] : [];
  });
  const pairs = contrastPairs(style.preset, style.colours);
  return [
    ...boxChecks(cues, style),
    atMost("C2.lines", most(cues.map((cue) => cue.lines.length)), style.maxLines, "lines"),
    atMost("C2.too_long", texts.filter((text) => !style.fits(text)).length, 0, "lines"),
    atMost("C3.longest", most(cues.map(secondsOf)), LONGEST, "s"),
    atMost("C3.too_short", cues.filter((_, i) => isTooShort(cues, i, clipSeconds)).length, 0, "captions"),
    atLeast("C3.gap", least(gaps), 2, "frames"),
    ...timeChecks(captions),
    atMost("C5.too_fast", cues.filter((_, i) => isTooFast(cues, i, clipSeconds)).length, 0, "captions"),
    atMost("C6.words", misplaced(words, cues), 0, "words"),
    atLeast("C7.contrast", least(pairs.map(({ ratio }) => ratio)), LEAST_CONTRAST, ":1"),
  ];
}

const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), 0);
const least = (values: number[]) => values.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

function atMost(id: string, value: number, max: number, unit: string): CaptionCheck {
  return { id, value, unit, max, pass: value <= max + EPSILON };
}

function atLeast(id: string, value: number, min: number, unit: string): CaptionCheck {
  return { id, value, unit, min, pass: value >= min - EPSILON };
}

/** Where captions of an output size stay, in its pixels: the apps' own buttons lie around it. */
export function safeBox({ width, height, preset }: Pick<CaptionStyle, "width" | "height" | "preset">) {
  const [left, right] = [BOX.left, BOX.right].map((x) => (x * width) / 1080) as [number, number];
  return { left, right, foot: ((preset === "strict" ? BOX.strictFoot : BOX.foot) * height) / 1920 };
}

function boxChecks(cues: Cue[], style: CaptionStyle): CaptionCheck[] {
  const { width, height, marginV, outline, strip } = style;
  const widths = drawnWidths(cues, style);
  const { left, right, foot } = safeBox(style);
  const beside = widths.map((w) => Math.max(0, left - (width - w) / 2, (width + w) / 2 - right));
  const below = Math.max(0, height - marginV + (strip ? outline : 0) - foot);
  return [
    atMost("C1.width", most(widths), WIDEST * width, "px"),
    atMost("C1.outside", Math.max(below, most(beside)), 0, "px"),
  ];
}

/** Pixels of each line as it is drawn, with all that reaches past it; single words where only they are. */
function drawnWidths(cues: Cue[], { shows, widthOf, maxWidth, reach }: CaptionStyle): number[] {
  const around = 2 * reach;
  return cues.flatMap(({ lines }) =>
    shows === "words"
      ? lines.flat().map(({ text }) => Math.min(maxWidth, widthOf(text)) + around)
      : lines.map((line) => widthOf(lineText(line)) + around),
  );
}

/** What the file says beside what should be seen when. */
function timeChecks({ cues, style, ass, fps, splits = [] }: CaptionsToCheck): CaptionCheck[] {
  const events = eventsOf(ass);
  const expected = placedEvents(cues, style, splits);
  // a change between two frames is seen on the later one
  const frameOf = (seconds: number) => Math.max(0, Math.ceil(seconds * fps - EPSILON));
  const offBy = expected.map(({ start }, i) => Math.abs(frameOf(events[i]?.start ?? 0) - start * fps));
  const onsets = cues.map((cue) =>
    least(events.map(({ start }) => Math.abs(frameOf(start) / fps - cue.start))),
  );
  const overlaps = events.slice(1).map(({ start, layer }, i) => {
    const before = events[i];
    return before && before.layer === layer ? before.end - start : 0;
  });
  const strange = Math.abs(events.length - expected.length) + foreignLines(ass);
  return [
    atMost("C4.highlight", most(offBy), 1, "frames"),
    atMost("C4.onset", most(onsets), LATEST_ONSET, "s"),
    atMost("C4.overlap", most(overlaps), 0, "s"),
    atMost("C9.structure", strange, 0, "lines"),
  ];
}

/** The third margin is that of captions on the seam of a split picture. */
const EVENT = /^Dialogue: (\d),([\d:.]+),([\d:.]+),Caption,,0,0,\d+,,/;

/** An ASS file's events, as the program that draws them reads them. */
function eventsOf(ass: string): { layer: string; start: number; end: number }[] {
  const seconds = (time: string) => time.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
  return ass.split("\n").flatMap((line) => {
    const [, layer = "", start = "", end = ""] = EVENT.exec(line) ?? [];
    return start ? [{ layer, start: seconds(start), end: seconds(end) }] : [];
  });
}

/** Lines after the head of the events that are no event of ours. */
function foreignLines(ass: string): number {
  const lines = ass.split("\n");
  const events = lines.slice(lines.indexOf("[Events]") + 2).filter((line) => line !== "");
  return events.filter((line) => !EVENT.test(line)).length;
}

const secondsOf = ({ start, end }: Cue) => end - start;

/** Shorter than can be read, though its words were not faster than that and it had time left. */
function isTooShort(cues: Cue[], i: number, clipSeconds: number): boolean {
  const cue = cues[i];
  if (!cue || secondsOf(cue) >= SHORTEST - EPSILON) return false;
  const isFast = cue.lines.flat().length / secondsOf(cue) > FAST_WORDS;
  if (isFast && secondsOf(cue) >= SHORTEST_FAST - EPSILON) return false;
  return timeLeft(cues, i, clipSeconds) > EPSILON;
}

/** More characters a second than anybody reads, though there was time to stay. */
function isTooFast(cues: Cue[], i: number, clipSeconds: number): boolean {
  const cue = cues[i];
  if (!cue || lettersOf(cue.lines) / secondsOf(cue) <= FASTEST_CPS) return false;
  return timeLeft(cues, i, clipSeconds) > EPSILON && secondsOf(cue) < LONGEST - EPSILON;
}

const timeLeft = (cues: Cue[], i: number, clipSeconds: number) =>
  (cues[i + 1]?.start ?? clipSeconds) - (cues[i]?.end ?? clipSeconds);

/** Captions that ask for more than is read at ease; a warning, not a fault: people talk as fast as they do. */
export const hurriedCues = (cues: Cue[]): number =>
  cues.filter((cue) => lettersOf(cue.lines) / secondsOf(cue) > EASY_CPS).length;

/** Words that are not on screen once, in their order, from their time on. */
function misplaced(words: CaptionWord[], cues: Cue[]): number {
  const shown = cues.flatMap(({ lines }) => lines.flat());
  const wrong = words.filter(
    (word, i) => shown[i]?.text !== word.text || shown[i].start !== word.start,
  ).length;
  return wrong + Math.max(0, shown.length - words.length);
}
