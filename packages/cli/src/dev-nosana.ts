import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { MachineEnv, PORTABLE_SETTINGS } from "@kangklip/contract";
import { findYtDlp } from "../../../tooling/yt-dlp.ts";
import type { CliConfig } from "./config.ts";
import { CliError, EXIT } from "./exit.ts";
import type { Terminal } from "./terminal.ts";

const STAND_IN = fileURLToPath(new URL("../../providers/src/nosana/stand-in-main.ts", import.meta.url));
const WORKER = fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url));
/** Good for this stand-in alone, which listens on this machine alone. */
const API_KEY = "nos_stand_in";
/** No image is pulled: whatever is asked for, this machine's own worker runs. */
const IMAGE = `kangklip/worker@sha256:${"0".repeat(64)}`;
const STOP_MS = 15_000;
/** What a worker finds in its image on a real node, and here on this machine; what shapes clips comes with the launch. */
const MACHINE = [
  ...["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SystemRoot", "XDG_CACHE_HOME", "FONTCONFIG_PATH"],
  ...Object.keys(MachineEnv.shape).filter((name) => !PORTABLE_SETTINGS.includes(name)),
];

/** Runs Nosana's stand-in until the signal: its nodes are processes of this machine. @throws CliError */
export async function devNosana(
  { port, queueSeconds }: { port: number; queueSeconds: number },
  { dataDir, modelsDir, environment }: CliConfig,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const ytDlp = await findYtDlp({ dataDir, env: environment });
  const env = {
    ...Object.fromEntries(MACHINE.flatMap((name) => (environment[name] ? [[name, environment[name]]] : []))),
    MODELS_DIR: modelsDir,
    ...(ytDlp && { YTDLP_PATH: ytDlp.program }),
  };
  const child = spawn(process.execPath, [STAND_IN], {
    stdio: ["pipe", "pipe", "pipe"], // it ends when this process is gone, however it went
    env: { NODE_ENV: "production", PATH: environment.PATH ?? "" },
    detached: true, // ^C reaches this process, which then ends it in good order
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = `${said}${text}`.slice(-2000);
  });
  child.stdin.on("error", () => {}); // it has ended: that is told below
  child.stdin.write(
    `${JSON.stringify({ port, apiKey: API_KEY, command: [process.execPath, WORKER], env, queueMs: queueSeconds * 1000 })}\n`,
  );
  createInterface({ input: child.stdout }).on("line", (line) => tell(JSON.parse(line), terminal));
  const ended = once(child, "exit").then(() => "ended" as const);
  const stopped = new Promise<"stop">((stop) => {
    if (signal.aborted) stop("stop");
    signal.addEventListener("abort", () => stop("stop"), { once: true });
  });
  if ((await Promise.race([ended, stopped])) === "ended") {
    const taken = /EADDRINUSE/.test(said) ? `Port ${port} is taken: choose another one with --port` : "";
    throw new CliError(EXIT.service, taken || `Nosana's stand-in ended by itself.\n${said}`);
  }
  terminal.say("Stopping; what runs on its nodes ends with it.");
  child.stdin.end();
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await ended;
  clearTimeout(force);
}

type Line = { listening: string } | { deployment: string; status: string; job?: string };

function tell(line: Line, terminal: Terminal): void {
  if (!("listening" in line)) {
    terminal.event({ event: "deployment", ...line });
    terminal.say(
      terminal.dim(`${line.deployment}: ${line.status}${line.job ? `, its job ${line.job}` : ""}`),
    );
    return;
  }
  const settings = {
    COMPUTE: "nosana",
    NOSANA_API_BASE: line.listening,
    NOSANA_API_KEY: API_KEY,
    WORKER_IMAGE: IMAGE,
  };
  terminal.event({ event: "listening", url: line.listening, settings });
  terminal.say(`A stand-in for Nosana listens on ${terminal.bold(line.listening)}`);
  terminal.say(
    "Its nodes are processes of this machine, and its money is play money. Put this into .env, and npm start:\n",
  );
  for (const [name, value] of Object.entries(settings)) terminal.say(`${name}=${value}`);
  terminal.say("\nPress ^C to end.");
}
