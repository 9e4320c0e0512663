import { z } from "zod";
import { ClipFile } from "./clips.ts";
import { JobId } from "./job.ts";

export const ShareId = z.string().regex(/^sh_[0-9A-HJKMNP-TV-Z]{26}$/, "share not found");
export type ShareId = z.infer<typeof ShareId>;

/** What a share link ends in: names its job and share, signed; it opens nothing but what was shared. */
export const ShareToken = z
  .string()
  .regex(/^kks_[A-Za-z0-9_-]{60,200}$/, "This link does not lead to clips, or not any more");
export type ShareToken = z.infer<typeof ShareToken>;

const HOUR_SECONDS = 3600;
/** How long a share link may live. */
export const SHARE_SECONDS = {
  least: HOUR_SECONDS,
  usual: 7 * 24 * HOUR_SECONDS,
  most: 90 * 24 * HOUR_SECONDS,
};
/** Of one job, that have neither expired nor been revoked. */
export const MAX_SHARES = 20;

export const CreateShare = z.object({
  job_id: JobId,
  /** Null or left out: all clips of the job. */
  clip_files: z.array(ClipFile).min(1).max(5).nullish(),
  expires_in_seconds: z.int().min(SHARE_SECONDS.least).max(SHARE_SECONDS.most).default(SHARE_SECONDS.usual),
});
export type CreateShare = z.input<typeof CreateShare>;

/** A link for people who may watch and save, and change nothing. */
export const ShareView = z.object({
  share_id: ShareId,
  token: ShareToken,
  /** "/s/{token}", at the page's own address. */
  path: z.string(),
  /** Null: all clips of the job. */
  clip_files: z.array(ClipFile).nullable(),
  created_at: z.string(),
  expires_at: z.string(),
});
export type ShareView = z.infer<typeof ShareView>;

export const JobShares = z.object({ job_id: JobId });
export const RevokeShare = z.object({ job_id: JobId, share_id: ShareId });

export const SharedInput = z.object({ token: ShareToken });

/** A clip as whoever has the link sees it. All links are short-lived: ask again for fresh ones. */
export const SharedClip = z.object({
  clip_file: ClipFile,
  index: z.int(),
  title: z.string(),
  hook: z.string(),
  duration_seconds: z.number(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  /** The clip itself where it is unlocked, else its marked preview. */
  kind: z.enum(["full", "preview"]),
  url: z.string(),
  /** Its captions are in the picture. */
  captioned: z.boolean(),
  cover_url: z.string().nullable(),
  vtt_url: z.string().nullable(),
  /** Saves the clip; null while it is locked. */
  download_url: z.string().nullable(),
});
export type SharedClip = z.infer<typeof SharedClip>;

export const SharedClips = z.object({
  clips: z.array(SharedClip),
  /** Of the captions, as BCP 47; null: not known. */
  language: z.string().nullable(),
  expires_at: z.string(),
});
export type SharedClips = z.infer<typeof SharedClips>;
