import {
  CaptionPreset,
  CLIP_SECONDS,
  ClipEdit,
  type ClipView,
  type EdlClip,
  ShotOverride,
  type Word,
} from "@kangklip/contract";
import { z } from "zod";
import type { Translate } from "../i18n/translate.ts";
import { spanOf, trimmed } from "./clip-time.ts";

/** Seconds of the source that are shown before and after a clip, and beyond an end that was moved. */
const AROUND = 20;
const ROOM = 5;

type Span = Pick<Word, "start" | "end">;

/** What somebody has changed of a clip and not made a version of yet. What is not in it is as in the clip. */
export const Changes = z.object({
  title: z.string().optional(),
  hook: z.string().optional(),
  /** Where it begins and ends, seconds of the source. */
  start: z.number().optional(),
  end: z.number().optional(),
  /** Corrected words of the captions by their keys; null: left out. */
  texts: z.record(z.string(), z.string().nullable()).optional(),
  caption_preset: CaptionPreset.optional(),
  captions: z.boolean().optional(),
  overrides: z.array(ShotOverride).optional(),
});
export type Changes = z.infer<typeof Changes>;

/** The clip that is changed, and what is known beside its EDL. */
export interface Ground {
  clip: EdlClip;
  view: Pick<ClipView, "captioned">;
  /** Every word that was heard in the source. */
  spoken: readonly Word[];
}

/** A word as the editor shows it. Times are seconds of the source. */
export interface EditWord {
  key: string;
  /** As it is written now; what it was before where it is left out. */
  text: string;
  /** As the clip has it. */
  before: string;
  start: number;
  end: number;
  place: "before" | "in" | "after" | "between";
  isLeftOut: boolean;
}

const keyOf = ({ start, end }: Pick<Word, "start" | "end">) => `${start.toFixed(2)}-${end.toFixed(2)}`;

/** Where the clip begins and ends with the changes. Pure. */
export function spanWith({ clip }: Pick<Ground, "clip">, { start, end }: Changes) {
  const span = spanOf(clip);
  return { start: start ?? span.start, end: end ?? span.end };
}

/** The clip's parts with the changes. Pure. */
export const partsWith = (ground: Pick<Ground, "clip">, changes: Changes) =>
  trimmed(ground.clip.segments, spanWith(ground, changes));

/** Whether captions are drawn into the picture, with the changes. Pure. */
export const captionsWith = ({ clip, view }: Ground, changes: Changes): boolean =>
  changes.captions ?? clip.captions ?? view.captioned;

/**
 * The clip's own words, and those of the source around them from `from` to `to`, in order. Where the clip is cut otherwise its own words stay
 * as they were corrected, and what is new is as it was heard. Pure.
 */
export function wordsWith(
  ground: Ground,
  changes: Changes,
  { from, to }: { from: number; to: number },
): EditWord[] {
  const { clip, spoken } = ground;
  const parts = partsWith(ground, changes);
  const span = spanWith(ground, changes);
  const isOwn = ({ start, end }: Pick<Word, "start" | "end">) => within(clip.segments, (start + end) / 2);
  const around = spoken.filter((word) => word.end > from && word.start < to && !isOwn(word));
  return [...clip.words, ...around]
    .toSorted((one, other) => one.start - other.start || one.end - other.end)
    .map((word): EditWord => {
      const key = keyOf(word);
      const changed = changes.texts?.[key];
      const middle = (word.start + word.end) / 2;
      const outside = middle < span.start ? "before" : middle >= span.end ? "after" : "between";
      return {
        key,
        text: changed ?? word.word,
        before: word.word,
        start: word.start,
        end: word.end,
        place: within(parts, middle) ? "in" : outside,
        isLeftOut: changed === null,
      };
    });
}

const within = (parts: readonly Pick<Word, "start" | "end">[], seconds: number) =>
  parts.some(({ start, end }) => seconds >= start && seconds < end);

