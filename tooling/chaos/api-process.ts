import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const API = fileURLToPath(new URL("api.ts", import.meta.url));
const BOOT_MS = 60_000;
const piped = (stream: Readable | null): Readable => {
  if (!stream) throw new Error("The child's output is not piped");
  return stream;
};

/**
 * The API as a child process that is killed and started again on the same port.
 * @param dir its home; @param env of the child, besides; `onLog` gets what it logs, `onCrash` the name of the point at which it killed itself, `onDeath` is told how it ended
 * where nobody had asked for that
 */
export function createApiProcess({
  dir,
  env,
  onCrash,
  onDeath,
  onLog,
}: {
  dir: string;
  env: Record<string, string>;
  onCrash: (point: string) => void;
  onDeath: (how: string) => void;
  onLog: (line: string) => void;
}) {
  const around = {
    ...{ PATH: process.env.PATH ?? "", HOME: dir, NODE_COMPILE_CACHE: join(dir, "compiled") },
    ...{ WEB: "off", LOG_LEVEL: "warn" },
  };
  let child: ChildProcess | undefined;
  /** The one that is being killed or asked to stop. */
  let ending: ChildProcess | undefined;
  let gone: Promise<unknown> = Promise.resolve();
  /** ms from the start to the first request that it could have taken. */
  const boots: number[] = [];

  /** Starts it; true when it listens, false where it died before. */
  async function start(): Promise<boolean> {
    const from = performance.now();
    const api = spawn(process.execPath, [API], {
      env: { NODE_ENV: "production", ...around, ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    child = api;
    gone = once(api, "close"); // not "exit": what it said last is read by then
    let [up, crashed] = [false, false];
    const listening = Promise.withResolvers<boolean>();
    createInterface({ input: piped(api.stdout) }).on("line", (line) => {
      if (line.startsWith('{"listening"')) listening.resolve(true);
      else if (line.startsWith('{"crash"')) {
        crashed = true;
        onCrash(JSON.parse(line).crash);
      } else onLog(line);
    });
    createInterface({ input: piped(api.stderr) }).on("line", onLog);
    api.once("close", (code, signal) => {
      if (up && !crashed && ending !== api) onDeath(signal ?? `exit code ${code}`);
    });
    up = await Promise.race([
      listening.promise,
      gone.then(() => false),
      sleep(BOOT_MS, false, { ref: false }),
    ]);
    if (up) boots.push(performance.now() - from);
    return up;
  }

  return {
    start,
    boots,
    isRunning: () => child !== undefined && child.exitCode === null && child.signalCode === null,
    /** From now on it kills itself when it comes to one of these points. */
    arm: (points: readonly string[]) => child?.send({ crashAt: points.join() }, () => {}),
    /** Waits until it is dead. */
    gone: () => gone,
    async kill(): Promise<void> {
      ending = child;
      child?.kill("SIGKILL");
      await gone;
    },
    /** Asks it to stop and waits. @returns its exit code; null where it had to be killed after `limitMs` */
    async stop(limitMs: number): Promise<number | null> {
      const asked = child;
      ending = asked;
      asked?.kill("SIGTERM");
      await Promise.race([gone, sleep(limitMs, undefined, { ref: false })]);
      if (asked?.exitCode === null) asked.kill("SIGKILL");
      await gone;
      return asked?.exitCode ?? null;
    },
  };
}

/** A port that nobody listens on, out of the range from which outgoing connections take theirs: it stays ours between two starts. */
export async function freePort(from: number): Promise<number> {
  for (let port = from; ; port++) {
    const free = await new Promise<boolean>((answer) => {
      const probe = createServer()
        .once("error", () => answer(false))
        .listen(port, "127.0.0.1", () => probe.close(() => answer(true)));
    });
    if (free) return port;
  }
}
