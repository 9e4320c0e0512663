import { setTimeout as sleep } from "node:timers/promises";
import { type ClipFile, MAX_SHARES } from "@kangklip/contract";
import { expect, test } from "vitest";
import { type Charge, currentAttempt, type Job } from "./job.ts";
import { decide } from "./state.ts";
import { type JobStore, update } from "./store.ts";
import { aCharge, aReadyClip, aStoredJob } from "./testing.ts";

/**
 * The behaviour every job store owes its callers: run it from the store's own test file.
 * `newPlace` makes an empty place for data and gives the function that opens a store on it, as often as it is called.
 */
export function testJobStore(newPlace: () => Promise<() => Promise<JobStore>>): void {
  /** Two store objects on the same data, as two processes would have. */
  async function opened() {
    const open = await newPlace();
    const [store, other] = [await open(), await open()];
    const close = async () => void (await Promise.all([store.close(), other.close()]));
    return { store, other, open, [Symbol.asyncDispose]: close };
  }
  const released = (job: Job, is = true) => job.attempts.map((attempt) => ({ ...attempt, released: is }));
  const retitled = (job: Job, source_title: string) => ({ ...job, source_title });

  test("a new job is kept at version 1, and its id can be taken only once", async () => {
    await using place = await opened();
    const job = aStoredJob(1, { ready: [aReadyClip()] });
    expect(await place.store.get(job.job_id)).toBeUndefined();
    expect(await place.store.insert(job)).toBe(true);
    expect(await place.other.insert(retitled(job, "another"))).toBe(false);
    expect(await place.other.get(job.job_id)).toEqual({ job, version: 1 });
  });

  test("of many inserts of one id at once one succeeds", async () => {
    await using place = await opened();
    const inserts = Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? place.store : place.other).insert(retitled(aStoredJob(), `${index}`)),
    );
    expect((await Promise.all(inserts)).filter(Boolean)).toHaveLength(1);
  });

  test("a job is replaced only at the version that was read", async () => {
    await using place = await opened();
    const job = aStoredJob();
    await place.store.insert(job);
    expect(await place.store.replace(retitled(job, "first"), 1)).toBe(true);
    expect(await place.other.replace(retitled(job, "late"), 1)).toBe(false);
    expect(await place.other.replace(retitled(job, "early"), 3)).toBe(false);
    expect(await place.other.get(job.job_id)).toEqual({ job: retitled(job, "first"), version: 2 });
  });

  test("twenty writers at once lose no update", async () => {
    await using place = await opened();
    await place.store.insert(aStoredJob());
    const { job_id } = aStoredJob();
    const writers = Array.from({ length: 20 }, (_, index) =>
      update(index % 2 ? place.store : place.other, job_id, (job) => ({
        ...job,
        notices: [...job.notices, `writer ${index}`],
      })),
    );
    const versions = (await Promise.all(writers)).map(({ version }) => version);
    const stored = await place.store.get(job_id);
    expect(new Set(stored?.job.notices).size).toBe(20);
    expect(stored?.version).toBe(21);
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index + 2));
  });

  test("an update that changes nothing or throws writes nothing, and an unknown job is not found", async () => {
    await using place = await opened();
    const job = aStoredJob();
    await place.store.insert(job);
    expect(await update(place.store, job.job_id, (same) => same)).toEqual({ job, version: 1 });
    const refusal = update(place.store, job.job_id, () => {
      throw new Error("no");
    });
    await expect(refusal).rejects.toThrow("no");
    expect((await place.store.get(job.job_id))?.version).toBe(1);
    const unknown = update(place.store, aStoredJob(2).job_id, (same) => same);
    await expect(unknown).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("active are the jobs that go on or whose launch may be there, oldest first", async () => {
    await using place = await opened();
    const { store } = place;
    const [first, second, third] = [aStoredJob(1), aStoredJob(2), aStoredJob(3)];
    for (const job of [second, third, first]) await store.insert(job);
    expect(await place.other.active()).toEqual([first, second, third].map(({ job_id }) => job_id));

    const move = (job: Job, ...events: Parameters<typeof decide>[1][]) =>
      update(store, job.job_id, (before) => events.reduce((was, event) => decide(was, event, 1000), before));
    await move(first, { type: "cancel" }); // was never launched
    const { epoch } = currentAttempt(second);
    await move(second, { type: "submitting", epoch, provider: "process", native: true }, { type: "cancel" });
    await move(second, { type: "submit_failed", epoch, message: "no", again: false });
    expect((await store.get(second.job_id))?.job.state).toBe("CANCELLED");
    expect(await place.other.active()).toEqual([second.job_id, third.job_id]);
    await move(second, { type: "released", epoch });
    expect(await place.other.active()).toEqual([third.job_id]);
    await move(first, { type: "retry" });
    expect(await place.other.active()).toEqual([first.job_id, third.job_id]);
    await store.remove(third.job_id);
    expect(await place.other.active()).toEqual([first.job_id]);
  });

  test("ended are the jobs for which nothing is left to be done, the first to end first", async () => {
    await using place = await opened();
    const { store, other } = place;
    const endedAt = (serial: number, ended_at: number) =>
      aStoredJob(serial, { state: "FAILED", ended_at, attempts: released(aStoredJob(serial)) });
    const [late, early, alike] = [endedAt(1, 300), endedAt(2, 100), endedAt(3, 100)];
    const going = aStoredJob(4);
    const unreleased = aStoredJob(5, {
      state: "FAILED",
      ended_at: 50,
      attempts: released(aStoredJob(5), false),
    });
    for (const job of [late, alike, early, going, unreleased]) await store.insert(job);
    expect(await other.ended(1000, 10)).toEqual([early, alike, late].map(({ job_id }) => job_id));
    expect(await other.ended(1000, 2)).toEqual([early, alike].map(({ job_id }) => job_id));
    expect(await other.ended(300, 10)).toEqual([early, alike].map(({ job_id }) => job_id)); // 300 is not before 300

    await store.replace({ ...early, state: "QUEUED", ended_at: null }, 1); // tried again
    await store.replace({ ...unreleased, attempts: released(unreleased) }, 1);
    await store.replace({ ...late, ended_at: 20 }, 1);
    await store.remove(alike.job_id);
    expect(await other.ended(1000, 10)).toEqual([late, unreleased].map(({ job_id }) => job_id));
    expect(await other.active()).toEqual([early, going].map(({ job_id }) => job_id));
  });

  test("the time of the store is near that of the machine and never goes back", async () => {
    await using place = await opened();
    const times = [];
    for (let index = 0; index < 20; index++) times.push(await (index % 2 ? place.store : place.other).time());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(Math.abs(Number(times[0]) - Date.now())).toBeLessThan(5000);
  });

  test("the list is read page by page, newest first", async () => {
    await using place = await opened();
    const { store } = place;
    for (const serial of [3, 1, 5, 2, 4]) await store.insert(aStoredJob(serial));
    const serials = async (page: Parameters<JobStore["list"]>[0]) =>
      (await store.list(page)).map(({ created_at }) => created_at);
    expect(await serials({ limit: 2 })).toEqual([5, 4]);
    expect(await serials({ before: aStoredJob(4).job_id, limit: 2 })).toEqual([3, 2]);
    expect(await serials({ before: aStoredJob(2).job_id, limit: 2 })).toEqual([1]);
    expect(await serials({ before: aStoredJob(1).job_id, limit: 2 })).toEqual([]);
  });

  test("a job with an open charge is active although all else of it is over, until the charge has come to an end", async () => {
    await using place = await opened();
    const { store, other } = place;
    const over = aStoredJob(1, { state: "SUCCEEDED", ended_at: 5, attempts: released(aStoredJob()) });
    const withCharge = (change: Partial<Charge>) => ({ ...over, charges: [aCharge({ ...change })] });
    const { signed } = aCharge({ state: "SENDING" });
    await store.insert(withCharge({ state: "DUE" }));
    const seen: unknown[] = [];
    const histories: Partial<Charge>[] = [
      { state: "SENDING", signed },
      { state: "CHARGED", signed },
      { state: "REFUNDING" },
      { state: "REFUNDED" },
      { state: "REFUSED", signed },
      { state: "REFUSED", signed: null },
    ];
    for (const [index, change] of histories.entries()) {
      await store.replace(withCharge(change), index + 1);
      const [active, ended] = [await other.active(), await other.ended(10, 10)];
      expect(active.length + ended.length).toBe(1);
      seen.push(active.length);
    }
    expect(seen).toEqual([1, 0, 1, 0, 1, 0]);
    expect(await other.get(over.job_id)).toEqual({
      job: withCharge({ state: "REFUSED", signed: null }),
      version: 7,
    });
  });

  test("the jobs of a wallet are read page by page, newest first, whoever it was given to", async () => {
    await using place = await opened();
    const { store, other } = place;
    const [mine, yours] = ["wallet A", "wallet B"];
    for (const serial of [3, 1, 5]) await store.insert(aStoredJob(serial, { wallet: mine }));
    await store.insert(aStoredJob(2));
    await store.insert(aStoredJob(4, { wallet: yours }));
    const serials = async (page: Parameters<JobStore["list"]>[0]) =>
      (await other.list(page)).map(({ created_at }) => created_at);
    expect(await serials({ wallet: mine, limit: 2 })).toEqual([5, 3]);
    expect(await serials({ wallet: mine, before: aStoredJob(3).job_id, limit: 2 })).toEqual([1]);
    expect(await serials({ wallet: yours, limit: 9 })).toEqual([4]);
    expect(await serials({ wallet: "wallet", limit: 9 })).toEqual([]);
    expect(await serials({ limit: 9 })).toEqual([5, 4, 3, 2, 1]);

    await store.replace(aStoredJob(2, { wallet: mine }), 1); // it was nobody's
    await store.replace(aStoredJob(5, { wallet: yours }), 1);
    await store.replace(aStoredJob(1), 1); // given away
    await store.remove(aStoredJob(3).job_id);
    expect(await serials({ wallet: mine, limit: 9 })).toEqual([2]);
    expect(await serials({ wallet: yours, limit: 9 })).toEqual([5, 4]);
    expect(await store.insert(aStoredJob(3))).toBe(true);
    expect(await serials({ wallet: mine, limit: 9 })).toEqual([2]);
  });

  test("who watches a job is told of each writer's change within a second, and of no other job's", async () => {
    await using place = await opened();
    const { store, other } = place;
    const [job, bystander] = [aStoredJob(1), aStoredJob(2)];
    for (const each of [job, bystander]) await store.insert(each);
    const calls = { job: 0, bystander: 0 };
    let told = Promise.withResolvers<void>();
    const stop = store.watch(job.job_id, () => {
      calls.job++;
      told.resolve();
    });
    const stopBystander = store.watch(bystander.job_id, () => void calls.bystander++);
    const toldWithin = (ms: number) =>
      Promise.race([told.promise.then(() => true), sleep(ms).then(() => false)]);

    await update(store, job.job_id, (was) => retitled(was, "own"));
    expect(await toldWithin(100)).toBe(true);
    told = Promise.withResolvers();
    await update(other, job.job_id, (was) => retitled(was, "of another"));
    expect(await toldWithin(1000)).toBe(true);
    told = Promise.withResolvers();
    stop();
    await update(store, job.job_id, (was) => retitled(was, "unseen"));
    await update(other, job.job_id, (was) => retitled(was, "unseen too"));
    expect(await toldWithin(700)).toBe(false);
    stopBystander();
    expect(calls).toEqual({ job: 2, bystander: 0 });
  });

  test("two who watch the same job are both told, also of a job that is made or removed later", async () => {
    await using place = await opened();
    const job = aStoredJob();
    let calls = 0;
    const listener = () => void calls++;
    const stops = [place.store.watch(job.job_id, listener), place.store.watch(job.job_id, listener)];
    await place.store.insert(job);
    await sleep(20);
    expect(calls).toBe(2);
    stops[0]?.();
    stops[0]?.(); // ending twice ends nobody else's
    await place.store.remove(job.job_id);
    await sleep(20);
    expect(calls).toBe(3);
    stops[1]?.();
  });

  test("of links that many make at once as many are kept as there may be, and each one as it was made", async () => {
    await using place = await opened();
    const job = aStoredJob(1, { state: "SUCCEEDED", ended_at: 5, attempts: released(aStoredJob()) });
    await place.store.insert(job);
    const shares = Array.from({ length: MAX_SHARES + 3 }, (_, at) => ({
      share_id: `sh_${String(at).padStart(26, "0")}`,
      clip_files: at % 2 ? (["clip_01.mp4"] as ClipFile[]) : null,
      ...{ created_at: 10, expires_at: 1000 },
    }));
    const made = await Promise.allSettled(
      shares.map((share, at) =>
        update(at % 2 ? place.store : place.other, job.job_id, (was) =>
          decide(was, { type: "shared", share }, 10),
        ),
      ),
    );
    const kept = shares.filter((_, at) => made[at]?.status === "fulfilled");
    expect(kept).toHaveLength(MAX_SHARES);
    const read = (await place.store.get(job.job_id))?.job;
    expect(read?.shares.toSorted((a, b) => (a.share_id < b.share_id ? -1 : 1))).toEqual(kept);
    expect(read?.log).toEqual(job.log);
  });

  test("a removed job is gone, and removing it again is fine", async () => {
    await using place = await opened();
    const job = aStoredJob();
    await place.store.insert(job);
    await place.store.remove(job.job_id);
    await place.store.remove(job.job_id);
    expect(await place.other.get(job.job_id)).toBeUndefined();
    expect(await place.store.replace(job, 1)).toBe(false);
    expect(await place.store.list({ limit: 10 })).toEqual([]);
    expect(await place.store.insert(job)).toBe(true);
  });

  test("a note is remembered once, until it expires", async () => {
    await using place = await opened();
    const { store, other } = place;
    expect(await store.remember("nonce", "first", 150)).toBe(true);
    expect(await other.remember("nonce", "second", 150)).toBe(false);
    expect(await other.recall("nonce")).toBe("first");
    await sleep(170);
    expect(await store.recall("nonce")).toBeUndefined();
    expect(await store.take("nonce")).toBeUndefined();
    expect(await other.remember("nonce", "third", 60_000)).toBe(true);
    expect(await store.recall("nonce")).toBe("third");
  });

  test("a note can be written over, which also renews its time", async () => {
    await using place = await opened();
    await place.store.note("answer", "running", 1);
    await place.other.note("answer", "done", 60_000);
    await sleep(5);
    expect(await place.store.recall("answer")).toBe("done");
    expect(await place.store.recall("another")).toBeUndefined();
  });

  test("of fifty who remember one key at once one succeeds, and of fifty who take it one gets it", async () => {
    await using place = await opened();
    const all = <T>(ask: (store: JobStore, index: number) => Promise<T>) =>
      Promise.all(
        Array.from({ length: 50 }, (_, index) => ask(index % 2 ? place.store : place.other, index)),
      );
    const kept = await all((store, index) => store.remember("once", `${index}`, 60_000));
    expect(kept.filter(Boolean)).toHaveLength(1);
    const got = (await all((store) => store.take("once"))).filter((value) => value !== undefined);
    expect(got).toEqual([`${kept.indexOf(true)}`]);
    expect(await place.store.recall("once")).toBeUndefined();
    expect(await place.store.remember("once", "again", 60_000)).toBe(true);
  });

  test("whoever opens the store again finds everything", async () => {
    const open = await newPlace();
    const job = retitled(aStoredJob(), 'Ünïcode, "quotes" and \u{1F3AC}');
    {
      const store = await open();
      await store.insert(job);
      await update(store, job.job_id, (was) => ({ ...was, notices: ["kept"] }));
      await store.note("note", "kept", 60_000);
      await store.close();
    }
    const store = await open();
    expect(await store.get(job.job_id)).toEqual({ job: { ...job, notices: ["kept"] }, version: 2 });
    expect(await store.active()).toEqual([job.job_id]);
    expect(await store.recall("note")).toBe("kept");
    await store.close();
  });

  test("a store that can be used answers a ping, a closed one does not", async () => {
    const store = await (await newPlace())();
    await store.ping();
    await store.close();
    await store.close();
    await expect(store.ping()).rejects.toThrow();
  });
}
