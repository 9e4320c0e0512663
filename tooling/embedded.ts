import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "./start-api.ts";
import { endLaunches } from "./testing-api.ts";
import { ensureWebBuild } from "./web-build.ts";

/**
 * The embedded default as a person runs it: page, API and worker processes on a free port, state in a folder that goes away with it.
 * `down` ends it as a restart of the machine would, `up` starts it again at the same address, on what was kept.
 */
export async function startEmbedded({
  allowOrigins = [],
  env = {},
}: {
  /** Origins on this machine that videos may be fetched from. */
  allowOrigins?: string[];
  env?: Record<string, string>;
} = {}): Promise<{ url: string; down(): Promise<void>; up(): Promise<void>; stop(): Promise<void> }> {
  await ensureWebBuild({ log: console.error, signal: new AbortController().signal });
  const dataDir = await mkdtemp(join(tmpdir(), "kangklip-embedded-"));
  const start = (port: string) =>
    startApi(
      {
        ...process.env,
        MODEL_DOWNLOAD: "off",
        ...env,
        DATA_DIR: dataDir,
        PORT: port,
        WEB: "on",
        HOST: "127.0.0.1",
        ALLOW_SOURCE_ORIGINS: allowOrigins.join(","),
      },
      (line) => {
        if (/"level":(50|60)/.test(line)) console.error(line);
      },
    );
  let api = await start("0");
  const { url } = api;
  return {
    url,
    down: () => api.stop(),
    async up() {
      api = await start(new URL(url).port);
    },
    async stop() {
      await api.stop();
      endLaunches(dataDir); // workers outlive their API; those of a test must not
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
