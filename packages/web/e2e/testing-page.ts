import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const WEB = fileURLToPath(new URL("..", import.meta.url));

/** The built page as a process of its own, which hands calls on to the API. @param env over this process's own @param port 0: a free one */
export async function startPage(apiOrigin: string, env: Record<string, string> = {}, port = 0) {
  const next = createRequire(import.meta.url).resolve("next/dist/bin/next");
  const child = spawn(process.execPath, [next, "start", WEB, "-p", String(port), "-H", "127.0.0.1"], {
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

/** A port that nobody listens on now, for what must be known before the page has started: the API names it to wallets. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
