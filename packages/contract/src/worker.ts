import { z } from "zod";
import { CaptionPreset } from "./captions.ts";
import { EditOrder } from "./edits.ts";
import { ErrorCode } from "./errors.ts";
import { JobId, Language, OutputLanguage, Stage, UploadId } from "./job.ts";

/** Raised when what api and worker say to each other changes shape; sent with the claim. */
export const CONTRACT_VERSION = 1;

/** `${job id, lower case}-e${epoch}`: the idempotency key of a launch at its provider. */
export const LaunchKey = z.string().regex(/^kk-[0-9a-hjkmnp-tv-z]{26}-e[1-9]\d{0,3}$/);
export type LaunchKey = z.infer<typeof LaunchKey>;
export const launchKeyOf = (job: JobId, epoch: number): LaunchKey =>
  `kk-${job.slice(3).toLowerCase()}-e${epoch}`;

/**
 * All that a launch carries: no secret but a claim token that works once. A provider may publish it.
 * The set is closed; what a machine's operator sets for their own worker (FFMPEG_PATH, MODEL_PATH …) is not part of it.
 */
export const WorkerEnv = z.strictObject({
  KK_API_URL: z.url({ protocol: /^https?$/ }),
  KK_LAUNCH_KEY: LaunchKey,
  KK_CLAIM_TOKEN: z.string().min(32),
  KK_LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
});
export type WorkerEnv = z.infer<typeof WorkerEnv>;

/**
 * What the worker found on its machine by trying it. It comes from the node itself: good for people and for choosing where the next
 * attempt runs, never for trust. All but the first four are missing from workers that are older.
 */
export const SelfTest = z.object({
  ffmpeg: z.string().max(100), // version
  encoder: z.string().max(40), // "libx264", "h264_nvenc"
  /** The graphics card's name; null where there is none that can be used. */
  gpu: z.string().max(200).nullable(),
  notes: z.array(z.string().max(500)).max(20), // why something fell back
  vram_mb: z.int().min(0).nullish(),
  driver: z.string().max(100).nullish(),
  /** "OK", or why NVENC, NVDEC and speech recognition by CUDA do not work here: "NO_LIB", "NO_ENGINE", "DRIVER_OLD" … */
  nvenc: z.string().max(40).nullish(),
  nvdec: z.string().max(40).nullish(),
  cuda_whisper: z.string().max(40).nullish(),
  /** What will hear the words, as far as it is known before there are any: "whisper (CUDA)", "whisper (CPU)". */
  transcriber: z.string().max(40).nullish(),
  cpus: z.int().min(1).nullish(),
  /** How long the trying took. */
  seconds: z.number().min(0).nullish(),
});
export type SelfTest = z.infer<typeof SelfTest>;

export const ClaimInput = z.object({
  launch_key: LaunchKey,
  claim_token: z.string().max(200),
  /** Random per process: the same nonce gets the same answer again (a lost response is harmless), another one is refused. */
  instance_nonce: z.string().min(16).max(100),
  contract_version: z.int(),
  selftest: SelfTest.optional(),
});
export type ClaimInput = z.infer<typeof ClaimInput>;

export const Source = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("url"), url: z.string() }),
  /** An upload: `url` is a signed GET at the API itself. */
  z.object({ kind: z.literal("upload"), upload_id: UploadId, filename: z.string(), url: z.string() }),
]);
export type Source = z.infer<typeof Source>;

/** Which addresses the worker may fetch from: public ones always; the rest only when the operator said so. */
export const FetchPolicy = z.object({
  allow_private: z.boolean(),
  /** Exact origins ("http://127.0.0.1:4000") that are allowed although they are private. */
  allow_origins: z.array(z.string()),
  max_bytes: z.int(),
  max_seconds: z.int(),
});
export type FetchPolicy = z.infer<typeof FetchPolicy>;

/** An attempt of the same job that came before and made no clips. */
export const WastedAttempt = z.object({
  epoch: z.int(),
  provider: z.string().nullable(),
  outcome: z.string(), // the code of what ended it
  seconds: z.number().nullable(), // from its claim to its end
  usd: z.number().nullable(),
});
export type WastedAttempt = z.infer<typeof WastedAttempt>;

