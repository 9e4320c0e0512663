import { z } from "zod";
import { CaptionPreset } from "./captions.ts";
import { isHttpUrl } from "./source-url.ts";

export const JobId = z.string().regex(/^kk_[0-9A-HJKMNP-TV-Z]{26}$/, "job not found");
export type JobId = z.infer<typeof JobId>;

export const UploadId = z.string().regex(/^up_[0-9A-HJKMNP-TV-Z]{26}$/, "upload not found");
export type UploadId = z.infer<typeof UploadId>;

/** A closed set: 1.x clients stop polling only on SUCCEEDED or FAILED. The finer state is `JobState`. */
export const JobStatus = z.enum(["QUEUED", "RUNNING", "SUCCEEDED", "FAILED"]);
export type JobStatus = z.infer<typeof JobStatus>;

export const JobState = z.enum([
  "QUEUED", // waiting for a place to run
  "STARTING", // handed to a provider, the worker has not claimed it yet
  "RUNNING",
  "RETRYING", // an attempt ended badly; the next one is due
  "CANCELLING",
  "COMMITTING", // the worker is done; its artifacts are being published
  "SUCCEEDED",
  "FAILED",
  "CANCELLED",
]);
export type JobState = z.infer<typeof JobState>;

/** In pipeline order: the worker runs them in this order and the page draws them in this order. */
export const Stage = z.enum(["DOWNLOAD", "TRANSCRIPT", "CHUNK", "SELECT", "RENDER", "UPLOAD"]);
export type Stage = z.infer<typeof Stage>;
export const STAGES = Stage.options;

/** What a job shows as its stage: the pipeline's, then DONE. */
export const ViewStage = z.enum([...Stage.options, "DONE"]);
export type ViewStage = z.infer<typeof ViewStage>;

/** Job progress (percent) at which each stage ends, as 1.x clients know them. */
export const STAGE_ENDS: Record<Stage, number> = {
  DOWNLOAD: 20,
  TRANSCRIPT: 40,
  CHUNK: 55,
  SELECT: 65,
  RENDER: 80,
  UPLOAD: 95,
};

/** Progress of the job (percent, whole) for a stage that is `fraction` (0..1) done. */
export function jobProgress(stage: Stage, fraction: number): number {
  const index = STAGES.indexOf(stage);
  const previous = STAGES[index - 1];
  const from = previous ? STAGE_ENDS[previous] : 0;
  const clamped = Math.min(1, Math.max(0, Number.isFinite(fraction) ? fraction : 0));
  return Math.floor(from + (STAGE_ENDS[stage] - from) * clamped);
}

/** The languages that every multilingual whisper model knows, by its own codes (whisper.cpp, `g_lang`). The three of 1.x are "en", "id" and "auto". */
const SPOKEN = [
  ...([
    "en",
    "id",
    "zh",
    "de",
    "es",
    "ru",
    "ko",
    "fr",
    "ja",
    "pt",
    "tr",
    "pl",
    "ca",
    "nl",
    "ar",
    "sv",
  ] as const),
  ...([
    "it",
    "hi",
    "fi",
    "vi",
    "he",
    "uk",
    "el",
    "ms",
    "cs",
    "ro",
    "da",
    "hu",
    "ta",
    "no",
    "th",
    "ur",
  ] as const),
  ...([
    "hr",
    "bg",
    "lt",
    "la",
    "mi",
    "ml",
    "cy",
    "sk",
    "te",
    "fa",
    "lv",
    "bn",
    "sr",
    "az",
    "sl",
    "kn",
  ] as const),
  ...([
    "et",
    "mk",
    "br",
    "eu",
    "is",
    "hy",
    "ne",
    "mn",
    "bs",
    "kk",
    "sq",
    "sw",
    "gl",
    "mr",
    "pa",
    "si",
  ] as const),
  ...([
    "km",
    "sn",
    "yo",
    "so",
    "af",
    "oc",
    "ka",
    "be",
    "tg",
    "sd",
    "gu",
    "am",
    "yi",
    "lo",
    "uz",
    "fo",
  ] as const),
  ...([
    "ht",
    "ps",
    "tk",
    "nn",
    "mt",
    "sa",
    "lb",
    "my",
    "bo",
    "tl",
    "mg",
    "as",
    "tt",
    "haw",
    "ln",
    "ha",
  ] as const),
  ...(["ba", "jw", "su"] as const),
] as const;
/** What is spoken; "auto": it is found out. */
export const Language = z.enum(["auto", ...SPOKEN], { error: "language must be en, id, or auto" });
export type Language = z.infer<typeof Language>;

/** A language as BCP 47 writes it ("en", "pt-BR"), or "auto": the one that is spoken. */
export const OutputLanguage = z
  .string()
  .regex(/^(auto|[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8}){0,2})$/, "output_language is written like en, id or pt-BR");
