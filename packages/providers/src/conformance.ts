import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { checkFaults } from "./conformance-faults.ts";
import { checkLife, checkTaking } from "./conformance-life.ts";
import type {
  ComputeProvider,
  LaunchRef,
  LaunchSpec,
  Observation,
  ProviderCapabilities,
  ProviderErrorKind,
} from "./provider.ts";
import { aLaunch, type Behaviour, cancelled, keysOf, until } from "./testing.ts";

// What every compute provider owes its callers, for the test file of an adapter, ours or yours: docs/write-a-provider.md shows how.
// The numbers C1 to C18 are those of that page. Two more need the whole service and are tested beside it: a real worker from claim to
// commit (C19), and a service that is killed at every step (C20).

type Maybe<T> = T | Promise<T>;

/** Two installations that share one account, engine or machine. */
export type Installation = "ours" | "theirs";

/** What the suite has to know about an adapter and the place behind it. */
export interface Conformance {
  /**
   * The adapter, running BEHAVIOURS[behaviour] (`node -e SCRIPT`) in place of the worker. Called many times: all adapters of one
   * installation are on the same place, as the service's are before and after a restart.
   */
  open(behaviour: Behaviour, installation: Installation): Maybe<ComputeProvider>;
  /** What the adapter says of itself, word by word; which checks there are follows from it. */
  capabilities: ProviderCapabilities;
  /** How many launches of ours with this key really run now (0, 1 …), as seen without the adapter: the process table, the engine. */
  alive(launchKey: string): Maybe<number>;
  /** All that the place was sent, or keeps, for this launch of ours, as text: the scan for secrets reads it. */
  sent(launchKey: string): Maybe<string>;
  /** What a launch that still runs has printed, where the adapter's logs come after its end only; else the checks wait a second. */
  printed?(launchKey: string, installation: Installation): Maybe<string>;
  /** C10, where the place ends launches itself: the shortest time that can be asked for, and how to make it pass where it is long. */
  deadline?: { seconds: number; pass?(launchKey: string): Maybe<void> };
  /** C13: whether `open("greedy")` is held to less memory than the gigabyte that it takes, and says so. */
  memoryLimit?: boolean;
  /** Adapters of ours running "waits" on the same place over a bad line; "no line" where the adapter itself is the place. */
  line: BadLines | "no line";
  /** C14: whatever makes the place refuse a launch. */
  refusals: Refusal[];
  /** The longest that the place takes to start or to end a launch (ms; 60,000). */
  patienceMs?: number;
}

export interface BadLines {
  /** C4: its next `submit` starts the launch, but the answer is lost. */
  losesAnswer(): Maybe<ComputeProvider>;
  /** C14: nobody answers at the address of its place. */
  unreachable(): Maybe<ComputeProvider>;
  /** C16: its place takes every call and never answers one. */
  silent(): Maybe<ComputeProvider>;
}

export interface Refusal {
  /** "the image does not exist" */
  when: string;
  kind: ProviderErrorKind;
  /** An adapter of ours whose next submission is refused for this reason. */
  open(): Maybe<ComputeProvider>;
  /** What the launch asks for, where that is the reason. */
  launch?: Partial<LaunchSpec>;
  /** What the error has to say of it. */
  says?: RegExp;
  /** When the place said to come back (ms). */
  retryAfterMs?: number;
}

/** What the checks work with. */
export interface Ground {
  options: Conformance;
  check(id: string, title: string, run: () => Promise<void>): void;
  open(behaviour: Behaviour, installation?: Installation): Promise<ComputeProvider>;
  /** Submits a launch, which is ended and released when the check is over. */
  start(behaviour: Behaviour, overrides?: Partial<LaunchSpec>): Promise<Started>;
  /** Ends and releases it when the check is over. */
  endLater(provider: ComputeProvider, ref: LaunchRef): void;
  /** Until the launch runs and has set itself up. */
  up(
    provider: ComputeProvider,
    ref: LaunchRef,
    launchKey: string,
    installation?: Installation,
  ): Promise<void>;
  ended(provider: ComputeProvider, ref: LaunchRef): Promise<Observation>;
  gone(provider: ComputeProvider, ref: LaunchRef): Promise<void>;
  /** Until no process of the launch is left; a moment may pass after it has ended. */
  dead(launchKey: string): Promise<void>;
}
export interface Started {
  provider: ComputeProvider;
  spec: LaunchSpec;
  ref: LaunchRef;
}

/**
 * Registers the checks that apply to an adapter as vitest tests.
 * @returns their numbers: a test of yours can say which ones it counts on.
 */
export function runProviderConformance(name: string, options: Conformance): string[] {
  const checks: Check[] = [];
  const { patienceMs = 60_000 } = options;
  const ground = groundFor(options, checks, patienceMs);
  checkLife(ground);
  checkTaking(ground);
  checkFaults(ground);
  // after all others: what they started is listed as long as it is there
  ground.check("C11", "nothing is left behind by all these launches", async () => {
    for (const installation of ["ours", "theirs"] as const)
      expect(await keysOf(await ground.open("ok", installation))).toEqual([]);
  });
  describe(`${name} does what every provider does`, () => {
    afterEach(ground.endAll, patienceMs * 4);
    for (const { id, title, run } of checks) test(`${id}: ${title}`, run, patienceMs * 4);
  });
  return [...new Set(checks.map(({ id }) => id))].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** Processes that were killed are gone within this time, on the slowest machine. */
const DYING_MS = 10_000;

interface Check {
  id: string;
  title: string;
  run: () => Promise<void>;
}

function groundFor(
  options: Conformance,
  checks: Check[],
  patienceMs: number,
): Ground & { endAll(): Promise<void> } {
  const open = async (behaviour: Behaviour, installation: Installation = "ours") =>
    options.open(behaviour, installation);
  const toEnd: { provider: ComputeProvider; ref: LaunchRef }[] = [];
  const gone = (provider: ComputeProvider, ref: LaunchRef) => cancelled(provider, ref, 0.3, patienceMs);

  return {
    options,
    open,
    gone,
    check: (id, title, run) => void checks.push({ id, title, run }),
    async endAll() {
      for (const { provider, ref } of toEnd.splice(0)) {
        await gone(provider, ref);
        await provider.release(ref);
      }
    },
    endLater: (provider, ref) => void toEnd.push({ provider, ref }),
    async start(behaviour, overrides) {
      const provider = await open(behaviour);
      const spec = aLaunch(overrides);
      const ref = await provider.submit(spec);
      toEnd.push({ provider, ref });
      return { provider, spec, ref };
    },
    async up(provider, ref, launchKey, installation = "ours") {
      await until(provider, ref, ["running"], patienceMs);
      const { printed } = options;
      const isLive = provider.capabilities.logs === "live";
      if (!isLive && !printed) return sleep(1000);
      const read = () => (isLive ? provider.logs(ref, { tail: 5 }) : printed?.(launchKey, installation));
      await expect.poll(read, { timeout: patienceMs, interval: 50 }).toContain("up");
    },
    dead: (launchKey) =>
      expect.poll(() => options.alive(launchKey), { timeout: DYING_MS, message: "still alive" }).toBe(0),
    ended: (provider, ref) => until(provider, ref, ["exited"], patienceMs),
  };
}
