import type { CaptionLine, EdlClip, TranslateAnswer, TranslateInput, Word } from "@kangklip/contract";
import { endsClause, endsSentence } from "./lines.ts";
import { clipWords, lineText, splitUnspaced } from "./words.ts";

/** A line ends at a clause from this many characters on, … */
const CLAUSE_CHARACTERS = 36;
/** … and in any case before it is longer, characters and seconds: what is translated must be read while it is heard. */
const LINE_CHARACTERS = 84;
const LINE_SECONDS = 6;
/** A pause that ends a line, seconds. */
const PAUSE = 0.5;
/** What is asked in one go: a model answers so many in some ten seconds; fewer than `TranslateInput` allows. */
const LINES_AT_ONCE = 40;
/** Of one line (`TranslateInput`). */
const TEXT_LIMIT = 400;
/** A clip with a larger share of lines in the spoken language stays in it: half of each is worse than either. */
const MOST_LACKING = 1 / 3;
/** Different lines that all came back as this text: that is no translation. */
const SAME_LIMIT = 3;
/** A line may stand longer than it is spoken, seconds, until it can be read (characters a second). */
const STAYS = 1;
const READ_CPS = 17;

type Ask = (input: Omit<TranslateInput, "job_id" | "epoch">) => Promise<TranslateAnswer>;

/** A line of a clip: words `first` to `last` (both included), by the clip's own time. */
interface Line {
  id: string;
  text: string;
  start: number;
  end: number;
}

export interface Translated {
  clips: EdlClip[];
  /** Lines in all, and those that stayed as they were. */
  lines: number;
  kept: number;
  answers: TranslateAnswer[];
  /** What `ask` threw: from then on nothing was asked for. */
  failure?: unknown;
}

/**
 * Captions in another language: the words of each clip are sent as lines, and those of the translation are spread over the time in
 * which the line is spoken, by length. No time of a word is known any more (`words_timing` "line"). What does not come back is asked
 * for once more and then stays as it was spoken; a clip of which a third stays, stays whole.
 * @param isForPeople whether a line may be shown to a model, `usable` what of its answer may be shown to people; undefined: nothing
 */
export async function translatedClips(options: {
  clips: readonly EdlClip[];
  language: string;
  ask: Ask;
  isForPeople(line: string): boolean;
  usable(text: string): string | undefined;
}): Promise<Translated> {
  const { clips, language, ask, isForPeople, usable } = options;
  const linesOf = new Map(clips.map((clip) => [clip, captionLines(clip)]));
  const all = [...linesOf.values()].flat();
  const asked = all.filter(({ text }) => isForPeople(text)).map(({ id, text }) => ({ id, text }));
  const found = new Map<string, string>();
  const answers: TranslateAnswer[] = [];
  let failure: unknown;
  try {
    for (let round = 0; round < 2; round++) {
      const open = asked.filter(({ id }) => !found.has(id));
      for (let at = 0; at < open.length; at += LINES_AT_ONCE) {
        const lines = open.slice(at, at + LINES_AT_ONCE);
        const answer = await ask({ language, lines });
        answers.push(answer);
        take(found, lines, answer, usable);
      }
    }
  } catch (error) {
    failure = error;
  }
  withoutSame(found, asked);
  let kept = 0;
  const translated = clips.map((clip) => {
    const lines = linesOf.get(clip) ?? [];
    const lacking = lines.filter(({ id }) => !found.has(id)).length;
    const isTranslated = lines.length > 0 && lacking < lines.length && lacking <= MOST_LACKING * lines.length;
    kept += isTranslated ? lacking : lines.length;
    return isTranslated
      ? { ...clip, words: wordsFrom(clip, lines, found), words_timing: "line" as const }
      : clip;
  });
  return { clips: translated, lines: all.length, kept, answers, failure };
}