export type OutputLanguage = z.infer<typeof OutputLanguage>;

const COMPUTE_TEXT = 'compute must be a list of providers, like ["docker"]';
const ProviderName = z.string({ error: COMPUTE_TEXT }).regex(/^[a-z][a-z0-9-]{0,39}$/, COMPUTE_TEXT);

/**
 * A new job. The order of the fields is the order in which the documented checks are made, and each text is exact:
 * REST answers with the first failing field's message.
 * Give `video_url`, or the `upload_id` of a finished upload.
 */
export const CreateJob = z
  .object({
    video_url: z
      .string({ error: "video_url is required" })
      .min(1, "video_url is required")
      .refine(isHttpUrl, "video_url must be a valid URL")
      .optional(),
    upload_id: UploadId.optional(),
    clip_duration_seconds: z
      .number({ error: "clip_duration_seconds is required" })
      .int("clip_duration_seconds must be between 30 and 60")
      .min(30, "clip_duration_seconds must be between 30 and 60")
      .max(60, "clip_duration_seconds must be between 30 and 60"),
    clip_count: z
      .number({ error: "clip_count is required" })
      .int("clip_count must be between 1 and 5")
      .min(1, "clip_count must be between 1 and 5")
      .max(5, "clip_count must be between 1 and 5"),
    language: Language.nullish().transform((language) => language ?? "auto"),
    /** Where it may run, of the providers that the installation has; undefined: at any of them. */
    compute: z
      .array(ProviderName, { error: COMPUTE_TEXT })
      .min(1, COMPUTE_TEXT)
      .max(16, COMPUTE_TEXT)
      .nullish()
      .transform((list) => (list ? [...new Set(list)] : undefined)),
    /** What it may cost at most, all attempts together (US dollars). */
    max_usd: z
      .number({ error: "max_usd must be a number of US dollars" })
      .min(0, "max_usd must not be negative")
      .max(100_000, "max_usd must be at most 100000")
      .nullish()
      .transform((usd) => usd ?? undefined),
    /** How the captions look, in place of the installation's setting. */
    caption_preset: CaptionPreset.nullish().transform((preset) => preset ?? undefined),
    /** Cuts filler words and long silences out of the clips. */
    tighten: z
      .boolean()
      .nullish()
      .transform((on) => on ?? false),
    /** Of titles and, with a language model, captions; default: the installation's OUTPUT_LANGUAGE. */
    output_language: OutputLanguage.nullish().transform((language) => language ?? undefined),
    /** What the moments should be about: "pricing", "the part with the dog". */
    about: z
      .string()
      .trim()
      .max(300, "about must be at most 300 characters")
      .nullish()
      .transform((text) => text || undefined),
  })
  .refine((job) => job.video_url !== undefined || job.upload_id !== undefined, {
    path: ["video_url"],
    error: "video_url is required",
    when: () => true, // also where other fields fail: this check comes first
  });
export type CreateJob = z.input<typeof CreateJob>;

/** What is asked about a job before it is made: the same request, whose other fields do not matter here. */
export const QuoteJob = z.looseObject({
  compute: CreateJob.shape.compute,
  max_usd: CreateJob.shape.max_usd,
  /** The length of the video, where it is known. */
  source_seconds: z.number().min(0).max(1e6).nullish(),
});
export type QuoteJob = z.infer<typeof QuoteJob>;

export const CreatedJob = z.object({ job_id: JobId, job_token: z.string(), status: JobStatus });
export type CreatedJob = z.infer<typeof CreatedJob>;

/** A place that an attempt was given, with its price at that time. */
export const PlaceView = z.object({
  /** "this machine", "NVIDIA RTX 4090 market". */
  label: z.string(),
  /** The GPU's model; null where there is none. */
  gpu: z.string().nullable(),
  /** 0: costs nothing; null: not known. */
  usd_per_hour: z.number().nullable(),
});
export type PlaceView = z.infer<typeof PlaceView>;

/** One try of a job, as its owner may see it. Times are ISO 8601. */
export const AttemptView = z.object({
  epoch: z.int().min(1),
  provider: z.string(),
  node: z.string().nullable(),
  state: z.enum(["PLANNED", "SUBMITTING", "SUBMITTED", "CLAIMED", "FINISHED"]),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  outcome: z.string().nullable(), // "succeeded", or the code of what ended it
  /** Null until it was given a place. */
  offer: PlaceView.nullable(),
  /** What it has cost so far in US dollars: as its provider tells, else reckoned from the price; null: not known. */
  usd: z.number().nullable(),
  /** Why it runs where it does, or ran there, in a few words: "first choice", "docker has no free GPU". */
  reason: z.string().nullable(),
  /** Why it ended, in one sentence; null while it goes on, and after success. */
  ended_because: z.string().nullable(),
});
export type AttemptView = z.infer<typeof AttemptView>;

