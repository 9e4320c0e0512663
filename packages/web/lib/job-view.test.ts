import { JobState, STAGES } from "@kangklip/contract";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import {
  diagnostics,
  elapsedSeconds,
  feeMoves,
  headline,
  nameOf,
  newerView,
  remainingText,
  stageName,
  stageRows,
  tabTitle,
} from "./job-view.ts";
import { aJobView } from "./testing-job-view.ts";

const t = translateTo("en");
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 12, 0, second)).toISOString();
const clockAt = (second: number) => Date.parse(at(second));

const again = (epoch: number) => aJobView().attempts.map((attempt) => ({ ...attempt, epoch }));

test("a view that arrives late changes nothing", () => {
  const current = aJobView({ version: 9 });
  expect(newerView(current, aJobView({ version: 8, progress: 99 }))).toBe(current);
  expect(newerView(current, aJobView({ version: 9 }))).toBe(current);
  expect(newerView(undefined, current)).toBe(current);
});

test("a job that goes silent, or whose token is shown, gets a new view of the same version", () => {
  const current = aJobView({ source: null });
  expect(newerView(current, aJobView({ source: null, stalled: true })).stalled).toBe(true);
  expect(newerView(current, aJobView()).source?.title).toBe("A talk");
});

test("progress never goes back within an attempt, and starts anew with the next one", () => {
  const current = aJobView({ version: 9, progress: 60 });
  expect(newerView(current, aJobView({ version: 10, progress: 40 })).progress).toBe(60);
  expect(newerView(current, aJobView({ version: 10, progress: 0, attempts: again(2) })).progress).toBe(0);
});

test("another job's view replaces the one before it, whatever its version", () => {
  const other = aJobView({ job_id: "kk_01JE0000000000000000000000", version: 1 });
  expect(newerView(aJobView({ version: 9 }), other)).toBe(other);
});

test("a running job has stages behind it, one at work, and stages to come", () => {
  const rows = stageRows(aJobView(), clockAt(22));
  expect(rows.map(({ state }) => state)).toEqual(["done", "now", "todo", "todo", "todo", "todo"]);
  expect(rows[0]).toMatchObject({ fraction: 1, seconds: 8 });
  expect(rows[1]).toMatchObject({ fraction: 0.5, seconds: 12 });
  expect(rows[2]).toMatchObject({ fraction: 0, seconds: null });
});

test("a job that waits for its place has no stage at work", () => {
  const waiting = aJobView({
    status: "QUEUED",
    state: "QUEUED",
    stage: "DOWNLOAD",
    started_at: null,
    stage_started_at: {},
  });
  expect(new Set(stageRows(waiting, clockAt(5)).map(({ state }) => state))).toEqual(new Set(["todo"]));
});

test("a failed job marks the stage it failed in and keeps what was done before", () => {
  const failed = aJobView({
    status: "FAILED",
    state: "FAILED",
    failed_stage: "TRANSCRIPT",
    ended_at: at(15),
  });
  const rows = stageRows(failed, clockAt(500));
  expect(rows.map(({ state }) => state)).toEqual(["done", "failed", "todo", "todo", "todo", "todo"]);
  expect(rows[1]?.seconds).toBe(5);
});

test("a cancelled job has not failed at anything: its stage was stopped", () => {
  const cancelled = aJobView({
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
])("a job with the source %j is called %j", (source, name) =>
  expect(nameOf(t, aJobView({ source }))).toBe(name),
);

test("a job that failed before its worker began marks no stage", () => {
  const failed = aJobView({
    status: "FAILED",
    state: "FAILED",
    stage: "DOWNLOAD",
    started_at: null,
    stage_started_at: {},
  });
  expect(new Set(stageRows(failed, clockAt(5)).map(({ state }) => state))).toEqual(new Set(["todo"]));
});

test("a finished job has all six stages done", () => {
  const done = aJobView({
    status: "SUCCEEDED",
    state: "SUCCEEDED",
    stage: "DONE",
    progress: 100,
    ended_at: at(90),
  });
  expect(new Set(stageRows(done, clockAt(500)).map(({ state }) => state))).toEqual(new Set(["done"]));
});

test("what is left is told by the stage's own pace, and not before there is one", () => {
  expect(remainingText(t, aJobView(), clockAt(30))).toBe("about 20 s left in this stage");
  expect(remainingText(t, aJobView({ stage_progress: 0.01 }), clockAt(30))).toBeNull();
  expect(remainingText(t, aJobView(), clockAt(12))).toBeNull();
  expect(remainingText(t, aJobView({ stalled: true }), clockAt(30))).toBeNull();
});

test("the clock of a job stops when the job ends", () => {
  expect(elapsedSeconds(aJobView(), clockAt(30))).toBe(30);
  expect(elapsedSeconds(aJobView({ ended_at: at(12) }), clockAt(30))).toBe(12);
});

test("the tab says how far the job is, then how it ended", () => {
  expect(tabTitle(t, undefined)).toBe("Job · KangKlip");
  expect(tabTitle(t, aJobView())).toBe("30% Listening to every word · KangKlip");
  expect(tabTitle(t, aJobView({ status: "SUCCEEDED", state: "SUCCEEDED" }))).toBe(
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
] as const)("the state %s is told as %j", (state, text) =>
  expect(headline(t, aJobView({ state }))).toBe(text),
);

test("a job whose fee is on its way says so, and has news to come also when it has ended", () => {
  const waiting = aJobView({ state: "QUEUED", fee: { credits: 2, state: "SENDING" } });
  expect(headline(t, waiting)).toBe("Taking the fee");
  expect(feeMoves(waiting)).toBe(true);
  expect(feeMoves(aJobView({ status: "FAILED", fee: { credits: 2, state: "REFUNDING" } }))).toBe(true);
  expect(feeMoves(aJobView({ status: "FAILED", fee: { credits: 2, state: "REFUNDED" } }))).toBe(false);
  expect(feeMoves(aJobView({ fee: { credits: 2, state: "CHARGED" } }))).toBe(false);
  expect(feeMoves(aJobView())).toBe(false);
});

test("diagnostics name the failure and give no address of the source away", () => {
  const text = diagnostics(aJobView({ error_code: "RENDER_FAILED", error: "ffmpeg ended with 1" }), {
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

test.each(["en", "id", "ar"] as const)(
  "every stage and every state has a name of its own in %s",
  (locale) => {
    const said = translateTo(locale);
    const stages = STAGES.map((stage) => stageName(said, stage));
    const doing = STAGES.map((stage) => headline(said, aJobView({ stage })));
    const states = JobState.options
      .filter((state) => state !== "RUNNING")
      .map((state) => headline(said, aJobView({ state })));
    expect(new Set([...stages]).size).toBe(STAGES.length);
    expect(new Set([...doing, ...states]).size).toBe(doing.length + states.length);
  },
);
