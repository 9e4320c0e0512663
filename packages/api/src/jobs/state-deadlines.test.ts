import { EXIT_FENCED } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { startMs } from "./deadlines.ts";
import { PLACE_MS } from "./launch.ts";
import { CLAIM_MS, LEASE_MS, RUN_MS, STALL_MS, UNREACHABLE_MS } from "./state.ts";
import { START, states, story } from "./testing.ts";

const running = { phase: "running" } as const;

describe("leases", () => {
  test("a silent worker that is seen running gets one more lease, then the attempt is lost", () => {
    const job = states
      .RUNNING()
      .after(LEASE_MS - 1)
      .seen(running);
    expect(job.attempt.missed_leases).toBe(0);
    job.after(1).seen(running);
    expect(job.attempt).toMatchObject({
      missed_leases: 1,
      lease_until: job.now + LEASE_MS,
      state: "CLAIMED",
    });
    job.after(LEASE_MS - 1).seen(running);
    expect(job.job.state).toBe("RUNNING");
    job.after(1).seen(running);
    expect(job.job).toMatchObject({
      state: "RETRYING",
      attempts: [{ outcome: "WORKER_LOST", released: false }, {}],
    });
  });

  test.each([
    ["heartbeat", (job: ReturnType<typeof story>) => job.pulse()],
    ["report", (job: ReturnType<typeof story>) => job.at("DOWNLOAD", 0.1)],
  ])("a %s renews the lease and forgives the one that was missed", (_what, speak) => {
    const job = states.RUNNING().after(LEASE_MS).seen(running).after(10_000);
    speak(job);
    expect(job.attempt).toMatchObject({ missed_leases: 0, lease_until: job.now + LEASE_MS });
  });

  test("while worker and provider are silent nothing is paid a second time for ten minutes, counted from when one could hear", () => {
    const job = states
      .RUNNING()
      .after(LEASE_MS + UNREACHABLE_MS)
      .tick();
    expect(job.job).toMatchObject({ state: "RUNNING", attempts: [{ state: "CLAIMED" }] });
    const heardSince = job.now;
    job.after(UNREACHABLE_MS).tick(heardSince);
    expect(job.job.state).toBe("RUNNING");
    job.after(1).tick(heardSince);
    expect(job.job).toMatchObject({ state: "RETRYING", attempts: [{ outcome: "WORKER_LOST" }, {}] });
  });

  test("a claimed attempt whose launch the provider does not know lives by its lease alone", () => {
    const job = story()
      .submitting()
      .claimed()
      .after(LEASE_MS - 1)
      .seen({ phase: "lost" });
    expect(job.job.state).toBe("RUNNING");
    expect(job.after(1).seen({ phase: "lost" }).job.state).toBe("RETRYING");
  });

  test("a launch that was just made need not be listed yet", () => {
    const job = states
      .STARTING()
      .after(LEASE_MS - 1)
      .seen({ phase: "lost" });
    expect(job.job.state).toBe("STARTING");
    expect(job.after(1).seen({ phase: "lost" }).job.state).toBe("RETRYING");
  });

  test.each([
    [{ phase: "exited", exitCode: 1 }, "WORKER_LOST"],
    [{ phase: "exited", exitCode: null, reason: "oom" }, "OUT_OF_MEMORY"],
    [{ phase: "exited", exitCode: 124, reason: "timeout" }, "TIMED_OUT"],
    [{ phase: "exited", reason: "evicted" }, "WORKER_LOST"],
    [{ phase: "exited", reason: "image" }, "PROVIDER_UNAVAILABLE"],
    [{ phase: "exited", exitCode: null, reason: "lost" }, "WORKER_LOST"],
  ] as const)("a launch that is %j ends its attempt as %s", (observation, outcome) => {
    expect(states.RUNNING().seen(observation).job).toMatchObject({
      state: "RETRYING",
      attempts: [{ outcome }, {}],
    });
  });

  test("a second launch that was sent away does not end the attempt of the one that works", () => {
    const job = states.RUNNING().seen({ phase: "exited", exitCode: EXIT_FENCED, reason: "error" });
    expect(job.job.state).toBe("RUNNING");
    job.after(LEASE_MS).seen({ phase: "exited", exitCode: EXIT_FENCED, reason: "error" });
    expect(job.job.state).toBe("RETRYING");
  });

  test("what is seen late of a submission that was refused since does not count", () => {
    const job = states.SUBMITTING().refused(true);
    const before = job.job;
    expect(job.seen({ phase: "lost" }).job).toBe(before);
  });
});

