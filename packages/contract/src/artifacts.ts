import { z } from "zod";
import { CaptionPreset } from "./captions.ts";
import { Segment, Word } from "./edl.ts";
import { Stage } from "./job.ts";
import { ArtifactName, WastedAttempt } from "./worker.ts";

/**
 * What a finished job leaves under `jobs/{job_id}/`. 1.x field names stay; fields are added, never renamed.
 * Readers of old data: every added field is optional or has a default when parsed.
 * All times are seconds on the source's own timeline unless a field says otherwise.
 */
export const artifactKey = (job: string, name: ArtifactName) => `jobs/${job}/${name}`;
export const attemptKey = (job: string, epoch: number, name: ArtifactName) =>
  `jobs/${job}/attempts/${epoch}/${name}`;
/** Where a file of an attempt is once its job has succeeded; undefined for keys of anything else. Pure. */
export function publishedKey(key: string): string | undefined {
  const [, folder, name] = /^(jobs\/[^/]+\/)attempts\/\d+\/([^/]+)$/.exec(key) ?? [];
  return folder && `${folder}${name}`;
}

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
  revision: z.int().min(1).optional(),
  /** "degraded": delivered although it does not hold all that it should; `reasons` tells a person why. */
  verdict: z.enum(["ok", "degraded"]).optional(),
  reasons: z.array(z.string()).optional(),
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

/** One measurement of a finished clip beside what it may be; ids as in docs/quality.md. Null: it could not be measured. */
export const QcCheck = z.object({
  id: z.string(), // "A1.integrated"
  value: z.number().nullable(),
  unit: z.string(),
  min: z.number().optional(),
  max: z.number().optional(),
  pass: z.boolean(),
});
export type QcCheck = z.infer<typeof QcCheck>;

/** qc.json: what every clip was measured at before it was handed out. */
export const Qc = z.object({
  job_id: z.string(),
  clips: z.array(
    z.object({
      clip_file: z.string(),
      verdict: z.enum(["ok", "degraded"]),
      repairs: z.array(z.string()), // what was done over: "regain", "smaller", "without_captions" …
      reasons: z.array(z.string()), // for a person, one sentence for each check that failed
      checks: z.array(QcCheck),
    }),
  ),
});
export type Qc = z.infer<typeof Qc>;

/** What one stage took. */
export const StageReceipt = z.object({
  stage: Stage,
  seconds: z.number(), // wall
  cpu_seconds: z.number().nullish(), // of this process and its children; null: not known
  device: z.enum(["cpu", "gpu", "network", "model"]),
  /** How often its work was done: 0, all of it was there already; RENDER counts clips. */
  executed: z.int().min(0),
  /** How much of it was taken from what this machine had kept. */
  reused: z.int().min(0),
  bytes_in: z.int().nullish(),
  bytes_out: z.int().nullish(),
  /** Of a language model, and what it cost (US dollars) where that is known. */
  tokens_in: z.int().nullish(),
  tokens_out: z.int().nullish(),
  usd: z.number().nullish(),
});
export type StageReceipt = z.infer<typeof StageReceipt>;

/** How the video was fetched; also in meta.json. */
export const FetchReceipt = z.object({
  /** "ranges": only the byte ranges that the clips needed; "segments": only those pieces of a stream; "whole": all of it. */
  way: z.enum(["ranges", "segments", "whole"]),
  /** Why the whole was fetched, in one sentence for a person; null where that needs no reason. */
  reason: z.string().nullable(),
  /** What came over the wire, all of it counted. */
  bytes: z.int().min(0),
  /** Null: another program made them. */
  requests: z.int().min(0).nullable(),
});
export type FetchReceipt = z.infer<typeof FetchReceipt>;

/** receipt.json: what the job took, where. */
export const Receipt = z.object({
  job_id: z.string(),
  epoch: z.int(),
  seconds: z.record(z.string(), z.number()),
  transcriber: z.string(),
  selector: z.string(),
  encoder: z.string(),
  fetched_bytes: z.int(),
  fetch: FetchReceipt.optional(), // left out before 2.1
  output_bytes: z.int(),
  machine: z.object({ cpus: z.int(), platform: z.string(), gpu: z.string().nullable() }),
  tools: z.record(z.string(), z.string()),
  notes: z.array(z.string()),
  stages: z.array(StageReceipt).default([]),
  wasted_attempts: z.array(WastedAttempt).default([]),
});
export type Receipt = z.infer<typeof Receipt>;

export const ErrorFile = z.object({
  job_id: z.string(),
  error: z.string(),
  code: z.string().optional(),
  stage: z.string().optional(),
});
export type ErrorFile = z.infer<typeof ErrorFile>;
