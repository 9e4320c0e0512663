import { z } from "zod";
import { ErrorCode } from "./errors.ts";
import { CreateJob } from "./job.ts";
import { FetchPolicy } from "./worker.ts";

/** `jobs.inspect`: what an address leads to, before a job is made of it. */
export const InspectSource = z.object({ video_url: CreateJob.shape.video_url.unwrap() });
export type InspectSource = z.infer<typeof InspectSource>;

/** What could be found out within a few seconds and a few megabytes; null: not known. */
export const SourcePreview = z.object({
  title: z.string().max(300).nullable(),
  /** Length. */
  seconds: z.number().nullable(),
  width: z.int().nullable(),
  height: z.int().nullable(),
  size_bytes: z.int().nullable(),
  /** "data:image/jpeg;base64,…", at most 640 pixels wide and 80 kB. */
  thumbnail: z
    .string()
    .max(120_000)
    .regex(/^data:image\/jpeg;base64,[A-Za-z0-9+/]+={0,2}$/)
    .nullable(),
  /** It brings captions with it, which are faster than listening. */
  has_captions: z.boolean().nullable(),
  /** What a job of it may run into, in plain words. */
  notices: z.array(z.string().max(300)).max(10),
});
export type SourcePreview = z.infer<typeof SourcePreview>;

/** What the program that looks at an address is asked, as one line of JSON, and what it answers, as another. */
export const InspectOrder = z.object({
  url: z.string(),
  fetch_policy: FetchPolicy,
  /** How long it may take, from its start. */
  within_ms: z.int().min(1),
});
export type InspectOrder = z.infer<typeof InspectOrder>;
export const InspectAnswer = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), preview: SourcePreview }),
  z.object({ ok: z.literal(false), code: ErrorCode, message: z.string().max(1000) }),
]);
export type InspectAnswer = z.infer<typeof InspectAnswer>;
