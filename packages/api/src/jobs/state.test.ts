import { describe, expect, test } from "vitest";
import { MAX_ATTEMPTS } from "./attempt.ts";
import { isActive, isFinal } from "./job.ts";
import { NATIVE_SUBMIT_MS, PLACE_MS, SUBMIT_MS } from "./launch.ts";
import { CANCEL_MS } from "./state.ts";
import { HASH, REF, START, states, story } from "./testing.ts";

test("a job goes from its url to its clips", () => {
  const job = story();
  expect(job.job).toMatchObject({ state: "QUEUED", progress: 0 });
  job.submitting().submitted();
  expect(job.job).toMatchObject({
    state: "STARTING",
    attempts: [{ state: "SUBMITTED", provider: "process", ref: REF }],
  });
  job.after(500).claimed();
  expect(job.job).toMatchObject({ state: "RUNNING", started_at: START + 500 });
  job.at("RENDER", 0.5, { message: "Clip 1 of 2", source_title: "A talk", notice: "No music" });
  expect(job.job).toMatchObject({
    stage: "RENDER",
    progress: 72,
    message: "Clip 1 of 2",
    notices: ["No music"],
  });
  job.succeeded();
  expect(job.job).toMatchObject({ state: "COMMITTING", result: { epoch: 1, manifest_sha256: HASH } });
  job.after(1000).committed();
  expect(job.job).toMatchObject({ state: "SUCCEEDED", progress: 100, ended_at: START + 1500 });
  expect(isActive(job.job)).toBe(true);
  job.released();
  expect(isActive(job.job)).toBe(false);
});

