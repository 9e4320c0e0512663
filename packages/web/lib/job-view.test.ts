import type { JobView } from "@kangklip/contract";
import { expect, test } from "vitest";
import {
  diagnostics,
  elapsedSeconds,
  feeMoves,
  headline,
  nameOf,
  newerView,
  remainingText,
  stageRows,
  tabTitle,
} from "./job-view.ts";

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const clockAt = (second: number) => Date.parse(at(second));

const aView = (overrides: Partial<JobView> = {}): JobView => ({
  job_id: "kk_01JD0000000000000000000000",
  status: "RUNNING",
  stage: "TRANSCRIPT",
  progress: 30,
  start_error: null,
  nosana_run_id: null,
  error: null,
  state: "RUNNING",
  failed_stage: null,
  stage_progress: 0.5,
  message: null,
  error_code: null,
  error_action: null,
  created_at: at(0),
  updated_at: at(20),
  started_at: at(2),
  ended_at: null,
  stage_started_at: { DOWNLOAD: at(2), TRANSCRIPT: at(10) },
  request: {
    ...{ clip_duration_seconds: 45, clip_count: 2, language: "auto", compute: null, max_usd: null },
    ...{ caption_preset: null, tighten: false, output_language: null, about: null },
  },
  edit: null,
  attempts: [
    {
      epoch: 1,
      provider: "process",
      node: null,
      state: "CLAIMED",
      started_at: at(1),
      ended_at: null,
      outcome: null,
      offer: { label: "this machine", gpu: null, usd_per_hour: 0 },
      usd: 0,
      reason: "first choice",
      ended_because: null,
    },
  ],
  usd: 0,
  notices: [],
  source: { title: "A talk", seconds: 240, url: "https://example.com/talk.mp4?signature=secret" },
  wallet: null,
  fee: null,
  stalled: false,
  version: 7,
  ...overrides,
});
const again = (epoch: number) => aView().attempts.map((attempt) => ({ ...attempt, epoch }));

test("a view that arrives late changes nothing", () => {
  const current = aView({ version: 9 });
  expect(newerView(current, aView({ version: 8, progress: 99 }))).toBe(current);
  expect(newerView(current, aView({ version: 9 }))).toBe(current);
  expect(newerView(undefined, current)).toBe(current);
});

test("a job that goes silent, or whose token is shown, gets a new view of the same version", () => {
  const current = aView({ source: null });
  expect(newerView(current, aView({ source: null, stalled: true })).stalled).toBe(true);
  expect(newerView(current, aView()).source?.title).toBe("A talk");
});

test("progress never goes back within an attempt, and starts anew with the next one", () => {
  const current = aView({ version: 9, progress: 60 });
  expect(newerView(current, aView({ version: 10, progress: 40 })).progress).toBe(60);
  expect(newerView(current, aView({ version: 10, progress: 0, attempts: again(2) })).progress).toBe(0);
});

test("another job's view replaces the one before it, whatever its version", () => {
  const other = aView({ job_id: "kk_01JE0000000000000000000000", version: 1 });
  expect(newerView(aView({ version: 9 }), other)).toBe(other);
});

test("a running job has stages behind it, one at work, and stages to come", () => {
  const rows = stageRows(aView(), clockAt(22));
  expect(rows.map(({ state }) => state)).toEqual(["done", "now", "todo", "todo", "todo", "todo"]);
  expect(rows[0]).toMatchObject({ fraction: 1, seconds: 8 });
  expect(rows[1]).toMatchObject({ fraction: 0.5, seconds: 12 });
  expect(rows[2]).toMatchObject({ fraction: 0, seconds: null });
});

test("a job that waits for its place has no stage at work", () => {
  const waiting = aView({
    status: "QUEUED",
    state: "QUEUED",
    stage: "DOWNLOAD",
    started_at: null,
    stage_started_at: {},
  });
  expect(new Set(stageRows(waiting, clockAt(5)).map(({ state }) => state))).toEqual(new Set(["todo"]));
});

test("a failed job marks the stage it failed in and keeps what was done before", () => {
  const failed = aView({ status: "FAILED", state: "FAILED", failed_stage: "TRANSCRIPT", ended_at: at(15) });
  const rows = stageRows(failed, clockAt(500));
  expect(rows.map(({ state }) => state)).toEqual(["done", "failed", "todo", "todo", "todo", "todo"]);
  expect(rows[1]?.seconds).toBe(5);
});

