import { z } from "zod";
import { CaptionPreset } from "./captions.ts";
import { JobId } from "./job.ts";
import { ArtifactName } from "./worker.ts";

/** Strict: a clip's file name never holds text of anybody's making. */
export const ClipFile = z.string().regex(/^clip_0[1-5]\.mp4$/, "clip not found");
export type ClipFile = z.infer<typeof ClipFile>;

/** One entry of `GET /api/jobs/{id}/results`; the first seven fields are 1.x's. */
export const ClipView = z.object({
  clip_file: ClipFile,
  title: z.string(),
  duration: z.int(), // whole seconds, truncated
  locked: z.boolean(),
  unlock_endpoint: z.string(),
  download_endpoint: z.string(),
  preview_endpoint: z.string(),

  index: z.int(),
  hook: z.string(),
  reason: z.string(),
  score: z.number().nullable(),
  start: z.number(), // seconds in the source
  end: z.number(),
  duration_seconds: z.number(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  size_bytes: z.int().nullable(),
  sha256: z.string().nullable(),
  captioned: z.boolean(),
  cover_file: z.string().nullable(), // names for `clips.artifact`
  srt_file: z.string().nullable(),
  vtt_file: z.string().nullable(),
  ass_file: z.string().nullable(), // the captions as they are drawn, for editors
  caption_warnings: z.array(z.string()), // letters without a font, speech without captions
  caption_preset: CaptionPreset.nullable(),
  verdict: z.enum(["ok", "degraded"]).nullable(), // null: of an older release, which did not measure
  reasons: z.array(z.string()), // why it is degraded, for a person
  revision: z.int().min(1), // the one that is shown
  revisions: z.int().min(1), // how many there are
});
export type ClipView = z.infer<typeof ClipView>;

export const Results = z.object({
  clips: z.array(ClipView),
  title: z.string().nullable(),
  source_url: z.string().nullable(),
  transcriber: z.string().nullable(),
  selector: z.string().nullable(),
  notices: z.array(z.string()),
  seconds: z.record(z.string(), z.number()), // wall seconds per stage, lower case, and "total"
});
export type Results = z.infer<typeof Results>;

/** The name is checked against the manifest, after job and token: an unknown one is 404 "clip not found". */
export const ClipInput = z.object({ job_id: JobId, clip_file: z.string().max(200) });
export const SignedLink = z.object({ url: z.string(), expires_in: z.int() });
export type SignedLink = z.infer<typeof SignedLink>;

export const UnlockInput = ClipInput.extend({
  unlock_request_id: z
    .string({ error: "unlock_request_id is required" })
    .min(1, "unlock_request_id is required"),
});
export const Unlocked = z.object({
  job_id: JobId,
  clip_file: ClipFile,
  unlocked: z.boolean(),
  charged_credits: z.int(),
  idempotency: z.enum(["NEW", "REPLAY"]),
});
export type Unlocked = z.infer<typeof Unlocked>;

/** `revision`: one of the clip's versions, rendered, whichever is shown; left out: the one that is shown. */
export const ViewInput = ClipInput.extend({ revision: z.int().min(1).optional() });

/** What the page plays: the clip itself where it is unlocked, else its preview. */
export const ClipLink = SignedLink.extend({ kind: z.enum(["full", "preview"]) });
export type ClipLink = z.infer<typeof ClipLink>;

/** A file beside the clips: cover, subtitles, transcript, EDL … `download` gives it a name to be saved under. */
export const ArtifactInput = z.object({
  job_id: JobId,
  name: ArtifactName,
  download: z.boolean().default(false),
});

/** Seconds that preview and download links live (1.x). */
export const PREVIEW_EXPIRES_SECONDS = 600;
export const DOWNLOAD_EXPIRES_SECONDS = 86_400;

/** `clips.timeline`: the cuts of all clips as an editing program reads them. */
export const TimelineInput = z.object({
  job_id: JobId,
  format: z.enum(["edl", "fcpxml", "otio"]).default("edl"),
});
export const Timeline = z.object({ filename: z.string(), content_type: z.string(), text: z.string() });
export type Timeline = z.infer<typeof Timeline>;
