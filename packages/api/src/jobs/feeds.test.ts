import { setImmediate as turn } from "node:timers/promises";
import { KangKlipError, STAGES } from "@kangklip/contract";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createFeeds } from "./feeds.ts";
import type { Job } from "./job.ts";
import { LEASE_MS } from "./state.ts";
import type { JobStore } from "./store.ts";
import { aStoredJob, START, story } from "./testing.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "performance", "Date"] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** One job in a store of which all is known: how often it was read, and by how many it is watched. */
function aStore(job: Job = aStoredJob(), answer: () => Promise<unknown> = () => turn()) {
  const listeners = new Set<() => void>();
  let stored: { job: Job; version: number } | undefined = { job, version: 1 };
  let broken = false;
  let reads = 0;
  const store: Pick<JobStore, "get" | "watch"> = {
    async get() {
      reads++;
      if (broken) throw new KangKlipError("UNAVAILABLE", "The job store is away");
      const found = stored;
      await answer();
      return found;
    },
    watch(_id, listener) {
      const own = () => listener();
      listeners.add(own);
      return () => listeners.delete(own);
    },
  };
  return {
    store: store as JobStore,
    id: job.job_id,
    reads: () => reads,
    watches: () => listeners.size,
    write(version: number, told = true, next: Partial<Job> = {}) {
      stored = { job: { ...job, ...next }, version };
      if (told) for (const listener of listeners) listener();
    },
    remove() {
      stored = undefined;
      for (const listener of listeners) listener();
    },
    breaks: (now: boolean) => {
      broken = now;
    },
  };
}

const settled = async () => {
  for (let turns = 0; turns < 5; turns++) await turn();
};

test("many followers cost one watch, one read per version and one view of each kind", async () => {
  const { store, id, reads, watches, write } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  let told = 0;
  const all = await Promise.all(Array.from({ length: 100 }, () => feeds.follow(id, () => told++)));
  expect([reads(), watches()]).toEqual([1, 1]);
  write(2);
  await settled();
  expect([reads(), told]).toEqual([2, 100]);
  const views = all.map(({ sight }, index) => sight().view(index % 2 === 0));
  expect(new Set(views).size).toBe(2);
  expect(views[0]).toMatchObject({ version: 2, source: { url: "https://example.com/talk.mp4" } });
  expect(views[1]?.source).toBeNull();
  for (const { stop } of all) stop();
});

test("how long the job takes is asked for once per version, and what follows is told the same", async () => {
  const { job } = story().running();
  const { store, id, write } = aStore({ ...job, source_seconds: 60 });
  let asked = 0;
  const pace = { stages: Object.fromEntries(STAGES.map((stage) => [stage, [1]])) };
  const paceOf = () => {
    asked++;
    return pace;
  };
  const feeds = createFeeds({ store, now: () => START, paceOf });
  const all = await Promise.all(Array.from({ length: 100 }, () => feeds.follow(id, () => {})));
  const views = all.map(({ sight }, index) => sight().view(index % 2 === 0));
  expect(asked).toBe(1);
  expect(new Set(views.map(({ eta_seconds }) => eta_seconds))).toEqual(new Set([views[0]?.eta_seconds]));
  expect(views[0]?.eta_seconds).toBeGreaterThan(0);
  write(2);
  await settled();
  expect(asked).toBe(2);
  for (const { stop } of all) stop();
});

test("with the last follower nothing is left: no watch and no timer", async () => {
  const { store, id, watches } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  for (let round = 0; round < 1000; round++) (await feeds.follow(id, () => {})).stop();
  expect([feeds.counts(), watches(), vi.getTimerCount()]).toEqual([{ jobs: 0, followers: 0 }, 0, 0]);
});

test("more than may follow are refused, and come in when others leave", async () => {
  const { store, id } = aStore();
  const feeds = createFeeds({ store, now: Date.now, maxFollowers: 2 });
  const [first, second] = await Promise.all([feeds.follow(id, () => {}), feeds.follow(id, () => {})]);
  await expect(feeds.follow(id, () => {})).rejects.toThrow("Too many pages listen");
  first?.stop();
  first?.stop();
  const third = await feeds.follow(id, () => {});
  await expect(feeds.follow(id, () => {})).rejects.toThrow("Too many pages listen");
  expect(feeds.counts()).toEqual({ jobs: 1, followers: 2 });
  for (const { stop } of [second, third]) stop();
  expect(feeds.counts()).toEqual({ jobs: 0, followers: 0 });
});

