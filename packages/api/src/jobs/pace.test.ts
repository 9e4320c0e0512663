import { artifactKey, type Receipt, STAGES, type Stage, type StageReceipt } from "@kangklip/contract";
import { expect, test } from "vitest";
import { openDiskPlace } from "../artifacts/testing.ts";
import { createLog } from "../log.ts";
import type { Job } from "./job.ts";
import { createPaces, learned, type Pace, secondsFor } from "./pace.ts";
import type { JobStore } from "./store.ts";
import { aStoredJob, story } from "./testing.ts";

const WORK = { sourceSeconds: 600, clipSeconds: 60 };
const HERE = { provider: "process", gpu: null };
const log = createLog("silent");

/** Jobs whose RENDER took so long (seconds), one after the other. */
const after = (seconds: readonly number[]) =>
  seconds.reduce<Pace | undefined>((pace, took) => learned(pace, { RENDER: took }, WORK), undefined);

test("a stage takes as long as it took, by what it depends on", () => {
  const pace = learned(undefined, { TRANSCRIPT: 100, SELECT: 7, RENDER: 30, UPLOAD: 6 }, WORK);
  const longer = { sourceSeconds: 1200, clipSeconds: 20 };
  expect(secondsFor(pace, "TRANSCRIPT", longer)).toBeCloseTo(200);
  expect(secondsFor(pace, "SELECT", longer)).toBeCloseTo(7);
  expect(secondsFor(pace, "RENDER", longer)).toBeCloseTo(10);
  expect(secondsFor(pace, "UPLOAD", longer)).toBeCloseTo(2);
  expect(secondsFor(pace, "DOWNLOAD", longer)).toBeUndefined();
  expect(secondsFor(pace, "TRANSCRIPT", { ...longer, sourceSeconds: null })).toBeUndefined();
  expect(secondsFor(undefined, "RENDER", longer)).toBeUndefined();
});

test("the newest jobs count most, and exceptions do not", () => {
  expect(secondsFor(after([60, 60, 60, 120, 120, 120]), "RENDER", WORK)).toBeGreaterThan(90);
  const steady = after([60, 61, 59, 60]);
  const once = after([60, 61, 59, 60, 6000]);
  expect(secondsFor(once, "RENDER", WORK)).toBeCloseTo(secondsFor(steady, "RENDER", WORK) ?? 0);
  expect(secondsFor(after([6000, 60, 60]), "RENDER", WORK)).toBeCloseTo(60); // the first one fetched a model
  expect(secondsFor(after([60, 60, 0.1]), "RENDER", WORK)).toBeCloseTo(60);
  // what is so from now on is no exception
  expect(secondsFor(after([60, 60, 60, 600, 600, 600, 600]), "RENDER", WORK)).toBeCloseTo(600);
  expect(after(Array.from({ length: 100 }, () => 60))?.stages.RENDER).toHaveLength(8);
});

test("what cannot be reckoned with is not learned", () => {
  const none = { sourceSeconds: 0, clipSeconds: 0 };
  expect(learned(undefined, { DOWNLOAD: 10, RENDER: 10 }, none)).toEqual({ stages: {} });
  expect(learned(undefined, { DOWNLOAD: Number.NaN, RENDER: Number.POSITIVE_INFINITY }, WORK)).toEqual({
    stages: {},
  });
});

