import { z } from "zod";
import { CaptionPreset } from "./captions.ts";

// All times are seconds on the source's own timeline unless a field says otherwise.

export const Word = z.object({
  word: z.string(),
  start: z.number(),
  end: z.number(),
  /** The recogniser's own probability that the word was said; left out where it gives none, as captions do. */
  confidence: z.number().min(0).max(1).optional(),
});
export type Word = z.infer<typeof Word>;

export const Segment = z.object({ start: z.number(), end: z.number(), text: z.string() });
export type Segment = z.infer<typeof Segment>;

/** Pixels of the upright, square-pixel source picture. */
export const Box = z.object({ x: z.int(), y: z.int(), w: z.int(), h: z.int() });
export type Box = z.infer<typeof Box>;

/** A point of the upright picture, as parts of its width and height from the left upper corner. */
export const Focus = z.object({ x: z.number().min(0).max(1), y: z.number().min(0).max(1) });
export type Focus = z.infer<typeof Focus>;

/** Where the 9:16 window lies in one shot: a `Box`, with what is made of it. */
export const ShotFrame = Box.extend({
  start: z.number(), // seconds from the clip's start
  end: z.number(),
  /** crop: the window fills the frame; fit: the whole picture over its own blur; split: the window above, `lower` below it. */
  layout: z.enum(["crop", "fit", "split"]),
  /** split: the window of the frame's lower half; both have the shape of half a frame. */
  lower: Box.optional(),
  /**
   * crop: where the window's corner is (x and y instead of the fixed ones) at seconds from the clip's start, in order; it moves evenly
   * from one to the next and rests before the first and after the last. Left out: it rests all the time, as most do.
   */
  path: z.array(z.object({ at: z.number(), x: z.number(), y: z.number() })).optional(),
  /** fit: where a window would lie if one were wished for: the middle of a face, or of what there is to see. */
  focus: Focus.optional(),
  reason: z.string(), // "face", "no_face", "held", "portrait" …
});
export type ShotFrame = z.infer<typeof ShotFrame>;

/** What a person wants to see from `from` to `to`, in place of what was chosen for it. */
export const ShotOverride = z.object({
  from: z.number().min(0),
  to: z.number().min(0),
  /** auto: as it would be without a wish, but around the focus where there is one. */
  layout: z.enum(["auto", "crop", "fit", "split"]).default("auto"),
  /** The middle of the window; of split the upper one's. */
  focus: Focus.optional(),
  /** split: the middle of the lower window. */
  lower_focus: Focus.optional(),
});
export type ShotOverride = z.infer<typeof ShotOverride>;

/** One clip of the EDL, the only truth about what is cut: re-rendering it gives the same clip. */
export const EdlClip = z.object({
  index: z.int().min(1),
  title: z.string(),
  hook: z.string(),
  segments: z.array(Segment).min(1),
  score: z.number().nullable().default(null),
  score_parts: z.record(z.string(), z.number()).default({}),
  reason: z.string().default(""),
  words: z.array(Word).default([]), // captions
  /** How exact their times are; "line": they were spread over a line, as those of a translation, so none is lit up on its own. */
  words_timing: z.enum(["word", "line"]).optional(),
  framing: z.array(ShotFrame).default([]),
  caption_preset: CaptionPreset.optional(), // in place of the setting's
  captions: z.boolean().optional(), // whether they are drawn into the picture, in place of the setting
  overrides: z.array(ShotOverride).default([]),
  /** 1: as the job made it; each edit makes the next one. */
  revision: z.int().min(1).default(1),
});
export type EdlClip = z.infer<typeof EdlClip>;

/** edl.json. */
export const Edl = z.object({
  job_id: z.string(),
  clips: z.array(EdlClip),
  version: z.int().default(2),
  source_seconds: z.number().nullable().default(null),
});
export type Edl = z.infer<typeof Edl>;
