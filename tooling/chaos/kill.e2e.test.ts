import { describe, expect, test } from "vitest";
import { hasRedisServer } from "../../packages/api/src/testing-redis.ts";
import { type ChaosOptions, type ChaosReport, runChaos } from "./kill.ts";
import { POINTS, type Point } from "./points.ts";
import { newSeed } from "./random.ts";

/** The machine may be this many times slower than an idle one with two cores. */
const PATIENCE = 6;
const TEST_MS = 900_000;
/** Of the points that there are, SQLite's run takes the first ones and that of Redis the rest. */
const FIRST = 37;

async function run(options: Omit<ChaosOptions, "seed" | "patience">): Promise<ChaosReport> {
  const seed = Number(process.env.KK_CHAOS_SEED ?? newSeed());
  process.stderr.write(`chaos on ${options.store}: KK_CHAOS_SEED=${seed}\n`);
  return runChaos({ ...options, seed, patience: PATIENCE });
}

/** Where what is done is not yet written down. */
const UNSAFE =
  /^after:(provider\.submit|store\.insert)$|^before:store\.(note|replace\/(STARTING|RUNNING|SUCCEEDED))$/;

/** The API was killed at each of the points. */
function expectHit({ points }: ChaosReport, expected: readonly Point[]): void {
  expect(points.missed).toEqual([]);
  expect([...new Set(points.hit)].toSorted()).toEqual(expected.map(({ name }) => name).toSorted());
}

/** What a run must never show; with the facts that led there, so that a failure can be understood. */
function expectNothing({ violations, facts }: ChaosReport): void {
  const jobs = new Set(violations.map(({ job }) => job));
  const story = facts
    .filter((fact) => "job" in fact && jobs.has(fact.job))
    .map((fact) => JSON.stringify(fact));
  expect(violations, story.join("\n")).toEqual([]);
}

// they wait more than they work, so they run at the same time
describe.concurrent("jobs run through the real API while everything is killed:", () => {
  test(
    "on SQLite nothing is lost, done twice or left behind, at whatever point the API dies",
    async () => {
      const report = await run({ kills: 50, jobs: 30, store: "sqlite", points: POINTS.slice(0, FIRST) });
      expectNothing(report);
      expectHit(report, POINTS.slice(0, FIRST));
      expect(report.killed.point + report.killed.api + report.killed.worker).toBe(50);
      expect(report.launches).toBeGreaterThanOrEqual(30);
      expect(Object.keys(report.ends).toSorted()).toEqual(expect.arrayContaining(["SUCCEEDED"]));
    },
    TEST_MS,
  );

  test.skipIf(!hasRedisServer)(
    "on Redis, which is killed too, it is the same (needs redis-server)",
    async () => {
      const report = await run({ kills: 26, jobs: 12, store: "redis", points: POINTS.slice(FIRST) });
      expectNothing(report);
      expectHit(report, POINTS.slice(FIRST));
      expect(report.killed.redis).toBeGreaterThanOrEqual(2);
    },
    TEST_MS,
  );

  test(
    "the negative control: with ports that keep no promise jobs are made twice and attempts paid twice",
    async () => {
      const points = POINTS.filter(({ name }) => UNSAFE.test(name));
      const { violations } = await run({ kills: 8, jobs: 6, store: "sqlite", points, naive: true });
      const found = violations.map(({ id }) => id);
      expect(found).toContain("I5");
      expect(found).toContain("I6");
    },
    TEST_MS,
  );
});