test("who could not follow leaves nothing behind either", async () => {
  const { store, id, watches, remove } = aStore();
  remove();
  const feeds = createFeeds({ store, now: Date.now });
  await expect(feeds.follow(id, () => {})).rejects.toThrow("job not found");
  expect([feeds.counts().jobs, watches(), vi.getTimerCount()]).toEqual([0, 0, 0]);
});

test("a version written while the one before is read is not missed", async () => {
  const { store, id, write } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  const { sight, stop } = await feeds.follow(id, () => {});
  for (let version = 2; version <= 20; version++) {
    write(version);
    if (version % 3 === 0) await turn();
  }
  await settled();
  expect(sight().view(false).version).toBe(20);
  stop();
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])("nor is one written %i moments after the answer", async (moments) => {
  let answered = Promise.withResolvers<void>();
  const { store, id, write } = aStore(aStoredJob(), () => answered.promise);
  const feeds = createFeeds({ store, now: Date.now });
  answered.resolve();
  const { sight, stop } = await feeds.follow(id, () => {});
  answered = Promise.withResolvers();
  write(2);
  answered.resolve();
  for (let moment = 0; moment < moments; moment++) await null;
  write(3);
  await settled();
  expect(sight().view(false).version).toBe(3);
  stop();
});

test("a change that nobody told of is found by looking, and soon for whoever joins", async () => {
  const { store, id, write } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  const first = await feeds.follow(id, () => {});
  write(2, false);
  vi.advanceTimersByTime(2000);
  const second = await feeds.follow(id, () => {});
  expect(second.sight().view(false).version).toBe(2);
  write(3, false);
  vi.advanceTimersByTime(40_000);
  await settled();
  expect(first.sight().view(false).version).toBe(3);
  first.stop();
  second.stop();
});

test("a store that goes back to an older copy shows: what people see is what is stored", async () => {
  const { store, id, write } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  const { sight, stop } = await feeds.follow(id, () => {});
  write(9);
  await settled();
  write(5);
  await settled();
  expect(sight().view(false).version).toBe(5);
  stop();
});

test("a worker that falls silent shows without a change in the store", async () => {
  const tale = story().running();
  const { store, id } = aStore(tale.job);
  vi.setSystemTime(tale.now);
  const feeds = createFeeds({ store, now: Date.now });
  let told = 0;
  const { sight, stop } = await feeds.follow(id, () => told++);
  expect(sight().view(false).stalled).toBe(false);
  vi.advanceTimersByTime(14_000);
  expect(told).toBe(0);
  vi.advanceTimersByTime(3000);
  expect([told, sight().view(false).stalled]).toEqual([1, true]);
  expect(LEASE_MS).toBeGreaterThan(17_000); // else it was the lease
  stop();
});

test("a store that is away for a moment is waited for; one that stays away ends the following", async () => {
  const { store, id, write, breaks, watches } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  let told = 0;
  const { sight } = await feeds.follow(id, () => told++);
  breaks(true);
  write(2);
  await settled();
  vi.advanceTimersByTime(2000);
  await settled();
  expect(sight().view(false).version).toBe(1);
  breaks(false);
  vi.advanceTimersByTime(1000);
  await settled();
  expect(sight().view(false).version).toBe(2);

  breaks(true);
  write(3);
  for (let second = 0; second < 7; second++) {
    vi.advanceTimersByTime(1000);
    await settled();
  }
  expect(() => sight()).toThrow("The job store is away");
  expect([told, watches(), vi.getTimerCount()]).toEqual([2, 0, 0]);
});

test("a job that is removed ends the following with its name", async () => {
  const { store, id, remove } = aStore();
  const feeds = createFeeds({ store, now: Date.now });
  const { sight } = await feeds.follow(id, () => {});
  remove();
  await settled();
  expect(() => sight()).toThrow("job not found");
});
