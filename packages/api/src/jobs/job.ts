import {
  CaptionPreset,
  ClipFile,
  EditOrder,
  EdlClip,
  ErrorCode,
  JobId,
  JobState,
  Language,
  OutputLanguage,
  ShareId,
  Stage,
  UploadId,
} from "@kangklip/contract";
import { z } from "zod";
import { Signed } from "../credits/ledger.ts";

/** All times of these records are milliseconds since 1970. */
const Time = z.number();

/** A place at a provider, as it was offered when the attempt was given it. */
export const Place = z.object({
  offer_id: z.string(),
  label: z.string(),
  gpu: z.string().nullable(),
  /** US dollars; 0: costs nothing; null: not known. */
  usd_per_hour: z.number().nullable(),
});
export type Place = z.infer<typeof Place>;

/** One try of a job. Its tokens are derived from the server's secret (tokens.ts), so none is kept. */
export const Attempt = z.object({
  epoch: z.int().min(1),
  launch_key: z.string(),
  state: z.enum(["PLANNED", "SUBMITTING", "SUBMITTED", "CLAIMED", "FINISHED"]),
  provider: z.string().nullable(),
  ref: z
    .object({
      provider: z.string(),
      ref: z.string(),
      extra: z.record(z.string(), z.string()).optional(),
    })
    .nullable(),
  node: z.string().nullable(),
  /** The offer that was taken; null until then. It is the one that was asked for last. */
  offer: Place.nullable().default(null),
  /** Why this place, in a few words. */
  reason: z.string().nullable().default(null),
  /**
   * Somebody asked this provider for the launch and never said what came of it: until this time that may still begin one. While this is
   * set, no other provider is asked.
   */
  doubt_until: Time.nullable().default(null),
  /** What its provider says that it has cost so far (US dollars). */
  usd: z.number().nullable().default(null),
  /** Since when it has surely been running, and is paid for. */
  running_at: Time.nullable().default(null),
  /** It may not run for longer than this (ms), or it would cost more than the job may. */
  run_ms: z.number().nullable().default(null),
  /** Not submitted before. */
  not_before: Time,
  submitting_at: Time.nullable(),
  submitted_at: Time.nullable(),
  claimed_at: Time.nullable(),
  ended_at: Time.nullable(),
  /** sha256 of the nonce that claimed it: the same process may ask again, no other. */
  nonce_hash: z.string().nullable(),
  lease_until: Time.nullable(),
  /** Leases that ran out while the launch was still seen running. */
  missed_leases: z.int(),
  /** The attempt may not be later than this with what it is at: finding a place, starting, working, stopping, publishing. */
  deadline: Time.nullable(),
  /** Of the last report that was heard. */
  seq: z.int(),
  progress_at: Time.nullable(),
  observed_at: Time.nullable(),
  /** "succeeded" or the code of what ended it. */
  outcome: z.string().nullable(),
  /** The same in one sentence. */
  ended_because: z.string().nullable().default(null),
  /**
   * The place failed, not the work: the next attempt goes elsewhere, where there is another place. "offer": this one only, "provider": all
   * that its provider has.
   */
  blame: z.enum(["offer", "provider"]).nullable().default(null),
  /** The launch is gone and nothing is left of it. */
  released: z.boolean(),
});
export type Attempt = z.infer<typeof Attempt>;

/**
 * Credits that a job takes of a wallet, for its generation or for one of its clips. Everything is written down here before it is done on
 * the chain. A clip is unlocked while its charge is CHARGED.
 */
export const Charge = z.object({
  what: z.union([z.literal("generation"), ClipFile]),
  /** What the chain knows it by (hex): made of wallet, job and clip (charges.ts), so nobody can be charged for the same twice. */
  request_id: z.string().regex(/^[0-9a-f]{64}$/),
  wallet: z.string(),
  amount: z.int().min(1),
  /**
   * DUE: nothing is signed. SENDING: `signed` may land at any time. CHARGED. REFUSED: not charged; with `signed`, as far as is known.
   * REFUNDING: was charged and is to be given back. REFUNDED.
   */
  state: z.enum(["DUE", "SENDING", "CHARGED", "REFUSED", "REFUNDING", "REFUNDED"]),
  signed: Signed.nullable().default(null),
  /** Since when it has been in this state. */
  since: Time,
  /** Who settles it now, and until when nobody else does. */
  by: z.string().nullable().default(null),
  until: Time.default(0),
  /** Why it was refused. */
  error: ErrorCode.nullable().default(null),
  /** sha256 of the unlock request that began it. */
  asked: z.string().nullable().default(null),
});
export type Charge = z.infer<typeof Charge>;

/** Whether something of it is still to be done on the chain, or to be found out there. */
export const isOpen = ({ state, signed }: Charge) =>
  state === "DUE" || state === "SENDING" || state === "REFUNDING" || (state === "REFUSED" && signed !== null);

export const JobSource = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("url"), url: z.string() }),
  z.object({ kind: z.literal("upload"), upload_id: UploadId, filename: z.string() }),
]);
export type JobSource = z.infer<typeof JobSource>;

/** A version of a clip that came after the one which the job made. It is rendered by a job of its own, which has the same token. */
export const Revision = z.object({
  clip_file: ClipFile,
  revision: z.int().min(2),
  edit_job_id: JobId,
  created_at: Time,
  /** Names of what was changed. */
  changed: z.array(z.string()),
  title: z.string(),
  /** What its job is made of; null once that job is there. */
  order: EdlClip.nullable(),
});
export type Revision = z.infer<typeof Revision>;

