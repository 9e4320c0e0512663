import type { Attempt } from "./job.ts";

// how long each thing may take; what asking a provider may take is in launch.ts

/**
 * From the submission until the launch is seen running, by provider (providers reference, section 7): the start of a container, the queue
 * of a market. Then it is cancelled, and tried elsewhere.
 */
const START_MS: Record<string, number> = { docker: 5 * 60_000, nosana: 10 * 60_000 };
export const startMs = (provider: string): number => START_MS[provider] ?? 10 * 60_000;

export const HEARTBEAT_SECONDS = 10;
export const LEASE_MS = 45_000;
/** From the launch being seen running to the claim. */
export const CLAIM_MS = 120_000;
export const STALL_MS = 10 * 60_000;
/** A worker that says nothing while its provider says nothing either is waited for this long: nothing is paid a second time sooner. */
export const UNREACHABLE_MS = 10 * 60_000;
export const RUN_MS = 4 * 3_600_000;
/** After this long a cancelled job ends although its launch was not seen gone; it is still looked after. */
export const CANCEL_MS = 10 * 60_000;
export const COMMIT_MS = 3_600_000;

/** The end of a run that may last until `latest` (ms since 1970): earlier where that would cost more than it may. */
export const runsUntil = (
  { running_at, run_ms }: Pick<Attempt, "running_at" | "run_ms">,
  latest: number,
): number => (run_ms === null || running_at === null ? latest : Math.min(latest, running_at + run_ms));
