import { setTimeout as sleep } from "node:timers/promises";
import type { KangKlipError } from "@kangklip/contract";
import { expect, test } from "vitest";
import { createApiClient } from "./api-client.ts";
import { createReporter } from "./reporter.ts";
import { type Answer, type Asked, PULSE, problem, startApiPlace, until } from "./testing-api.ts";

const JOB = { job_id: "kk_01JD0000000000000000000000", epoch: 1 };
const SHA = "0".repeat(64);

/** A reporter that speaks to a place on loopback; it says what it heard and what it logged. */
async function reporting(
  answer: (asked: Asked, count: number) => Answer = () => ({}),
  heartbeatSeconds = 60,
) {
  const place = await startApiPlace(answer);
  const stops: KangKlipError[] = [];
  const logs: string[] = [];
  const reporter = createReporter({
    api: createApiClient({ baseUrl: place.url }),
    job: JOB,
    heartbeatSeconds,
    onStop: (reason) => void stops.push(reason),
    log: (event) => void logs.push(event),
  });
  return {
    ...{ place, reporter, stops, logs },
    reports: () => place.bodies("report"),
    async [Symbol.asyncDispose]() {
      reporter.close();
      await place[Symbol.asyncDispose]();
    },
  };
}

test.concurrent("progress is thinned out: the newest word wins", async () => {
  await using it = await reporting();
  it.reporter.enter("RENDER");
  const from = performance.now();
  for (let step = 0; step <= 100; step++) {
    it.reporter.progress(step / 100, `${step} of 100`);
    await sleep(10);
  }
  await until(() => it.reports().at(-1)?.message === "100 of 100");
  const said = it.reports().length;
  expect(said).toBeLessThanOrEqual((performance.now() - from) / 500 + 1);
  expect(it.reports().map(({ seq }) => seq)).toEqual(it.reports().map((_, index) => index + 1));
  await sleep(700);
  expect(it.reports().at(-1)).toMatchObject({
    ...JOB,
    status: "RUNNING",
    stage: "RENDER",
    stage_progress: 1,
  });
  expect(it.reports()).toHaveLength(said); // nothing new, nothing said
});

test.concurrent("progress never goes back within a stage, and each stage begins at its start", async () => {
  await using it = await reporting();
  it.reporter.enter("SELECT");
  for (const fraction of [0.5, 0.2, Number.NaN, 7]) it.reporter.progress(fraction, "x".repeat(400));
  await until(() => it.reports().length === 1);
  expect(it.reports()[0]).toMatchObject({ stage: "SELECT", stage_progress: 1, message: "x".repeat(300) });
  it.reporter.enter("RENDER");
  await until(() => it.reports().length === 2);
  expect(it.reports()[1]).toMatchObject({ stage: "RENDER", stage_progress: 0, message: null });
  expect(it.reporter.stage()).toBe("RENDER");
});

test.concurrent("every notice arrives once, in order, with the source's name and length", async () => {
  await using it = await reporting();
  it.reporter.source("A talk", 61.5);
  for (const text of ["one", "two", "three"]) it.reporter.notice(text);
  await until(() => it.reports().length === 3);
  expect(it.reports().map(({ notice }) => notice)).toEqual(["one", "two", "three"]);
  expect(it.reports()[0]).toMatchObject({ source_title: "A talk", source_seconds: 61.5 });
});

test.concurrent("a notice that comes while another report is on its way is not taken for sent", async () => {
  await using it = await reporting((_, count) => {
    if (count === 1) it.reporter.notice("said meanwhile");
    return {};
  });
  it.reporter.progress(0.5);
  await until(() => it.reports().length === 1);
  await it.reporter.end({ status: "SUCCEEDED", manifest_sha256: SHA });
  expect(it.reports().flatMap(({ notice }) => notice ?? [])).toEqual(["said meanwhile"]);
});

test.concurrent("a heartbeat hears that the job is cancelled, once", async () => {
  await using it = await reporting(({ path }) => ({ body: { ...PULSE, cancel: path === "heartbeat" } }), 0.1);
  await until(() => it.place.bodies("heartbeat").length >= 3);
  expect(it.place.bodies("heartbeat")[0]).toEqual(JOB);
  expect(it.stops).toMatchObject([{ code: "CANCELLED" }]);
});

test.concurrent("a report hears it too, and nothing but the end is said after it", async () => {
  await using it = await reporting(() => ({ body: { ...PULSE, cancel: true } }));
  it.reporter.enter("RENDER");
  await until(() => it.stops.length === 1);
  it.reporter.progress(0.5);
  await it.reporter.end({ status: "FAILED", code: "CANCELLED", error: "cancelled", stage: "RENDER" });
  expect(it.reports().map(({ status }) => status)).toEqual(["RUNNING", "FAILED"]);
});

test.concurrent.each(["FENCED", "UNAUTHORIZED", "NOT_FOUND"])(
  "an attempt that is told %s stops as fenced",
  async (code) => {
    await using it = await reporting(() => problem(409, code));
    it.reporter.enter("RENDER");
    await until(() => it.stops.length === 1);
    it.reporter.progress(0.5);
    await sleep(700);
    expect(it.stops).toMatchObject([{ code: "FENCED" }]);
    expect(it.reports()).toHaveLength(1);
    await expect(it.reporter.end({ status: "SUCCEEDED", manifest_sha256: SHA })).rejects.toMatchObject({
      code,
    });
  },
);

test.concurrent("while the API is away the work goes on, and nothing is lost when it is back", async () => {
  await using it = await reporting();
  it.reporter.enter("RENDER");
  await until(() => it.reports().length === 1);
  await it.place[Symbol.asyncDispose]();
  for (const text of ["one", "two"]) it.reporter.notice(text);
  it.reporter.progress(0.7);
  await sleep(1500);
  expect(it.stops).toEqual([]);
  await using back = await startApiPlace(() => ({}), it.place.port);
  await until(() => back.bodies("report").length === 2);
  expect(back.bodies("report").map(({ notice }) => notice)).toEqual(["one", "two"]);
  expect(back.bodies("report").at(-1)).toMatchObject({ stage: "RENDER", stage_progress: 0.7 });
  expect(it.logs).toEqual(["the API did not take a message; the work goes on", "the API answers again"]);
});

test.concurrent("the last word is said until it is taken, after all notices, and nothing comes behind it", async () => {
  await using it = await reporting((_asked, count) => (count <= 3 ? { status: 503, text: "<html>" } : {}));
  it.reporter.enter("UPLOAD");
  it.reporter.notice("one");
  it.reporter.notice("two");
  await it.reporter.end({ status: "SUCCEEDED", manifest_sha256: SHA });
  it.reporter.progress(1);
  await sleep(700);
  const said = it.reports().map(({ status, notice, seq }) => [status, notice, seq]);
  const first = ["RUNNING", "one", 1];
  expect(said).toEqual([first, first, first, first, ["RUNNING", "two", 2], ["SUCCEEDED", undefined, 3]]);
});
