import { createHash, randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { KangKlipError, MachineEnv, OnOff, OutputLanguage, PORTABLE_SETTINGS } from "@kangklip/contract";
import { z } from "zod";
import { COMPUTE_SETTINGS, computeOf, list, origin, wrongCompute } from "./config-compute.ts";
import { CREDITS_GROUP, CREDITS_SETTINGS, creditsOf, wrongCredits } from "./config-credits.ts";

const whole = z.coerce.number().int();

const Env = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: whole.min(0).max(65_535).optional(),
  WEB: OnOff.default(true),
  DATA_DIR: z.string().default(".kangklip"),
  SECRET: z.string().min(32, "at least 32 characters, e.g. of: openssl rand -base64 32").optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: "must be like redis://127.0.0.1:6379/0" }).optional(),
  REDIS_PREFIX: z
    .string()
    .regex(/^[a-z0-9_-]{1,40}$/i, "1 to 40 letters, digits, - and _")
    .default("kangklip"),
  R2_ENDPOINT: origin.optional(),
  R2_BUCKET: z.string().min(3).max(63).optional(),
  R2_ACCESS_KEY_ID: z.string().optional(),
  R2_SECRET_ACCESS_KEY: z.string().optional(),
  R2_REGION: z.string().default("auto"),
  KEEP_JOBS_DAYS: z.coerce.number().min(0.01).max(3650).default(30),
  KEEP_UPLOADS_HOURS: z.coerce.number().min(1).max(8760).default(24),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  CORS_ORIGINS: list.default(["http://localhost:3000", "http://127.0.0.1:3000"]),
  CALLBACK_BASE_URL: origin.optional(),
  TRUST_PROXY: whole.min(0).max(10).default(0),

  ...COMPUTE_SETTINGS,
  JOBS_PER_MINUTE: whole.min(1).max(10_000).default(20),
  OUTPUT_LANGUAGE: OutputLanguage.default("auto"),

  MAX_SOURCE_SECONDS: whole.min(30).default(4 * 3600),
  MAX_SOURCE_BYTES: whole.min(1 << 20).default(8 * 1024 ** 3),
  ALLOW_PRIVATE_SOURCES: OnOff.default(false),
  ALLOW_SOURCE_ORIGINS: list.default([]),
  INSPECT: OnOff.default(true),

  LLM_API_BASE: origin.optional(),
  LLM_MODEL_NAME: z.string().optional(),
  LLM_API_KEY: z.string().optional(),
  LLM_TIMEOUT_SECONDS: z.coerce.number().min(1).max(300).default(20),
  LLM_USD_PER_MTOK_IN: z.coerce.number().min(0).max(100_000).optional(),
  LLM_USD_PER_MTOK_OUT: z.coerce.number().min(0).max(100_000).optional(),

  ...CREDITS_SETTINGS,
});

/** Secrets may be in files, as container platforms give them: NAME_FILE is the path, and white space round the value is dropped. */
const IN_FILES = [
  "SECRET",
  "REDIS_URL",
  "R2_ACCESS_KEY_ID",
  "R2_SECRET_ACCESS_KEY",
  "LLM_API_KEY",
  "NOSANA_API_KEY",
  "SOLANA_RPC_URL",
  "SPENDER_KEYPAIR",
] as const;

/** Read by the API itself. */
export const SETTINGS = [...Object.keys(Env.shape), ...IN_FILES.map((name) => `${name}_FILE`)];

