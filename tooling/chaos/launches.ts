import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Fact } from "./invariants.ts";

export interface LiveLaunch {
  job: string;
  epoch: number;
  /** Names it where it runs: the pid of the worker (the shell that waits for it leads the group), a container, a deployment. */
  launch: string;
}

/** What the launches of a run write down about themselves: each one was paid for, whoever started it. */
export function createLaunches({ ledger, facts }: { ledger: string; facts: Fact[] }) {
  const live = new Map<string, LiveLaunch>();
  let read = 0;
  let count = 0;

  return {
    /** How many there ever were. */
    count: () => count,
    live: () => [...live.values()],

    /** Takes note of launches that began or ended since the last look. */
    look(): void {
      const text = textOf(ledger);
      const lines = text.slice(read, text.lastIndexOf("\n") + 1);
      read += lines.length;
      for (const line of lines.split("\n").filter(Boolean)) {
        const [what, key = "", launch = ""] = line.split(" ");
        if (what === "claimed") facts.push({ is: "claimed", ...namesOf(key), launch });
        if (what !== "launched") continue;
        count++;
        live.set(launch, { ...namesOf(key), launch });
        facts.push({ is: "launched", ...namesOf(key), launch, now: Date.now() });
      }
      for (const launch of live.keys()) {
        if (isAlive(Number(launch))) continue;
        live.delete(launch);
        facts.push({ is: "ended", launch, now: Date.now() });
      }
    },
  };
}

/** The job and the epoch that a launch key, or a longer name with one at its end, names. */
export function namesOf(launchKey: string): { job: string; epoch: number } {
  const [, id = "", epoch = ""] = /kk-([0-9a-z]{26})-e(\d+)/.exec(launchKey) ?? [];
  return { job: `kk_${id.toUpperCase()}`, epoch: Number(epoch) };
}

/** Whether a process does something; one that ended and that nobody has asked for yet does not. */
function isAlive(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(") ") + 2)[0] !== "Z";
  } catch {
    return false;
  }
}

/** The group that a process is in. */
export function groupOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(") ") + 2).split(" ")[2]);
  } catch {
    return undefined;
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1"); // one byte, one character: what was read is counted by length
  } catch {
    return "";
  }
}

/** What the process provider keeps of launches that nobody has released. */
export const launchFolders = (dataDir: string): string[] => globSync("launches/kk-*", { cwd: dataDir });

/** Workers outlive their API; those of a run must not outlive it. */
export function endLaunches(dataDir: string): void {
  for (const file of globSync("launches/*/pid", { cwd: dataDir }))
    try {
      process.kill(-JSON.parse(readFileSync(join(dataDir, file), "utf8")).pid, "SIGKILL");
    } catch {
      // it has ended
    }
}
