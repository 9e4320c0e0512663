import { describe, expect, test } from "vitest";
import { Deployment, JobDetail, ListedJob } from "./answers.ts";
import { jobThatCounts, plain, withJob, withoutJob } from "./observe.ts";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-26T02:00:00Z");
const iso = (ms: number) => new Date(ms).toISOString();
const seconds = (ms: number) => ms / 1000;
const deployment = (status: string) =>
  Deployment.parse({ id: "D1", name: "n", market: "M", status, created_at: iso(NOW - HOUR) });
const listed = (state: string, more = {}) =>
  ListedJob.parse({
    job: "J1",
    state,
    created_at: iso(NOW - HOUR),
    updated_at: iso(NOW - HOUR / 4),
    ...more,
  });
/** A job that was taken half an hour ago and ended a quarter of an hour later. */
const detail = (state: number, jobResult: unknown = null) =>
  JobDetail.parse({
    ...{ state, node: "N1", jobResult, listedAt: seconds(NOW - HOUR), timeStart: seconds(NOW - HOUR / 2) },
    timeEnd: state >= 2 ? seconds(NOW - HOUR / 4) : 0,
  });
const result = (op: object, status = "failed") => ({ status, opStates: [{ operationId: "worker", ...op }] });
const why = (reason: object) => ({
  diagnostics: { reason: { hostShutDown: false, jobStopped: false, jobExpired: false, ...reason } },
});
const seen = (status: string, state: string, answer: JobDetail | undefined, more = {}) =>
  withJob({
    ...{ deployment: deployment(status), job: listed(state), detail: answer, market: "RTX 4090" },
    ...{ usdPerHour: 0.4, now: NOW, ...more },
  });

describe("without a job", () => {
  test.each([
    ["DRAFT", { phase: "starting" }],
    ["STARTING", { phase: "starting" }],
    ["RUNNING", { phase: "queued" }], // a listing is scheduled, and no container runs
    ["INSUFFICIENT_FUNDS", { phase: "blocked", reason: "funds" }],
    ["ERROR", { phase: "blocked", reason: "infra" }],
    ["STOPPING", { phase: "stopping" }],
    ["STOPPED", { phase: "exited", reason: "cancelled", exitCode: null }],
    ["A_STATE_TO_COME", { phase: "starting" }],
  ])("%s", (status, expected) => {
    expect(withoutJob(deployment(status), "RTX 4090", undefined)).toMatchObject(expected);
  });

  test("trouble with the listing is passed on: it is said nowhere else", () => {
    for (const status of ["STARTING", "RUNNING", "ERROR"])
      expect(withoutJob(deployment(status), "RTX 4090", "Nosana: no").message).toBe("Nosana: no");
  });
});

