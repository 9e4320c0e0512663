import { describe, expect, test } from "vitest";
import { hasDockerEngine } from "../../packages/providers/src/docker/testing.ts";
import { type ChaosReport, runChaos } from "./kill.ts";
import { POINTS, type Point } from "./points.ts";
import { newSeed } from "./random.ts";
import { wirePoints } from "./wire.ts";

/** The machine may be this many times slower than an idle one with two cores. */
const PATIENCE = 6;
const TEST_MS = 300_000;

/** Besides the points: a worker here and there. */
const AT_RANDOM = 4;

/** From the intent to the commit: each call of the provider, each write of the job, the last of its files. */
const AROUND_LAUNCHES = POINTS.filter(({ name }) =>
  /:(provider\.\w+|store\.(insert|replace\/\w+)|artifacts\.(copy\/manifest|delete))$/.test(name),
);

async function killedAt(compute: "docker" | "nosana", points: readonly Point[]): Promise<ChaosReport> {
  const seed = Number(process.env.KK_CHAOS_SEED ?? newSeed());
  process.stderr.write(`crash points at ${compute}: KK_CHAOS_SEED=${seed}\n`);
  const kills = { kills: points.length + AT_RANDOM, atRandom: AT_RANDOM };
  return runChaos({ ...kills, jobs: 8, store: "sqlite", compute, points, seed, patience: PATIENCE });
}

function expectOneResultAndNothingLeft(report: ChaosReport, points: readonly Point[]): void {
  const { violations, facts, points: reached } = report;
  const jobs = new Set(violations.map(({ job }) => job));
  const story = facts
    .filter((fact) => "job" in fact && jobs.has(fact.job))
    .map((fact) => JSON.stringify(fact));
  expect(violations, story.join("\n")).toEqual([]);
  expect(reached.missed).toEqual([]);
  expect(new Set(reached.hit)).toEqual(new Set(points.map(({ name }) => name)));
  expect(Object.keys(report.ends)).toContain("SUCCEEDED");
}

// they wait more than they work, so they run at the same time; for processes see kill.e2e.test.ts
describe.concurrent("the service dies at each point between an intent and its commit:", () => {
  const docker = [...AROUND_LAUNCHES, ...wirePoints("docker")];
  test.skipIf(!hasDockerEngine)(
    "in containers each job has one result, and no container or volume is left (needs a Docker engine)",
    async () => expectOneResultAndNothingLeft(await killedAt("docker", docker), docker),
    TEST_MS,
  );

  const nosana = [...AROUND_LAUNCHES, ...wirePoints("nosana")];
  test(
    "at Nosana's stand-in each job has one result, and every deployment is archived",
    async () => expectOneResultAndNothingLeft(await killedAt("nosana", nosana), nosana),
    TEST_MS,
  );
});