/** What to make. */
export const JobSpec = z.object({
  job_id: JobId,
  epoch: z.int().min(1),
  source: Source,
  clip_duration_seconds: z.int().min(30).max(60),
  clip_count: z.int().min(1).max(5),
  language: Language,
  fetch_policy: FetchPolicy,
  /** Whether `worker.rank` has a language model behind it. */
  can_rank: z.boolean(),
  /** Whether a small marked version of each clip is made too: it is what is shown of a clip while that is locked. */
  preview: z.boolean().default(true),
  /** In place of the machine's setting. */
  caption_preset: CaptionPreset.optional(),
  /** Whether filler words and long silences are cut out. */
  tighten: z.boolean().default(false),
  /** Of titles, hooks, reasons and, where it is not the spoken one and there is a language model, captions; "auto": the spoken one. */
  output_language: OutputLanguage.default("auto"),
  /** What the moments should be about, in the user's words. */
  about: z.string().max(300).nullable().default(null),
  /** Only this clip is to be rendered, as it stands here: nothing is chosen. */
  edit: EditOrder.nullable().default(null),
  wasted_attempts: z.array(WastedAttempt).default([]),
});
export type JobSpec = z.infer<typeof JobSpec>;

/** A job that asks for nothing beyond length, number and language. */
export const NO_WISHES = {
  preview: true,
  tighten: false,
  output_language: "auto",
  about: null,
  edit: null,
  wasted_attempts: [],
} satisfies Partial<JobSpec>;

export const ClaimAnswer = z.object({
  attempt_token: z.string(),
  job: JobSpec,
  heartbeat_seconds: z.number(),
  /** ISO 8601: the attempt is over then, finished or not. */
  deadline: z.string(),
  /** The same as a length, which counts where it is given: the worker's own clock may be days away. */
  seconds_left: z.number().optional(),
});
export type ClaimAnswer = z.infer<typeof ClaimAnswer>;

/** Heartbeats and reports are sent with `x-attempt-token`. */
export const HeartbeatInput = z.object({ epoch: z.int().min(1), job_id: JobId });
export const Pulse = z.object({
  /** The attempt should end: kill children, exit. */
  cancel: z.boolean(),
  lease_until: z.string(),
});
export type Pulse = z.infer<typeof Pulse>;

/** The only ways in which a worker moves its job. `seq` rises by report; an old one is answered and ignored. */
export const Report = z.discriminatedUnion("status", [
  z.object({
    status: z.literal("RUNNING"),
    job_id: JobId,
    epoch: z.int().min(1),
    seq: z.int().min(1),
    stage: Stage,
    stage_progress: z.number().min(0).max(1),
    message: z.string().max(300).nullable(),
    /** What the source turned out to be, once known. */
    source_title: z.string().max(300).nullish(),
    source_seconds: z.number().nullish(),
    notice: z.string().max(500).nullish(),
  }),
  z.object({
    status: z.literal("SUCCEEDED"),
    job_id: JobId,
    epoch: z.int().min(1),
    seq: z.int().min(1),
    /** Of manifest.json, which lists the size and sha256 of everything else. */
    manifest_sha256: z.string().regex(/^[0-9a-f]{64}$/),
  }),
  z.object({
    status: z.literal("FAILED"),
    job_id: JobId,
    epoch: z.int().min(1),
    seq: z.int().min(1),
    code: ErrorCode,
    error: z.string().max(1000),
    stage: Stage,
  }),
]);
export type Report = z.infer<typeof Report>;

/** Names that a job may hold; nothing else can be uploaded. */
export const ArtifactName = z
  .string()
  .regex(
    /^(manifest|transcript|chunks|edl|meta|video_stats|face_log|qc|receipt|error)\.json$|^clip_0[1-5](\.(mp4|jpg|srt|vtt|ass)|_preview\.mp4)$/,
    "artifact not found",
  );
export type ArtifactName = z.infer<typeof ArtifactName>;

const UploadPartsId = z
  .string()
  .max(1024)
  .regex(/^[\x21-\x7e]+$/);

