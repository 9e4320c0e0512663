import { z } from "zod";
import { ManifestClip, ManifestFile } from "./artifacts.ts";
import { ClipFile, ClipLink } from "./clips.ts";
import { JobId } from "./job.ts";

/**
 * `worker.publish`: a clip is whole and its files are uploaded, while others are still being made. `clip` is its entry of manifest.json, and
 * `files` are the ones that were uploaded of it. It counts until its attempt ends: then the manifest is the truth, or there is another attempt.
 */
export const PublishInput = z.object({
  job_id: JobId,
  epoch: z.int().min(1),
  clip: ManifestClip.extend({ file: ClipFile }),
  files: z.array(ManifestFile).min(1).max(10),
});
export type PublishInput = z.infer<typeof PublishInput>;

/** `clips.ready`: a clip of a job that still goes on, to be watched already. Its words, and what it costs, are told when the job is done. */
export const ReadyClip = z.object({
  clip_file: ClipFile,
  index: z.int(),
  title: z.string(),
  hook: z.string(),
  reason: z.string(),
  score: z.number().nullable(),
  start: z.number(), // seconds in the source
  end: z.number(),
  duration_seconds: z.number(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  link: ClipLink,
  cover_url: z.string().nullable(),
  vtt_url: z.string().nullable(),
});
export type ReadyClip = z.infer<typeof ReadyClip>;