/** The revision of a clip that somebody chose to see, and the newest one at that time: whatever comes later is shown by itself. */
const Chosen = z.object({ revision: z.int().min(1), newest: z.int().min(1) });

/** A clip that is whole and uploaded while its attempt still makes others. Its files lie in the attempt's folder under the clip's own names. */
export const Ready = z.object({
  epoch: z.int().min(1),
  clip_file: ClipFile,
  index: z.int(),
  title: z.string(),
  hook: z.string(),
  reason: z.string(),
  score: z.number().nullable(),
  /** Seconds in the source. */
  start: z.number(),
  end: z.number(),
  duration_seconds: z.number(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  /** Which of its files are there beside the clip itself. */
  preview: z.boolean(),
  cover: z.boolean(),
  vtt: z.boolean(),
});
export type Ready = z.infer<typeof Ready>;

/** Whoever has its link may see clips of the job until it expires; the link itself is not kept (shares/token.ts). */
export const Share = z.object({
  share_id: ShareId,
  /** Null: all. */
  clip_files: z.array(ClipFile).nullable(),
  created_at: Time,
  expires_at: Time,
});
export type Share = z.infer<typeof Share>;

/** One line of what happened to the job (log.ts). */
export const LogEntry = z.object({
  at: Time,
  epoch: z.int().nullable(),
  stage: Stage.nullable(),
  level: z.enum(["info", "warn", "error"]),
  text: z.string(),
  /** How far the work is, in words of the worker or the provider: the first to go where lines are too many. */
  said: z.literal(true).optional(),
});
export type LogEntry = z.infer<typeof LogEntry>;

/** A job as the store keeps it: one record, moved only by `decide`. */
export const Job = z.object({
  job_id: JobId,
  /** sha256 of the job token. */
  token_hash: z.string(),
  /** Whose it is (base58): that wallet has it among its jobs and needs no token; null: only the token counts. */
  wallet: z.string().nullable().default(null),
  created_at: Time,
  updated_at: Time,
  started_at: Time.nullable(),
  ended_at: Time.nullable(),
  source: JobSource,
  clip_duration_seconds: z.int(),
  clip_count: z.int(),
  language: Language,
  /** The providers that it may run at; null: any. */
  compute: z.array(z.string()).nullable().default(null),
  /** What it may cost, all attempts together (US dollars). */
  max_usd: z.number().nullable().default(null),
  /** Null: the installation's. */
  caption_preset: CaptionPreset.nullable().default(null),
  tighten: z.boolean().default(false),
  output_language: OutputLanguage.nullable().default(null),
  about: z.string().nullable().default(null),

  state: JobState,
  stage: Stage,
  stage_progress: z.number(),
  progress: z.int(),
  message: z.string().nullable(),
  stage_started_at: z.partialRecord(Stage, Time),
  error: z.string().nullable(),
  error_code: ErrorCode.nullable(),
  start_error: z.string().nullable(),
  source_title: z.string().nullable(),
  source_seconds: z.number().nullable(),
  notices: z.array(z.string()),
  /** Somebody wants the job gone: it ends CANCELLED unless its clips are there already. */
  cancel_requested: z.boolean(),

  attempts: z.array(Attempt).min(1),
  /** First epoch of the present budget of attempts; a retry by hand starts a new one. */
  budget_from: z.int(),
  /** What is to be published, once a worker has reported success; the hash is null where the report was lost. */
  result: z.object({ epoch: z.int(), manifest_sha256: z.string().nullable() }).nullable(),
  /** In the order in which they were begun; of one thing at most one is open or CHARGED. */
  charges: z.array(Charge).default([]),
  /** The `request_id` of the charge that has to be paid before the present run begins; null: it costs nothing. */
  fee: z.string().nullable().default(null),
  /** It renders a revision of a clip of another job, and is nobody's but by that one; null for all others. */
  edit: EditOrder.extend({ clip_file: ClipFile }).nullable().default(null),
  /** Of its own clips, in the order in which they were made. */
  revisions: z.array(Revision).default([]),
  shown: z.partialRecord(ClipFile, Chosen).default({}),
  /** Links to its clips; one that was revoked is not here any more. */
  shares: z.array(Share).default([]),
  /** Oldest first. */
  log: z.array(LogEntry).default([]),
  /** Clips of the current attempt that can be watched before it ends; with it they are gone, for then the manifest tells. */
  ready: z.array(Ready).default([]),
  /** Its time is over and its files are being removed (retention.ts): nothing can begin again. */
  removing: z.literal(true).optional(),
});
export type Job = z.infer<typeof Job>;

/** The attempt that counts; the ones before it are fenced. */
export function currentAttempt(job: Job): Attempt {
  const last = job.attempts.at(-1);
  if (!last) throw new Error(`${job.job_id} has no attempt`);
  return last;
}

export const isFinal = (job: Job) =>
  job.state === "SUCCEEDED" || job.state === "FAILED" || job.state === "CANCELLED";

/** Whether a revision was written down and its job is not known to be there. */
export const isOrdered = ({ order }: Revision) => order !== null;

/**
 * Whether something still has to be done for a job: it goes on, a launch of it may still be there, money of it is on its way, or a revision
 * of its clips has to be begun.
 */
export const isActive = (job: Job) =>
  !isFinal(job) ||
  job.attempts.some(({ released }) => !released) ||
  job.charges.some(isOpen) ||
  job.revisions.some(isOrdered);
