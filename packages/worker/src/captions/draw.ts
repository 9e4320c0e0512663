import type { Cue } from "./cues.ts";
import { PLATE_SIDE } from "./looks.ts";
import { cleanText } from "./sanitize.ts";
import type { CaptionStyle } from "./style.ts";
import type { CaptionWord } from "./words.ts";

/** A line of an ASS file; clip seconds. */
export interface CaptionEvent {
  layer: number;
  start: number;
  end: number;
  text: string;
}

/** A stretch of the clip, seconds. */
interface Span {
  start: number;
  end: number;
}

/** A line, and the pixels below it; 0: those of the style. */
interface PlacedEvent extends CaptionEvent {
  margin: number;
}

/**
 * Brings a time to the frame nearest to it, and there between that frame and the one before: ASS counts hundredths, which no frame
 * rate meets, so a time on the frame itself would fall on one side of it or the other.
 */
export function frameTimes(fps: number): (seconds: number) => number {
  return (seconds) => Math.max(0, (Math.round(seconds * fps) - 0.5) / fps);
}

const fixed = (pixels: number) => pixels.toFixed(2);

/** `#RRGGBB` as ASS writes it, blue first. */
export const assColour = (colour: string): string =>
  `${colour.slice(5, 7)}${colour.slice(3, 5)}${colour.slice(1, 3)}`.toUpperCase();

/** What is drawn of the captions, in the order of their times. */
export function captionEvents(cues: Cue[], style: CaptionStyle): CaptionEvent[] {
  return cues.flatMap((cue) => {
    if (style.shows === "nothing") return [wholeCue(cue, style)];
    if (style.shows === "words") return wordByWord(cue, style);
    return spokenWords(cue, style);
  });
}

/** Less than this is not worth a jump, seconds. */
const SHORTEST_PLACE = 0.15;

/**
 * What is drawn of the captions, and where: in their place, or on the seam while the frame is split into halves, where they cover nobody's face.
 * One that stands when the layout changes moves with it; a word that pops up stays where it is for most of its time. Pure.
 * @param splits when the frame is split, clip seconds
 */
export function placedEvents(cues: Cue[], style: CaptionStyle, splits: readonly Span[]): PlacedEvent[] {
  return cues.flatMap((cue) => {
    const seam = seamMargin(cue, style);
    const onSeam = captionEvents([cue], { ...style, marginV: seam });
    return captionEvents([cue], style).flatMap((event, i) =>
      placesOf(event, style.shows === "words" ? [] : splits).map((span) =>
        isMostly(span, splits)
          ? { ...(onSeam[i] ?? event), ...span, margin: seam }
          : { ...event, ...span, margin: 0 },
      ),
    );
  });
}

/** The parts of an event's time between which the layout changes. */
function placesOf({ start, end }: Span, splits: readonly Span[]): Span[] {
  const times = [start];
  for (const time of splits.flatMap((split) => [split.start, split.end]).toSorted((a, b) => a - b))
    if (time - (times.at(-1) ?? start) >= SHORTEST_PLACE && end - time >= SHORTEST_PLACE) times.push(time);
  const spans = times.map((time, i) => ({ start: time, end: times[i + 1] ?? end }));
  return spans.reduce<Span[]>((parts, span) => {
    const last = parts.at(-1);
    if (last && isMostly(last, splits) === isMostly(span, splits)) last.end = span.end;
    else parts.push(span);
    return parts;
  }, []);
}

/** Whether more than half of the time lies within the spans. */
function isMostly({ start, end }: Span, spans: readonly Span[]): boolean {
  const inside = spans.map((span) => Math.max(0, Math.min(end, span.end) - Math.max(start, span.start)));
  return inside.reduce((sum, seconds) => sum + seconds, 0) * 2 > end - start;
}

/** Brings the middle of a caption to the middle of the frame. */
const seamMargin = ({ lines }: Cue, { height, fontSize, shows }: CaptionStyle) =>
  Math.round((height - (shows === "words" ? 1 : lines.length) * fontSize) / 2);

/** Softens the shadow; letters keep their edge. A strip has neither. */
const blurOf = ({ fontSize, strip }: CaptionStyle) => (strip ? "" : `{\\blur${fixed(fontSize / 48)}}`);

function wholeCue({ start, end, lines }: Cue, style: CaptionStyle): CaptionEvent {
  const text = lines.map((line) => drawnLine(line, style, () => null)).join("\\N");
  return { layer: 0, start, end, text: `${blurOf(style)}${text}` };
}

/** One event per word, which shows the whole caption with that word lit up until the next one is spoken. Only colours change, so lines stand still. */
function spokenWords({ end, lines }: Cue, style: CaptionStyle): CaptionEvent[] {
  const words = lines.flat();
  return words.flatMap((spoken, i): CaptionEvent[] => {
    const times = { start: spoken.start, end: words[i + 1]?.start ?? end };
    const plate = style.shows === "plate" ? plateBehind(spoken, lines, style) : null;
    const lit = (word: CaptionWord) => {
      if (plate !== null) return null;
      return word === spoken || (style.shows === "said" && words.indexOf(word) < i) ? litBy(style) : null;
    };
    const text = `${blurOf(style)}${lines.map((line) => drawnLine(line, style, lit)).join("\\N")}`;
    if (plate === null) return [{ layer: 0, ...times, text }];
    return [
      { layer: 0, ...times, text: plate },
      { layer: 1, ...times, text },
    ];
  });
}

/** What comes before a lit word and after it. */
type Lit = readonly [on: string, off: string];