/** Another text for a word: the one it has takes the change back, an empty one leaves it out. Pure. */
export function withText(changes: Changes, { key, before }: EditWord, text: string | null): Changes {
  const { [key]: _, ...others } = changes.texts ?? {};
  const written = text?.replace(/\s+/g, " ") ?? "";
  const texts = written === before ? others : { ...others, [key]: written.trim() === "" ? null : written };
  const { texts: __, ...rest } = changes;
  return Object.keys(texts).length > 0 ? { ...rest, texts } : rest;
}

/** What the API is asked for: only what is truly different; null where nothing is. Pure. */
export function editOf(ground: Ground, changes: Changes): ClipEdit | null {
  const { clip } = ground;
  const { title, hook, caption_preset, captions, overrides } = changes;
  const span = spanWith(ground, changes);
  const before = spanOf(clip);
  const isCut = span.start !== before.start || span.end !== before.end;
  const inside = wordsWith(ground, changes, { from: span.start, to: span.end }).filter(
    ({ place }) => place === "in",
  );
  const isWritten = inside.some(({ text, before: was, isLeftOut }) => isLeftOut || text !== was);
  const edit: ClipEdit = {
    ...(title !== undefined && title.trim() !== clip.title && { title: title.trim() }),
    ...(hook !== undefined && hook.trim() !== clip.hook.trim() && { hook: hook.trim() }),
    ...(isCut && { segments: partsWith(ground, changes) }),
    ...(isWritten && {
      words: inside
        .filter(({ isLeftOut }) => !isLeftOut)
        .map(({ text, start, end }) => ({ word: text.trim(), start, end })),
    }),
    ...(caption_preset && caption_preset !== clip.caption_preset && { caption_preset }),
    ...(captions !== undefined && captions !== captionsWith(ground, {}) && { captions }),
    ...(overrides && JSON.stringify(overrides) !== JSON.stringify(clip.overrides) && { overrides }),
  };
  return Object.keys(edit).length > 0 ? edit : null;
}

const NAMED = ["title", "hook", "segments", "words", "caption_preset", "captions", "overrides"] as const;

/** What is changed, for people: "title, start and end"; of names that are new here the names themselves. Pure. */
export const changedText = (t: Translate, names: readonly string[]): string =>
  names
    .map((name) => {
      const known = NAMED.find((one) => one === name);
      return known ? t(`editor.changed.${known}`) : name;
    })
    .reduce((list, next) => (list === "" ? next : t("editor.changed.list", { list, next })), "");

/** The stretch of the source that is shown: around the clip, and with room beyond an end that was moved. Pure. */
export function windowOf(clip: Span, wanted: Span, sourceSeconds: number | null) {
  const from = Math.max(0, Math.min(clip.start - AROUND, wanted.start - ROOM));
  const to = Math.max(clip.end + AROUND, wanted.end + ROOM);
  return { from, to: sourceSeconds === null ? to : Math.min(sourceSeconds, to) };
}

/** What is wrong with the length of a clip; null for nothing. Pure. */
export function lengthError(t: Translate, seconds: number): string | null {
  const { least, most } = CLIP_SECONDS;
  if (seconds >= least && seconds <= most) return null;
  return t("editor.wrong.length", { least, most, seconds: seconds.toFixed(1) });
}

/** Why an edit cannot be asked for like this; null where it can. Pure. */
export function wrongWith(t: Translate, edit: ClipEdit, seconds: number): string | null {
  if (edit.title === "") return t("editor.wrong.title");
  const [issue] = ClipEdit.safeParse(edit).error?.issues ?? [];
  if (!issue) return lengthError(t, seconds);
  if (issue.path[0] === "words" && issue.path.length === 1) return t("editor.wrong.words");
  if (issue.code === "too_big") return t("editor.wrong.long");
  return t(issue.code === "invalid_format" ? "editor.wrong.characters" : "editor.wrong.other");
}
