import { visibleText } from "./segments.ts";

/** One word of a subtitle line; `at` (seconds) where the file stamps the word itself. */
export interface CueWord {
  word: string;
  at?: number;
}
/** A subtitle: what stands on the screen from `start` to `end` (seconds). */
export interface Cue {
  start: number;
  end: number;
  words: CueWord[];
}

const MAX_CHARACTERS = 20_000_000;
const MAX_CUES = 100_000;
const MAX_CUE_CHARACTERS = 2000;

const TIMING = /^\s*([\d:.,]{5,16})[ \t]+-->[ \t]+([\d:.,]{5,16})(?:\s|$)/;
const TIME = /^(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})$/;
const TAG = /<([^<>]{0,200})>/g;
/** What marks a new speaker at the beginning of a line: "- Yes", ">> Yes". */
const SPEAKER_MARK =
  /(^|\n)((?:<[^<>\n]{0,200}>|\{\\[^{}\n]{0,200}\}|[ \t])*)(?:-|–|>>+|(?:&gt;)+)(?=[\s<\p{L}])/gu;
const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  lrm: "",
  rlm: "",
};

/**
 * The subtitles of a WebVTT or SRT file in order of time, without tags, positions, speaker marks and what cannot be read.
 * Both formats are read by the same rules, for files are often the one and named the other. Never throws.
 */
export function parseCues(text: string): Cue[] {
  const cues: Cue[] = [];
  let timing: { start: number; end: number } | undefined;
  let lines: string[] = [];
  const close = () => {
    if (timing) {
      const words = cueWords(lines.join("\n").slice(0, MAX_CUE_CHARACTERS).replace(SPEAKER_MARK, "$1$2 "));
      if (words.length > 0) cues.push({ ...timing, words });
    }
    timing = undefined;
    lines = [];
  };
  for (const line of text.slice(0, MAX_CHARACTERS).split(/\r\n|\r|\n/)) {
    if (line.includes("-->")) {
      // SRT without empty lines between: the line before is the next one's number
      if (/^\d+$/.test(lines.at(-1)?.trim() ?? "")) lines.pop();
      close();
      timing = timingOf(line);
      if (cues.length >= MAX_CUES) break;
    } else if (line.trim() === "") {
      // YouTube writes a line of one space for an empty upper row; only a line of nothing ends a cue
      if (line === "") close();
    } else if (timing && lines.length < 100) lines.push(line);
  }
  close();
  return cues.sort((a, b) => a.start - b.start);
}

function timingOf(line: string): { start: number; end: number } | undefined {
  const [, from = "", to = ""] = TIMING.exec(line) ?? [];
  const [start, end] = [seconds(from), seconds(to)];
  return start !== undefined && end !== undefined && end > start ? { start, end } : undefined;
}

function seconds(text: string): number | undefined {
  const [, hours = "0", minutes, whole, fraction] = TIME.exec(text) ?? [];
  if (minutes === undefined || whole === undefined || fraction === undefined) return undefined;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(`${whole}.${fraction.padEnd(3, "0")}`);
}

/** Words of a cue's text; a tag with a time in it stamps the word that follows. */
function cueWords(text: string): CueWord[] {
  const words: CueWord[] = [];
  let at: number | undefined;
  let glued = false; // a tag in the middle of a word does not end it
  const add = (piece: string) => {
    const plain = decoded(piece).replace(/\{\\[^{}]{0,200}\}/g, ""); // SRT files carry positions of ASS: {\an8}
    const startsNew = /^\s/.test(plain) || at !== undefined;
    for (const [index, word] of visibleText(plain).split(" ").entries()) {
      if (!word) continue;
      const last = words.at(-1);
      if (index === 0 && glued && !startsNew && last) last.word += word;
      else words.push(at === undefined ? { word } : { word, at });
      at = undefined;
    }
    if (plain !== "") glued = !/\s$/.test(plain);
  };
  let from = 0;
  for (const match of text.matchAll(TAG)) {
    add(text.slice(from, match.index));
    at = seconds(match[1] ?? "") ?? at;
    from = match.index + match[0].length;
  }
  add(text.slice(from));
  return words;
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,5}));/gi, (all, decimal, hex, name) => {
    if (name) return ENTITIES[String(name).toLowerCase()] ?? all;
    const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : "";
  });
}
