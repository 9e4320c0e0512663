import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const API = fileURLToPath(new URL("../packages/api/src/main.ts", import.meta.url));
const STOP_MS = 15_000;

export interface RunningApi {
  url: string;
  /** Lets the API act for the operator of this machine. */
  operatorToken: string;
  /** The process ended by itself; gives its exit code. */
  ended: Promise<number>;
  stop(): Promise<void>;
}

/**
 * Starts the API program as a child process and waits for the line that says where it listens.
 * @param env its whole environment @param onLog takes each line that the API logs
 * @throws Error with the API's own words where it does not start
 */
export async function startApi(
  env: Record<string, string | undefined> & { DATA_DIR: string },
  onLog: (line: string) => void,
): Promise<RunningApi> {
  const child = spawn(process.execPath, [API, "--stop-with-stdin"], {
    stdio: ["pipe", "pipe", "pipe"], // the API stops when this process is gone, however it went
    env: { NODE_ENV: "production", ...env },
    detached: true, // ^C in the terminal reaches this process, which then asks the API to stop in good order
  });
  let said = "";
  createInterface({ input: child.stderr }).on("line", (line) => {
    said = `${said}\n${line}`.slice(-2000);
    onLog(line);
  });
  const ended = new Promise<number>((end) => child.once("exit", (code) => end(code ?? 1)));
  const url = await Promise.race([
    new Promise<string>((listening) => {
      createInterface({ input: child.stdout }).on("line", (line) => {
        if (line.startsWith("{")) listening(JSON.parse(line).listening); // Next says things of its own there
      });
    }),
    ended.then(() => {
      throw new Error(`The service did not start.${said}`);
    }),
  ]);
  return {
    url,
    operatorToken: readOperatorToken(env.DATA_DIR),
    ended,
    async stop() {
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(force);
    },
  };
}

/** The token that lets whoever may read the data folder act as its operator. @throws Error where there is none */
export function readOperatorToken(dataDir: string): string {
  const file = join(resolve(dataDir), "operator-token");
  try {
    // the file keeps 32 bytes as base64url, and that text is the token
    return Buffer.from(readFileSync(file, "utf8").trim(), "base64url").toString("base64url");
  } catch (cause) {
    throw new Error(`No service has run here yet: ${file} is missing (or set DATA_DIR)`, { cause });
  }
}