/** Credits that making the clips takes of a wallet: before anything is started, and given back where no clips come of it. */
export const FeeView = z.object({
  credits: z.int().min(1),
  /** DUE and SENDING: on its way. REFUSED: not taken. REFUNDING and REFUNDED: given back. */
  state: z.enum(["DUE", "SENDING", "CHARGED", "REFUSED", "REFUNDING", "REFUNDED"]),
});
export type FeeView = z.infer<typeof FeeView>;

/** What an edit's job renders. Its clip is asked for at the job `of` which it is. */
const EditedBy = z.object({ of: JobId, clip_file: z.string(), revision: z.int().min(2) });

/** The first seven fields are the 1.x answer; the rest is added. */
export const JobView = z.object({
  job_id: JobId,
  status: JobStatus,
  stage: ViewStage,
  progress: z.int().min(0).max(100),
  start_error: z.string().nullable(),
  nosana_run_id: z.string().nullable(),
  error: z.string().nullable(),

  state: JobState,
  /** The stage in which a job that ended badly was; null for all others. */
  failed_stage: Stage.nullable(),
  /** How far the current stage is, 0..1. */
  stage_progress: z.number().min(0).max(1),
  /** One readable line about what happens now, e.g. "Downloaded 12 of 40 MB". */
  message: z.string().nullable(),
  error_code: z.string().nullable(),
  error_action: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  /** When each stage of the current attempt was entered. */
  stage_started_at: z.partialRecord(Stage, z.string()),
  request: z.object({
    clip_duration_seconds: z.int(),
    clip_count: z.int(),
    language: Language,
    /** The providers that were asked for; null: any. */
    compute: z.array(z.string()).nullable(),
    max_usd: z.number().nullable(),
    /** Null: the installation's, and of `output_language` too. */
    caption_preset: CaptionPreset.nullable(),
    tighten: z.boolean(),
    output_language: OutputLanguage.nullable(),
    /** Only shown to who owns the job. */
    about: z.string().nullable(),
  }),
  /** Of a job that renders a new revision of a clip of another job: which one; null for all others. */
  edit: EditedBy.nullable(),
  attempts: z.array(AttemptView),
  /** What all attempts together have cost so far (US dollars), as far as is known; null: nothing is known. */
  usd: z.number().nullable(),
  /** What went otherwise than hoped, in plain words: no speech recogniser, low accuracy, fewer clips than asked. */
  notices: z.array(z.string()),
  /** Known once the worker has looked into the source; only shown to who has the job's token. */
  source: z
    .object({ title: z.string().nullable(), seconds: z.number().nullable(), url: z.string() })
    .nullable(),
  /** The wallet that it belongs to (base58), and what it takes of it; null: nobody's, nothing. Only shown to who owns the job. */
  wallet: z.string().nullable(),
  fee: FeeView.nullable(),
  /** Clips that can be watched already, while others are still being made (`clips.ready`); 0 once the job has ended. */
  clips_ready: z.int().min(0).max(5),
  /** What is left of the whole job, by the pace of earlier jobs and its own (seconds); null where that would be a guess. */
  eta_seconds: z.number().min(0).nullable(),
  /** Whether the job ran out of signs of life for more than 15 s while RUNNING. */
  stalled: z.boolean(),
  version: z.int().min(1),
});
export type JobView = z.infer<typeof JobView>;

/** One line of what happened to a job, oldest first; `jobs.log` gives the last 100. */
export const LogLine = z.object({
  at: z.string(), // ISO 8601
  epoch: z.int().min(1).nullable(),
  stage: Stage.nullable(),
  level: z.enum(["info", "warn", "error"]),
  text: z.string().max(500),
});
export type LogLine = z.infer<typeof LogLine>;

/** Ended jobs do not move any more. */
export const isEnded = (status: JobStatus) => status === "SUCCEEDED" || status === "FAILED";

/** One row of `jobs.list`, which only the operator of the machine may ask for. */
export const JobRow = z.object({
  job_id: JobId,
  status: JobStatus,
  state: JobState,
  stage: ViewStage,
  progress: z.int(),
  title: z.string().nullable(),
  source: z.string(),
  created_at: z.string(),
  error: z.string().nullable(),
  /** It renders a new revision of that clip; only the operator's list has such jobs. */
  edit: EditedBy.nullable(),
});
export type JobRow = z.infer<typeof JobRow>;

/** `jobs.mine`: the jobs of the wallet that is signed in, newest first. */
export const MyJobsInput = z.object({
  /** The last job of the page before. */
  before: JobId.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});
export type MyJobsInput = z.output<typeof MyJobsInput>;