/** Keeps what answers a line that was asked for and has no answer yet. */
function take(
  found: Map<string, string>,
  lines: readonly CaptionLine[],
  answer: TranslateAnswer,
  usable: (text: string) => string | undefined,
) {
  const open = new Set(lines.map(({ id }) => id));
  for (const { id, text } of answer.lines) {
    const line = open.delete(id) ? usable(text) : undefined;
    if (line) found.set(id, line);
  }
}

function withoutSame(found: Map<string, string>, asked: readonly CaptionLine[]) {
  const originals = new Map(asked.map(({ id, text }) => [id, text]));
  const from = new Map<string, Set<string>>();
  for (const [id, text] of found)
    from.set(text, (from.get(text) ?? new Set()).add((originals.get(id) ?? "").toLowerCase()));
  for (const [id, text] of found) if ((from.get(text)?.size ?? 0) > SAME_LIMIT) found.delete(id);
}

/** Where each segment begins in the clip, seconds. */
function placesOf({ segments }: Pick<EdlClip, "segments">) {
  let at = 0;
  return segments.map(({ start, end }) => {
    const place = { start, end, at };
    at += end - start;
    return place;
  });
}

/** What is said in a clip, line by line: from sentence to sentence, long ones at clauses and pauses. */
export function captionLines(clip: Pick<EdlClip, "index" | "segments" | "words">): Line[] {
  const places = placesOf(clip);
  const spans = places.map(({ start, end, at }) => ({ start, end, clipStart: at }));
  const last = places.at(-1);
  const clipSeconds = last ? last.at + last.end - last.start : 0;
  const words = clipWords(clip.words, spans, clipSeconds, () => true);
  const lines: Line[] = [];
  let first = 0;
  for (const [index, word] of words.entries()) {
    const next = words[index + 1];
    const line = words.slice(first, index + 1);
    const text = lineText(line);
    const start = line[0]?.start ?? 0;
    const isLong =
      next && (lineText([...line, next]).length > LINE_CHARACTERS || next.end - start > LINE_SECONDS);
    const isClause = endsClause(word) && text.length >= CLAUSE_CHARACTERS;
    if (next && !endsSentence(word) && !isLong && !isClause && next.start - word.end < PAUSE) continue;
    lines.push({
      id: `${clip.index}.${lines.length + 1}`,
      text: text.slice(0, TEXT_LIMIT),
      start,
      end: word.end,
    });
    first = index + 1;
  }
  return lines;
}

/** The words of the translation, spread over the time of their lines, on the source's timeline. */
function wordsFrom(clip: EdlClip, lines: readonly Line[], found: ReadonlyMap<string, string>): Word[] {
  const places = placesOf(clip);
  return lines.flatMap((line, index) => {
    const text = found.get(line.id) ?? line.text;
    const pieces = text
      .split(/\s+/u)
      .filter(Boolean)
      .flatMap((word) => splitUnspaced(word));
    const letters = pieces.reduce((sum, piece) => sum + piece.text.length, 0);
    const room = Math.max(line.end, lines[index + 1]?.start ?? line.end);
    const end = Math.min(
      room,
      Math.max(line.end, Math.min(line.end + STAYS, line.start + letters / READ_CPS)),
    );
    let read = 0;
    return pieces.map((piece): Word => {
      const at = line.start + ((end - line.start) * read) / letters;
      read += piece.text.length;
      const until = line.start + ((end - line.start) * read) / letters;
      return { word: piece.text, ...inSource(places, at, until) };
    });
  });
}

/** A time of the clip on the source's timeline; a word belongs to the segment that holds its middle. */
function inSource(
  places: ReturnType<typeof placesOf>,
  at: number,
  until: number,
): { start: number; end: number } {
  const middle = (at + until) / 2;
  const place = places.findLast((one) => one.at <= middle) ?? places[0];
  if (!place) return { start: at, end: until };
  const inside = (seconds: number) =>
    Math.min(place.end, Math.max(place.start, place.start + seconds - place.at));
  return { start: thousandths(inside(at)), end: thousandths(inside(until)) };
}

const thousandths = (seconds: number) => Math.round(seconds * 1000) / 1000;
