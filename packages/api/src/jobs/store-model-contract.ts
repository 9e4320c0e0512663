import { EdlClip } from "@kangklip/contract";
import fc from "fast-check";
import { expect } from "vitest";
import { type Charge, isActive, type Job, type Revision } from "./job.ts";
import { endedAt, type JobStore } from "./store.ts";
import { aCharge, aStoredJob } from "./testing.ts";

/** What a store must look like from outside: plain maps. */
interface Model {
  jobs: Map<string, { job: Job; version: number }>;
  notes: Map<string, string>;
}
type Stores = readonly [JobStore, JobStore];
type Command = fc.AsyncCommand<Model, Stores>;

const NOTE_MS = 3_600_000; // notes of this test never expire; store-contract.ts has those that do

const serials = fc.integer({ min: 1, max: 6 });
const noteKeys = fc.constantFrom("a", "b", "nonce:c");
const wallets = fc.constantFrom("A", "B");
const texts = fc.string({ unit: "binary", maxLength: 12 });
const which = fc.constantFrom<0 | 1>(0, 1);

/** A revision whose job is not there yet: something is to be done for its clip's. */
const ORDER: Revision = {
  ...{ clip_file: "clip_01.mp4", revision: 2, edit_job_id: aStoredJob(9).job_id, created_at: 1, changed: [] },
  ...{
    title: "",
    order: EdlClip.parse({ index: 1, title: "", hook: "", segments: [{ start: 0, end: 1, text: "" }] }),
  },
};
/** Jobs of few ids in every condition that a store tells apart. */
const jobs = fc
  .record({
    serial: serials,
    title: fc.option(texts),
    state: fc.constantFrom("QUEUED", "RUNNING", "FAILED", "SUCCEEDED", "CANCELLED"),
    released: fc.boolean(),
    ended_at: fc.option(fc.integer({ min: 0, max: 5 })),
    wallet: fc.option(wallets),
    charge: fc.constantFrom<Charge["state"] | null>(null, null, null, null, null, "SENDING", "CHARGED"),
    order: fc.constantFrom(null, null, null, null, ORDER),
  })
  .map(({ serial, title, state, released, ended_at, wallet, charge, order }): Job => {
    const job = aStoredJob(serial);
    const attempts = job.attempts.map((attempt) => ({ ...attempt, released }));
    const charges = charge === null ? [] : [aCharge({ state: charge })];
    const revisions = order === null ? [] : [order];
    return { ...job, source_title: title, state, ended_at, attempts, wallet, charges, revisions };
  });

const byId = (model: Model) =>
  [...model.jobs.values()].map(({ job }) => job).toSorted((a, b) => (a.job_id < b.job_id ? -1 : 1));
const idOf = (serial: number) => aStoredJob(serial).job_id;

/** A command that asks one of the two store objects and the model, and compares. */
function command(
  name: string,
  store: 0 | 1,
  ask: (store: JobStore) => Promise<unknown>,
  answer: (model: Model) => unknown,
): Command {
  return {
    check: () => true,
    run: async (model, stores) => expect(await ask(stores[store]), name).toEqual(answer(model)),
    toString: () => `${store ? "other" : "store"}.${name}`,
  };
}

