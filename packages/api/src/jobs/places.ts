import type { JobId } from "@kangklip/contract";
import { isPaid } from "./charges.ts";
import { currentAttempt, isActive, isOpen, type Job } from "./job.ts";
import { isDue, waitsSince } from "./launch.ts";

/** How long what is known of a waiting job is good: another process may have started or cancelled it. */
const KNOWN_MS = 15_000;
/** Waiting jobs that are read again in one round: of a long queue those that were not looked at for longest. */
const REREADS = 100;
const READ_AT_ONCE = 50;

/**
 * Who may run at once, as far as this process knows: launches that are there or on their way, and planned attempts that were given one of
 * the `size` places. A long queue costs little: of a waiting job only its time is kept, and it is read again only now and then. Several
 * processes hand out places independently, oldest job first, and by trying see what the others took; the limit may be passed by as many
 * as they are for a moment.
 */
export function createPlaces(options: { size: number; now: () => number; begin: (id: JobId) => void }) {
  const { size, now, begin } = options;
  /** With the provider that each is at, or is about to ask; null: not known yet. */
  const taken = new Map<JobId, string | null>();
  /** Planned attempts, when they may be submitted and since when they wait, in the order in which they came. */
  const waiting = new Map<JobId, { not_before: number; since: number }>();
  /** Of them those for which nothing can be done but to wait, and when they were looked at, longest ago first. */
  const looked = new Map<JobId, number>();
  /** All others that something is to be done for, or of which nothing is known yet. */
  const busy = new Set<JobId>();
  let surveyed = false;
  let heldUntil = 0;

  function seen(job: Job): void {
    const attempt = currentAttempt(job);
    const { state, not_before, provider } = attempt;
    const id = job.job_id;
    if (!isActive(job)) {
      drop(id);
      return;
    }
    looked.delete(id);
    if (state === "PLANNED" && settled(job)) {
      busy.delete(id);
      looked.set(id, now());
    } else busy.add(id);
    if (state === "PLANNED" && isPaid(job)) {
      waiting.set(id, { not_before, since: waitsSince(attempt) });
      return;
    }
    waiting.delete(id);
    const runs = state === "SUBMITTING" || state === "SUBMITTED" || state === "CLAIMED";
    if (runs && job.state !== "COMMITTING") taken.set(id, provider);
    else taken.delete(id);
  }

  function drop(id: JobId): void {
    taken.delete(id);
    waiting.delete(id);
    looked.delete(id);
    busy.delete(id);
  }

  return {
    /** What a job is now. */
    seen,
    drop,
    has: (id: JobId) => taken.has(id),
    /** The job that has a place is about to ask this provider. */
    assign: (id: JobId, provider: string) => void taken.set(id, provider),
    /** How many places are taken at a provider. */
    at: (provider: string): number => taken.values().reduce((sum, one) => sum + Number(one === provider), 0),
    /** Who waits and who runs, and for how long the one that waits longest has waited (seconds; null: none waits). */
    queue(): { waiting: number; running: number; longest_wait_seconds: number | null } {
      const running = taken.keys().reduce((sum, id) => sum + Number(!waiting.has(id)), 0);
      const first = waiting.values().reduce((least, { since }) => Math.min(least, since), Infinity);
      const longest = waiting.size === 0 ? null : Math.max(0, Math.floor((now() - first) / 1000));
      return { waiting: waiting.size, running, longest_wait_seconds: longest };
    },
    /** The step is made: a job that still waits does not keep its place meanwhile. */
    giveBack(id: JobId): void {
      if (waiting.has(id)) taken.delete(id);
    },
    /** Nobody gets a place for so long (ms). */
    hold(ms: number): void {
      heldUntil = Math.max(heldUntil, now() + ms);
    },
    /** Jobs to look at in this round: all but those that wait, and a few of them. */
    due(): Set<JobId> {
      const ids = new Set([...taken.keys(), ...busy]);
      const most = ids.size + REREADS;
      for (const [id, seenAt] of looked) {
        if (now() - seenAt < KNOWN_MS || ids.size >= most) break;
        ids.add(id);
      }
      return ids;
    },
    /** Forgets who is not there any more; the first time it reads all, so that nobody is started before it is known who runs. */
    async survey(ids: JobId[], read: (id: JobId) => Promise<Job | undefined>): Promise<void> {
      const there = new Set(ids);
      for (const known of [taken, busy, waiting]) for (const id of known.keys()) if (!there.has(id)) drop(id);
      for (const id of ids) if (!waiting.has(id)) busy.add(id);
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
        taken.set(id, null);
        begin(id);
      }
    },
  };
}

/** Nothing is left of earlier attempts that would have to be looked after, and no money is on its way. */
const settled = (job: Job) =>
  !job.charges.some(isOpen) && job.attempts.every(({ state, released }) => state !== "FINISHED" || released);
