import { describe, expect, test } from "vitest";
import { isActive } from "./job.ts";
import { CANCEL_MS, COMMIT_MS, LEASE_MS } from "./state.ts";
import { REF, states } from "./testing.ts";

const running = { phase: "running" } as const;

describe("cancelling", () => {
  test.each(["QUEUED", "RETRYING"] as const)("a job that is %s is cancelled on the spot", (state) => {
    const job = states[state]().cancel();
    expect(job.job).toMatchObject({ state: "CANCELLED", error_code: "CANCELLED", ended_at: job.now });
  });

  test.each(["SUBMITTING", "STARTING", "RUNNING"] as const)(
    "one that is %s is cancelled once its launch is gone",
    (state) => {
      const job = states[state]().cancel();
      expect(job.job).toMatchObject({ state: "CANCELLING", message: "Stopping the work" });
      job.seen({ phase: "exited", exitCode: null, reason: "cancelled" });
      expect(job.job).toMatchObject({ state: "CANCELLED", error: "cancelled", message: null });
      expect(isActive(job.job)).toBe(true);
      expect(isActive(job.released().job)).toBe(false);
    },
  );

  test.each(["SUBMITTING", "STARTING", "RUNNING"] as const)(
    "one that is %s ends cancelled although its provider never answers, and its launch is still looked after",
    (state) => {
      const job = states[state]().cancel().after(CANCEL_MS).tick();
      expect(job.job.state).toBe("CANCELLING");
      job.after(1).tick();
      expect(job.job.state).toBe("CANCELLED");
      expect(isActive(job.job)).toBe(true);
    },
  );

  test.each(["SUCCEEDED", "FAILED", "CANCELLED", "CANCELLING"] as const)(
    "one that is %s does not change",
    (state) => {
      const job = states[state]();
      const before = job.job;
      expect(job.cancel().job).toBe(before);
    },
  );

  test("a success that arrives meanwhile is published: the work is done", () => {
    const job = states.CANCELLING().succeeded();
    expect(job.job.state).toBe("COMMITTING");
    expect(job.committed().job).toMatchObject({ state: "SUCCEEDED", error: null });
  });

  test.each([
    ["before the success", () => states.CANCELLING().succeeded()],
    ["after the success", () => states.COMMITTING().cancel()],
  ])("where publishing fails, a cancel %s keeps another attempt from starting", (_when, open) => {
    expect(open().commitFailed("UPLOAD_FAILED").job.state).toBe("CANCELLED");
  });

  test("whatever else ends the attempt meanwhile, the job is cancelled and not retried", () => {
    expect(states.CANCELLING().failed().job.state).toBe("CANCELLED");
    expect(states.CANCELLING().seen({ phase: "exited", exitCode: 0 }).job.state).toBe("CANCELLED");
    expect(states.CANCELLING().seen({ phase: "lost" }).job.state).toBe("CANCELLED");
    expect(states.SUBMITTING().cancel().refused(true).job.state).toBe("CANCELLED");
    const silent = states.CANCELLING().after(LEASE_MS).seen(running).after(LEASE_MS).seen(running);
    expect(silent.job.state).toBe("CANCELLED");
  });

  test("reports of a job that is being cancelled do not hide that it is", () => {
    const job = states
      .CANCELLING()
      .at("TRANSCRIPT", 0.5, { message: "Half of it heard", source_seconds: 60 });
    expect(job.job).toMatchObject({ state: "CANCELLING", message: "Stopping the work", stage: "TRANSCRIPT" });
    expect(job.after(CANCEL_MS + 1).tick().job.state).toBe("CANCELLED");
  });

  test("a submission that is answered meanwhile is kept, to be stopped", () => {
    const job = states.SUBMITTING().cancel().submitted().seen({ phase: "running" });
    expect(job.job.state).toBe("CANCELLING");
    expect(job.attempt).toMatchObject({ state: "SUBMITTED", ref: REF });
    expect(job.after(CANCEL_MS + 1).tick().job.state).toBe("CANCELLED");
  });

  test("however often a job is started again, it keeps only the attempts that still matter", () => {
    const job = states.CANCELLED();
    for (let times = 0; times < 20; times++) job.retry().running().failed("NO_VIDEO").released();
    expect(job.attempt.epoch).toBe(21);
    expect(job.job.attempts).toHaveLength(1);
  });

  test("a cancelled job can be started again, under a new epoch", () => {
    const job = states.CANCELLING().seen({ phase: "lost" }).retry();
    expect(job.job).toMatchObject({ state: "QUEUED", error: null, cancel_requested: false });
    expect(job.job.attempts.map(({ epoch, released }) => [epoch, released])).toEqual([
      [1, false],
      [2, false],
    ]);
    expect(job.running().succeeded().committed().job.state).toBe("SUCCEEDED");
  });

  test.each(["QUEUED", "STARTING", "RUNNING", "RETRYING", "CANCELLING", "COMMITTING", "SUCCEEDED"] as const)(
    "one that is %s cannot be retried",
    (state) => expect(() => states[state]().retry()).toThrow(expect.objectContaining({ code: "CONFLICT" })),
  );
});

describe("publishing", () => {
  test("a launch that ended well without a word is published from what it uploaded", () => {
    const job = states.RUNNING().seen({ phase: "exited", exitCode: 0, reason: "completed" });
    expect(job.job).toMatchObject({ state: "COMMITTING", result: { epoch: 1, manifest_sha256: null } });
  });

  test("one that ended well without ever claiming did nothing", () => {
    const job = states.STARTING().seen({ phase: "exited", exitCode: 0, reason: "completed" });
    expect(job.job).toMatchObject({ state: "RETRYING", attempts: [{ outcome: "WORKER_LOST" }, {}] });
  });

  test("where it fails, another attempt follows if that may help", () => {
    expect(states.COMMITTING().commitFailed("UPLOAD_FAILED").job).toMatchObject({
      state: "RETRYING",
      result: null,
    });
    const forGood = states.COMMITTING().commitFailed("NO_VIDEO").job;
    expect(forGood).toMatchObject({ state: "FAILED", error_code: "NO_VIDEO", result: null });
  });

  test("nothing that is seen or heard meanwhile disturbs it", () => {
    const job = states.COMMITTING();
    job
      .at("RENDER", 1)
      .failed()
      .succeeded()
      .after(LEASE_MS + 1)
      .tick()
      .pulse();
    job.seen({ phase: "exited", exitCode: 1 }).seen({ phase: "lost" });
    expect(job.job).toMatchObject({ state: "COMMITTING", result: { epoch: 1 } });
    expect(job.attempt.state).toBe("CLAIMED");
  });

  test("it is given up after an hour, without paying for another attempt", () => {
    const job = states.COMMITTING().after(COMMIT_MS).tick();
    expect(job.job.state).toBe("COMMITTING");
    expect(job.after(1).tick().job).toMatchObject({
      state: "FAILED",
      error_code: "UPLOAD_FAILED",
      result: null,
    });
  });

  test.each(["QUEUED", "RUNNING", "FAILED", "CANCELLING"] as const)(
    "a job that is %s has nothing to publish",
    (state) => {
      const job = states[state]();
      const before = job.job;
      expect(job.committed().commitFailed("UPLOAD_FAILED").job).toBe(before);
    },
  );
});
