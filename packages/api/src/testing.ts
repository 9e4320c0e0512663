import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isEnded, type JobId, type JobView } from "@kangklip/contract";
import { createTRPCClient, httpBatchLink } from "@trpc/client";
import { readConfig } from "./config.ts";
import { createLog, type Logger } from "./log.ts";
import type { AppRouter } from "./router.ts";
import { startServer } from "./server.ts";
import type { ServicesOptions } from "./services.ts";

const WORKER = fileURLToPath(new URL("testing-worker.ts", import.meta.url));

/**
 * The whole API on a free port of this machine, its data in a temporary folder, real worker processes that follow the protocol but
 * make tiny files (testing-worker.ts). `await using` ends it and its workers. Give `dataDir` to start again on what an earlier one left.
 * @param options `env` goes over the usual settings; `wrap` changes the ports; `log` is told what happens; `keep` leaves the data folder behind; `realWorker` runs the worker that people run; `inspectCommand` what looks at addresses in its place
 */
export async function startTestApi(
  options: {
    env?: Record<string, string>;
    dataDir?: string;
    keep?: boolean;
    realWorker?: boolean;
    inspectCommand?: readonly string[];
    wrap?: ServicesOptions["wrap"];
    log?: Logger;
  } = {},
) {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "kk-api-"));
  const config = readConfig({
    PORT: "0",
    WEB: "off",
    DATA_DIR: dataDir,
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    JOBS_PER_MINUTE: "10000",
    MAX_RUNNING_JOBS: "4",
    ...options.env,
  });
  const log = options.log ?? createLog(process.env.KK_TEST_LOG ?? "silent");
  const server = await startServer({
    config,
    log,
    ...(options.wrap && { wrap: options.wrap }),
    ...(options.inspectCommand && { inspectCommand: options.inspectCommand }),
    ...(!options.realWorker && { workerCommand: [process.execPath, WORKER] }),
  });
  const url = server.url.replace("localhost", "127.0.0.1");
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    await server.stop();
  };
  return {
    url,
    dataDir,
    config,
    services: server.services,
    stop,
    /** A typed client that shows this job token. */
    trpc: (headers: Record<string, string> = {}) =>
      createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${url}/trpc`, headers })] }),
    /** A REST request; gives status, headers and the parsed body. */
    async rest(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { ...(body !== undefined && { "content-type": "application/json" }), ...headers },
        ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: parsed(text) };
    },
    /** The job's view once it fits, or has ended. */
    async until(
      id: JobId,
      fits: (view: JobView) => boolean = () => false,
      timeoutMs = 20_000,
    ): Promise<JobView> {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const view = await server.services.jobs.view(id, { token: undefined, operator: false });
        if (fits(view) || isEnded(view.status)) return view;
        if (Date.now() > deadline) throw new Error(`${id} is still ${view.state} after ${timeoutMs} ms`);
        await new Promise((wait) => setTimeout(wait, 50));
      }
    },
    async [Symbol.asyncDispose]() {
      await stop();
      if (options.keep) return;
      endLaunches(dataDir);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Workers outlive their API; those of a test must not outlive it. */
export function endLaunches(dataDir: string): void {
  for (const file of globSync("launches/*/pid", { cwd: dataDir }))
    try {
      process.kill(-JSON.parse(readFileSync(join(dataDir, file), "utf8")).pid, "SIGKILL");
    } catch {
      // it has ended
    }
}

// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