function litBy({ shows, colours, outline }: CaptionStyle): Lit {
  const [text, highlight, edge] = [colours.text, colours.highlight, colours.outline].map(assColour);
  if (shows !== "plate") return [`{\\1c&H${highlight}&}`, `{\\1c&H${text}&}`];
  // where no plate can be laid, the outline takes its colour and grows a little
  return [`{\\3c&H${highlight}&\\bord${fixed(outline * 1.6)}}`, `{\\3c&H${edge}&\\bord${fixed(outline)}}`];
}

function drawnLine(line: CaptionWord[], style: CaptionStyle, lit: (word: CaptionWord) => Lit | null): string {
  return line
    .map((word, at) => {
      const text = drawnText(word, style);
      const lead = at === 0 || word.glued || text === "" ? "" : " ";
      const [on, off] = lit(word) ?? ["", ""];
      return `${lead}${on}${withFonts(text, style)}${off}`;
    })
    .join("");
}

const drawnText = ({ text }: CaptionWord, style: CaptionStyle) => style.drawn(cleanText(text));

/** Names the font of what the look's own cannot draw. Left to itself libass takes any font that has the letters. */
function withFonts(text: string, style: CaptionStyle): string {
  return style
    .runs(text)
    .map((run) => (run.font === null ? run.text : `{\\fn${run.font}}${run.text}{\\fn}`))
    .join("");
}

/** Words that are on screen for less than this are shown together with the next one, seconds. */
const SHORTEST_WORD = 0.24;
/** How far a word grows past its size when it comes, and how long that takes, ms. */
const OVERSHOOT = 1.06;
const [GROW_MS, SETTLE_MS] = [70, 130];

/** Only the spoken word, as large as fits, which pops up. */
function wordByWord({ end, lines }: Cue, style: CaptionStyle): CaptionEvent[] {
  const groups: CaptionWord[][] = [];
  const words = lines.flat();
  for (const [i, word] of words.entries()) {
    const group = groups.at(-1);
    const isShort = group?.[0] && word.start - group[0].start < SHORTEST_WORD;
    const isLastAndShort = i === words.length - 1 && end - word.start < SHORTEST_WORD;
    if (group && (isShort || isLastAndShort) && group.length < 3) group.push(word);
    else groups.push([word]);
  }
  return groups.map((group, i) => {
    const text = drawnLine(group, style, () => null);
    const plain = group.map((word, at) => `${at === 0 || word.glued ? "" : " "}${word.text}`).join("");
    const share = Math.min(1, style.maxWidth / OVERSHOOT / Math.max(1, style.widthOf(plain)));
    const size = (part: number) => `\\fscx${fixed(100 * part)}\\fscy${fixed(100 * part)}`;
    const pop = `${size(0.82 * share)}\\t(0,${GROW_MS},${size(OVERSHOOT * share)})\\t(${GROW_MS},${SETTLE_MS},${size(share)})`;
    return {
      layer: 0,
      start: group[0]?.start ?? 0,
      end: groups[i + 1]?.[0]?.start ?? end,
      text: `{\\blur${fixed(style.fontSize / 48)}${pop}}${text}`,
    };
  });
}

/** How far a plate reaches past its word, shares of the font's size, and how round its corners are. */
const PLATE = { side: PLATE_SIDE, top: 0.03, foot: 0, radius: 0.2 };

/**
 * A plate in the place where libass draws a word, which is known where the line runs from left to right in the look's own font.
 * @returns null where it is not
 */
function plateBehind(spoken: CaptionWord, lines: CaptionWord[][], style: CaptionStyle): string | null {
  const row = lines.findIndex((line) => line.includes(spoken));
  const line = lines[row] ?? [];
  const before = line.slice(0, line.indexOf(spoken));
  const plain = (words: CaptionWord[]) =>
    words.reduce((text, word) => {
      const drawn = drawnText(word, style);
      return text + (text === "" || word.glued || drawn === "" ? "" : " ") + drawn;
    }, "");
  const whole = plain(lines.flat());
  const word = drawnText(spoken, style);
  if (word === "" || !style.canDraw(whole) || RIGHT_TO_LEFT.test(whole)) return null;

  const { width, height, marginV, fontSize, widthOf, colours } = style;
  const gap = before.length === 0 || spoken.glued ? "" : " ";
  const left = (width - widthOf(plain(line))) / 2 + widthOf(plain(before) + gap) - PLATE.side * fontSize;
  const top = height - marginV - (lines.length - row) * fontSize - PLATE.top * fontSize;
  const w = widthOf(word) + 2 * PLATE.side * fontSize;
  const h = fontSize * (1 + PLATE.top + PLATE.foot);
  const shape = roundedPath(w, h, PLATE.radius * fontSize);
  return `{\\an7\\pos(${fixed(left)},${fixed(top)})\\bord0\\shad0\\1c&H${assColour(colours.highlight)}&\\p1}${shape}`;
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/u;

function roundedPath(w: number, h: number, r: number): string {
  const k = 0.45 * r; // from a corner to a curve's handle: close to a quarter of a circle
  const at = (x: number, y: number) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return [
    `m ${at(r, 0)} l ${at(w - r, 0)} b ${at(w - k, 0)} ${at(w, k)} ${at(w, r)}`,
    `l ${at(w, h - r)} b ${at(w, h - k)} ${at(w - k, h)} ${at(w - r, h)}`,
    `l ${at(r, h)} b ${at(k, h)} ${at(0, h - k)} ${at(0, h - r)}`,
    `l ${at(0, r)} b ${at(0, k)} ${at(k, 0)} ${at(r, 0)}`,
  ].join(" ");
}
