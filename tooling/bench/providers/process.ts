import { spawn } from "node:child_process";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createProcessProvider } from "../../../packages/providers/src/index.ts";
import { startOf } from "../../../packages/providers/src/process-group.ts";
import { CLAIMER, type Leg, type ProviderResult } from "./leg.ts";
import { measureOverhead, throughProvider, type Way } from "./overhead.ts";
import { measureReconcile } from "./reconcile.ts";

/** Processes of this machine, beside a bare spawn. */
export async function ofProcess({ options, claims, dir, say }: Leg): Promise<ProviderResult> {
  const machineEnv = { PATH: process.env.PATH ?? "" };
  const command = [process.execPath, CLAIMER];
  const provider = createProcessProvider({ dir, command, machineEnv });
  const overhead = await measureOverhead({
    ...{ claims, say, launches: options.launches },
    provider: throughProvider(provider),
    bare: bareSpawn(command, machineEnv),
  });
  // the one worker of them all: 10,000 workers would measure the machine
  const worker = spawn("sleep", ["3600"], { detached: true, stdio: "ignore" });
  const { pid = 0 } = worker;
  try {
    const launches = async (keys: readonly string[]) =>
      keys.map((key) => {
        mkdirSync(join(dir, key));
        writeFileSync(join(dir, key, "pid"), JSON.stringify({ pid, start: startOf(pid) }));
        return { provider: "process", ref: key };
      });
    const { open, quiet, rounds } = options;
    return { overhead, reconcile: await measureReconcile({ provider, launches, open, quiet, rounds, say }) };
  } finally {
    worker.kill("SIGKILL");
  }
}

/** A process of its own group that writes nowhere, and nothing else. */
function bareSpawn([program = "", ...args]: readonly string[], machineEnv: Record<string, string>): Way {
  const nothing = openSync("/dev/null", "r+");
  const ends = new Map<string, Promise<void>>();
  return {
    async start({ launchKey, env }) {
      const child = spawn(program, args, {
        ...{ detached: true, stdio: [nothing, nothing, nothing] },
        env: { NODE_ENV: "production", ...machineEnv, ...env },
      });
      ends.set(launchKey, new Promise((end) => child.once("exit", () => end())));
    },
    async clear({ launchKey }) {
      await ends.get(launchKey);
      ends.delete(launchKey);
    },
  };
}
