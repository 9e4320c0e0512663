import { z } from "zod";
import { PlaceView } from "./job.ts";

/** What a page needs to know of the installation it talks to. */
export const SystemInfo = z.object({
  version: z.string(),
  compute: z.array(z.string()), // in order of preference
  credits: z.boolean(),
  /** Credits that making a job costs; 0: nothing. */
  generation_fee: z.int().min(0),
  language_model: z.boolean(),
  /** Whether yt-dlp is there, so that addresses of pages work and not only those of video files. */
  page_urls: z.boolean(),
  allow_private: z.boolean(),
  max_source_seconds: z.int(),
  max_source_bytes: z.int(),
  /** Whether `jobs.inspect` can look at addresses here. */
  inspect: z.boolean(),
});
export type SystemInfo = z.infer<typeof SystemInfo>;

/** A place that could run a job. */
export const OfferView = PlaceView.extend({
  provider: z.string(),
  vram_gb: z.number().nullable(),
  availability: z.enum(["available", "unknown", "full"]),
});
export type OfferView = z.infer<typeof OfferView>;

export const QuotedOffer = OfferView.extend({
  /** How long a job like this takes at most where all goes well, as it is reckoned before it is known (seconds). */
  seconds: z.int(),
  /** The same in US dollars; null where the price is not known. */
  usd: z.number().nullable(),
  /** Whether the job would go here now: at most one does, and it comes first. */
  chosen: z.boolean(),
  /** Why it would go here, or why not. */
  reason: z.string().nullable(),
});
export type QuotedOffer = z.infer<typeof QuotedOffer>;

/** `jobs.quote`: where a job would run and what it would cost. Nothing is started or kept. */
export const Quote = z.object({
  offers: z.array(QuotedOffer),
  /** How long a job like this has taken here of late, from its start to its clips (seconds); null: there is nothing to go by. */
  expected_seconds: z.int().nullable(),
  /** What happens to a job that is made now: where it goes, what it waits for, or why it would fail. */
  message: z.string(),
  expires_at: z.string(),
});
export type Quote = z.infer<typeof Quote>;

/** `system.providers`: a provider of this installation, asked just now. */
export const ProviderView = z.object({
  id: z.string(),
  ok: z.boolean(),
  /** The best GPU that it offers now; null: none. */
  gpu: z.string().nullable(),
  /** Its cheapest offer; null: no price is known. */
  usd_per_hour: z.number().nullable(),
  /** Only for the operator of the machine. */
  operator: z
    .object({
      detail: z.string(),
      gpus: z.int().nullable(),
      free_usd: z.number().nullable(),
      /** Launches that are there or on their way. */
      running: z.int(),
      capabilities: z.object({
        submit: z.enum(["native", "lookup"]),
        deadline: z.enum(["native", "none"]),
        logs: z.enum(["live", "after-exit", "none"]),
        env_visible_to: z.enum(["host", "operator", "public"]),
        gpu: z.boolean(),
        list: z.boolean(),
      }),
      offers: z.array(OfferView),
      /** Why it is left alone for now, and until when. */
      held: z.object({ reason: z.string(), until: z.string() }).nullable(),
    })
    .nullable(),
});
export type ProviderView = z.infer<typeof ProviderView>;

/** `GET /readyz`: each thing that stands behind the service, asked just now; it is ready where all that it needs are well. */
export const Readiness = z.object({
  ok: z.boolean(),
  checks: z.record(
    z.string(),
    z.object({ ok: z.boolean(), needed: z.boolean().default(true), detail: z.string(), ms: z.int() }),
  ),
});
export type Readiness = z.infer<typeof Readiness>;

/** `system.status`: how the service is, for everybody who uses it. */
export const ServiceStatus = z.object({
  /** All that it needs is well. */
  ok: z.boolean(),
  version: z.string(),
  /** Since when this process runs; ISO 8601. */
  since: z.string(),
  /** Names as in `Readiness`, without the details that are for the operator. */
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), needed: z.boolean(), ms: z.int() })),
  queue: z.object({
    /** Jobs that wait for a place, and that are being made. */
    waiting: z.int().min(0),
    running: z.int().min(0),
    /** How long the one that waits longest has waited (seconds); null: none waits. */
    longest_wait_seconds: z.number().min(0).nullable(),
  }),
  providers: z.array(ProviderView),
});
export type ServiceStatus = z.infer<typeof ServiceStatus>;
