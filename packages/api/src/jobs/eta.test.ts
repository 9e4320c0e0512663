import { STAGES, type Stage } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { changeAttempt } from "./attempt.ts";
import { etaSeconds, expectedSeconds } from "./eta.ts";
import type { Job } from "./job.ts";
import { learned, type Pace, type Work } from "./pace.ts";
import { START, states, story } from "./testing.ts";
import { viewOf } from "./view.ts";

const MINUTES = 20;
/** What the stages take of a video of that length, of which three clips of 30 s are made. */
const TRUE_SECONDS: Record<Stage, number> = {
  ...{ DOWNLOAD: 60, TRANSCRIPT: 240, CHUNK: 0.1 },
  ...{ SELECT: 10, RENDER: 180, UPLOAD: 15 },
};
const WORK: Work = { sourceSeconds: MINUTES * 60, clipSeconds: 90 };
const PACE = learned(undefined, TRUE_SECONDS, WORK);
const { job: BASE } = story().running();
const TOTAL = Object.values(TRUE_SECONDS).reduce((all, one) => all + one, 0);

/** A job in the middle of a stage. @param tookSeconds since it entered the stage */
function at(stage: Stage, stage_progress: number, tookSeconds: number, over: Partial<Job> = {}): Job {
  const told = {
    ...BASE,
    ...{ stage, stage_progress, clip_count: 3, clip_duration_seconds: 30 },
    ...{ source_seconds: MINUTES * 60, stage_started_at: { [stage]: START } },
    ...over,
  };
  return changeAttempt(told, 1, { progress_at: START + tookSeconds * 1000 });
}
const etaAt = (job: Job, tookSeconds: number, pace: Pace | undefined = PACE) =>
  etaSeconds(job, pace, START + tookSeconds * 1000);

test("a job that begins takes as long as earlier ones, by the length of its video and of its clips", () => {
  expect(expectedSeconds(PACE, WORK)).toBe(Math.ceil(TOTAL + 2));
  expect(etaAt(at("DOWNLOAD", 0, 0), 0)).toBe(Math.round(TOTAL + 2));
  expect(expectedSeconds(PACE, { ...WORK, sourceSeconds: 2 * MINUTES * 60 })).toBe(
    Math.ceil(TOTAL + 300.1 + 2),
  );
  expect(expectedSeconds(PACE, { ...WORK, clipSeconds: 30 })).toBe(Math.ceil(TOTAL - 130 + 2));
});

test("where there is nothing to go by, there is no estimate", () => {
  expect(expectedSeconds(undefined, WORK)).toBeNull();
  expect(expectedSeconds(PACE, { ...WORK, sourceSeconds: null })).toBeNull();
  expect(etaAt(at("DOWNLOAD", 0.5, 30, { source_seconds: null }), 30)).toBeNull();
  expect(etaAt(at("TRANSCRIPT", 0.5, 30), 30, { stages: {} })).toBeNull(); // nobody knows how long RENDER takes
  const { RENDER: _, ...but } = PACE.stages;
  expect(etaAt(at("TRANSCRIPT", 0.5, 30), 30, { stages: but })).toBeNull();
});

test("the first job of all tells what is left as soon as its last long stage knows its own pace", () => {
  expect(etaAt(at("RENDER", 0.1, 10), 10, { stages: {} })).toBeNull();
  expect(etaAt(at("RENDER", 0.5, 100), 100, { stages: {} })).toBe(100 + 3 + 2);
});

test("a stage that goes slower or faster than those before says so itself", () => {
  const later = TRUE_SECONDS.SELECT + TRUE_SECONDS.RENDER + TRUE_SECONDS.UPLOAD + 0.1 + 2;
  expect(etaAt(at("TRANSCRIPT", 0.5, 600), 600)).toBe(Math.round(600 + later));
  expect(etaAt(at("TRANSCRIPT", 0.5, 12), 12)).toBe(Math.round(12 + later));
  expect(etaAt(at("TRANSCRIPT", 0.1, 600), 600)).toBe(Math.round(0.9 * 240 + later)); // too early to say
  expect(etaAt(at("TRANSCRIPT", 1, 12), 12)).toBe(Math.round(later));
});

test("between two reports time goes on, but a stage that is silent does not end by that", () => {
  const job = at("RENDER", 0.5, 100);
  expect(etaAt(job, 100)).toBe(117);
  expect(etaAt(job, 140)).toBe(77);
  expect(etaAt(job, 5000)).toBe(10 + 17);
});

test("only work that is done has an end in sight; one that is being published is nearly there", () => {
  for (const [name, tell] of Object.entries(states)) {
    const { job } = tell();
    const known = ["RUNNING", "COMMITTING"].includes(job.state);
    const told = { ...job, source_seconds: 1200 };
    expect([name, etaSeconds(told, PACE, START) !== null]).toEqual([name, known]);
    const view = viewOf(told, 1, { owner: false, now: START, pace: PACE });
    expect([name, view.eta_seconds !== null]).toEqual([name, known]);
  }
});

