import { type Attempt, currentAttempt, type Job } from "../../packages/api/src/jobs/job.ts";
import { type decide, type JobEvent, newJob } from "../../packages/api/src/jobs/state.ts";
import type { StoredJob } from "../../packages/api/src/jobs/store.ts";
import { ERRORS } from "../../packages/contract/src/index.ts";
import type { LaunchRef, Observation } from "../../packages/providers/src/index.ts";
import type { Fact } from "./invariants.ts";
import type { Random } from "./random.ts";

export interface WorldOptions {
  random: Random;
  /** How the provider knows a launch key: unique by itself, or only found by searching. */
  submit: "native" | "lookup";
  decide: typeof decide;
  /** false: a store that writes whatever it is given, whoever was first. */
  compares: boolean;
}

/** What a provider runs for an attempt; it costs money until it has ended. */
export interface Launch {
  ref: LaunchRef;
  epoch: number;
  phase: "running" | "stopping" | "exited";
  exitCode: number | null;
  reason: Observation["reason"];
  createdAt: number;
  /** Not found by others before: a market shows a new launch late. */
  visibleAt: number;
}

/** Files that a launch made. */
export interface Made {
  epoch: number;
  launch: string;
}

/** A thread of a schedule: it may be left at any yield, for a while or for good. "idle" says that it only waits for time to go by. */
export type Thread = Generator<"idle" | undefined, void>;
/** A part of a thread that gives an answer. */
export type Part<T = void> = Generator<"idle" | undefined, T>;

export type World = ReturnType<typeof createWorld>;

const START = 1_800_000_000_000; // ms since 1970
const JOB = "kk_01JD0000000000000000000000";
const SNAPSHOTS = 12;
const FIRST = newJob(
  JOB,
  "0".repeat(64),
  { kind: "url", url: "https://example.com/talk.mp4" },
  { clip_duration_seconds: 30, clip_count: 1, language: "en" },
  START,
);

/**
 * The world round one job as the simulation sees it: a store, a provider's launches, a bucket, a clock, and the record of what
 * happened. Nothing here waits: whoever would wait says `yield`, and the schedule chooses who goes on.
 */
export function createWorld({ random, submit, decide: decides, compares }: WorldOptions) {
  const facts: Fact[] = [];
  const launches = new Map<string, Launch>();
  let stored: StoredJob = { job: FIRST, version: 1 };
  const kept: StoredJob[] = [stored];
  const started: Launch[] = [];

  const world = {
    now: START,
    job: JOB,
    facts,
    random,
    submit,
    /** What the provider still knows. */
    launches,
    /** Every launch there ever was, in order. */
    started: started as readonly Launch[],
    /** What lies under `attempts/`. */
    uploads: new Map<number, Made>(),
    /** What is visible. */
    published: { clip: undefined, cover: undefined, manifest: undefined } as {
      clip: Made | undefined;
      cover: Made | undefined;
      manifest: Made | undefined;
    },
    get stored() {
      return stored;
    },

    /**
     * Moves the job as the API does: from the start again whenever somebody else was first.
     * @param alive throws where the asker is dead by now
     */
    *happened(event: JobEvent, alive: () => void): Part<{ before: Job; job: Job; changed: boolean }> {
      for (;;) {
        const before = stored;
        yield;
        alive();
        const next = decides(before.job, event, world.now);
        if (next === before.job) return { before: before.job, job: next, changed: false };
        if (compares && stored.version !== before.version) continue;
        mustBeCurrent(event, before.job);
        if (event.type === "retry") facts.push({ is: "retried", job: JOB });
        stored = { job: next, version: stored.version + 1 };
        if (kept.length >= SNAPSHOTS) kept.splice(random.whole(0, SNAPSHOTS - 1), 1);
        kept.push(stored);
        see(stored);
        return { before: before.job, job: next, changed: true };
      }
    },

    /** An older copy of the store is put back. */
    travel() {
      stored = random.of(kept);
      facts.push({ is: "travelled" });
      see(stored);
    },

    /** Begins a launch. @param visibleAt when others can find it */
    launch(epoch: number, visibleAt: number): Launch {
      const launch: Launch = {
        ref: { provider: "market", ref: `launch ${started.length + 1}` },
        epoch,
        phase: "running",
        exitCode: null,
        reason: undefined,
        createdAt: world.now,
        visibleAt,
      };
      started.push(launch);
      launches.set(launch.ref.ref, launch);
      facts.push({ is: "launched", job: JOB, epoch, launch: launch.ref.ref, now: world.now });
      return launch;
    },

    stop(launch: Launch) {
      if (launch.phase !== "running") return;
      launch.phase = "stopping";
      facts.push({ is: "stopping", launch: launch.ref.ref, now: world.now });
    },

    exit(launch: Launch, exitCode: number | null, reason: Observation["reason"]) {
      if (launch.phase === "exited") return;
      Object.assign(launch, { phase: "exited", exitCode, reason });
      facts.push({ is: "ended", launch: launch.ref.ref, now: world.now });
    },

    /** Looks at the visible files, as somebody who downloads them. */
    look() {
      const { manifest, clip, cover } = world.published;
      if (!manifest) return;
      const file = (name: string, made: Made | undefined) => ({
        name,
        listed: manifest.launch,
        found: made?.launch ?? null,
        epoch: made?.epoch ?? null,
      });
      const files = [file("clip_01.mp4", clip), file("clip_01.jpg", cover)];
      facts.push({ is: "result", job: JOB, epoch: manifest.epoch, files });
    },
  };

  function mustBeCurrent(event: JobEvent, job: Job): void {
    const epoch = "epoch" in event ? event.epoch : event.type === "report" ? event.report.epoch : undefined;
    const current = currentAttempt(job).epoch;
    if (epoch === undefined || epoch === current) return;
    // what is left of an attempt that is over may be written down
    if (event.type === "released" || event.type === "submitted") return;
    facts.push({ is: "overwritten", job: JOB, epoch, current });
  }

  function see({ job, version }: StoredJob): void {
    const { state, progress, error, error_code, stage } = job;
    const epoch = currentAttempt(job).epoch;
    const error_action = error_code && ERRORS[error_code].action;
    const done = progress === 100;
    facts.push({
      is: "view",
      job: JOB,
      version,
      state,
      epoch,
      progress,
      done,
      error,
      error_code,
      error_action,
      stage,
    });
    if (state === "SUCCEEDED") world.look();
  }

  facts.push({ is: "acked", job: JOB, key: "key", body: "body" });
  see(stored);
  return world;
}

/** The job is over and nothing is left to be done for it. */
export const isSettled = ({ stored: { job }, launches }: World, isFinal: (job: Job) => boolean): boolean =>
  isFinal(job) && job.attempts.every(({ released }: Attempt) => released) && launches.size === 0;
