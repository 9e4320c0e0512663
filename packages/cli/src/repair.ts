import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { CliConfig } from "./config.ts";
import { CliError, EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

const API = fileURLToPath(new URL("../../api/src/main.ts", import.meta.url));

/** What the service's program tells of it. */
interface Repaired {
  found: number;
  restored: string[];
  known: number;
  damaged: { job_id: string; reason: string }[];
}

/**
 * Gives a job store that was lost its finished jobs back, from what is published in the artifact store. Takes the service's own settings;
 * the service may run meanwhile. @throws CliError with the service's words where its stores cannot be used
 */
export async function repair({ dataDir, environment }: CliConfig, terminal: Terminal): Promise<void> {
  const child = spawn(process.execPath, [API, "--repair"], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { NODE_ENV: "production", ...environment, DATA_DIR: dataDir },
  });
  const ended = new Promise<number | null>((end) => child.once("close", end));
  const [said, complaint, exit] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  if (exit !== 0) throw new CliError(EXIT.config, complaint.trim() || "The stores could not be used");
  const { repaired } = JSON.parse(said.trim().split("\n").at(-1) ?? "") as { repaired: Repaired };
  const { found, restored, known, damaged } = repaired;
  terminal.say(`${found} finished ${found === 1 ? "job" : "jobs"} in the artifact store`);
  terminal.say(`  ${known} known to the job store, ${restored.length} restored, ${damaged.length} damaged`);
  for (const { job_id, reason } of damaged) terminal.say(`  ${job_id} was left as it is: ${reason}`);
  if (restored.length > 0)
    terminal.say(
      "The tokens of restored jobs are lost: their owners cannot open them any more, but you can, as the operator of this machine:\n  npm run kangklip -- jobs get <job_id>",
    );
  terminal.result(repaired);
}
