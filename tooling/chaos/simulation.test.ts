import { describe, expect, test } from "vitest";
import { changeAttempt } from "../../packages/api/src/jobs/attempt.ts";
import { currentAttempt } from "../../packages/api/src/jobs/job.ts";
import { decide, type JobEvent } from "../../packages/api/src/jobs/state.ts";
import { simulate, simulateMany, told } from "./simulation.ts";

const SCHEDULES = 20_000;
/** A planted fault must be found within so many schedules. */
const FOUND_IN = 3000;
const SEED = 20_261_125;

test(`${SCHEDULES} schedules of kills, losses, repetitions and travels of the store break no invariant`, () => {
  const { done, failed } = simulateMany(SCHEDULES, { seed: SEED });
  expect(failed && told(failed)).toBeUndefined();
  expect(done).toBe(SCHEDULES);
}, 120_000);

test("a schedule comes out the same whenever it is run with its seed", () => {
  for (let seed = SEED; seed < SEED + 20; seed++) expect(simulate(seed)).toEqual(simulate(seed));
  expect(simulate(SEED).facts).not.toEqual(simulate(SEED + 1).facts);
});

test("schedules come to every end, on every way there", () => {
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for (let seed = SEED; seed < SEED + 1000; seed++) {
    const { facts } = simulate(seed);
    const last = facts.findLast((fact) => fact.is === "view");
    count(last?.is === "view" ? last.state : "none");
    for (const kind of new Set(facts.map(({ is }) => is))) count(kind);
    if (facts.some((fact) => fact.is === "view" && fact.epoch === 3)) count("third attempt");
    if (facts.filter((fact) => fact.is === "launched").length > 3) count("many launches");
  }
  for (const what of [
    "SUCCEEDED",
    "FAILED",
    "CANCELLED",
    "travelled",
    "retried",
    "stopping",
    "third attempt",
  ])
    expect(counts.get(what), what).toBeGreaterThan(20);
});

type Decide = typeof decide;
const unfenced: Decide = (job, event, now) => {
  const { epoch } = currentAttempt(job);
  const shifted =
    event.type === "report" ? { ...event, report: { ...event.report, epoch } } : { ...event, epoch };
  return decide(job, shifted as JobEvent, now);
};
/** Whoever takes up a submission does not wait until the first one is surely over. */
const hasty: Decide = (job, event, now) => {
  const attempt = currentAttempt(job);
  if (event.type !== "submitting" || attempt.state !== "SUBMITTING") return decide(job, event, now);
  return decide(changeAttempt(job, attempt.epoch, { submitting_at: now - 3_600_000 }), event, now);
};
/** So does this one, and then whoever knows the claim token may have the attempt, also the second one. */
const generous: Decide = (job, event, now) => {
  const { epoch, state } = currentAttempt(job);
  if (event.type === "submitting") return hasty(job, event, now);
  if (event.type !== "claimed" || state !== "CLAIMED" || event.epoch !== epoch)
    return decide(job, event, now);
  return decide(changeAttempt(job, epoch, { nonce_hash: null, state: "SUBMITTED", seq: 0 }), event, now);
};
/** A job that has ended is ended again by whatever comes. */
const restless: Decide = (job, event, now) => {
  const next = decide(job, event, now);
  if (next === job && event.type === "cancel" && job.state === "SUCCEEDED")
    return { ...job, state: "CANCELLED", error_code: "CANCELLED", error: "cancelled" };
  return next;
};
/** Progress is what the last report says. */
const forgetful: Decide = (job, event, now) => {
  const next = decide(job, event, now);
  if (next === job || event.type !== "report" || event.report.status !== "RUNNING") return next;
  return { ...next, progress: Math.round(event.report.stage_progress * 90) };
};

describe("the negative control: a fault that is planted is found", () => {
  test.each<[string, Parameters<typeof simulate>[1], string[]]>([
    ["a machine that does not ask which attempt speaks", { decide: unfenced }, ["I2", "I3"]],
    ["a store that does not look whether somebody was first", { compares: false }, ["I2", "I4", "I5"]],
    ["a submission that is taken up at once", { decide: hasty }, ["I4", "I5"]],
    ["a claim that works twice", { decide: generous }, ["I3"]],
    ["an end that is not final", { decide: restless }, ["I2"]],
    ["progress that may go back", { decide: forgetful }, ["I9"]],
  ])("%s", (_what, planted, ids) => {
    const seeds = Array.from({ length: FOUND_IN }, (_, index) => SEED + index);
    const found = seeds.find((seed) => simulate(seed, planted).violations.some(({ id }) => ids.includes(id)));
    expect(found, `not found in ${FOUND_IN} schedules`).toBeDefined();
  });
});
