import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { type CreditsInfo, KangKlipError, type Readiness, type SystemInfo } from "@kangklip/contract";
import type { ComputeProvider } from "@kangklip/providers";
import { createDiskStore } from "./artifacts/disk.ts";
import { createS3Store } from "./artifacts/s3.ts";
import type { ArtifactStore } from "./artifacts/store.ts";
import { createClips } from "./clips/clips.ts";
import { createEdits } from "./clips/edits.ts";
import { createKeeping } from "./clips/keeping.ts";
import { createCompute } from "./compute.ts";
import type { Config } from "./config.ts";
import type { CreditsConfig } from "./config-credits.ts";
import { createCharging } from "./credits/charging.ts";
import { createClosing } from "./credits/closing.ts";
import { createFee } from "./credits/fee.ts";
import type { CreditsLedger } from "./credits/ledger.ts";
import { createInspections } from "./inspections.ts";
import { createClock } from "./jobs/clock.ts";
import { RUN_MS } from "./jobs/deadlines.ts";
import { createJobs } from "./jobs/jobs.ts";
import { createPaces } from "./jobs/pace.ts";
import type { Limits } from "./jobs/placement.ts";
import { createReconciler } from "./jobs/reconciler.ts";
import { createRedisStore } from "./jobs/redis-store.ts";
import { createRetention } from "./jobs/retention.ts";
import { createSqliteStore } from "./jobs/sqlite-store.ts";
import type { JobStore } from "./jobs/store.ts";
import { same } from "./jobs/tokens.ts";
import { createWork } from "./jobs/work.ts";
import { createLimits } from "./limits.ts";
import { createRanker, createTranslator } from "./llm.ts";
import type { Logger } from "./log.ts";
import type { Money } from "./money.ts";
import { createProviders, createWorkerUrls, INSPECTOR } from "./providers.ts";
import { createRedis } from "./redis.ts";
import { createShares } from "./shares/shares.ts";
import { createStatus } from "./status.ts";
import { createUploads } from "./uploads.ts";

export type Services = Awaited<ReturnType<typeof createServices>>;

export const VERSION = "2.0.0";
/** A source of the largest size with its clips and what is made on the way. */
const DISK_GB = 20;

/** What stands behind the service, as ports: tests put something round them. */
export interface Ports {
  store: JobStore;
  artifacts: ArtifactStore;
  /** In order of preference. */
  providers: ComputeProvider[];
  /** Undefined where credits are off. */
  ledger?: CreditsLedger | undefined;
}

export interface ServicesOptions {
  config: Config;
  log: Logger;
  /** Where this API can be reached from its own machine, known once it listens. */
  ownUrl: () => string;
  /** Tests run another program in the worker's place. */
  workerCommand?: readonly string[];
  /** The same for the program that looks at addresses. */
  inspectCommand?: readonly string[];
  /** Tests put faults round the ports, or others in their place. */
  wrap?: (ports: Ports) => Ports;
}

