import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

/** A process that leads its group, told apart from a later one with the same number by when it started. */
export interface GroupLeader {
  pid: number;
  start: string;
}

/** Fields of /proc/PID/stat after the command name, which may itself hold spaces. */
function statOf(pid: number): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(") ") + 2).split(" ");
  } catch {
    return undefined;
  }
}
const STATE = 0;
const PROCESS_GROUP = 2;
const START_TIME = 19;

/** When a process started, as text that only says "the same" or "another"; undefined when there is none. */
export function startOf(pid: number): string | undefined {
  if (process.platform === "linux") return statOf(pid)?.[START_TIME];
  try {
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Whether the group still has a member that does something; zombies nobody reaps do not count. */
export function groupIsAlive({ pid, start }: GroupLeader): boolean {
  const now = startOf(pid);
  if (now !== undefined && now !== start) return false; // the number has been given to somebody else
  if (process.platform !== "linux") return signalReaches(pid);
  if (!signalReaches(pid)) return false; // nobody, not even a zombie: most launches that have ended
  const leader = statOf(pid);
  if (leader?.[PROCESS_GROUP] === String(pid) && leader[STATE] !== "Z") return true;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .some((fields) => fields?.[PROCESS_GROUP] === String(pid) && fields[STATE] !== "Z");
}

/** Sends a signal to every member of the group; nothing happens where the group is gone. */
export function killGroup(leader: GroupLeader, signal: NodeJS.Signals): void {
  if (!groupIsAlive(leader)) return;
  try {
    process.kill(-leader.pid, signal);
  } catch {
    // it ended between the look and the signal
  }
}

function signalReaches(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    // on Linux, "not permitted" means that somebody is there; elsewhere it is also said of zombies
    return process.platform === "linux" && (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
