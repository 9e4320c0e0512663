import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Bench } from "./main.ts";

const WORKER = fileURLToPath(new URL("../../packages/worker/src/main.ts", import.meta.url));

/** What `worker selftest --json` prints here, with the whisper-cli that was built. */
export function selfTest({ work, signal }: Bench, whisperCli: string | undefined): Promise<unknown> {
  const env = { ...process.env, ...(whisperCli && { WHISPER_CLI_PATH: whisperCli }) };
  return new Promise((done, failed) => {
    const options = { cwd: work, env, signal, maxBuffer: 1 << 24 };
    execFile(process.execPath, [WORKER, "selftest", "--json"], options, (error, stdout) => {
      try {
        done(JSON.parse(stdout)); // it tells what is wrong also where it ends with another code
      } catch {
        failed(error ?? new Error("The self-test printed no JSON"));
      }
    });
  });
}