/** Settings that only make sense together. */
const GROUPS = [
  { names: ["LLM_API_BASE", "LLM_MODEL_NAME"], what: "a language model" },
  { names: ["LLM_USD_PER_MTOK_IN", "LLM_USD_PER_MTOK_OUT"], what: "the price of a language model" },
  { names: ["R2_ENDPOINT", "R2_BUCKET", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY"], what: "a bucket" },
  { names: CREDITS_GROUP, what: "taking credits" },
] as const;

/** What a worker on this machine gets of the environment besides its settings: never a secret. */
const MACHINE = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "LC_ALL",
  "NODE_COMPILE_CACHE",
  "SystemRoot",
  "XDG_CACHE_HOME",
  "FONTCONFIG_PATH",
  // a graphics card
  "LD_LIBRARY_PATH",
  "CUDA_VISIBLE_DEVICES",
  "NVIDIA_VISIBLE_DEVICES",
  "NVIDIA_DRIVER_CAPABILITIES",
];

export type Config = ReturnType<typeof readConfig>;

/**
 * Turns the environment into one checked value; nothing else of the API reads `process.env`. An empty variable counts as unset.
 * Keeps (or makes, mode 0600) the installation's secret and the operator's token in the data folder.
 * @throws KangKlipError INVALID_INPUT naming every wrong or missing variable at once.
 */
export function readConfig(env: Record<string, string | undefined>) {
  const { set, unreadable } = withFiles(
    Object.fromEntries(Object.entries(env).filter(([, value]) => value)) as Record<string, string>,
  );
  const parsed = Env.safeParse(set);
  // a worker would only find out when it has a job
  const wrong = [parsed, MachineEnv.safeParse(set)].flatMap(({ error }) =>
    error ? [z.prettifyError(error)] : [],
  );
  wrong.push(...unreadable, ...GROUPS.flatMap((group) => missing(set, group)));
  if (parsed.success) wrong.push(...wrongCompute(parsed.data), ...wrongCredits(parsed.data));
  if (!parsed.success || wrong.length > 0)
    throw new KangKlipError("INVALID_INPUT", `Check your .env:\n${wrong.join("\n")}`);
  const e = parsed.data;
  const dataDir = resolve(e.DATA_DIR);
  const given = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((name) => (set[name] ? [[name, set[name]]] : []))) as Record<
      string,
      string
    >;
  return {
    host: e.HOST,
    port: e.PORT ?? (e.WEB ? 3000 : 8000),
    web: e.WEB,
    dataDir,
    secret: e.SECRET ? createHash("sha256").update(e.SECRET).digest() : keptSecret(join(dataDir, "secret")),
    operatorToken: keptSecret(join(dataDir, "operator-token")).toString("base64url"),
    /** Undefined: jobs are kept in a file of the data folder. */
    redis: e.REDIS_URL ? { url: e.REDIS_URL, prefix: e.REDIS_PREFIX } : undefined,
    /** Undefined: artifacts are kept in the data folder. */
    bucket:
      e.R2_ENDPOINT && e.R2_BUCKET && e.R2_ACCESS_KEY_ID && e.R2_SECRET_ACCESS_KEY
        ? {
            endpoint: e.R2_ENDPOINT,
            bucket: e.R2_BUCKET,
            region: e.R2_REGION,
            accessKeyId: e.R2_ACCESS_KEY_ID,
            secretAccessKey: e.R2_SECRET_ACCESS_KEY,
          }
        : undefined,
    keepJobsMs: e.KEEP_JOBS_DAYS * 24 * 3_600_000,
    keepUploadsMs: e.KEEP_UPLOADS_HOURS * 3_600_000,
    logLevel: e.LOG_LEVEL,
    corsOrigins: e.CORS_ORIGINS,
    /** Where workers reach this API; undefined: where it listens. */
    callbackBaseUrl: e.CALLBACK_BASE_URL,
    trustProxy: e.TRUST_PROXY,
    ...computeOf(e),
    jobsPerMinute: e.JOBS_PER_MINUTE,
    outputLanguage: e.OUTPUT_LANGUAGE,
    fetchPolicy: {
      allow_private: e.ALLOW_PRIVATE_SOURCES,
      allow_origins: e.ALLOW_SOURCE_ORIGINS,
      max_bytes: e.MAX_SOURCE_BYTES,
      max_seconds: e.MAX_SOURCE_SECONDS,
    },
    /** Whether addresses are looked at before jobs are made of them, where this machine can do that. */
    inspect: e.INSPECT,
    llm:
      e.LLM_API_BASE && e.LLM_MODEL_NAME
        ? {
            baseUrl: e.LLM_API_BASE,
            model: e.LLM_MODEL_NAME,
            apiKey: e.LLM_API_KEY,
            timeoutMs: e.LLM_TIMEOUT_SECONDS * 1000,
            /** US dollars for a million tokens; undefined: what answers cost is not known. */
            usdPerMtok:
              e.LLM_USD_PER_MTOK_IN !== undefined && e.LLM_USD_PER_MTOK_OUT !== undefined
                ? { in: e.LLM_USD_PER_MTOK_IN, out: e.LLM_USD_PER_MTOK_OUT }
                : undefined,
          }
        : undefined,
    /** Undefined: credits are off, and every clip is unlocked. */
    credits: creditsOf(e),
    /** What workers are told of their work wherever they run: the settings that mean the same on every machine. */
    workerSettings: given(PORTABLE_SETTINGS),
    /** Most that the workers in containers keep of finished stages, GB. */
    cacheGb: MachineEnv.parse(set).CACHE_MAX_GB,
    /** The environment of a worker that runs on this machine. */
    workerEnv: {
      MODELS_DIR: join(dataDir, "models"),
      WORKER_CACHE_DIR: join(dataDir, "cache"),
      ...given(MACHINE),
      ...given(Object.keys(MachineEnv.shape)),
    } as Record<string, string>,
  };
}

/** The settings with those that are in files; a file that cannot be read, and a value given twice, are told. */
function withFiles(env: Record<string, string>): { set: Record<string, string>; unreadable: string[] } {
  const set = { ...env };
  const unreadable: string[] = [];
  for (const name of IN_FILES) {
    const file = env[`${name}_FILE`];
    if (file === undefined) continue;
    if (set[name] !== undefined) unreadable.push(`${name} and ${name}_FILE are both set: keep one`);
    try {
      set[name] = readFileSync(file, "utf8").trim();
    } catch (error) {
      unreadable.push(`${name}_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}`);
    }
  }
  return { set, unreadable };
}

/** One line for each setting that lacks while others of its group are there. */
function missing(set: Record<string, string>, { names, what }: (typeof GROUPS)[number]): string[] {
  if (names.every((name) => !set[name])) return [];
  return names
    .filter((name) => !set[name])
    .map((name) => `${name} is missing: ${what} needs ${names.join(", ")}`);
}

/** 32 random bytes, made once and kept in a file that only this user may read. */
function keptSecret(file: string): Buffer {
  mkdirSync(join(file, ".."), { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, randomBytes(32).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    chmodSync(file, 0o600);
  }
  const secret = Buffer.from(readFileSync(file, "utf8").trim(), "base64url");
  if (secret.length < 32)
    throw new KangKlipError("INVALID_INPUT", `${file} is damaged: remove it, and a new one will be made`);
  return secret;
}
