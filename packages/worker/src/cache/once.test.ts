import { join } from "node:path";
import { aJobSpec } from "@kangklip/contract/testing";
import { afterEach, expect, test, vi } from "vitest";
import { aContext, temporaryDir } from "../asr/testing.ts";
import { codeVersion } from "./code-version.ts";
import { type Done, lastTime, once } from "./once.ts";
import { noCache, openStageCache, type StageCache } from "./stage-cache.ts";

afterEach(() => vi.useRealTimers());

const [ONE, TWO] = ["kk_01JD0000000000000000000001", "kk_01JD0000000000000000000002"] as const;

/** A machine on which jobs do a stage's work, which is counted. */
async function aMachine(opened?: StageCache) {
  const temporary = await temporaryDir();
  const cache =
    opened ?? (await openStageCache({ dir: join(temporary.dir, "c"), maxBytes: 1e9, log: () => {} }));
  let works = 0;
  return {
    /** @returns what came of it, how often the work has been done until now, and what the user was told */
    async stage(job_id: string, inputs: unknown, done: Partial<Done<string>> = {}, of?: string) {
      const { context, told } = aContext(temporary.dir);
      const edit = of === undefined ? null : { of, clip: {} as never };
      const job = aJobSpec({ job_id, edit });
      const task = { stage: "SELECT", inputs };
      const { value, reused } = await once({ ...context, job }, cache, task, async (inner) => {
        works++;
        inner.notice("Only one clip fits.");
        return { value: `result ${works}`, ...done };
      });
      const before = await lastTime<string>({ ...context, job }, cache, task);
      return { value, reused, works, before, notices: told.notices };
    },
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

test("what one job has made another takes, and its user is told the same", async () => {
  await using machine = await aMachine();
  const notices = ["Only one clip fits."];
  const made = { value: "result 1", works: 1, before: "result 1", notices };
  expect(await machine.stage(ONE, { a: 1 })).toEqual({ ...made, reused: false });
  expect(await machine.stage(TWO, { a: 1 })).toEqual({ ...made, reused: true });
  expect(await machine.stage(TWO, { a: 2 })).toMatchObject({ value: "result 2", reused: false });
});

test("what is less than it could be is for the attempts of the same job, and for edits of its clips", async () => {
  await using machine = await aMachine();
  await machine.stage(ONE, {}, { standsMs: 0 });
  expect(await machine.stage(ONE, {})).toMatchObject({ value: "result 1", reused: true });
  expect(await machine.stage("kk_01JD0000000000000000000009", {}, {}, ONE)).toMatchObject({ reused: true });
  expect(await machine.stage(TWO, {})).toMatchObject({ value: "result 2", reused: false });
  // a later, better one counts for all
  expect(await machine.stage(ONE, {})).toMatchObject({ value: "result 2", reused: true });
});

test("what stands for a while is made anew after it, but not by its own job", async () => {
  await using machine = await aMachine();
  await machine.stage(ONE, {}, { standsMs: 600_000 });
  expect(await machine.stage(TWO, {})).toMatchObject({ value: "result 1", reused: true });
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 601_000 });
  expect(await machine.stage(ONE, {})).toMatchObject({ value: "result 1", reused: true });
  expect(await machine.stage(TWO, {})).toMatchObject({ value: "result 2", reused: false });
});

test("work that changes what it depends on is found by what it depends on afterwards", async () => {
  await using machine = await aMachine();
  await machine.stage(ONE, { model: null }, { inputs: { model: "base" } });
  expect(await machine.stage(TWO, { model: "base" })).toMatchObject({ value: "result 1", reused: true });
  expect(await machine.stage(TWO, { model: null })).toMatchObject({ value: "result 2", reused: false });
});

test("without a cache everything is done each time", async () => {
  await using machine = await aMachine(noCache());
  await machine.stage(ONE, {});
  expect(await machine.stage(ONE, {})).toMatchObject({ works: 2, reused: false, before: undefined });
});

test("the program is told from any other by its own files", async () => {
  expect(await codeVersion()).toMatch(/^[0-9a-f]{64}$/);
  expect(await codeVersion()).not.toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"); // of nothing
});
