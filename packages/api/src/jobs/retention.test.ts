import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EdlClip } from "@kangklip/contract";
import { aJob } from "@kangklip/contract/testing";
import { ulid } from "ulid";
import { describe, expect, test } from "vitest";
import { createDiskStore } from "../artifacts/disk.ts";
import { createLog } from "../log.ts";
import type { Job } from "./job.ts";
import { createRetention } from "./retention.ts";
import { createSqliteStore } from "./sqlite-store.ts";
import { decide, newJob } from "./state.ts";
import { START, states } from "./testing.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function aHouse() {
  const dir = mkdtempSync(join(tmpdir(), "kk-retention-"));
  const clock = { now: START };
  const store = createSqliteStore({ file: join(dir, "kangklip.db") });
  const artifacts = createDiskStore({
    dir: join(dir, "artifacts"),
    secret: randomBytes(32),
    basePath: "/artifacts",
  });
  const options = {
    store,
    artifacts,
    keepJobsMs: 30 * DAY,
    keepUploadsMs: DAY,
    now: () => clock.now,
    log: createLog("silent"),
  };
  const write = (key: string) => artifacts.put(key, "x", { contentType: "text/plain" });
  const keys = async () => {
    const all: string[] = [];
    for await (const key of artifacts.list("jobs/")) all.push(key);
    for await (const key of artifacts.list("uploads/")) all.push(key);
    return all.sort();
  };
  return {
    dir,
    clock,
    store,
    artifacts,
    options,
    write,
    keys,
    retention: createRetention(options),
    /** A job that ended at a time, with its files. */
    async ended(at: number, like: Job = states.SUCCEEDED().released().job): Promise<Job> {
      const id = `kk_${ulid(at)}`;
      const job = { ...like, job_id: id, created_at: at, ended_at: at, updated_at: at };
      await store.insert(job);
      await write(`jobs/${id}/manifest.json`);
      await write(`jobs/${id}/clip_01.mp4`);
      return job;
    },
    async [Symbol.asyncDispose]() {
      await store.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

test("a job is kept for thirty days after its end, then it goes with all its files", async () => {
  await using house = aHouse();
  const old = await house.ended(START - 31 * DAY);
  const young = await house.ended(START - 29 * DAY);
  expect(await house.retention.sweep()).toEqual({ jobs: 1, uploads: 0, folders: 0 });
  expect(await house.store.get(old.job_id)).toBeUndefined();
  expect(await house.store.get(young.job_id)).toBeDefined();
  expect(await house.keys()).toEqual([
    `jobs/${young.job_id}/clip_01.mp4`,
    `jobs/${young.job_id}/manifest.json`,
  ]);
});

test.each(["QUEUED", "RUNNING", "RETRYING", "CANCELLING", "COMMITTING", "SUCCEEDED"] as const)(
  "a job that is %s and has something left to be done is never removed, however old it is",
  async (state) => {
    await using house = aHouse();
    const { job_id } = await house.ended(START - 300 * DAY, { ...states[state]().job });
    house.clock.now += 300 * DAY;
    expect((await house.retention.sweep()).jobs).toBe(0);
    expect(await house.store.get(job_id)).toBeDefined();
    expect(await house.keys()).toHaveLength(2);
  },
);

test("a removal that is cut off at any point is gone on with, and nobody can start the job again meanwhile", async () => {
  await using house = aHouse();
  const failed = states.FAILED().released().job;
  const { store, artifacts } = house;
  const { job_id } = await house.ended(START - 31 * DAY, failed);
  for (const broken of [
    { store: { ...store, note: () => Promise.reject(new Error("cut off")) } },
    { artifacts: { ...artifacts, delete: () => Promise.reject(new Error("cut off")) } },
    { store: { ...store, remove: () => Promise.reject(new Error("cut off")) } },
  ]) {
    await expect(createRetention({ ...house.options, ...broken }).sweep()).rejects.toThrow("cut off");
    const stored = await store.get(job_id);
    expect(stored?.job.removing).toBe(true);
    const again = () => decide(stored?.job as Job, { type: "retry" }, START);
    expect(again).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
  }
  expect((await house.retention.sweep()).jobs).toBe(1);
  expect(await store.get(job_id)).toBeUndefined();
  expect(await house.keys()).toEqual([]);
});

test("a job that is started again just then is not removed", async () => {
  await using house = aHouse();
  const { store } = house;
  const { job_id } = await house.ended(START - 31 * DAY, states.FAILED().released().job);
  const raced = {
    ...store,
    replace: async (job: Job, version: number) => {
      const stored = await store.get(job_id);
      if (stored && job.removing)
        await store.replace(decide(stored.job, { type: "retry" }, START), stored.version);
      return store.replace(job, version);
    },
  };
  expect((await createRetention({ ...house.options, store: raced }).sweep()).jobs).toBe(0);
  expect((await store.get(job_id))?.job.state).toBe("QUEUED");
  expect(await house.keys()).toHaveLength(2);
});

describe("the job of a revision", () => {
  /** A job of long ago whose clip was changed yesterday, and the job of that change. */
  async function edited(house: ReturnType<typeof aHouse>, like: Job = states.SUCCEEDED().released().job) {
    const edit_job_id = `kk_${ulid(START - DAY)}`;
    const [clip_file, revision] = ["clip_01.mp4", 2] as const;
    const entry = {
      clip_file,
      revision,
      edit_job_id,
      created_at: START - DAY,
      changed: [],
      title: "",
      order: null,
    };
    const done = states.SUCCEEDED().released().job;
    const parent = await house.ended(START - 31 * DAY, { ...done, revisions: [entry] });
    const clip = EdlClip.parse({
      index: 1,
      title: "",
      hook: "",
      segments: [{ start: 0, end: 1, text: "" }],
      revision,
    });
    const edit = { of: parent.job_id, clip_file, clip };
    const job = { ...like, job_id: edit_job_id, created_at: START - DAY, updated_at: START - DAY, edit };
    await house.store.insert(job);
    await house.write(`jobs/${edit_job_id}/clip_01.mp4`);
    return { parent: parent.job_id, edit: edit_job_id };
  }

  test("goes with the clip's, and not before, however old it is itself", async () => {
    await using house = aHouse();
    const { parent, edit } = await edited(house);
    const late = createRetention({ ...house.options, keepJobsMs: 40 * DAY });
    expect((await late.sweep()).jobs).toBe(0);
    const stored = await house.store.get(edit);
    if (!stored) throw new Error("it is gone");
    await house.store.replace({ ...stored.job, ended_at: START - 50 * DAY }, stored.version); // by a clock that was wrong
    expect((await late.sweep()).jobs).toBe(0);
    expect((await house.retention.sweep()).jobs).toBe(1);
    expect([await house.store.get(parent), await house.store.get(edit)]).toEqual([undefined, undefined]);
    expect(await house.keys()).toEqual([]);
  });

  test.each(["QUEUED", "RUNNING", "COMMITTING"] as const)(
    "keeps the clip's while it is %s",
    async (state) => {
      await using house = aHouse();
      const { parent } = await edited(house, states[state]().job);
      expect((await house.retention.sweep()).jobs).toBe(0);
      expect((await house.store.get(parent))?.job.removing).toBeUndefined();
      expect(await house.keys()).toHaveLength(3);
    },
  );

  test("that is started again just then is not removed, and its clip's goes when it has ended", async () => {
    await using house = aHouse();
    const { parent, edit } = await edited(house, states.FAILED().released().job);
    const { store } = house;
    const raced = {
      ...store,
      replace: async (job: Job, version: number) => {
        const stored = await store.get(edit);
        if (stored && job.job_id === edit && job.removing)
          await store.replace(decide(stored.job, { type: "retry" }, START), stored.version);
        return store.replace(job, version);
      },
    };
    expect((await createRetention({ ...house.options, store: raced }).sweep()).jobs).toBe(0);
    const again = await store.get(edit);
    expect(again?.job.state).toBe("QUEUED");
    expect((await house.retention.sweep()).jobs).toBe(0);
    if (again) await store.replace(decide(again.job, { type: "cancel" }, START), again.version);
    expect((await house.retention.sweep()).jobs).toBe(1);
    expect([await store.get(parent), await store.get(edit)]).toEqual([undefined, undefined]);
  });

  test("whose clip's is gone goes by its own age", async () => {
    await using house = aHouse();
    const { parent, edit } = await edited(house);
    await house.store.remove(parent);
    expect((await house.retention.sweep()).jobs).toBe(0);
    house.clock.now += 31 * DAY;
    expect((await house.retention.sweep()).jobs).toBe(1);
    expect(await house.store.get(edit)).toBeUndefined();
  });
});

test("a file that was never sent to its end goes with all its parts, whatever of it had arrived", async () => {
  await using house = aHouse();
  const begun = async (at: number) => {
    const key = `uploads/up_${ulid(at)}/source`;
    const id = await house.artifacts.beginParts(key, { contentType: "video/mp4" });
    await house.write(`${key}.parts/${id}/00001`);
    return [`${key}.parts/${id}/00001`, `${key}.parts/${id}/begun`];
  };
  const young = await begun(START - 23 * HOUR);
  await begun(START - 50 * HOUR);
  expect((await house.retention.sweep()).uploads).toBe(1);
  expect(await house.keys()).toEqual(young);
});

test("an upload goes after a day, but not while a job still works on it", async () => {
  await using house = aHouse();
  const upload = async (at: number) => {
    const id = `up_${ulid(at)}`;
    await house.write(`uploads/${id}/source`);
    return id;
  };
  const [young, used, unused] = [
    await upload(START - 23 * HOUR),
    await upload(START - 50 * HOUR),
    await upload(START - 50 * HOUR),
  ];
  const source = { kind: "upload", upload_id: used, filename: "talk.mp4" } as const;
  const job = newJob(`kk_${ulid(START)}`, "0".repeat(64), source, { ...aJob(), language: "en" }, START);
  await house.store.insert(job);
  expect((await house.retention.sweep()).uploads).toBe(1);
  expect(await house.keys()).toEqual([`uploads/${young}/source`, `uploads/${used}/source`].sort());
  expect(unused).not.toBe(used);
  await house.store.replace(decide(job, { type: "cancel" }, START), 1);
  expect((await house.retention.sweep()).uploads).toBe(1);
  expect(await house.keys()).toEqual([`uploads/${young}/source`]);
});

test("a store that was lost takes no clips with it: only what was surely removed here, or is too old anyway, goes", async () => {
  await using house = aHouse();
  const removed = await house.ended(START - 31 * DAY);
  await house.retention.sweep();
  await house.write(`jobs/${removed.job_id}/attempts/1/clip_01.mp4`); // by a worker that slept
  const lost = await house.ended(START - 2 * DAY);
  const lostAndOld = await house.ended(START - 40 * DAY);
  for (const { job_id } of [lost, lostAndOld]) await house.store.remove(job_id);
  await house.write("jobs/not-a-job/notes.txt");
  house.clock.now += HOUR;
  expect(await house.retention.sweep()).toEqual({ jobs: 0, uploads: 0, folders: 2 });
  expect(await house.keys()).toEqual([
    `jobs/${lost.job_id}/clip_01.mp4`,
    `jobs/${lost.job_id}/manifest.json`,
    "jobs/not-a-job/notes.txt",
  ]);
});

test("unfinished writes of days ago are tidied away", async () => {
  await using house = aHouse();
  const tidied: number[] = [];
  const artifacts = { ...house.artifacts, tidy: async (before: number) => void tidied.push(before) };
  await createRetention({ ...house.options, artifacts }).sweep();
  expect(tidied).toEqual([START - DAY]);
});

test("of many processes one does it, once an hour", async () => {
  await using house = aHouse();
  await house.ended(START - 31 * DAY);
  let sweeps = 0;
  const counted = {
    ...house.store,
    ended: (before: number, limit: number) => {
      sweeps++;
      return house.store.ended(before, limit);
    },
  };
  const processes = Array.from({ length: 4 }, () => createRetention({ ...house.options, store: counted }));
  await Promise.all(processes.map(({ hourly }) => hourly()));
  await Promise.all(processes.map(({ hourly }) => hourly()));
  expect(sweeps).toBe(1);
});

test("a round is bounded; the rest goes in the next one", async () => {
  await using house = aHouse();
  for (let index = 0; index < 7; index++) await house.ended(START - 40 * DAY);
  const { sweep } = createRetention({ ...house.options, mostAtOnce: 5 });
  expect((await sweep()).jobs).toBe(5);
  expect((await sweep()).jobs).toBe(2);
});
