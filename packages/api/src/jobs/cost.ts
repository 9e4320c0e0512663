import { RUN_MS } from "./deadlines.ts";
import type { Attempt, Job } from "./job.ts";

// what jobs cost; all pure, in US dollars

const HOUR_MS = 3_600_000;
/** What a healthy run takes at most: this, and as long again as the video lasts (providers reference, section 7). */
const SPARE_SECONDS = 15 * 60;

const rounded = (usd: number) => Math.round(usd * 1e6) / 1e6;

/**
 * How long a job is reckoned with (seconds) before its end is known: 15 minutes and the length of the video, and never longer than any
 * job may run. Where the length is not known, that of the longest video that this installation takes.
 * @param sourceSeconds null: not known
 */
export const expectedSeconds = (sourceSeconds: number | null, maxSourceSeconds: number): number =>
  Math.ceil(Math.min(RUN_MS / 1000, SPARE_SECONDS + Math.max(0, sourceSeconds ?? maxSourceSeconds)));

/** @param usdPerHour null: not known, and so is the answer */
export const usdFor = (usdPerHour: number | null, ms: number): number | null =>
  usdPerHour === null ? null : rounded((usdPerHour * ms) / HOUR_MS);

/** What an attempt has cost so far: what its provider tells, else its price for the time that it ran; null: not known. `now` in ms since 1970. */
export function costOf({ usd, offer, running_at, ended_at }: Attempt, now: number): number | null {
  if (usd !== null) return usd;
  if (running_at === null) return 0;
  return usdFor(offer?.usd_per_hour ?? null, Math.max(0, (ended_at ?? now) - running_at));
}

/** What all attempts have cost so far, as far as is known; null where nothing is known of any that ran. */
export function spentOn({ attempts }: Pick<Job, "attempts">, now: number): number | null {
  const costs = attempts.map((attempt) => costOf(attempt, now));
  if (costs.every((usd) => usd === null)) return null;
  return rounded(costs.reduce<number>((sum, usd) => sum + (usd ?? 0), 0));
}
