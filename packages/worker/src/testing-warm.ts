import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { stayWarm } from "./warm.ts";

/**
 * A program for a test: takes launches as a warm worker does. What it does with one is told by its log level: "debug" waits until it is told
 * to stop, "warn" leaves a child behind, "error" breaks; "info" ends well.
 */
await stayWarm({
  input: process.stdin,
  tell: (line) => void process.stdout.write(line),
  exit: (code) => process.exit(code),
  async work({ KK_LAUNCH_KEY, KK_CLAIM_TOKEN, KK_LOG_LEVEL }, stop, write) {
    write(`${KK_LAUNCH_KEY} ${KK_CLAIM_TOKEN.slice(0, 8)} in ${process.cwd()}\n`);
    if (KK_LOG_LEVEL === "error") setTimeout(() => Promise.reject(new Error("it broke")));
    if (KK_LOG_LEVEL === "warn") write(`left ${spawn("sleep", ["600"], { stdio: "ignore" }).pid}\n`);
    if (KK_LOG_LEVEL === "debug" || KK_LOG_LEVEL === "error")
      await sleep(600_000, undefined, { signal: stop.signal }).catch(() =>
        write(`${stop.signal.reason.code}\n`),
      );
    return stop.signal.aborted ? stop.signal.reason.exitCode : 0;
  },
});
process.exit();