test("a cancelled job has not failed at anything: its stage was stopped", () => {
  const cancelled = aView({
    status: "FAILED",
    state: "CANCELLED",
    stage: "DONE",
    failed_stage: "TRANSCRIPT",
  });
  expect(stageRows(cancelled, clockAt(500))[1]?.state).toBe("stopped");
});

test.each([
  [{ title: "A talk", seconds: 240, url: "https://example.com/a.mp4" }, "A talk"],
  [{ title: null, seconds: null, url: "https://example.com/a.mp4" }, "Clips from example.com"],
  [{ title: null, seconds: null, url: "holiday.mp4" }, "holiday.mp4"],
  [null, "Clips in the making"],
])("a job with the source %j is called %j", (source, name) => expect(nameOf(aView({ source }))).toBe(name));

test("a job that failed before its worker began marks no stage", () => {
  const failed = aView({
    status: "FAILED",
    state: "FAILED",
    stage: "DOWNLOAD",
    started_at: null,
    stage_started_at: {},
  });
  expect(new Set(stageRows(failed, clockAt(5)).map(({ state }) => state))).toEqual(new Set(["todo"]));
});

test("a finished job has all six stages done", () => {
  const done = aView({
    status: "SUCCEEDED",
    state: "SUCCEEDED",
    stage: "DONE",
    progress: 100,
    ended_at: at(90),
  });
  expect(new Set(stageRows(done, clockAt(500)).map(({ state }) => state))).toEqual(new Set(["done"]));
});

test("what is left is told by the stage's own pace, and not before there is one", () => {
  expect(remainingText(aView(), clockAt(30))).toBe("about 20 s left in this stage");
  expect(remainingText(aView({ stage_progress: 0.01 }), clockAt(30))).toBeNull();
  expect(remainingText(aView(), clockAt(12))).toBeNull();
  expect(remainingText(aView({ stalled: true }), clockAt(30))).toBeNull();
});

test("the clock of a job stops when the job ends", () => {
  expect(elapsedSeconds(aView(), clockAt(30))).toBe(30);
  expect(elapsedSeconds(aView({ ended_at: at(12) }), clockAt(30))).toBe(12);
});

test("the tab says how far the job is, then how it ended", () => {
  expect(tabTitle(undefined)).toBe("Job · KangKlip");
  expect(tabTitle(aView())).toBe("30% Listening to every word · KangKlip");
  expect(tabTitle(aView({ status: "SUCCEEDED", state: "SUCCEEDED" }))).toBe(
    "Your clips are ready · KangKlip",
  );
});

test.each([
  ["QUEUED", "Waiting for a place to run"],
  ["STARTING", "Starting the worker"],
  ["RETRYING", "Trying again"],
  ["CANCELLING", "Stopping"],
  ["COMMITTING", "Publishing the clips"],
  ["FAILED", "This job did not work out"],
  ["CANCELLED", "Cancelled"],
] as const)("the state %s is told as %j", (state, text) => expect(headline(aView({ state }))).toBe(text));

test("a job whose fee is on its way says so, and has news to come also when it has ended", () => {
  const waiting = aView({ state: "QUEUED", fee: { credits: 2, state: "SENDING" } });
  expect(headline(waiting)).toBe("Taking the fee");
  expect(feeMoves(waiting)).toBe(true);
  expect(feeMoves(aView({ status: "FAILED", fee: { credits: 2, state: "REFUNDING" } }))).toBe(true);
  expect(feeMoves(aView({ status: "FAILED", fee: { credits: 2, state: "REFUNDED" } }))).toBe(false);
  expect(feeMoves(aView({ fee: { credits: 2, state: "CHARGED" } }))).toBe(false);
  expect(feeMoves(aView())).toBe(false);
});

test("diagnostics name the failure and give no address of the source away", () => {
  const text = diagnostics(aView({ error_code: "RENDER_FAILED", error: "ffmpeg ended with 1" }), {
    version: "2.0.0",
    browser: "Test",
  });
  expect(JSON.parse(text)).toMatchObject({
    error_code: "RENDER_FAILED",
    kangklip: "2.0.0",
    source_seconds: 240,
  });
  expect(text).not.toContain("secret");
});
