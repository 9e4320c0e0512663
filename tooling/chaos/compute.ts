import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startDockerCompute } from "./compute-docker.ts";
import { startNosanaCompute } from "./compute-nosana.ts";
import type { Fact } from "./invariants.ts";
import { createLaunches, endLaunches, groupOf, type LiveLaunch, launchFolders } from "./launches.ts";

/** Where the launches of a run are, as somebody sees it who does not ask the API. */
export interface Compute extends AsyncDisposable {
  /** What the API is told, so that its launches are there. */
  env: Record<string, string>;
  /** Launches that it may have there at once. */
  places: number;
  /** Takes note of launches that began, claimed or ended since the last look. */
  look(): Promise<void>;
  live(): LiveLaunch[];
  /** How many there ever were: each one was paid for. */
  count(): number;
  /** Ends a worker as an accident does: alone, or with all that stands round it. @returns whether there was one */
  kill(launch: LiveLaunch, options: { group: boolean }): Promise<boolean>;
  /** What is there that a launch has left behind, in words. */
  left(): Promise<string[]>;
}

const LOOK_MS = 100;

export interface ComputeOptions {
  /** Of the run. */
  dir: string;
  dataDir: string;
  /** Where workers reach the API. */
  apiUrl: string;
  facts: Fact[];
}

export type ComputeKind = "process" | "docker" | "nosana";

const STARTS: Record<ComputeKind, (options: ComputeOptions) => Compute | Promise<Compute>> = {
  process: startProcessCompute,
  docker: startDockerCompute,
  nosana: startNosanaCompute,
};

/** A place for the launches of one run, and a look at it ten times a second until it is ended. */
export async function startCompute(kind: ComputeKind, options: ComputeOptions): Promise<Compute> {
  const compute = await STARTS[kind](options);
  const over = new AbortController();
  const { signal } = over;
  const watching = (async () => {
    while (!signal.aborted) {
      await compute.look();
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  })();
  return {
    ...compute,
    async [Symbol.asyncDispose]() {
      over.abort();
      await watching;
      await compute[Symbol.asyncDispose]();
    },
  };
}

/** Processes of this machine. */
function startProcessCompute({ dir, dataDir, facts }: ComputeOptions): Compute {
  const ledger = join(dir, "ledger");
  const launches = createLaunches({ ledger, facts });
  return {
    env: { KK_CHAOS_LEDGER: ledger },
    places: 24,
    look: async () => launches.look(),
    live: launches.live,
    count: launches.count,
    async kill({ launch }, { group: withShell }) {
      const pid = Number(launch);
      const group = withShell ? groupOf(pid) : undefined;
      try {
        return process.kill(group ? -group : pid, "SIGKILL");
      } catch {
        return false; // it was done a moment ago
      }
    },
    left: async () => launchFolders(dataDir),
    [Symbol.asyncDispose]: async () => endLaunches(dataDir),
  };
}