/** Asks for signed PUT URLs; those for a whole file are bound to the size and the sha256 that were named. */
export const PresignInput = z.object({
  job_id: JobId,
  epoch: z.int().min(1),
  files: z
    .array(
      z.object({
        name: ArtifactName,
        size_bytes: z.int().min(0),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
        /** Of an upload in parts that has begun: fresh links for it. */
        upload_id: UploadPartsId.optional(),
      }),
    )
    .min(1)
    .max(60),
});
export type PresignInput = z.infer<typeof PresignInput>;
/** Each file is in one of the two lists. */
export const PresignAnswer = z.object({
  uploads: z.array(
    z.object({ name: ArtifactName, url: z.string(), headers: z.record(z.string(), z.string()) }),
  ),
  /** Large files: each part is `part_bytes` long but the last, is put to its own URL, and its ETag is kept for `complete`. */
  in_parts: z
    .array(
      z.object({
        name: ArtifactName,
        upload_id: z.string(),
        part_bytes: z.int().min(1),
        urls: z.array(z.string()),
      }),
    )
    .default([]),
});
export type PresignAnswer = z.infer<typeof PresignAnswer>;

/** Makes one file of its parts; doing it again is harmless. */
export const CompleteInput = z.object({
  job_id: JobId,
  epoch: z.int().min(1),
  name: ArtifactName,
  upload_id: UploadPartsId,
  size_bytes: z.int().min(0),
  /** What each PUT was answered, in the order of the parts. */
  etags: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^[\x21-\x7e]+$/),
    )
    .min(1)
    .max(10_000),
});
export type CompleteInput = z.infer<typeof CompleteInput>;
export const Completed = z.object({ ok: z.literal(true) });

/** Ranking by a language model: it may only choose from the given ids and write words, never times. */
export const RankInput = z.object({
  job_id: JobId,
  epoch: z.int().min(1),
  count: z.int().min(1).max(5),
  /** Of title, hook and reason, as `OutputLanguage`; "auto": the one that is spoken. */
  language: z.string().max(40),
  /** The subject that the user wishes for, in their words. */
  about: z.string().max(300).nullish(),
  candidates: z
    .array(z.object({ id: z.string().max(20), text: z.string().max(4000), score: z.number() }))
    .min(1)
    .max(60),
});
export type RankInput = z.infer<typeof RankInput>;
export const RankAnswer = z.object({
  model: z.string(),
  /** What the answer took; null where the service does not say. */
  tokens_in: z.int().nullish(),
  tokens_out: z.int().nullish(),
  /** US dollars, where the operator told the model's prices. */
  usd: z.number().nullish(),
  picks: z.array(z.object({ id: z.string(), title: z.string(), hook: z.string(), reason: z.string() })),
});
export type RankAnswer = z.infer<typeof RankAnswer>;

/** A line of captions with the id by which its translation is found again. */
export const CaptionLine = z.object({ id: z.string().max(20), text: z.string().max(400) });
export type CaptionLine = z.infer<typeof CaptionLine>;

/** Translation of captions by a language model: as many lines come back as it could translate, each for one that was sent. */
export const TranslateInput = z.object({
  job_id: JobId,
  epoch: z.int().min(1),
  language: OutputLanguage,
  lines: z.array(CaptionLine).min(1).max(200),
});
export type TranslateInput = z.infer<typeof TranslateInput>;
export const TranslateAnswer = z.object({
  model: z.string(),
  tokens_in: z.int().nullish(),
  tokens_out: z.int().nullish(),
  usd: z.number().nullish(),
  lines: z.array(z.object({ id: z.string(), text: z.string() })),
});
export type TranslateAnswer = z.infer<typeof TranslateAnswer>;

/** `POST /api/callback/nosana`, the 1.x worker's way of reporting, with the attempt's token in `x-callback-token`. */
export const Callback = z.object({
  job_id: JobId,
  status: z.enum(["RUNNING", "SUCCEEDED", "FAILED"], { error: "invalid status" }),
  stage: z.string().optional(),
  progress: z.number().optional(),
  r2_prefix: z.string().optional(),
  error: z.string().optional(),
  epoch: z.int().optional(),
  seq: z.int().optional(),
});
export type Callback = z.infer<typeof Callback>;

/** The worker's exit codes that are no error of the table (see ERRORS[code].exit for those). */
export const EXIT_OK = 0;
export const EXIT_FENCED = 75;