test("an edit fetches, hears and chooses nothing, as a rule", () => {
  const clip = { segments: [{ start: 10, end: 40, text: "" }] };
  const edit = { of: "kk", clip_file: "clip_01.mp4", clip } as unknown as NonNullable<Job["edit"]>;
  expect(etaAt(at("DOWNLOAD", 0, 0, { edit, source_seconds: null }), 0)).toBe(60 + 5 + 2);
});

/** A job whose stages took `noise` times as long as it was thought, and as it shows after `seconds`; what a stage says of itself is bent. */
function simulated(noise: readonly number[], bend: number) {
  const lengths = STAGES.map((stage, index) => TRUE_SECONDS[stage] * (noise[index] ?? 1));
  const total = lengths.reduce((all, one) => all + one, 0) + 2;
  return {
    total,
    shownAfter(seconds: number): Job {
      let from = 0;
      for (const [index, length] of lengths.entries()) {
        const stage = STAGES[index] ?? "UPLOAD";
        if (seconds < from + length || stage === "UPLOAD") {
          const done = Math.min(1, (seconds - from) / length) ** bend;
          return at(stage, done, seconds - from);
        }
        from += length;
      }
      throw new Error("there is always a stage");
    },
  };
}
const aNoise = fc.array(fc.double({ min: 0.7, max: 1.3, noNaN: true }), { minLength: 6, maxLength: 6 });
const aRun = fc.record({
  /** Jobs before, and the job itself: each 30 % off in each of its stages. */
  before: fc.array(aNoise, { minLength: 1, maxLength: 10 }),
  noise: aNoise,
  /** How unevenly its stages tell how far they are. */
  bend: fc.double({ min: 0.7, max: 1.4, noNaN: true }),
});
const paceAfter = (before: readonly number[][]) =>
  before.reduce<Pace | undefined>(
    (pace, noise) =>
      learned(
        pace,
        Object.fromEntries(STAGES.map((stage, index) => [stage, TRUE_SECONDS[stage] * (noise[index] ?? 1)])),
        WORK,
      ),
    undefined,
  );

test("after a quarter of the job the estimate is off by at most half, in four of five jobs that are all 30 % off", () => {
  const [runs, good] = [{ all: 0 }, { 0.25: 0, 0.5: 0, 0.75: 0 }];
  fc.assert(
    fc.property(aRun, ({ before, noise, bend }) => {
      const job = simulated(noise, bend);
      const pace = paceAfter(before);
      runs.all++;
      for (const share of [0.25, 0.5, 0.75] as const) {
        const left = job.total * (1 - share);
        const seconds = job.total * share;
        const shown = job.shownAfter(seconds);
        const entered = shown.stage_started_at[shown.stage] ?? START;
        const heard = shown.attempts.at(-1)?.progress_at ?? entered;
        const eta = etaSeconds(shown, pace, heard) ?? Number.POSITIVE_INFINITY;
        if (Math.abs(eta - left) <= 0.5 * left) good[share]++;
      }
    }),
    { numRuns: 500 },
  );
  for (const count of Object.values(good)) expect(count / runs.all).toBeGreaterThanOrEqual(0.8);
});

test("it is never less than nothing, and hardly ever goes up by much while the job goes on", () => {
  let [steps, jumps] = [0, 0];
  fc.assert(
    fc.property(aRun, ({ before, noise, bend }) => {
      const job = simulated(noise, bend);
      const pace = paceAfter(before);
      let last: number | undefined;
      for (let share = 0; share <= 1; share += 0.02) {
        const shown = job.shownAfter(job.total * share);
        const eta = etaSeconds(shown, pace, shown.attempts.at(-1)?.progress_at ?? START);
        if (eta === null) throw new Error("all is known");
        expect(eta).toBeGreaterThanOrEqual(1);
        if (last !== undefined) {
          steps++;
          if (eta > last + 0.05 * job.total) jumps++;
        }
        last = eta;
      }
    }),
    { numRuns: 100 },
  );
  expect(jumps / steps).toBeLessThan(0.03);
});

test("whatever a record holds, the estimate is a number of seconds or nothing", () => {
  const odd = fc.oneof(
    fc.constantFrom(0, 1, 0.15, 0.5, Number.MIN_VALUE),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...STAGES),
      odd,
      fc.integer({ min: -10_000, max: 1_000_000 }),
      fc.integer({ min: -10_000, max: 1_000_000 }),
      fc.constantFrom(null, 0, 1, 1e6),
      fc.constantFrom(undefined, PACE, { stages: {} }, { stages: { RENDER: [0, 0] } }),
      (stage, done, took, later, source_seconds, pace) => {
        const eta = etaAt(at(stage, done, took, { source_seconds }), later, pace);
        if (eta === null) return;
        expect(Number.isFinite(eta)).toBe(true);
        expect(eta).toBeGreaterThanOrEqual(1);
      },
    ),
  );
});
