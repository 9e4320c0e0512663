import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { KangKlipError, MachineEnv, OnOff } from "@kangklip/contract";
import { z } from "zod";

const list = z.string().transform((text) =>
  text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean),
);
const whole = z.coerce.number().int();
const origin = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ""));

const Env = z.object({
  HOST: z.string().default("127.0.0.1"),
  PORT: whole.min(0).max(65_535).optional(),
  WEB: OnOff.default(true),
  DATA_DIR: z.string().default(".kangklip"),
  LOG_LEVEL: z.enum(["debug", "info", "warn", "error"]).default("info"),
  CORS_ORIGINS: list.default(["http://localhost:3000", "http://127.0.0.1:3000"]),
  CALLBACK_BASE_URL: origin.optional(),
  TRUST_PROXY: whole.min(0).max(10).default(0),

  COMPUTE: z
    .literal("process", { error: "COMPUTE must be process; docker and nosana are not built in yet" })
    .default("process"),
  MAX_RUNNING_JOBS: whole.min(1).max(64).optional(),
  JOBS_PER_MINUTE: whole.min(1).max(10_000).default(20),

  MAX_SOURCE_SECONDS: whole.min(30).default(4 * 3600),
  MAX_SOURCE_BYTES: whole.min(1 << 20).default(8 * 1024 ** 3),
  ALLOW_PRIVATE_SOURCES: OnOff.default(false),
  ALLOW_SOURCE_ORIGINS: list.default([]),

  LLM_API_BASE: origin.optional(),
  LLM_MODEL_NAME: z.string().optional(),
  LLM_API_KEY: z.string().optional(),
  LLM_TIMEOUT_SECONDS: z.coerce.number().min(1).max(300).default(20),
});

/** Read by the API itself. */
export const SETTINGS = Object.keys(Env.shape);

/** What a worker on this machine gets of the environment besides its settings: never a secret. */
const MACHINE = [
  "PATH",
  "HOME",
  "TMPDIR",
  "LANG",
  "LC_ALL",
  "SystemRoot",
  "XDG_CACHE_HOME",
  "FONTCONFIG_PATH",
];

export type Config = ReturnType<typeof readConfig>;

/**
 * Turns the environment into one checked value; nothing else of the API reads `process.env`. An empty variable counts as unset.
 * Keeps (or makes, mode 0600) the installation's secret and the operator's token in the data folder.
 * @throws KangKlipError INVALID_INPUT naming every wrong or missing variable at once.
 */
export function readConfig(env: Record<string, string | undefined>) {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value));
  const parsed = Env.safeParse(set);
  // a worker would only find out when it has a job
  const wrong = [parsed, MachineEnv.safeParse(set)].flatMap(({ error }) =>
    error ? [z.prettifyError(error)] : [],
  );
  if (!parsed.success || wrong.length > 0)
    throw new KangKlipError("INVALID_INPUT", `Check your .env:\n${wrong.join("\n")}`);
  const e = parsed.data;
  if (Boolean(e.LLM_API_BASE) !== Boolean(e.LLM_MODEL_NAME))
    throw new KangKlipError(
      "INVALID_INPUT",
      `Check your .env:\n${e.LLM_API_BASE ? "LLM_MODEL_NAME" : "LLM_API_BASE"} is missing: a language model needs both`,
    );
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
    secret: keptSecret(join(dataDir, "secret")),
    operatorToken: keptSecret(join(dataDir, "operator-token")).toString("base64url"),
    logLevel: e.LOG_LEVEL,
    corsOrigins: e.CORS_ORIGINS,
    /** Where workers reach this API; undefined: where it listens. */
    callbackBaseUrl: e.CALLBACK_BASE_URL,
    trustProxy: e.TRUST_PROXY,
    compute: e.COMPUTE,
    /** A job keeps about two cores busy. */
    maxRunningJobs: e.MAX_RUNNING_JOBS ?? Math.max(1, Math.floor(availableParallelism() / 2)),
    jobsPerMinute: e.JOBS_PER_MINUTE,
    fetchPolicy: {
      allow_private: e.ALLOW_PRIVATE_SOURCES,
      allow_origins: e.ALLOW_SOURCE_ORIGINS,
      max_bytes: e.MAX_SOURCE_BYTES,
      max_seconds: e.MAX_SOURCE_SECONDS,
    },
    llm:
      e.LLM_API_BASE && e.LLM_MODEL_NAME
        ? {
            baseUrl: e.LLM_API_BASE,
            model: e.LLM_MODEL_NAME,
            apiKey: e.LLM_API_KEY,
            timeoutMs: e.LLM_TIMEOUT_SECONDS * 1000,
          }
        : undefined,
    /** The environment of a worker that runs on this machine. */
    workerEnv: {
      MODELS_DIR: join(dataDir, "models"),
      ...given(MACHINE),
      ...given(Object.keys(MachineEnv.shape)),
    } as Record<string, string>,
  };
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