describe("submissions", () => {
  test("of two who are about to submit one may, and the other finds nothing changed", () => {
    const job = story();
    const before = job.job;
    expect(job.submitting().job).not.toBe(before);
    const taken = job.job;
    expect(job.submitting().job).toBe(taken);
    expect(job.after(SUBMIT_MS - 1).submitting().job).toBe(taken);
    expect(job.after(1).submitting("docker").job).toBe(taken); // it may run at the first one
    expect(job.submitting().job).not.toBe(taken);
  });

  test("where the provider knows a launch key again, somebody else asks sooner, and who was silent is not believed any more", () => {
    const job = story().submitting("process", true);
    const first = job.job;
    const since = job.attempt.submitting_at;
    expect(job.after(NATIVE_SUBMIT_MS - 1).submitting("process", true).job).toBe(first);
    const second = job.after(1).submitting("process", true).job;
    expect(second).not.toBe(first);
    const full = { type: "submit_failed", epoch: 1, message: "full", again: true } as const;
    expect(job.event({ ...full, since }).job).toBe(second);
    expect(job.event({ ...full, since: job.attempt.submitting_at }).attempt.state).toBe("PLANNED");
  });

  test("an attempt is not submitted before its time, nor for a job that is to be cancelled", () => {
    const job = states.RETRYING();
    const before = job.job;
    expect(job.after(1999).submitting().job).toBe(before);
    expect(job.after(1).submitting().attempt.state).toBe("SUBMITTING");
    job.cancel();
    const cancelling = job.job;
    expect(job.after(SUBMIT_MS).submitting().job).toBe(cancelling);
  });

  test("a place that refuses is asked again when it says, and what it says is shown until a worker starts", () => {
    const job = states.SUBMITTING().refused(true, 9000);
    expect(job.job).toMatchObject({
      state: "QUEUED",
      start_error: "full",
      message: "Waiting for a place to run",
    });
    expect(job.attempt).toMatchObject({ state: "PLANNED", not_before: START + 9000, epoch: 1 });
    job.running();
    expect(job.job).toMatchObject({ state: "RUNNING", start_error: null, message: null });
  });

  test("a refusal that is final fails the job at once, and a retry has the whole budget again", () => {
    const job = states.SUBMITTING().refused(false);
    expect(job.job).toMatchObject({
      state: "FAILED",
      error_code: "PROVIDER_UNAVAILABLE",
      start_error: "full",
    });
    job.retry();
    expect(job.job).toMatchObject({ state: "QUEUED", start_error: null, budget_from: 2 });
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) job.running().failed();
    expect(job.job).toMatchObject({ state: "FAILED", error_code: "RENDER_FAILED" });
    expect(job.attempt.epoch).toBe(4);
  });

  test("refusals are borne for some hours, counted from the first time that this attempt was tried", () => {
    const job = story().after(10 * PLACE_MS); // it waited behind others
    const tried = job.now;
    while (job.now - tried <= PLACE_MS) {
      expect(isFinal(job.submitting().refused(true).job)).toBe(false);
      job.after(3_600_000);
    }
    expect(job.submitting().refused(true).job.state).toBe("FAILED");
  });

  test.each(["STARTING", "RUNNING", "COMMITTING"] as const)(
    "a late refusal does not touch a job that is %s",
    (state) => {
      const job = states[state]();
      const before = job.job;
      expect(job.refused(false).refused(true).job).toBe(before);
    },
  );

  test.each(["RUNNING", "COMMITTING", "CANCELLING"] as const)(
    "a worker may be faster than the answer to its submission: %s stays",
    (state) => {
      const job = story().submitting().claimed();
      if (state === "COMMITTING") job.succeeded();
      if (state === "CANCELLING") job.cancel();
      job.submitted();
      expect(job.job.state).toBe(state);
      expect(job.attempt).toMatchObject({ state: "CLAIMED", ref: REF });
    },
  );

  test("a second launch of the same attempt does not take the place of the first", () => {
    const job = states.STARTING();
    const before = job.job;
    expect(job.submitted({ provider: "process", ref: "duplicate" }).job).toBe(before);
  });

  test("a launch that comes up after its attempt has ended is kept to be removed", () => {
    const job = states
      .SUBMITTING()
      .cancel()
      .after(CANCEL_MS + 1)
      .tick();
    expect(job.job.state).toBe("CANCELLED");
    expect(job.released().job.attempts[0]?.released).toBe(true);
    job.submitted();
    expect(job.job).toMatchObject({ state: "CANCELLED", attempts: [{ ref: REF, released: false }] });
    expect(isActive(job.job)).toBe(true);
  });

  test("an attempt that was never submitted needs no release, one that was does, also where it was refused", () => {
    expect(states.CANCELLED().attempt.released).toBe(true);
    expect(states.SUBMITTING().refused(true).cancel().attempt).toMatchObject({
      outcome: "CANCELLED",
      released: false,
    });
    expect(states.SUBMITTING().refused(false).attempt.released).toBe(false);
  });
});

