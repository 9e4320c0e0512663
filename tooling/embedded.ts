import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApi } from "./start-api.ts";
import { ensureWebBuild } from "./web-build.ts";

/** The embedded default as a person runs it: page, API and worker processes on a free port, state in a folder that goes away with it. */
export async function startEmbedded({
  allowOrigins = [],
  env = {},
}: {
  /** Origins on this machine that videos may be fetched from. */
  allowOrigins?: string[];
  env?: Record<string, string>;
} = {}): Promise<{ url: string; stop(): Promise<void> }> {
  await ensureWebBuild({ log: console.error, signal: new AbortController().signal });
  const dataDir = await mkdtemp(join(tmpdir(), "kangklip-embedded-"));
  const api = await startApi(
    {
      ...process.env,
      MODEL_DOWNLOAD: "off",
      ...env,
      DATA_DIR: dataDir,
      PORT: "0",
      WEB: "on",
      HOST: "127.0.0.1",
      ALLOW_SOURCE_ORIGINS: allowOrigins.join(","),
    },
    (line) => {
      if (/"level":(50|60)/.test(line)) console.error(line);
    },
  );
  return {
    url: api.url,
    async stop() {
      await api.stop();
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
