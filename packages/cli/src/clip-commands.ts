import type { Command } from "commander";
import { clipFile, lifetime } from "./arguments.ts";
import type { CliConfig } from "./config.ts";
import { CliError, EXIT } from "./exit.ts";
import { connect } from "./jobs.ts";
import { listClips, saveTimeline, saveZip } from "./keep.ts";
import { tellLog } from "./log.ts";
import { listShares, revokeShare, shareClips } from "./share.ts";
import { tellStatus } from "./status.ts";
import type { Terminal } from "./terminal.ts";

interface Given {
  program: Command;
  /** Gives a command the options of all that talk to a service. */
  onApi: (command: Command) => Command;
  config: CliConfig;
  terminal: () => Terminal;
  signal: AbortSignal;
}

/** What is done with a job's clips once they are made, and what a service tells of itself and of a job. */
export function addClipCommands({ program, onApi, config, terminal, signal }: Given): void {
  const on = (api: string | undefined) => connect(api, config);

  onApi(program.command("clips"))
    .argument("<job_id>")
    .description("the clips of a finished job; saves all of them at once, or their cuts")
    .option("--zip <file>", "save all that are unlocked as one zip, with subtitles, covers and cuts")
    .option("--timeline <file>", "save the cuts for an editing program: a file .edl, .fcpxml or .otio")
    .action(async (job, { api, zip, timeline }) => {
      if (zip !== undefined) await saveZip(on(api), job, { file: zip, terminal: terminal(), signal });
      if (timeline !== undefined) await saveTimeline(on(api), job, { file: timeline, terminal: terminal() });
      if (zip === undefined && timeline === undefined) await listClips(on(api), job, terminal());
    });

  onApi(program.command("share"))
    .argument("<job_id>")
    .description("make a link by which others may watch and save the clips of a finished job")
    .option("--clip <clip>", "this clip only; may be given several times", (text, before: string[] = []) => [
      ...before,
      clipFile(text),
    ])
    .option("--expires <time>", "how long it lives, like 12h or 7d (default: 7d)", lifetime)
    .option("--list", "the links that there are")
    .option("--revoke <share_id>", "take a link back")
    .action(async (job, { api, clip, expires, list, revoke }) => {
      if ([clip ?? expires, list, revoke].filter(Boolean).length > 1)
        throw new CliError(EXIT.usage, "--list and --revoke stand alone");
      if (list) return listShares(on(api), job, terminal());
      if (revoke) return revokeShare(on(api), { job_id: job, share_id: revoke }, terminal());
      return shareClips(on(api), job, { clips: clip, seconds: expires }, terminal());
    });

  onApi(program.command("log"))
    .argument("<job_id>")
    .description("what happened to a job, oldest first")
    .action((job, { api }) => tellLog(on(api), job, terminal()));

  onApi(program.command("status"))
    .description("how the service is: what it needs, how many jobs wait, where they may run")
    .action(async ({ api }) => {
      process.exitCode = await tellStatus(api ?? config.apiUrl, terminal());
    });
}
