import { isFinal } from "../../packages/api/src/jobs/job.ts";
import { SUBMIT_MS } from "../../packages/api/src/jobs/launch.ts";
import { decide, LEASE_MS } from "../../packages/api/src/jobs/state.ts";
import { createControl } from "./control.ts";
import { checkInvariants, type Fact, type Violation } from "./invariants.ts";
import { labor } from "./labor.ts";
import { createMarket } from "./market.ts";
import { createRandom } from "./random.ts";
import { createWorld, isSettled, type Thread } from "./world.ts";

export interface SimulationOptions {
  /** Stands in for the real `decide`: to see that a machine with a fault is found out. */
  decide?: typeof decide;
  /** false: a store that writes whatever it is given, whoever was first. */
  compares?: boolean;
}

export interface Schedule {
  violations: Violation[];
  facts: Fact[];
  steps: number;
}

const CLOCK = [100, 1000, 1000, 5000, 5000, 10_000, SUBMIT_MS, LEASE_MS, 60_000];
const CALM_PAUSE_MS = 14_000; // below what would count as deafness
const CALM_STEPS = 12;
const MAX_CALM_ROUNDS = 400;

/**
 * Lives through one schedule: what is done, killed, lost, repeated and travelled back follows from the seed alone, so a schedule that
 * fails can be run again. First everything that can go wrong does; then it is calm, and every job has to come to its end.
 */
export function simulate(
  seed: number,
  { decide: decides = decide, compares = true }: SimulationOptions = {},
): Schedule {
  const random = createRandom(seed);
  const world = createWorld({ random, submit: random.of(["native", "lookup"]), decide: decides, compares });
  const faults = { calm: false };
  const market = createMarket(world, faults);
  const controls = Array.from({ length: random.whole(1, 2) }, () => createControl(world, market));
  const threads: Thread[] = controls.map(({ loop }) => loop);
  let employed = 0;
  let steps = 0;

  /** A thread goes on to where it next waits; a launch that it started gets its worker. @returns whether it has more to do now */
  const go = (thread: Thread): boolean => {
    steps++;
    const { done: over, value } = thread.next();
    if (over) threads.splice(threads.indexOf(thread), 1);
    for (; employed < world.started.length; employed++) {
      const launch = world.started[employed];
      if (launch)
        threads.push(labor(world, launch, { controls, faults, again: (late) => threads.push(late) }));
    }
    return !over && value !== "idle";
  };
  /** Nobody waits for the answer. */
  function* ask(type: "cancel" | "retry"): Thread {
    try {
      yield* random.of(controls).answer({ type });
    } catch {
      // refused, or the process died
    }
  }
  const disturb = () => {
    const dice = random.next();
    if (dice < 0.42) world.now += random.of(CLOCK);
    else if (dice < 0.62) random.of(controls).kill();
    else if (dice < 0.74) threads.push(ask(random.chance(0.35) ? "cancel" : "retry"));
    else if (dice < 0.93) {
      const running = [...world.launches.values()].filter(({ phase }) => phase !== "exited");
      if (running.length > 0) world.exit(random.of(running), null, random.of(["evicted", "lost", "oom"]));
    } else if (dice < 0.96) {
      for (const control of controls) control.kill(); // its connections are gone with it
      world.travel();
    }
  };

  const turns = random.whole(20, 120);
  for (let turn = 0; turn < turns; turn++) {
    if (random.chance(0.12)) disturb();
    else go(random.of(threads));
  }
  faults.calm = true;
  for (let round = 0; round < MAX_CALM_ROUNDS && !isSettled(world, isFinal); round++) {
    for (const thread of [...threads]) for (let times = 0; times < CALM_STEPS && go(thread); times++);
    world.now += CALM_PAUSE_MS;
  }
  if (!isSettled(world, isFinal)) {
    for (const { ref } of world.launches.values())
      world.facts.push({ is: "left", what: "launch", name: ref.ref });
    if (isFinal(world.stored.job))
      world.facts.push({ is: "left", what: "key", name: "an attempt not released" });
  }
  for (const epoch of world.uploads.keys())
    world.facts.push({ is: "left", what: "artifact", name: `attempts/${epoch}/` });
  // the clock of a schedule leaps, so it cannot tell how long a duplicate has gone on
  const violations = checkInvariants(world.facts, { overlapMs: Number.POSITIVE_INFINITY });
  return { violations, facts: world.facts, steps };
}

/** Runs schedules with the seeds `seed`, `seed + 1` … until one breaks an invariant. */
export function simulateMany(
  count: number,
  { seed, ...options }: SimulationOptions & { seed: number },
): { done: number; steps: number; failed: (Schedule & { seed: number }) | undefined } {
  let steps = 0;
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // being refused is what happens most here, and nobody reads where
  try {
    for (let done = 0; done < count; done++) {
      const schedule = simulate(seed + done, options);
      steps += schedule.steps;
      if (schedule.violations.length > 0)
        return { done: done + 1, steps, failed: { ...schedule, seed: seed + done } };
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { done: count, steps, failed: undefined };
}

/** A schedule that broke something, for people: what broke, and what led to it. */
export function told({ seed, violations, facts }: Schedule & { seed: number }): string {
  const lines = facts.map((fact) => `  ${JSON.stringify(fact)}`);
  const broken = violations.map(({ id, text }) => `${id}: ${text}`);
  return [`Schedule ${seed} broke`, ...broken, ...lines, `Again: --simulate 1 --seed ${seed}`].join("\n");
}
