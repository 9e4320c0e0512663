import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** What a warm worker is told on stdin of a launch, a line of JSON. It answers `free` on stdout when the launch has ended. */
export interface WarmOrder {
  /** The launch's folder: the worker writes `pid`, `log` and `exit` into it, as the wrapper round a worker of its own does. */
  dir: string;
  /** Maximum run time. */
  seconds: number;
  env: Readonly<Record<string, string>>;
}

export interface WarmPoolOptions {
  /** What to run: a program that does one launch after the other. */
  command: readonly string[];
  machineEnv: Readonly<Record<string, string>>;
  /** Most that live at once, at work or idle. */
  count: number;
  /** One that has had nothing to do for this long is ended. */
  idleMs: number;
}

/**
 * Workers of this process that stay after a launch for the next one. None is started before it is needed, each does one launch at a time,
 * and all that are idle end with this process: their stdin does.
 */
export function createWarmPool({
  command: [program = "", ...args],
  machineEnv,
  count,
  idleMs,
}: WarmPoolOptions) {
  const idle: { child: ChildProcess; timer: NodeJS.Timeout }[] = [];
  const busy = new Map<ChildProcess, string>();

  const tell = (child: ChildProcess, order: WarmOrder) => {
    busy.set(child, order.dir);
    child.stdin?.write(`${JSON.stringify(order)}\n`);
  };
  const rest = (child: ChildProcess) => {
    busy.delete(child);
    const timer = setTimeout(() => child.stdin?.end(), idleMs);
    timer.unref();
    idle.push({ child, timer });
  };
  const gone = (child: ChildProcess, code: number) => {
    const at = idle.findIndex((one) => one.child === child);
    if (at >= 0) for (const { timer } of idle.splice(at, 1)) clearTimeout(timer);
    const dir = busy.get(child);
    busy.delete(child);
    // it died before it wrote down who it is: else the launch would count as starting for half a minute
    if (dir && existsSync(dir) && !existsSync(join(dir, "pid")))
      try {
        writeFileSync(join(dir, "exit"), `${code}\n`);
      } catch {
        // released
      }
  };

  return {
    /**
     * Gives a launch to a worker that is idle, or to a new one while there may be more.
     * @returns false where all are at work, or none can be started: the launch is as it was
     */
    take(order: WarmOrder): boolean {
      const next = idle.pop();
      if (next) {
        clearTimeout(next.timer);
        tell(next.child, order);
        return true;
      }
      if (busy.size >= count) return false;
      const child = spawn(program, args, {
        detached: true, // a process group of its own, as every launch
        stdio: ["pipe", "pipe", "ignore"],
        env: { NODE_ENV: "production", ...machineEnv },
      });
      child.once("error", () => gone(child, 70)).once("exit", (code) => gone(child, code ?? 137));
      if (child.pid === undefined) return false;
      child.stdin?.on("error", () => {}); // it has died: its end tells
      if (child.stdout)
        createInterface({ input: child.stdout }).on("line", (line) => line === "free" && rest(child));
      tell(child, order);
      // none of this keeps our process alive
      child.unref();
      for (const pipe of [child.stdin, child.stdout] as ((Readable | Writable) & { unref?(): void })[])
        pipe.unref?.();
      return true;
    },
  };
}
