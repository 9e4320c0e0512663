import type { ErrorCode, Report, Stage } from "@kangklip/contract";
import { aJob } from "@kangklip/contract/testing";
import type { Observation } from "@kangklip/providers";
import { type Charge, currentAttempt, type Job, type Ready } from "./job.ts";
import { decide, type JobEvent, newJob } from "./state.ts";

export const START = 1_800_000_000_000; // ms since 1970
export const REF = { provider: "process", ref: "launch" };
export const HASH = "a".repeat(64);

/** A stored job, made at the time `serial`; ids sort by it. */
export function aStoredJob(serial = 1, overrides: Partial<Job> = {}): Job {
  const id = `kk_${String(serial).padStart(26, "0")}`;
  const source = { kind: "url", url: "https://example.com/talk.mp4" } as const;
  const request = { ...aJob(), language: "en" } as const;
  return { ...newJob(id, "0".repeat(64), source, request, serial), ...overrides };
}

/** A charge of one credit for the first clip, signed unless it is DUE. */
export function aCharge(overrides: Partial<Charge> = {}): Charge {
  const { state = "DUE" } = overrides;
  return {
    what: "clip_01.mp4",
    request_id: "1".repeat(64),
    wallet: "wallet",
    amount: 1,
    state,
    signed:
      state === "DUE" ? null : { signature: "sig", transaction: "bytes", last_valid_block_height: 1000 },
    since: 1,
    by: null,
    until: 0,
    error: null,
    asked: null,
    ...overrides,
  };
}

/** A clip that can be watched before its job has ended. */
export const aReadyClip = (overrides: Partial<Ready> = {}): Ready => ({
  ...{ epoch: 1, clip_file: "clip_01.mp4", index: 1, title: "A clip", hook: "", reason: "", score: 0.5 },
  ...{ start: 10, end: 40, duration_seconds: 30, width: 1080, height: 1920 },
  ...{ preview: true, cover: true, vtt: false },
  ...overrides,
});

type Progress = Partial<Omit<Extract<Report, { status: "RUNNING" }>, "status" | "stage" | "stage_progress">>;

/** A job and a clock (ms): each event happens to the job, about its current attempt, at the time that the clock shows. */
export function story(job = aStoredJob(START)) {
  let now = START;
  const epoch = () => currentAttempt(job).epoch;
  const said = () => ({ job_id: job.job_id, epoch: epoch(), seq: currentAttempt(job).seq + 1 });
  const tell = {
    get job() {
      return job;
    },
    get attempt() {
      return currentAttempt(job);
    },
    get now() {
      return now;
    },
    after(ms: number) {
      now += ms;
      return tell;
    },
    event(event: JobEvent) {
      job = decide(job, event, now);
      return tell;
    },
    submitting: (provider = "process", native = false) =>
      tell.event({ type: "submitting", epoch: epoch(), provider, native }),
    submitted: (ref = REF) => tell.event({ type: "submitted", epoch: epoch(), ref }),
    refused: (again: boolean, afterMs = 5000) =>
      tell.event({ type: "submit_failed", epoch: epoch(), message: "full", again, afterMs }),
    claimed: (nonceHash = "nonce") => tell.event({ type: "claimed", epoch: epoch(), nonceHash }),
    pulse: () => tell.event({ type: "pulse", epoch: epoch() }),
    at: (stage: Stage, stage_progress: number, rest: Progress = {}) =>
      tell.event({
        type: "report",
        report: { ...said(), status: "RUNNING", stage, stage_progress, message: null, ...rest },
      }),
    failed: (code: ErrorCode = "RENDER_FAILED") =>
      tell.event({
        type: "report",
        report: { ...said(), status: "FAILED", code, error: "it broke", stage: "RENDER" },
      }),
    succeeded: () =>
      tell.event({ type: "report", report: { ...said(), status: "SUCCEEDED", manifest_sha256: HASH } }),
    seen: (observation: Observation, uploaded = false) =>
      tell.event({ type: "observed", epoch: epoch(), observation, uploaded }),
    committed: () => tell.event({ type: "committed", epoch: epoch() }),
    commitFailed: (code: ErrorCode) =>
      tell.event({ type: "commit_failed", epoch: epoch(), code, error: "not published" }),
    released: () => tell.event({ type: "released", epoch: epoch() }),
    cancel: () => tell.event({ type: "cancel" }),
    retry: () => tell.event({ type: "retry" }),
    tick: (heardSince = 0) => tell.event({ type: "tick", heardSince }),
    /** Waits until the planned attempt is due; it is submitted, and its worker claims it. */
    running: () =>
      tell
        .after(Math.max(0, currentAttempt(job).not_before - now))
        .submitting()
        .submitted()
        .claimed(),
  };
  return tell;
}

/** A job in each state, each on the shortest way there. */
export const states = {
  QUEUED: () => story(),
  SUBMITTING: () => story().submitting(),
  STARTING: () => story().submitting().submitted(),
  RUNNING: () => story().running(),
  RETRYING: () => story().running().failed(),
  CANCELLING: () => story().running().cancel(),
  COMMITTING: () => story().running().succeeded(),
  SUCCEEDED: () => story().running().succeeded().committed(),
  FAILED: () => story().running().failed("NO_VIDEO"),
  CANCELLED: () => story().cancel(),
};
