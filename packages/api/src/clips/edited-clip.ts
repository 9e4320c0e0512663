import { isDeepStrictEqual } from "node:util";
import { type ClipEdit, type EdlClip, KangKlipError, type Segment, type Word } from "@kangklip/contract";
import { partsOf } from "./cut.ts";

// what an edit makes of a clip; all pure, times in seconds of the source

/** What is known of the clip that is edited. */
export interface Ground {
  /** As the edited revision has it. */
  clip: EdlClip;
  /** All words that were heard in the video; undefined: the job kept no transcript. */
  spoken: readonly Word[] | undefined;
  /** The length of the video; null: not known. */
  sourceSeconds: number | null;
}

const FIELDS = ["title", "hook", "segments", "words", "caption_preset", "captions", "overrides"] as const;
type Span = Pick<Segment, "start" | "end">;

/**
 * The clip with the changes that were asked for, as revision `revision`. What is cut lies between words afterwards, and words stay
 * in the captions with the texts that were corrected before. Score and reason stay; the framing stays where the cut does: wishes for the picture are laid over it.
 * @returns the names of what is different, too @throws KangKlipError INVALID_INPUT where the edit cannot be, or changes nothing;
 * CONFLICT where it needs a transcript and there is none
 */
export function editedClip(
  ground: Ground,
  edit: ClipEdit,
  revision: number,
): { clip: EdlClip; changed: string[] } {
  const { clip } = ground;
  const { caption_preset = clip.caption_preset, captions = clip.captions, overrides = clip.overrides } = edit;
  const unordered = overrides.findIndex(({ from, to }) => to <= from);
  if (unordered >= 0) throw wrong(`Wish ${unordered + 1} for the picture ends before it begins`);
  const spans = edit.segments ? partsOf(ground, edit.segments) : clip.segments;
  const isCut = !isDeepStrictEqual(spans.map(bare), clip.segments.map(bare));
  const segments = isCut
    ? spans.map((span) => ({ ...bare(span), text: textOf(ground, span) }))
    : clip.segments;
  const next: EdlClip = {
    ...clip,
    title: edit.title ?? clip.title,
    hook: edit.hook ?? clip.hook,
    segments,
    words: edit.words
      ? givenWords(edit.words, clip, segments)
      : isCut
        ? carriedWords(ground, segments)
        : clip.words,
    ...(caption_preset && { caption_preset }),
    ...(captions !== undefined && { captions }),
    overrides,
    framing: isCut ? [] : clip.framing,
    revision,
  };
  const changed = FIELDS.filter(
    (name) => edit[name] !== undefined && !isDeepStrictEqual(next[name], clip[name]),
  );
  if (changed.length === 0) throw wrong("The clip is like that already");
  return { clip: next, changed };
}

/** The words of the video that are said within the spans, as captions. */
export const wordsWithin = (spoken: readonly Word[], spans: readonly Span[]): Word[] => within(spoken, spans);

/** Where a clip is cut otherwise: what it had stays as it was corrected, or left out; what is new is as it was heard. */
function carriedWords({ clip, spoken = [] }: Ground, spans: readonly Span[]): Word[] {
  const added = spoken.filter((word) => !spanOf(word, clip.segments));
  return within([...clip.words, ...added], spans);
}

/** Words that somebody wrote, in order, each within what is cut; those of other places are left out. */
function givenWords(given: readonly Word[], clip: EdlClip, spans: readonly Span[]): Word[] {
  const backwards = given.findIndex(({ start, end }) => end < start);
  if (backwards >= 0) throw wrong(`Word ${backwards + 1} ends before it begins`);
  const before = new Map(clip.words.map((word) => [keyOf(word), word]));
  // who leaves a word as it is does not make it less sure
  const words = within(given.map((word) => before.get(keyOf(word)) ?? word).toSorted(byStart), spans);
  if (words.length === 0 && given.length > 0)
    throw wrong("None of the words is in the clip: their times are seconds of the video");
  return words;
}

const keyOf = ({ word, start, end }: Word) => JSON.stringify([word, start, end]);
const byStart = (a: Span, b: Span) => a.start - b.start || a.end - b.end;
const bare = ({ start, end }: Span): Span => ({ start, end });

/** The words that lie in a span for the better half, in order, none over the next one or over the span's ends. */
function within(words: readonly Word[], spans: readonly Span[]): Word[] {
  const placed = words
    .flatMap((word): Word[] => {
      const span = spanOf(word, spans);
      if (!span) return [];
      return [{ ...word, start: Math.max(word.start, span.start), end: Math.min(word.end, span.end) }];
    })
    .toSorted(byStart);
  return placed.map((word, index) => {
    const next = placed[index + 1]?.start ?? word.end;
    return word.end > next ? { ...word, end: next } : word;
  });
}

const spanOf = <T extends Span>({ start, end }: Span, spans: readonly T[]): T | undefined => {
  const middle = (start + end) / 2;
  return spans.find((span) => middle >= span.start && middle < span.end);
};

/** What is said in a span; one that stays keeps its own text. */
function textOf({ clip, spoken = [] }: Ground, span: Span): string {
  const same = clip.segments.find(({ start, end }) => start === span.start && end === span.end);
  return same?.text ?? joined(wordsWithin(spoken, [span]).map(({ word }) => word));
}

/** Scripts that are written without spaces between words. */
const TIGHT =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const joined = (words: readonly string[]) =>
  words.reduce((text, word) => {
    const tight = TIGHT.test(text.at(-1) ?? "") && TIGHT.test(word.at(0) ?? "");
    return text && !tight ? `${text} ${word}` : text + word;
  }, "");

const wrong = (message: string) => new KangKlipError("INVALID_INPUT", message);
