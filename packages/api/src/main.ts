import { KangKlipError } from "@kangklip/contract";
import { readConfig } from "./config.ts";
import { createLog } from "./log.ts";
import { startServer } from "./server.ts";

const EXIT_CONFIG = 78;

try {
  const config = readConfig(process.env);
  const log = createLog(config.logLevel);
  const server = await startServer({ config, log });
  // the one line on stdout: whoever started this program reads where it listens
  process.stdout.write(`${JSON.stringify({ listening: server.url })}\n`);
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) process.exit(1); // asked twice: at once
    stopping = true;
    log.info({ signal }, "stopping");
    await server.stop();
    process.exit(0);
  };
  // whoever started it holds the other end: when that is gone, so is the reason to run
  if (process.argv.includes("--stop-with-stdin"))
    process.stdin.resume().on("end", () => stopping || void stop("end of stdin"));
  process.on("SIGTERM", () => void stop("SIGTERM"));
  process.on("SIGINT", () => void stop("SIGINT"));
  process.on("unhandledRejection", (err) => log.error({ err }, "a bug: unhandled rejection"));
} catch (error) {
  const known = error instanceof KangKlipError || (error as NodeJS.ErrnoException).code === "EADDRINUSE";
  process.stderr.write(`${known ? (error as Error).message : ((error as Error).stack ?? error)}\n`);
  process.exit(EXIT_CONFIG);
}
