import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("..", import.meta.url));

/** The built page as a process of its own, which hands calls on to the API. @param env over this process's own */
export async function startPage(apiOrigin: string, env: Record<string, string> = {}) {
  const next = createRequire(import.meta.url).resolve("next/dist/bin/next");
  const child = spawn(process.execPath, [next, "start", WEB, "-p", "0", "-H", "127.0.0.1"], {
    env: {
      ...{ ...process.env, API_ORIGIN: apiOrigin, ...env },
      ...{ NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" },
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    child.stdout.on("data", (chunk) => {
      said += chunk;
      const [address] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(said) ?? [];
      if (address && said.includes("Ready")) resolve(address);
    });
    void ended.then(() => reject(new Error(`The page did not start:\n${said}`)));
  });
  return {
    url,
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
