import { spawn } from "node:child_process";
import { groupIsAlive, killGroup, startOf } from "../process-group.ts";

/** Of what a container prints this much is kept (characters), the newest; twice as much at times. */
const KEPT_LOG = 1 << 20;
const CLOSE_MS = 1000;

export interface ContainerLog {
  type: "stdout" | "stderr";
  log: string;
  timestamp: string;
}

export interface Container {
  /** Asks it to end, and ends it with all it has started when it has not after so long. */
  stop(graceMs: number): void;
  alive(): boolean;
  logs(): ContainerLog[];
}

export interface ContainerOptions {
  command: readonly string[];
  /** Its whole environment. */
  env: Readonly<Record<string, string>>;
  /** @param exitCode null where it could not be started */
  onExit: (exitCode: number | null, error?: string) => void;
}

/** What runs ends with this process, as far as that process can still say so. */
const alive = new Set<() => void>();
process.on("exit", () => {
  for (const kill of alive) kill();
});

/** A process group in a container's place: it ends as a whole, like a container does. */
export function startContainer({
  command: [program = "", ...args],
  env,
  onExit,
}: ContainerOptions): Container {
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { NODE_ENV: "production", ...env },
  });
  const { pid } = child;
  const leader = pid === undefined ? undefined : { pid, start: startOf(pid) ?? "" };
  let logs: ContainerLog[] = [];
  let kept = 0;
  let over = false;
  const kill = (signal: NodeJS.Signals) => leader && killGroup(leader, signal);
  const end = (exitCode: number | null, error?: string) => {
    if (over) return;
    over = true;
    alive.delete(killAtExit);
    onExit(exitCode, error);
  };
  const killAtExit = () => kill("SIGKILL");
  alive.add(killAtExit);

  for (const type of ["stdout", "stderr"] as const) {
    let begun = "";
    const write = (line: string) => {
      logs.push({ type, log: `${line}\n`, timestamp: new Date().toISOString() });
      kept += line.length;
      if (kept <= 2 * KEPT_LOG) return;
      let from = logs.length - 1;
      kept = line.length;
      while (from > 0 && kept < KEPT_LOG) kept += logs[--from]?.log.length ?? 0;
      logs = logs.slice(from);
    };
    child[type].setEncoding("utf8").on("data", (text: string) => {
      const lines = (begun + text).split("\n");
      begun = lines.pop()?.slice(-KEPT_LOG) ?? "";
      for (const line of lines) write(line);
    });
    child[type].on("end", () => begun && write(begun));
  }
  child.on("error", ({ message }) => end(null, message));
  child.on("exit", (code, signal) => {
    kill("SIGKILL"); // children of its own end with it
    const exitCode = code ?? 128 + (signal === "SIGTERM" ? 15 : 9);
    child.once("close", () => end(exitCode));
    setTimeout(() => end(exitCode), CLOSE_MS).unref(); // a grandchild in a group of its own may hold the pipes
  });

  return {
    stop(graceMs) {
      kill("SIGTERM");
      setTimeout(() => kill("SIGKILL"), graceMs).unref();
    },
    alive: () => leader !== undefined && groupIsAlive(leader),
    logs: () => logs,
  };
}
