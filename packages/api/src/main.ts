import { KangKlipError } from "@kangklip/contract";
import { readConfig } from "./config.ts";
import { repair } from "./jobs/repair.ts";
import { createLog } from "./log.ts";
import { type RunningServer, startServer } from "./server.ts";
import { createServices } from "./services.ts";

const EXIT_CONFIG = 78;
const EXIT_BUG = 1;
/** How long others are told that this process is about to end, before it takes no more connections. */
const ANNOUNCE_MS = 500;

/** A connection that ended while it was written to, where no code of ours or of the page's was listening: nothing is left behind by it. */
function isGoneClient(error: unknown): boolean {
  const { name = "", code = "" } = (error ?? {}) as { name?: string; code?: string };
  return ["AbortError", "ResponseAborted"].includes(name) || ["ECONNRESET", "EPIPE"].includes(code);
}

try {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  if (process.argv.includes("--repair")) {
    const services = await createServices({ config, log, ownUrl: () => "" });
    process.stdout.write(`${JSON.stringify({ repaired: await repair(services) })}\n`);
    await services.close();
    process.exit(0);
  }
  if (process.argv.includes("--providers")) {
    const services = await createServices({ config, log, ownUrl: () => "http://127.0.0.1" });
    const providers = await services.compute.providers({ operator: true });
    process.stdout.write(`${JSON.stringify({ providers })}\n`);
    await services.close();
    process.exit(0);
  }
  let server: RunningServer | undefined;
  let stopping = false;
  const stop = async (why: string, exit: number, announceMs = 0) => {
    if (stopping) process.exit(1); // asked twice: at once
    stopping = true;
    log.info({ why }, "stopping");
    await server?.stop({ announceMs }).catch((err) => log.error({ err }, "not stopped in good order"));
    process.exit(exit);
  };
  // nobody knows what such an error left behind: whoever supervises this process starts a clean one; workers go on meanwhile
  const onBug = (what: string) => (err: unknown) => {
    if (isGoneClient(err)) return log.warn({ err }, "somebody went away in the middle of an answer");
    log.fatal({ err }, `a bug: ${what}`);
    void stop(what, EXIT_BUG);
  };
  process.on("uncaughtException", onBug("uncaught exception"));
  process.on("unhandledRejection", onBug("unhandled rejection"));
  process.on("SIGTERM", () => void stop("SIGTERM", 0, ANNOUNCE_MS));
  process.on("SIGINT", () => void stop("SIGINT", 0));
  server = await startServer({ config, log });
  // the one line on stdout: whoever started this program reads where it listens
  process.stdout.write(`${JSON.stringify({ listening: server.url })}\n`);
  // whoever started it holds the other end: when that is gone, so is the reason to run
  if (process.argv.includes("--stop-with-stdin"))
    process.stdin.resume().on("end", () => stopping || void stop("end of stdin", 0));
} catch (error) {
  const known = error instanceof KangKlipError || (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  process.stderr.write(`${known ? (error as Error).message : ((error as Error).stack ?? error)}\n`);
  process.exit(EXIT_CONFIG);
}