describe("claims and fencing", () => {
  test("an attempt is claimed once; the same process gets the same answer again", () => {
    const job = states.RUNNING();
    const before = job.job;
    expect(job.after(5000).claimed().job).toBe(before);
    expect(() => job.claimed("another")).toThrow(expect.objectContaining({ code: "FENCED" }));
  });

  test.each(["QUEUED", "CANCELLED", "SUCCEEDED", "FAILED"] as const)(
    "nobody claims a job that is %s",
    (state) => {
      expect(() => states[state]().claimed("x")).toThrow(expect.objectContaining({ code: "FENCED" }));
    },
  );

  test("nobody starts to work for a job that is to be cancelled", () => {
    expect(() => states.STARTING().cancel().claimed()).toThrow(expect.objectContaining({ code: "FENCED" }));
  });

  test("a worker whose submission was taken for refused has started all the same, and no second one is", () => {
    const job = states.SUBMITTING().refused(true).claimed();
    expect(job.job.state).toBe("RUNNING");
    const before = job.job;
    expect(job.after(60_000).submitting().job).toBe(before);
  });

  test("once the next attempt is planned, the old worker is turned away and changes nothing", () => {
    const job = states.RETRYING();
    const before = job.job;
    for (const event of [
      { type: "pulse", epoch: 1 },
      { type: "claimed", epoch: 1, nonceHash: "n" },
      {
        type: "report",
        report: { status: "SUCCEEDED", job_id: job.job.job_id, epoch: 1, seq: 99, manifest_sha256: HASH },
      },
    ] as const)
      expect(() => job.event(event)).toThrow(expect.objectContaining({ code: "FENCED" }));
    job.event({ type: "observed", epoch: 1, observation: { phase: "lost" } });
    job.event({ type: "committed", epoch: 1 });
    job.event({ type: "submit_failed", epoch: 1, message: "late", again: false });
    expect(job.job).toBe(before);
  });

  test.each(["STARTING", "SUBMITTING"] as const)("nobody reports or pulses for a job that is %s", (state) => {
    expect(() => states[state]().pulse()).toThrow(expect.objectContaining({ code: "FENCED" }));
    expect(() => states[state]().at("DOWNLOAD", 0.1)).toThrow(expect.objectContaining({ code: "FENCED" }));
  });

  test("the last report may be repeated after the end; a new one is turned away", () => {
    const job = states.SUCCEEDED();
    const before = job.job;
    const last = { status: "SUCCEEDED", job_id: before.job_id, epoch: 1, manifest_sha256: HASH } as const;
    expect(job.event({ type: "report", report: { ...last, seq: job.attempt.seq } }).job).toBe(before);
    expect(() => job.at("RENDER", 1)).toThrow(expect.objectContaining({ code: "FENCED" }));
  });
});

describe("reports", () => {
  test("progress does not go back, but what else an out-of-date stage tells is heard", () => {
    const job = states.RUNNING().at("RENDER", 0.5).at("CHUNK", 1, { notice: "few words" }).at("RENDER", 0.4);
    expect(job.job).toMatchObject({ stage: "RENDER", stage_progress: 0.5, notices: ["few words"] });
  });

  test("a notice is kept once, and the last twenty of them are", () => {
    const job = states.RUNNING();
    for (let index = 0; index < 25; index++)
      job.at("DOWNLOAD", 0, { notice: `${index}` }).at("DOWNLOAD", 0, { notice: `${index}` });
    expect(job.job.notices).toEqual(Array.from({ length: 20 }, (_, index) => `${index + 5}`));
  });

  test("the next attempt starts from nothing but keeps the notices and what is known of the source", () => {
    const job = states.RUNNING().at("RENDER", 0.5, { notice: "No music", source_title: "A talk" }).failed();
    expect(job.job).toMatchObject({
      state: "RETRYING",
      stage: "DOWNLOAD",
      progress: 0,
      notices: ["No music"],
      source_title: "A talk",
      message: "Attempt 1 of 3 ended: it broke",
      error: null,
    });
  });

  test("a failure that another attempt would meet again ends the job, with its stage and code", () => {
    const job = states.RUNNING().failed("NO_VIDEO");
    expect(job.job).toMatchObject({
      state: "FAILED",
      error_code: "NO_VIDEO",
      error: "it broke",
      stage: "RENDER",
    });
  });

  test("three attempts are all that a job gets, each after a longer pause", () => {
    const job = story();
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      job.running().failed();
      pauses.push(job.attempt.not_before - job.now);
    }
    expect(job.job).toMatchObject({ state: "FAILED", error_code: "RENDER_FAILED" });
    expect(job.job.attempts.map(({ epoch }) => epoch)).toEqual([1, 2, 3]);
    expect(pauses.slice(0, 2)).toEqual([2000, 8000]);
  });

  test("a worker that was stopped by somebody else is no cancelled job", () => {
    expect(states.RUNNING().failed("CANCELLED").job.state).toBe("RETRYING");
    expect(states.RUNNING().seen({ phase: "exited", reason: "cancelled" }).job.state).toBe("RETRYING");
  });
});
