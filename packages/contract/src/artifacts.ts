import { z } from "zod";
import { CaptionPreset } from "./captions.ts";
import { ArtifactName } from "./worker.ts";

/**
 * What a finished job leaves under `jobs/{job_id}/`. 1.x field names stay; fields are added, never renamed.
 * Readers of old data: every added field is optional or has a default when parsed.
 * All times are seconds on the source's own timeline unless a field says otherwise.
 */
export const artifactKey = (job: string, name: ArtifactName) => `jobs/${job}/${name}`;
export const attemptKey = (job: string, epoch: number, name: ArtifactName) =>
  `jobs/${job}/attempts/${epoch}/${name}`;

export const Word = z.object({
  word: z.string(),
  start: z.number(),
  end: z.number(),
  /** The recogniser's own probability that the word was said; left out where it gives none, as captions do. */
  confidence: z.number().min(0).max(1).optional(),
});
export type Word = z.infer<typeof Word>;

/** transcript.json is an array of these. */
export const TranscriptSegment = z.object({
  text: z.string(),
  start: z.number(),
  duration: z.number(),
  words: z.array(Word),
});
export type TranscriptSegment = z.infer<typeof TranscriptSegment>;
export const TranscriptFile = z.array(TranscriptSegment);

/** chunks.json is an array of these: windows of about 300 s. */
export const Chunk = z.object({ text: z.string(), start: z.number(), end: z.number() });
export type Chunk = z.infer<typeof Chunk>;
export const ChunksFile = z.array(Chunk);

export const Segment = z.object({ start: z.number(), end: z.number(), text: z.string() });
export type Segment = z.infer<typeof Segment>;

/** Where the 9:16 window lies in one shot. x, y, w, h are pixels of the upright, square-pixel source picture. */
export const ShotFrame = z.object({
  start: z.number(), // seconds from the clip's start
  end: z.number(),
  layout: z.enum(["crop", "fit"]), // crop: the window fills the frame; fit: whole picture over its own blur
  x: z.int(),
  y: z.int(),
  w: z.int(),
  h: z.int(),
  reason: z.string(), // "face", "no_face", "held", "portrait" …
});
export type ShotFrame = z.infer<typeof ShotFrame>;

/** One clip of the EDL, the only truth about what is cut: re-rendering it gives the same clip. */
export const EdlClip = z.object({
  index: z.int().min(1),
  title: z.string(),
  hook: z.string(),
  segments: z.array(Segment).min(1),
  score: z.number().nullable().default(null),
  score_parts: z.record(z.string(), z.number()).default({}),
  reason: z.string().default(""),
  words: z.array(Word).default([]), // captions, on the source's timeline
  framing: z.array(ShotFrame).default([]),
  caption_preset: CaptionPreset.optional(), // in place of the setting's
});
export type EdlClip = z.infer<typeof EdlClip>;

export const Edl = z.object({
  job_id: z.string(),
  clips: z.array(EdlClip),
  version: z.int().default(2),
  source_seconds: z.number().nullable().default(null),
});
export type Edl = z.infer<typeof Edl>;

export const ManifestFile = z.object({ name: ArtifactName, size_bytes: z.int(), sha256: z.string() });
export type ManifestFile = z.infer<typeof ManifestFile>;

export const ManifestClip = z.object({
  index: z.int(),
  title: z.string().default(""),
  hook: z.string().default(""),
  start: z.number(),
  end: z.number(),
  duration: z.int().default(0), // whole seconds, truncated
  segments: z.array(Segment).default([]),
  file: z.string().optional(), // clips without a file are not listed

  duration_seconds: z.number().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  size_bytes: z.int().optional(),
  sha256: z.string().optional(),
  score: z.number().nullable().optional(),
  reason: z.string().optional(),
  captioned: z.boolean().optional(),
  preview_file: z.string().optional(),
  cover_file: z.string().optional(),
  srt_file: z.string().optional(),
  vtt_file: z.string().optional(),
  ass_file: z.string().optional(),
  caption_preset: CaptionPreset.optional(),
  caption_warnings: z.array(z.string()).optional(), // what a person should look at: missing letters, words too fast to read
});
export type ManifestClip = z.infer<typeof ManifestClip>;

/** manifest.json, written last: what it lists is there and whole. */
export const Manifest = z.object({
  job_id: z.string(),
  clips: z.array(ManifestClip),
  selection: z.object({ mode: z.string(), endpoint: z.string().nullish() }),
  files: z.array(ManifestFile).optional(), // all artifacts but the manifest itself
  source: z
    .object({ title: z.string().nullable(), url: z.string().nullable(), seconds: z.number().nullable() })
    .optional(),
  transcriber: z.string().optional(), // "source-captions", "whisper", "pocketsphinx", "none"
  transcriber_accuracy: z.enum(["high", "low", "none"]).optional(),
  language: z.string().nullable().optional(),
  encoder: z.string().optional(),
  notices: z.array(z.string()).optional(),
  seconds: z.record(z.string(), z.number()).optional(), // wall seconds per stage (lower case) and "total"
  created_at: z.string().optional(),
});
export type Manifest = z.infer<typeof Manifest>;

export const VideoStats = z.object({
  size_bytes: z.int(),
  duration_seconds: z.number().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  fps: z.number().optional(),
  fetched_bytes: z.int().optional(),
});
export type VideoStats = z.infer<typeof VideoStats>;

export const FaceLog = z.object({
  backend: z.string(), // "blazeface" | "unavailable" (1.x: "opencv-dnn")
  reason: z.string().nullable(),
  error: z.string().nullable(),
  opencv_version: z.string().nullable().default(null),
  cuda_devices: z.int().default(0),
  clips: z.array(
    z.object({
      index: z.int(),
      segments: z.int(), // shots looked at
      detected: z.int(), // shots with a face
    }),
  ),
});
export type FaceLog = z.infer<typeof FaceLog>;

/** receipt.json: what the job took, where. */
export const Receipt = z.object({
  job_id: z.string(),
  epoch: z.int(),
  seconds: z.record(z.string(), z.number()),
  transcriber: z.string(),
  selector: z.string(),
  encoder: z.string(),
  fetched_bytes: z.int(),
  output_bytes: z.int(),
  machine: z.object({ cpus: z.int(), platform: z.string(), gpu: z.string().nullable() }),
  tools: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
});
export type Receipt = z.infer<typeof Receipt>;

export const ErrorFile = z.object({
  job_id: z.string(),
  error: z.string(),
  code: z.string().optional(),
  stage: z.string().optional(),
});
export type ErrorFile = z.infer<typeof ErrorFile>;

/** `POST /api/uploads`: where to PUT a file of one's own. */
export const CreateUpload = z.object({
  filename: z.string().min(1).max(300),
  size_bytes: z.int().min(1),
});
export const CreatedUpload = z.object({
  upload_id: z.string(),
  /** Relative to the API's base, or an address of the bucket; send the bytes as they are, as application/octet-stream. */
  put_url: z.string(),
  expires_in: z.int(),
});
export type CreatedUpload = z.infer<typeof CreatedUpload>;