describe("deadlines", () => {
  const late = (job: ReturnType<typeof story>, ms: number) => {
    expect(job.after(ms).tick().job.state).not.toBe("RETRYING");
    return job.after(1).tick().job;
  };
  test("a launch that is never seen running has ten minutes to start", () => {
    expect(late(states.STARTING(), startMs("process"))).toMatchObject({
      attempts: [{ outcome: "WORKER_LOST" }, {}],
    });
  });

  test("one that is seen running has two minutes to claim, however often it is looked at", () => {
    const job = states
      .STARTING()
      .after(60_000)
      .seen({ phase: "queued" })
      .seen(running)
      .after(60_000)
      .seen(running);
    expect(late(job, CLAIM_MS - 60_000)).toMatchObject({ state: "RETRYING" });
  });

  test("a submission that nobody ever answered fails the job instead of being tried elsewhere", () => {
    const job = states
      .SUBMITTING()
      .after(PLACE_MS + 1)
      .tick();
    expect(job.job).toMatchObject({
      state: "FAILED",
      error: "No provider answered",
      attempts: [{ released: false }],
    });
  });

  test("work may take four hours, or less once the length of the video is known", () => {
    const job = states.RUNNING().at("DOWNLOAD", 0.5, { source_seconds: 600 });
    expect(job.attempt.deadline).toBe(START + 60 * 60_000);
    job.at("DOWNLOAD", 0.6, { source_seconds: -5e9 });
    expect(job.attempt.deadline).toBe(START + 30 * 60_000);
    job.at("DOWNLOAD", 0.7, { source_seconds: 5e9 });
    expect(job.attempt.deadline).toBe(START + RUN_MS);
    job.after(RUN_MS).pulse();
    expect(job.tick().job.state).toBe("RUNNING");
    expect(job.after(1).tick().job).toMatchObject({ attempts: [{ outcome: "TIMED_OUT" }, {}] });
  });

  test("a worker that lives but does not get on is given up after ten minutes", () => {
    const job = states.RUNNING().at("RENDER", 0.5, { message: "Clip 1" });
    const live = (ms: number, message: string) => {
      for (const end = job.now + ms; job.now < end; ) job.after(10_000).at("RENDER", 0.5, { message }).tick();
    };
    live(STALL_MS - 10_000, "Clip 1");
    job.at("RENDER", 0.5, { message: "Clip 2" });
    live(STALL_MS, "Clip 2");
    expect(job.job.state).toBe("RUNNING");
    job.after(10_000).pulse().tick();
    expect(job.job).toMatchObject({
      state: "RETRYING",
      message: expect.stringContaining("No progress for 10 minutes"),
    });
  });

  test("a time in which nobody could hear the worker does not count as standing still", () => {
    const job = states
      .RUNNING()
      .at("RENDER", 0.5)
      .after(3 * STALL_MS);
    job.tick(job.now);
    expect(job.job.state).toBe("RUNNING");
    job.pulse().tick();
    expect(job.job.state).toBe("RUNNING");
  });

  test.each(["QUEUED", "RETRYING", "SUCCEEDED", "FAILED", "CANCELLED"] as const)(
    "time alone does not move a job that is %s",
    (state) => {
      const job = states[state]();
      const before = job.job;
      expect(job.after(100 * RUN_MS).tick().job).toBe(before);
    },
  );
});
