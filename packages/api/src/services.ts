import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SystemInfo } from "@kangklip/contract";
import { createProcessProvider } from "@kangklip/providers";
import { createDiskStore } from "./artifacts/disk.ts";
import { createClips } from "./clips/clips.ts";
import type { Config } from "./config.ts";
import { createJobs } from "./jobs/jobs.ts";
import { createReconciler } from "./jobs/reconciler.ts";
import { createSqliteStore } from "./jobs/sqlite-store.ts";
import { same } from "./jobs/tokens.ts";
import { createWork } from "./jobs/work.ts";
import { createLimits } from "./limits.ts";
import { createRanker } from "./llm.ts";
import type { Logger } from "./log.ts";
import { createUploads } from "./uploads.ts";

export type Services = Awaited<ReturnType<typeof createServices>>;

export const VERSION = "2.0.0";
const WORKER = fileURLToPath(new URL("../../worker/src/main.ts", import.meta.url));

interface ServicesOptions {
  config: Config;
  log: Logger;
  /** Where this API can be reached from its own machine, known once it listens. */
  ownUrl: () => string;
  /** Tests run another program in the worker's place. */
  workerCommand?: readonly string[];
}

/** All wiring: config in, the rooms of the house out. */
export async function createServices({ config, log, ownUrl, workerCommand }: ServicesOptions) {
  const { dataDir, secret, fetchPolicy, llm } = config;
  const baseUrl = () => config.callbackBaseUrl ?? ownUrl();
  const store = createSqliteStore({ file: join(dataDir, "kangklip.db") });
  const artifacts = createDiskStore({ dir: join(dataDir, "artifacts"), secret, basePath: "/artifacts" });
  const provider = createProcessProvider({
    dir: join(dataDir, "launches"),
    command: workerCommand ?? [process.execPath, WORKER],
    machineEnv: config.workerEnv,
  });
  const uploads = createUploads({ store, artifacts, maxBytes: fetchPolicy.max_bytes });
  const reconciler = createReconciler({
    store,
    provider,
    artifacts,
    secret,
    baseUrl,
    maxRunning: config.maxRunningJobs,
    log,
    workerLogLevel: config.logLevel,
  });
  const { wake } = reconciler;
  const jobs = createJobs({ store, uploads, fetchPolicy, wake });
  const rank = llm && createRanker(llm);
  const work = createWork({ store, artifacts, uploads, secret, fetchPolicy, baseUrl, rank, wake });
  const clips = createClips({ jobs, artifacts });
  const pageUrls = isThere(config.workerEnv.YTDLP_PATH ?? "yt-dlp", config.workerEnv.PATH);

  return {
    jobs,
    clips,
    uploads,
    work,
    store,
    artifacts,
    reconciler,
    secret,
    limits: createLimits({ jobsPerMinute: config.jobsPerMinute }),

    /** Whether this is the token in the data folder. */
    isOperator: (token: string | undefined) => token !== undefined && same(token, config.operatorToken),

    info: (): SystemInfo => ({
      version: VERSION,
      compute: [provider.id],
      credits: false,
      language_model: llm !== undefined,
      page_urls: pageUrls,
      allow_private: fetchPolicy.allow_private,
      max_source_seconds: fetchPolicy.max_seconds,
      max_source_bytes: fetchPolicy.max_bytes,
    }),

    /** Each thing this API cannot work without, asked now; never throws. */
    async health(): Promise<Record<string, { ok: boolean; detail: string; ms: number }>> {
      const checks = {
        store: () => store.ping().then(() => "answers"),
        artifacts: () => artifacts.head("jobs/health").then(() => "answers"),
        compute: () =>
          provider.probe().then(({ ok, detail }) => {
            if (!ok) throw new Error(detail);
            return detail;
          }),
      };
      const asked = Object.entries(checks).map(async ([name, ask]) => {
        const from = performance.now();
        const { ok, detail } = await ask().then(
          (answer) => ({ ok: true, detail: answer }),
          (error: unknown) => {
            log.error({ err: error, check: name }, "not ready");
            return { ok: false, detail: "does not answer" };
          },
        );
        return [name, { ok, detail, ms: Math.round(performance.now() - from) }] as const;
      });
      return Object.fromEntries(await Promise.all(asked));
    },

    async close(): Promise<void> {
      await reconciler.stop();
      await store.close();
    },
  };
}

function isThere(program: string, path = ""): boolean {
  const places = program.includes("/")
    ? [program]
    : path.split(delimiter).map((folder) => join(folder, program));
  return places.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
