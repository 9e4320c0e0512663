// The real API as a program that dies where it is told to: what stands round it is the product's own, only its ports are wrapped.
// KK_CRASH_AT=after:provider.submit or …#3 (the third time), several with commas, or the message { crashAt } later: SIGKILL to itself at the
// first of them. KK_CHAOS_LEDGER: where launches write what they do. KK_CHAOS_NAIVE=1: with ports that keep no promise. Everything else is the
// environment of the API.
import { writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../packages/api/src/config.ts";
import { createLog } from "../../packages/api/src/log.ts";
import { startServer } from "../../packages/api/src/server.ts";
import { CONTRACT_VERSION } from "../../packages/contract/src/index.ts";
import { naively } from "./naive.ts";
import { withPoints } from "./points.ts";
import { watchWire } from "./wire.ts";

const WORKER = fileURLToPath(new URL("worker.ts", import.meta.url));
/** Written before anything else can happen: a launch that cost something is one, however soon it dies. */
const STARTED = 'echo "launched $KK_LAUNCH_KEY $$" >>"$0"; exec "$@"';

const { KK_CRASH_AT = "", KK_CHAOS_LEDGER = "/dev/null", KK_CHAOS_NAIVE, ...env } = process.env;
/** How many times each point is still to be passed until it is the last one. */
const armed = new Map<string, number>();

function arm(crashAt: string): void {
  armed.clear();
  for (const point of crashAt.split(",").filter(Boolean)) {
    const [name = "", count = "1"] = point.split("#");
    armed.set(name, Number(count));
  }
}
arm(KK_CRASH_AT);
process.on("message", ({ crashAt }: { crashAt: string }) => arm(crashAt));
process.channel?.unref();
process.on("disconnect", () => process.kill(process.pid, "SIGKILL")); // whoever started it is dead

function reached(name: string): void {
  const left = armed.get(name);
  if (left === undefined) return;
  armed.set(name, left - 1);
  if (left > 1) return;
  writeSync(1, `${JSON.stringify({ crash: name })}\n`);
  process.kill(process.pid, "SIGKILL");
  for (;;); // until the signal has come
}

watchWire(reached);
const config = readConfig(env);
const server = await startServer({
  config,
  log: createLog(config.logLevel),
  workerCommand: [
    ...["/bin/sh", "-c", STARTED, KK_CHAOS_LEDGER],
    ...[process.execPath, WORKER, KK_CHAOS_LEDGER, String(CONTRACT_VERSION)],
  ],
  wrap: (ports) => withPoints(KK_CHAOS_NAIVE ? naively(ports) : ports, reached),
});
process.stdout.write(`${JSON.stringify({ listening: server.url })}\n`);
process.on("SIGTERM", () => void server.stop().then(() => process.exit(0)));
