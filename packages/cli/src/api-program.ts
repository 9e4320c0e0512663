import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { CliConfig } from "./config.ts";
import { CliError, EXIT } from "./exit.ts";

const API = fileURLToPath(new URL("../../api/src/main.ts", import.meta.url));

/**
 * Lets the service's program do one thing and end: what takes the service's own settings, but no service that runs.
 * @returns the last line of its stdout, parsed @throws CliError with the program's own words where it could not
 */
export async function runApiProgram(
  task: "--repair" | "--providers",
  { dataDir, environment }: CliConfig,
  signal?: AbortSignal,
): Promise<unknown> {
  const child = spawn(process.execPath, [API, task], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { NODE_ENV: "production", ...environment, DATA_DIR: dataDir },
  });
  const end = () => child.kill("SIGTERM");
  signal?.addEventListener("abort", end, { once: true });
  const ended = new Promise<number | null>((exit) => child.once("close", exit));
  const [said, complaint, exit] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  signal?.removeEventListener("abort", end);
  if (signal?.aborted) throw signal.reason;
  if (exit !== 0) throw new CliError(EXIT.config, complaint.trim() || "The settings could not be used");
  return JSON.parse(said.trim().split("\n").at(-1) ?? "");
}