/** A store and an artifact store, and jobs that end in them. */
async function aPlace() {
  const disk = await openDiskPlace();
  const notes = new Map<string, string>();
  const store: Pick<JobStore, "note" | "recall"> = {
    note: async (key, value) => void notes.set(key, value),
    recall: async (key) => notes.get(key),
  };
  const artifacts = disk.store;
  return {
    ...{ store, artifacts, notes },
    paces: () => createPaces({ store, artifacts, log }),
    /** A job that succeeded 100 s after its claim, with its receipt. */
    async ended(
      took: Partial<Record<Stage, Partial<StageReceipt>>>,
      { text, over = {} }: { text?: string; over?: Partial<Job> } = {},
    ): Promise<Job> {
      const { job } = story(aStoredJob(1, { source_seconds: 600, clip_duration_seconds: 30, ...over }))
        .running()
        .after(100_000)
        .succeeded()
        .committed();
      const stages = STAGES.map((stage) => ({
        ...{ stage, seconds: 1, device: "cpu", executed: stage === "RENDER" ? 2 : 1, reused: 0 },
        ...took[stage],
      }));
      const receipt = {
        ...{ job_id: job.job_id, epoch: 1, seconds: {}, transcriber: "none", selector: "none", encoder: "x" },
        ...{ fetched_bytes: 0, output_bytes: 0, machine: { cpus: 1, platform: "linux", gpu: null } },
        ...{ tools: {}, notes: [], stages, wasted_attempts: [] },
      } as Receipt;
      const key = artifactKey(job.job_id, "receipt.json");
      await artifacts.put(key, text ?? JSON.stringify(receipt), { contentType: "application/json" });
      return job;
    },
    [Symbol.asyncDispose]: () => disk[Symbol.asyncDispose](),
  };
}

test("a job that succeeded teaches every process, for the kind of place where it ran", async () => {
  await using place = await aPlace();
  const paces = place.paces();
  expect(await paces.of(HERE)).toBeUndefined();
  await paces.learn(await place.ended({ TRANSCRIPT: { seconds: 50 }, RENDER: { seconds: 30 } }));
  for (const one of [paces, place.paces()]) {
    const pace = await one.of(HERE);
    expect(secondsFor(pace, "TRANSCRIPT", WORK)).toBeCloseTo(50);
    expect(secondsFor(pace, "RENDER", WORK)).toBeCloseTo(30); // two clips of 30 s
    expect(await one.of({ ...HERE, gpu: "NVIDIA H100" })).toBeUndefined();
    expect(await one.of({ provider: "docker", gpu: null })).toBeUndefined();
    expect(await one.of({ provider: null, gpu: null })).toBeUndefined();
  }
});

test("what is known is at hand at once, and whoever asks first knows it a moment later", async () => {
  await using place = await aPlace();
  const job = await place.ended({ RENDER: { seconds: 30 } });
  await place.paces().learn(job);
  const paces = place.paces();
  expect(paces.atOnce(job)).toBeUndefined();
  expect(await paces.ofJob(job)).toBeDefined();
  expect(paces.atOnce(job)).toEqual(await paces.ofJob(job));
});

test("nothing is learned of what was not done, nor of what cannot be", async () => {
  await using place = await aPlace();
  const paces = place.paces();
  await paces.learn(
    await place.ended({
      TRANSCRIPT: { seconds: 1, executed: 0, reused: 1 },
      RENDER: { seconds: 30, executed: 1, reused: 1 },
    }),
  );
  const pace = await paces.of(HERE);
  expect(pace?.stages.TRANSCRIPT).toBeUndefined();
  expect(pace?.stages.RENDER).toBeUndefined();
  expect(pace?.stages.DOWNLOAD).toHaveLength(1);
  place.notes.clear();
  await paces.learn(await place.ended({ RENDER: { seconds: 3000 } })); // it was there for 100 s
  await paces.learn(await place.ended({ RENDER: { seconds: -30 } }));
  await paces.learn(await place.ended({}, { text: "no receipt" }));
  await paces.learn(await place.ended({}, { text: " ".repeat((1 << 20) + 1) }));
  await paces.learn(story().running().failed("NO_VIDEO").job);
  const edit = { of: aStoredJob(2).job_id, clip_file: "clip_01.mp4" } as unknown as Job["edit"];
  await paces.learn({ ...(await place.ended({})), edit });
  expect(place.notes.size).toBe(0);
});

test("a store that is away, or holds something else, keeps nobody from anything", async () => {
  await using place = await aPlace();
  const job = await place.ended({});
  const away = async () => {
    throw new Error("away");
  };
  const { artifacts } = place;
  const paces = createPaces({ store: { note: away, recall: away }, artifacts, log });
  await paces.learn(job);
  expect(await paces.ofJob(job)).toBeUndefined();
  for (const text of ["{", '{"stages": {"RENDER": [-1]}}', '"x"']) {
    await place.store.note("pace:process:cpu", text, 1000);
    expect(await place.paces().ofJob(job)).toBeUndefined();
  }
});