const commands = [
  fc.tuple(which, jobs).map(([at, job]) =>
    command(
      `insert(${fc.stringify(job)})`,
      at,
      (store) => store.insert(job),
      ({ jobs }) => {
        if (jobs.has(job.job_id)) return false;
        jobs.set(job.job_id, { job, version: 1 });
        return true;
      },
    ),
  ),
  // versions are few, so that about every third one is right
  fc.tuple(which, jobs, fc.integer({ min: 1, max: 4 })).map(([at, job, version]) =>
    command(
      `replace(${fc.stringify(job)}, ${version})`,
      at,
      (store) => store.replace(job, version),
      ({ jobs }) => {
        if (jobs.get(job.job_id)?.version !== version) return false;
        jobs.set(job.job_id, { job, version: version + 1 });
        return true;
      },
    ),
  ),
  fc.tuple(which, serials).map(([at, serial]) =>
    command(
      `get(${serial})`,
      at,
      (store) => store.get(idOf(serial)),
      ({ jobs }) => jobs.get(idOf(serial)),
    ),
  ),
  fc.tuple(which, serials).map(([at, serial]) =>
    command(
      `remove(${serial})`,
      at,
      (store) => store.remove(idOf(serial)),
      ({ jobs }) => void jobs.delete(idOf(serial)),
    ),
  ),
  which.map((at) =>
    command(
      "active()",
      at,
      (store) => store.active(),
      (model) =>
        byId(model)
          .filter(isActive)
          .map(({ job_id }) => job_id),
    ),
  ),
  fc.tuple(which, fc.integer({ min: 0, max: 7 }), fc.integer({ min: 1, max: 4 })).map(([at, before, limit]) =>
    command(
      `ended(${before}, ${limit})`,
      at,
      (store) => store.ended(before, limit),
      (model) =>
        byId(model)
          .filter((job) => !isActive(job) && endedAt(job) < before)
          .toSorted((a, b) => endedAt(a) - endedAt(b))
          .slice(0, limit)
          .map(({ job_id }) => job_id),
    ),
  ),
  fc
    .tuple(
      which,
      fc.option(serials, { nil: undefined }),
      fc.integer({ min: 1, max: 4 }),
      fc.option(wallets, { nil: undefined }),
    )
    .map(([at, before, limit, wallet]) => {
      const from = before === undefined ? undefined : idOf(before);
      return command(
        `list(${before}, ${limit}, ${wallet})`,
        at,
        (store) => store.list({ before: from, limit, wallet }),
        (model) =>
          byId(model)
            .reverse()
            .filter((job) => from === undefined || job.job_id < from)
            .filter((job) => wallet === undefined || job.wallet === wallet)
            .slice(0, limit),
      );
    }),
  fc.tuple(which, noteKeys, texts).map(([at, key, value]) =>
    command(
      `remember(${key}, ${fc.stringify(value)})`,
      at,
      (store) => store.remember(key, value, NOTE_MS),
      ({ notes }) => {
        if (notes.has(key)) return false;
        notes.set(key, value);
        return true;
      },
    ),
  ),
  fc.tuple(which, noteKeys, texts).map(([at, key, value]) =>
    command(
      `note(${key}, ${fc.stringify(value)})`,
      at,
      (store) => store.note(key, value, NOTE_MS),
      ({ notes }) => void notes.set(key, value),
    ),
  ),
  fc.tuple(which, noteKeys).map(([at, key]) =>
    command(
      `recall(${key})`,
      at,
      (store) => store.recall(key),
      ({ notes }) => notes.get(key),
    ),
  ),
  fc.tuple(which, noteKeys).map(([at, key]) =>
    command(
      `take(${key})`,
      at,
      (store) => store.take(key),
      ({ notes }) => {
        const value = notes.get(key);
        notes.delete(key);
        return value;
      },
    ),
  ),
];

/**
 * Random histories of all calls, spread over two store objects on one place, against maps in memory: each answer must be the same.
 * @param options `newPlace` as in store-contract.ts; `histories` of up to 40 calls each. A failure prints its seed and the shortest history
 */
export async function checkStoreModel(options: {
  newPlace: () => Promise<() => Promise<JobStore>>;
  histories: number;
  /** Gives up at the first wrong answer without looking for a shorter history. */
  endOnFailure?: boolean;
  /** The same histories each time. */
  seed?: number;
}): Promise<void> {
  const histories = fc.asyncProperty(
    fc.commands(commands, { maxCommands: 40, size: "max" }),
    async (history) => {
      const open = await options.newPlace();
      const stores = [await open(), await open()] as const;
      try {
        await fc.asyncModelRun(
          () => ({ model: { jobs: new Map(), notes: new Map() }, real: stores }),
          history,
        );
      } finally {
        await Promise.all(stores.map((store) => store.close()));
      }
    },
  );
  const { histories: numRuns, endOnFailure = false, seed } = options;
  await fc.assert(histories, { numRuns, endOnFailure, ...(seed === undefined ? {} : { seed }) });
}
