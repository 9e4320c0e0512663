import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { CONTRACT_VERSION } from "../../packages/contract/src/index.ts";
import type { Compute, ComputeOptions } from "./compute.ts";
import { type LiveLaunch, namesOf } from "./launches.ts";
import { startLedger } from "./ledger.ts";
import type { StandInAnswer, StandInLook, StandInSettings } from "./stand-in.ts";

const PROGRAM = fileURLToPath(new URL("stand-in.ts", import.meta.url));
/** Nothing is pulled: the stand-in runs the same program for every image. */
const IMAGE = `kangklip/worker@sha256:${"0".repeat(64)}`;
const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
const STOP_MS = 5000;

/** Nosana's market, or rather what stands in for it: its nodes are this machine. */
export async function startNosanaCompute({ dir, apiUrl, facts }: ComputeOptions): Promise<Compute> {
  await using started = new AsyncDisposableStack();
  const ledger = started.use(await startLedger(facts));
  const standIn = started.use(
    await startStandIn({
      // the last one is not read: processes of the run are known by it
      command: [process.execPath, WORKER, ledger.url, String(CONTRACT_VERSION), dir],
      env: { NODE_COMPILE_CACHE: `${dir}/compiled` },
    }),
  );
  const seen = new Map<string, LiveLaunch & { deployment: string; over: boolean }>();
  const left = new Map<string, string>();

  async function look(): Promise<void> {
    for (const { id, name, status, jobs } of await standIn.look()) {
      if (status === "ARCHIVED") left.delete(id);
      else left.set(id, `${name} (${status})`);
      for (const { id: launch, over } of jobs) {
        let one = seen.get(launch);
        if (!one) {
          one = { ...namesOf(name), launch, deployment: id, over: false };
          seen.set(launch, one);
          facts.push({ is: "launched", ...namesOf(name), launch, now: Date.now() });
        }
        if (over && !one.over) facts.push({ is: "ended", launch, now: Date.now() });
        one.over ||= over;
      }
    }
  }

  const ends = started.move();
  return {
    env: {
      ...{ COMPUTE: "nosana", NOSANA_API_KEY: "nos_stand_in", NOSANA_API_BASE: standIn.url },
      ...{ WORKER_IMAGE: IMAGE, WORKER_API_URL: apiUrl },
    },
    places: 24, // a submission that a kill has interrupted holds its place for a minute
    look,
    live: () => [...seen.values()].filter(({ over }) => !over),
    count: () => seen.size,
    async kill({ launch }) {
      const one = seen.get(launch);
      if (!one || one.over) return false;
      standIn.kill(one.deployment);
      return true;
    },
    async left() {
      await look();
      return [...left.values()];
    },
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Nosana's stand-in in a process of its own. @throws Error where it does not start */
export async function startStandIn(settings: StandInSettings) {
  const child = fork(PROGRAM, {
    env: { PATH: process.env.PATH, NODE_ENV: "production", KK_STAND_IN: JSON.stringify(settings) },
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const gone = once(child, "exit");
  const waiting: ((looked: StandInLook[]) => void)[] = [];
  const listening = Promise.withResolvers<string>();
  child.on("message", (answer: StandInAnswer) => {
    if ("url" in answer) listening.resolve(answer.url);
    else waiting.shift()?.(answer.looked);
  });
  const ended = gone.then(([code]): never => {
    throw new Error(`Nosana's stand-in ended (${code})`);
  });
  ended.catch(() => {});
  const url = await Promise.race([listening.promise, ended]);
  return {
    url,
    /** What may have changed since the last look. */
    async look(): Promise<StandInLook[]> {
      const looked = new Promise<StandInLook[]>((answered) => waiting.push(answered));
      child.send({ look: true });
      return Promise.race([looked, ended]);
    },
    /** The node of a deployment is gone, without a word. */
    kill: (deployment: string) => child.send({ kill: deployment }),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await gone;
      clearTimeout(force);
    },
  };
}