/** All wiring: config in, the rooms of the house out. */
export async function createServices(options: ServicesOptions) {
  const { config, log, ownUrl, workerCommand, wrap = (ports) => ports } = options;
  const { dataDir, secret, fetchPolicy, llm } = config;
  const generationFee = config.credits?.generationFee ?? 0;
  const baseUrl = createWorkerUrls(config, ownUrl);
  const disk = createDiskStore({ dir: join(dataDir, "artifacts"), secret, basePath: "/artifacts" });
  const { store, artifacts, providers, ledger } = wrap({
    store: config.redis
      ? await createRedisStore({ ...config.redis, log })
      : createSqliteStore({ file: join(dataDir, "kangklip.db") }),
    artifacts: config.bucket ? createS3Store(config.bucket) : disk,
    providers: createProviders(config, workerCommand),
    ledger: config.credits && (await ledgerOf(config.credits, log)),
  });
  const clock = createClock(store);
  await clock.start();
  const { now } = clock;
  // its own connection: jobs do not wait behind a flood that is being counted
  const redis = config.redis && createRedis({ url: config.redis.url, log });
  const uploads = createUploads({
    ...{ store, artifacts, secret, maxBytes: fetchPolicy.max_bytes },
    keepMs: config.keepUploadsMs,
  });
  const retention = createRetention({
    ...{ store, artifacts, now, log },
    keepJobsMs: config.keepJobsMs,
    keepUploadsMs: config.keepUploadsMs,
  });
  const charging = ledger && createCharging({ store, ledger, log, now, changed: (id) => wake(id) });
  const fee = ledger && charging && feeOf({ store, ledger, charging, amount: generationFee });
  const closing =
    ledger && createClosing({ store, ledger, artifacts, keepJobsMs: config.keepJobsMs, now, log });
  const paces = createPaces({ store, artifacts, log });
  const reconciler = createReconciler({
    store,
    learn: paces.learn,
    providers,
    limits: limitsOf(config),
    runningAt: config.runningAt,
    artifacts,
    secret,
    baseUrl,
    maxRunning: config.maxRunningJobs,
    log,
    workerLogLevel: config.logLevel,
    charging,
    chores: [retention.hourly, ...(closing ? [closing.hourly] : [])],
    now,
  });
  const { wake } = reconciler;
  const ids = providers.map(({ id }) => id);
  const jobs = createJobs({ store, uploads, fetchPolicy, compute: ids, fee, paces, wake, now });
  const compute = createCompute({ ...reconciler, paces, now });
  const [rank, translate] = llm ? [createRanker(llm), createTranslator(llm)] : [];
  const work = createWork({
    ...{ store, artifacts, uploads, secret, fetchPolicy, baseUrl, rank, translate, wake, now },
    ...{ outputLanguage: config.outputLanguage, locks: ledger !== undefined },
  });
  const clips = createClips({ jobs, artifacts, credits: ledger !== undefined });
  const edits = createEdits({ store, jobs, clips, artifacts, wake, now });
  const keeping = createKeeping({ jobs, clips, artifacts, secret, now });
  const shares = createShares({ store, jobs, clips, artifacts, secret, now });
  const limits = createLimits({ jobsPerMinute: config.jobsPerMinute, redis, prefix: config.redis?.prefix });
  const money: Money | undefined =
    ledger &&
    charging &&
    (await import("./money.ts")).createMoney({
      ...{ store, ledger, charging, jobs, clips, limits, generationFee, log, now },
      origins: () => config.credits?.webOrigins ?? [...ownOrigins(ownUrl()), ...config.corsOrigins],
    });
  const inspections = canInspect(config, options.inspectCommand)
    ? createInspections({
        ...{ command: options.inspectCommand ?? [process.execPath, INSPECTOR], env: config.workerEnv },
        ...{ fetchPolicy, log },
      })
    : undefined;
  const pageUrls = isThere(config.workerEnv.YTDLP_PATH ?? "yt-dlp", config.workerEnv.PATH);

  /**
   * Each thing that stands behind this API, asked now; never throws. Without the chain jobs are made and watched all the same, unless
   * making one costs credits.
   */
  async function health(): Promise<Readiness["checks"]> {
    const checks = {
      store: () => store.ping().then(() => "answers"),
      artifacts: () => artifacts.head("jobs/health").then(() => "answers"),
      compute: async () => {
        const probes = await Promise.all([...reconciler.providers.values()].map(compute.probe));
        const told = probes.map(({ detail }, index) => `${ids[index]}: ${detail}`).join("; ");
        if (!probes.some(({ ok }) => ok)) throw new Error(told);
        return told;
      },
      ...(ledger && {
        credits: async () => {
          const { ok, detail } = await ledger.check();
          if (!ok) throw new KangKlipError("UNAVAILABLE", detail);
          return detail;
        },
      }),
    };
    const asked = Object.entries(checks).map(async ([name, ask]) => {
      const from = performance.now();
      const { ok, detail } = await ask().then(
        (answer) => ({ ok: true, detail: answer }),
        (error: unknown) => {
          log.error({ err: error, check: name }, "not ready");
          const known = error instanceof KangKlipError; // its words are for people
          return { ok: false, detail: known ? error.message : "does not answer" };
        },
      );
      const needed = name !== "credits" || generationFee > 0;
      return [name, { ok, needed, detail, ms: Math.round(performance.now() - from) }] as const;
    });
    return Object.fromEntries(await Promise.all(asked));
  }

  const status = createStatus({
    ...{ version: VERSION, health, queue: reconciler.queue, log, now },
    providers: () => compute.providers({ operator: false }),
  });

  return {
    jobs,
    clips,
    edits,
    keeping,
    shares,
    uploads,
    work,
    store,
    artifacts,
    /** The artifact store whose links lead to this process. */
    disk,
    compute,
    reconciler,
    secret,
    /** The time that all processes with this store agree on, ms since 1970. */
    now,
    limits,
    /** Undefined where addresses are not looked at before jobs are made of them. */
    inspections,
    /** Undefined where credits are off. */
    money,

    /** Whether this is the token in the data folder. */
    isOperator: (token: string | undefined) => token !== undefined && same(token, config.operatorToken),

    info: (): SystemInfo => ({
      version: VERSION,
      compute: ids,
      credits: money !== undefined,
      generation_fee: fee?.amount ?? 0,
      language_model: llm !== undefined,
      page_urls: pageUrls,
      allow_private: fetchPolicy.allow_private,
      max_source_seconds: fetchPolicy.max_seconds,
      max_source_bytes: fetchPolicy.max_bytes,
      inspect: inspections !== undefined,
    }),

    creditsInfo: async (): Promise<CreditsInfo> => (await money?.info()) ?? { enabled: false },

    health,
    /** How it is, for everybody; some seconds old at most. */
    status,

    async close(): Promise<void> {
      money?.stop();
      inspections?.close();
      await reconciler.stop();
      clock.stop();
      redis?.disconnect();
      await store.close();
    },
  };
}

