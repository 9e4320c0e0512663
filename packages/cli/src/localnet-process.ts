import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Localnet, LocalnetLine, LocalnetProgram } from "@kangklip/localnet";
import { CliError, EXIT } from "./exit.ts";

const PROGRAM = fileURLToPath(new URL("../../localnet/src/main.ts", import.meta.url));
const STOP_MS = 15_000;

export interface RunningLocalnet {
  url: string;
  wsUrl: string;
  /** The five settings that turn credits on, the spender's key by the path of its file. */
  settings: Localnet["settings"];
  /** The process ended by itself; what it said last. */
  ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts the localnet as a process of its own, which ends with this one, however that ends. The spender's key is written to a file in
 * `dir` that its owner alone may read.
 * @param file where its state is kept @param port 0: a free one @throws CliError where it does not start
 */
export async function startLocalnetProcess({
  dir,
  file,
  port,
  path = "",
}: {
  dir: string;
  file: string;
  port: number;
  path?: string | undefined;
}): Promise<RunningLocalnet> {
  const child = spawn(process.execPath, [PROGRAM], {
    stdio: ["pipe", "pipe", "pipe"], // it ends when this process is gone
    env: { NODE_ENV: "production", PATH: path },
    detached: true, // ^C reaches this process, which then ends it in good order
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-2000);
  });
  child.stdin.on("error", () => {}); // it has ended: that is told below
  child.stdin.write(`${JSON.stringify({ port, file } satisfies LocalnetProgram)}\n`);
  const ended = once(child, "exit").then(() => said.trim());
  const first = once(createInterface({ input: child.stdout }), "line").then(([line]) => JSON.parse(line));
  const line: LocalnetLine | string = await Promise.race([first, ended]);
  if (typeof line === "string")
    throw new CliError(
      EXIT.config,
      `Localnet did not start: litesvm may lack this kind of machine.\n${line}`,
    );
  if ("failed" in line) throw whyNot(line, port, file);
  const keyFile = join(dir, "spender.json");
  await mkdir(dir, { recursive: true });
  await rm(keyFile, { force: true }); // so that a file that was open to others is not written into
  await writeFile(keyFile, `${line.settings.SPENDER_KEYPAIR}\n`, { mode: 0o600, flag: "wx" });
  return {
    url: line.url,
    wsUrl: line.wsUrl,
    settings: { ...line.settings, SPENDER_KEYPAIR: keyFile },
    ended,
    async stop() {
      child.stdin.end();
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(force);
    },
  };
}

function whyNot(
  { failed, why }: Extract<LocalnetLine, { failed: string }>,
  port: number,
  file: string,
): CliError {
  if (failed === "taken")
    return new CliError(
      EXIT.service,
      `Port ${port} or ${port + 1} is taken: choose another one with --port (two are used)`,
    );
  if (failed === "snapshot")
    return new CliError(EXIT.config, `${why}. Give another file with --file, or begin anew with --reset`);
  return new CliError(EXIT.config, `Localnet did not start (its state: ${file}): ${why}`);
}
