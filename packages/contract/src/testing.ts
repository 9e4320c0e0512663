import type { CreateJob } from "./job.ts";
import { type JobSpec, NO_WISHES } from "./worker.ts";

/** A valid request for a new job. */
export const aJob = (overrides: Partial<CreateJob> = {}): CreateJob => ({
  video_url: "https://example.com/talk.mp4",
  clip_duration_seconds: 30,
  clip_count: 2,
  language: "en",
  ...overrides,
});

/** What a worker is asked to make. */
export const aJobSpec = (overrides: Partial<JobSpec> = {}): JobSpec => ({
  job_id: "kk_01JD0000000000000000000000",
  epoch: 1,
  source: { kind: "url", url: "https://example.com/talk.mp4" },
  clip_duration_seconds: 30,
  clip_count: 2,
  language: "en",
  fetch_policy: { allow_private: false, allow_origins: [], max_bytes: 1 << 30, max_seconds: 4 * 3600 },
  can_rank: false,
  ...NO_WISHES,
  ...overrides,
});

/** A text of a corpus file as it is meant: `{{a*300}}` stands for 300 times "a". Other values are gone through. */
export function expanded<T>(value: T): T {
  if (typeof value === "string")
    return value.replace(/\{\{(.+?)\*(\d+)\}\}/gs, (_, text: string, times: string) =>
      text.repeat(Number(times)),
    ) as T;
  if (Array.isArray(value)) return value.map(expanded) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, expanded(one)])) as T;
}

/** The keys that 1.x answered, in its order; added ones come behind. */
export const JOB_VIEW_KEYS_1X = [
  "job_id",
  "status",
  "stage",
  "progress",
  "start_error",
  "nosana_run_id",
  "error",
];
export const CLIP_VIEW_KEYS_1X = [
  "clip_file",
  "title",
  "duration",
  "locked",
  "unlock_endpoint",
  "download_endpoint",
  "preview_endpoint",
];
