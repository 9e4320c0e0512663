import { type JobId, type JobView, KangKlipError } from "@kangklip/contract";
import type { Job } from "./job.ts";
import type { Pace } from "./pace.ts";
import type { JobStore, StoredJob } from "./store.ts";
import { isStalled, viewOf } from "./view.ts";

/** A job at one moment. */
export interface Sight {
  job: Job;
  /** As one of the two kinds of people sees it: computed once, the same object for everybody. */
  view(owner: boolean): JobView;
}

/** A job that is being followed. */
export interface Followed {
  /** As it is now. @throws what keeps it from being known: it was removed, or the store has been away for too long */
  sight(): Sight;
  stop(): void;
}

interface Feed {
  followers: Set<() => void>;
  stored: StoredJob | undefined;
  sight: Sight | undefined;
  stalled: boolean;
  /** When the store was last asked with success, and since when it has not answered (performance.now). */
  readAt: number;
  failingSince: number | undefined;
  reading: Promise<void> | undefined;
  readAgain: boolean;
  failure: unknown;
  stopWatching: () => void;
}

/** Times of one clock tick for all feeds together. */
const TICK_MS = 1000;
/** The store tells of changes; it is asked without being told only so often, in case word was lost. */
const REREAD_MS = 30_000;
/** Who joins gets what was read at most so long ago. */
const FRESH_MS = 1000;
/** A store that is away for longer ends the following: people are to know that what they see may be old. */
const PATIENCE_MS = 5000;
/** Each holds a connection open; whoever finds no room asks every few seconds instead. */
const MAX_FOLLOWERS = 10_000;

/**
 * Follows jobs for any number of people at the cost of one: per job one watch, per version one read and at most two views (whoever has
 * the job's token sees more than others), and one clock for all.
 */
export function createFeeds(options: {
  store: JobStore;
  now: () => number;
  /** How long jobs like this one take, as far as that is known without asking anybody. */
  paceOf?: ((job: Job) => Pace | undefined) | undefined;
  maxFollowers?: number;
}) {
  const { store, now, paceOf = () => undefined, maxFollowers = MAX_FOLLOWERS } = options;
  const feeds = new Map<JobId, Feed>();
  let followers = 0;
  let clock: NodeJS.Timeout | undefined;

  function opened(id: JobId): Feed {
    const feed: Feed = {
      followers: new Set(),
      stored: undefined,
      sight: undefined,
      stalled: false,
      readAt: 0,
      failingSince: undefined,
      reading: undefined,
      readAgain: false,
      failure: undefined,
      stopWatching: store.watch(id, () => void look(id, feed)),
    };
    feeds.set(id, feed);
    clock ??= setInterval(tick, TICK_MS).unref();
    return feed;
  }

  function closed(id: JobId, feed: Feed): void {
    if (feeds.get(id) !== feed) return;
    feed.stopWatching();
    feeds.delete(id);
    if (feeds.size > 0) return;
    clearInterval(clock);
    clock = undefined;
  }

  /** Reads the job, one read at a time; asked during a read, it reads once more after it. */
  function read(id: JobId, feed: Feed): Promise<void> {
    feed.readAgain = true;
    feed.reading ??= reads(id, feed);
    return feed.reading;
  }

  async function reads(id: JobId, feed: Feed): Promise<void> {
    try {
      while (feed.readAgain) {
        feed.readAgain = false;
        const stored = await store.get(id);
        if (!stored) throw new KangKlipError("NOT_FOUND", "job not found");
        feed.readAt = performance.now();
        feed.failingSince = undefined;
        shown(feed, stored);
      }
    } finally {
      feed.reading = undefined; // in the same step as the last look at readAgain: a call in between would be lost
    }
  }

  function shown(feed: Feed, stored: StoredJob): void {
    const stalled = isStalled(stored.job, now());
    if (feed.stored?.version === stored.version && feed.stalled === stalled) return;
    const known = feed.sight !== undefined; // else all wait for this very read
    feed.stored = stored;
    feed.stalled = stalled;
    feed.sight = sightOf(stored, now(), paceOf(stored.job));
    if (known) for (const changed of feed.followers) changed();
  }

  const look = (id: JobId, feed: Feed) =>
    read(id, feed).catch((error) => {
      feed.failingSince ??= performance.now();
      const gone = error instanceof KangKlipError && error.code === "NOT_FOUND";
      if (!gone && performance.now() - feed.failingSince < PATIENCE_MS) return; // the next tick looks again
      feed.failure = error;
      closed(id, feed);
      for (const changed of feed.followers) changed();
    });

  function tick(): void {
    for (const [id, feed] of feeds) {
      const due = feed.failingSince !== undefined || performance.now() - feed.readAt > REREAD_MS;
      if (due && !feed.reading) void look(id, feed);
      else if (feed.stored) shown(feed, feed.stored); // silence shows by time alone
    }
  }

  return {
    /**
     * Follows a job: `changed` is called after each change, and when the job cannot be known any longer.
     * @throws KangKlipError NOT_FOUND, UNAVAILABLE where too many follow already, or what the store threw
     */
    async follow(id: JobId, changed: () => void): Promise<Followed> {
      if (followers >= maxFollowers)
        throw new KangKlipError("UNAVAILABLE", "Too many pages listen to jobs now: ask for the job instead");
      const feed = feeds.get(id) ?? opened(id);
      const own = () => changed(); // the same function may follow twice
      feed.followers.add(own);
      followers++;
      const stop = () => {
        if (feed.followers.delete(own)) followers--;
        if (feed.followers.size === 0) closed(id, feed);
      };
      try {
        if (!feed.sight || performance.now() - feed.readAt > FRESH_MS) await (feed.reading ?? read(id, feed));
      } catch (error) {
        stop();
        throw error;
      }
      return {
        sight() {
          if (feed.failure) throw feed.failure;
          if (!feed.sight) throw new Error(`${id} was not read`);
          return feed.sight;
        },
        stop,
      };
    },

    /** How many jobs are followed, and by how many. */
    counts: () => ({ jobs: feeds.size, followers }),
  };
}

function sightOf({ job, version }: StoredJob, now: number, pace: Pace | undefined): Sight {
  const made: { owner?: JobView; other?: JobView } = {};
  return {
    job,
    view(owner) {
      const who = owner ? "owner" : "other";
      made[who] ??= viewOf(job, version, { owner, now, pace });
      return made[who];
    },
  };
}
