import { runApiProgram } from "./api-program.ts";
import type { CliConfig } from "./config.ts";
import type { Terminal } from "./terminal.ts";

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
export async function repair(config: CliConfig, terminal: Terminal): Promise<void> {
  const { repaired } = (await runApiProgram("--repair", config)) as { repaired: Repaired };
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