/** What launches need of a place, and may cost. A GPU and NVENC are welcome; the worker does without. */
const limitsOf = ({ minVramGb, maxUsdPerHour, maxUsdPerJob, fetchPolicy }: Config): Limits => ({
  requirements: {
    ...{ gpu: "preferred", nvenc: "preferred", diskGb: DISK_GB, maxRuntimeSeconds: RUN_MS / 1000 },
    ...(minVramGb !== undefined && { minVramGb }),
    ...(maxUsdPerHour !== undefined && { maxPriceUsdPerHour: maxUsdPerHour }),
  },
  maxSourceSeconds: fetchPolicy.max_seconds,
  maxUsd: maxUsdPerJob,
});

/** Needs Anchor and web3.js, which nobody else waits for. */
async function ledgerOf(config: CreditsConfig, log: Logger): Promise<CreditsLedger> {
  const { createSolanaLedger } = await import("./credits/solana/ledger.ts");
  const { rpcUrls, usdcMint, treasury, programId, spenderKey } = config;
  return createSolanaLedger({ rpcUrls, usdcMint, treasury, programId, spender: spenderKey, log });
}

/** Nothing is asked of anybody where making a job is free. */
const feeOf = (options: Parameters<typeof createFee>[0]) =>
  options.amount > 0 ? createFee(options) : undefined;

/** How people write the address of a page on their own machine. */
function ownOrigins(ownUrl: string): string[] {
  const { origin, port, hostname } = new URL(ownUrl);
  const own = hostname === "127.0.0.1" || hostname === "localhost" || hostname === "[::1]";
  return own ? [`http://localhost:${port}`, `http://127.0.0.1:${port}`] : [origin];
}

/** The program that looks needs the worker's package and its media tools on this machine. */
function canInspect({ inspect, workerEnv }: Config, command: readonly string[] | undefined): boolean {
  if (!inspect || (command === undefined && !existsSync(INSPECTOR))) return false;
  const { FFMPEG_PATH, PATH } = workerEnv;
  return [FFMPEG_PATH, "ffmpeg"].some((program) => program !== undefined && isThere(program, PATH));
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