describe("with a job", () => {
  test("in the queue, and since when", () => {
    expect(seen("RUNNING", "QUEUED", undefined)).toEqual({
      phase: "queued",
      message: "In the queue of RTX 4090 since 2026-11-26T01:00:00.000Z",
    });
    expect(seen("STOPPING", "QUEUED", detail(0)).phase).toBe("stopping");
  });

  test("running, where, since when and for how much so far", () => {
    expect(seen("RUNNING", "RUNNING", detail(1))).toEqual({
      ...{ phase: "running", node: "N1", startedAt: NOW - HOUR / 2, usd: 0.2 },
    });
    expect(seen("STOPPING", "RUNNING", detail(1)).phase).toBe("stopping");
    expect(seen("RUNNING", "RUNNING", undefined)).toEqual({ phase: "running" });
    expect(seen("RUNNING", "RUNNING", detail(1), { usdPerHour: null })).not.toHaveProperty("usd");
  });

  test("the answer that is further is newer", () => {
    expect(seen("RUNNING", "QUEUED", detail(1)).phase).toBe("running");
    expect(seen("RUNNING", "RUNNING", detail(2, result({ exitCode: 0 })))).toMatchObject({
      reason: "completed",
    });
    expect(seen("RUNNING", "COMPLETED", detail(1, result({ exitCode: 0 }))).phase).toBe("exited");
  });

  test.each<[string, number, unknown, object]>([
    ["it ended well", 2, result({ exitCode: 0 }), { reason: "completed", exitCode: 0 }],
    [
      "it ended with an error, which is COMPLETED too",
      2,
      result({ exitCode: 65 }),
      { reason: "error", exitCode: 65 },
    ],
    [
      "its memory was used up",
      2,
      result({ exitCode: 137, diagnostics: { state: { OOMKilled: true } } }),
      { reason: "oom", exitCode: 137 },
    ],
    [
      "its time was up",
      2,
      result({ exitCode: 137, ...why({ jobExpired: true, jobStopped: true }) }),
      { reason: "timeout" },
    ],
    [
      "its host was shut down",
      2,
      result({ exitCode: 0, ...why({ hostShutDown: true }) }),
      { reason: "evicted" },
    ],
    ["it was stopped", 2, result({ exitCode: 143, ...why({ jobStopped: true }) }), { reason: "cancelled" }],
    ["it was delisted", 3, null, { reason: "cancelled", exitCode: null }],
    ["its node went away", 2, null, { reason: "lost", exitCode: null }],
    [
      "its image was not there",
      2,
      result({ exitCode: null, error: { event: "e", message: "failed to pull image kk/worker" } }),
      { reason: "image" },
    ],
    [
      "the node could not start it",
      2,
      result({ exitCode: null, error: { event: "e", message: "no GPU found" } }),
      { reason: "infra", message: "no GPU found" },
    ],
    [
      "the operations were kept back, and all went well",
      2,
      { status: "success", opStates: [] },
      { reason: "completed", exitCode: 0 },
    ],
    [
      "the operations were kept back, and something failed",
      2,
      { status: "failed", opStates: [] },
      { reason: "lost" },
    ],
    [
      "another operation ran beside the worker",
      2,
      {
        status: "failed",
        opStates: [...result({ exitCode: 7 }).opStates, { operationId: "volume", exitCode: 0 }],
      },
      { exitCode: 7 },
    ],
    ["the node sends no result but something", 2, "<script>", { reason: "lost" }],
    [
      "the node sends nonsense in its result",
      2,
      result({ exitCode: "0", logs: 7, diagnostics: "none" }),
      { reason: "lost" },
    ],
  ])("%s", (_case, state, jobResult, expected) => {
    const observation = seen("STOPPED", state === 3 ? "STOPPED" : "COMPLETED", detail(state, jobResult));
    expect(observation).toMatchObject({ phase: "exited", ...expected });
    expect(observation).toMatchObject({
      node: "N1",
      startedAt: NOW - HOUR / 2,
      endedAt: NOW - HOUR / 4,
      usd: 0.1,
    });
  });

  test("a result may come a minute late, and then no more", () => {
    const ended = (ago: number) => ({ ...detail(2), timeEnd: NOW - ago });
    expect(seen("RUNNING", "COMPLETED", ended(40_000))).toMatchObject({ phase: "stopping" });
    expect(seen("STOPPED", "COMPLETED", ended(61_000))).toMatchObject({ phase: "exited", reason: "lost" });
    expect(seen("STOPPED", "STOPPED", { ...ended(1000), state: "STOPPED" })).toMatchObject({
      reason: "cancelled",
    });
  });

  test("a stopped deployment has no job left, whatever the list still says", () => {
    expect(seen("STOPPED", "RUNNING", detail(1))).toMatchObject({ phase: "exited", reason: "cancelled" });
    expect(seen("STOPPED", "QUEUED", undefined)).toMatchObject({ phase: "exited", reason: "cancelled" });
    expect(seen("STOPPED", "RUNNING", detail(1, result({ exitCode: 0 })))).toMatchObject({
      reason: "completed",
    });
  });

  test("a result that is too large to be read is an end all the same", () => {
    expect(seen("STOPPED", "COMPLETED", undefined, { tooLarge: true })).toMatchObject({
      ...{ phase: "exited", exitCode: null, reason: "lost", message: expect.stringContaining("too large") },
    });
  });
});

test("of several jobs the one that runs counts, then the one that waits, then the newest", () => {
  const jobs = (...states: string[]) => states.map((state, n) => listed(state, { job: `J${n}` }));
  expect(jobThatCounts(jobs("COMPLETED", "QUEUED", "RUNNING"))?.job).toBe("J2");
  expect(jobThatCounts(jobs("COMPLETED", "QUEUED"))?.job).toBe("J1");
  expect(jobThatCounts(jobs("STOPPED", "COMPLETED"))?.job).toBe("J0");
  expect(jobThatCounts([])).toBeUndefined();
});

test("words of strangers become one line without control characters", () => {
  expect(plain(`a\nb\u001b[31mc\u0000${"x".repeat(500)}`)).toMatch(/^a bcx{296}$/);
});
