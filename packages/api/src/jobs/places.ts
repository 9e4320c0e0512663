import type { JobId } from "@kangklip/contract";
import { currentAttempt, type Job } from "./job.ts";
import { isDue } from "./launch.ts";

/** How long what is known of a waiting job is good: another process may have started it. */
const KNOWN_MS = 15_000;
const READ_AT_ONCE = 50;

/**
 * Who may run at once, as far as this process knows: launches that are there or on their way, and planned attempts that were given one of
 * the `size` places. A long queue costs nothing: a waiting job is read again only now and then. Several processes hand out places
 * independently, oldest job first, and by trying see what the others took; the limit may be passed by as many as they are for a moment.
 */
export function createPlaces(options: { size: number; now: () => number; begin: (id: JobId) => void }) {
  const { size, now, begin } = options;
  const taken = new Set<JobId>();
  /** In the order in which they came. */
  const waiting = new Map<JobId, { not_before: number; settled: boolean; seenAt: number }>();
  let surveyed = false;
  let heldUntil = 0;

  function seen(job: Job): void {
    const { state, not_before } = currentAttempt(job);
    const id = job.job_id;
    if (state === "PLANNED") {
      waiting.set(id, { not_before, settled: isSettled(job), seenAt: now() });
      return;
    }
    waiting.delete(id);
    const runs = state === "SUBMITTING" || state === "SUBMITTED" || state === "CLAIMED";
    if (runs && job.state !== "COMMITTING") taken.add(id);
    else taken.delete(id);
  }

  return {
    /** What a job is now. */
    seen,
    has: (id: JobId) => taken.has(id),
    /** The step is made: a job that still waits does not keep its place meanwhile. */
    giveBack(id: JobId): void {
      if (waiting.has(id)) taken.delete(id);
    },
    drop(id: JobId): void {
      taken.delete(id);
      waiting.delete(id);
    },
    /** Nobody gets a place for so long (ms). */
    hold(ms: number): void {
      heldUntil = Math.max(heldUntil, now() + ms);
    },
    /** Whether all that can be done for a job is to wait for a place. */
    isWaiting(id: JobId): boolean {
      const known = waiting.get(id);
      return known !== undefined && !taken.has(id) && now() - known.seenAt < KNOWN_MS && known.settled;
    },
    /** Forgets who is not there any more; the first time it reads all, so that nobody is started before it is known who runs. */
    async survey(ids: JobId[], read: (id: JobId) => Promise<Job | undefined>): Promise<void> {
      const there = new Set(ids);
      for (const id of [...taken, ...waiting.keys()])
        if (!there.has(id)) {
          taken.delete(id);
          waiting.delete(id);
        }
      if (surveyed) return;
      for (let from = 0; from < ids.length; from += READ_AT_ONCE)
        for (const job of await Promise.all(ids.slice(from, from + READ_AT_ONCE).map(read)))
          if (job) seen(job);
      surveyed = true;
    },
    /** Gives the free places to who has waited longest. */
    fill(): void {
      const at = now();
      if (!surveyed || at < heldUntil) return;
      for (const [id, attempt] of waiting) {
        if (taken.size >= size) return;
        if (taken.has(id) || !isDue(attempt, at)) continue;
        taken.add(id);
        begin(id);
      }
    },
  };
}

/** Nothing is left of earlier attempts that would have to be looked after. */
const isSettled = (job: Job) => job.attempts.every(({ state, released }) => state !== "FINISHED" || released);
