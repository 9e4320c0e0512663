import { z } from "zod";
import { CaptionPreset } from "./captions.ts";
import { EdlClip, ShotOverride } from "./edl.ts";
import { JobId, JobState } from "./job.ts";

/** Control characters, line breaks and marks that turn the direction of text belong in no title and no caption. */
const text = (most: number) =>
  z
    .string()
    .trim()
    .max(most)
    .regex(
      /^[^\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]*$/u,
      "The text holds characters that cannot be shown",
    );
const plain = (most: number) => text(most).min(1);
const seconds = z.number().min(0).max(1e6);

/** What may be changed of a clip; what is left out stays as it is. */
export const ClipEdit = z
  .object({
    title: plain(100).optional(),
    hook: text(200).optional(),
    /** What is cut, in order and without overlap (seconds of the source). They are moved to the nearest borders of words. */
    segments: z
      .array(z.object({ start: seconds, end: seconds }))
      .min(1)
      .max(60)
      .optional(),
    /** The captions' words (seconds of the source): corrected texts, or words left out. */
    words: z
      .array(z.object({ word: plain(100), start: seconds, end: seconds }))
      .max(1000)
      .optional(),
    caption_preset: CaptionPreset.optional(),
    captions: z.boolean().optional(),
    /** All wishes for the picture of this clip; an empty list takes them back. */
    overrides: z.array(ShotOverride).max(60).optional(),
  })
  .refine((edit) => Object.values(edit).some((value) => value !== undefined), "Say what is to be changed");
export type ClipEdit = z.infer<typeof ClipEdit>;

export const EditClipInput = z.object({
  job_id: JobId,
  clip_file: z.string().max(200),
  /** The revision that was edited: when another one came in between, the edit is refused and nothing is lost. */
  base_revision: z.int().min(1),
  edit: ClipEdit,
});
export type EditClipInput = z.infer<typeof EditClipInput>;

/** One version of a clip. Revision 1 is what the job made. */
export const RevisionView = z.object({
  revision: z.int().min(1),
  /** The job that renders it: followed, cancelled and retried like any other, with the same token. Null: the clip's own job. */
  edit_job_id: JobId.nullable(),
  state: JobState,
  /** Which one the results show: undo shows an earlier one, redo a later one. */
  shown: z.boolean(),
  title: z.string(),
  /** What was changed, as names of `ClipEdit`'s fields. */
  changed: z.array(z.string()),
  created_at: z.string(),
  error: z.string().nullable(),
});
export type RevisionView = z.infer<typeof RevisionView>;

/** `clips.show`: which revision the results give from now on; it must be rendered. */
export const ShowRevisionInput = z.object({
  job_id: JobId,
  clip_file: z.string().max(200),
  revision: z.int().min(1),
});

export const EditedClip = z.object({ edit_job_id: JobId, revision: z.int().min(2) });
export type EditedClip = z.infer<typeof EditedClip>;

/** What an edit's worker is given besides the job's own fields: one clip, ready to be rendered. */
export const EditOrder = z.object({
  /** The job whose clip it is. */
  of: JobId,
  clip: EdlClip,
});
export type EditOrder = z.infer<typeof EditOrder>;
