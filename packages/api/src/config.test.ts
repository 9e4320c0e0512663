import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readConfig } from "./config.ts";

const DATA_DIR = mkdtempSync(join(tmpdir(), "kk-config-"));
afterAll(() => rmSync(DATA_DIR, { recursive: true, force: true }));
const read = (env: Record<string, string> = {}) => readConfig({ DATA_DIR, ...env });

test("nothing needs to be set, and an empty variable counts as unset", () => {
  expect(read({ PORT: "", LLM_API_KEY: "" })).toMatchObject({
    host: "127.0.0.1",
    port: 3000,
    web: true,
    compute: ["process"],
    llm: undefined,
    fetchPolicy: { allow_private: false, allow_origins: [] },
  });
  expect(read({ WEB: "off" }).port).toBe(8000);
});

test("every wrong variable is named at once", () => {
  const wrong = () =>
    read({
      PORT: "many",
      LOG_LEVEL: "loud",
      ALLOW_PRIVATE_SOURCES: "maybe",
      COMPUTE: "cloud",
      RENDER_CRF: "99",
    });
  for (const name of ["PORT", "LOG_LEVEL", "ALLOW_PRIVATE_SOURCES", "COMPUTE must be a list", "RENDER_CRF"])
    expect(wrong).toThrow(name);
});

test("half a language model is refused with the missing half's name", () => {
  expect(() => read({ LLM_API_BASE: "http://127.0.0.1:11434/v1" })).toThrow("LLM_MODEL_NAME is missing");
  expect(() => read({ LLM_MODEL_NAME: "m" })).toThrow("LLM_API_BASE is missing");
});

test("half a bucket is refused with the name of each missing part", () => {
  const half = () => read({ R2_ENDPOINT: "https://r2.example", R2_BUCKET: "clips", R2_ACCESS_KEY_ID: "id" });
  expect(half).toThrow("R2_SECRET_ACCESS_KEY is missing");
  expect(() => read({ R2_BUCKET: "clips" })).toThrow(
    /R2_ENDPOINT is missing[\s\S]*R2_ACCESS_KEY_ID is missing/,
  );
  const bucket = { R2_ENDPOINT: "https://r2.example/", R2_BUCKET: "clips", R2_ACCESS_KEY_ID: "id" };
  expect(read({ ...bucket, R2_SECRET_ACCESS_KEY: "s" }).bucket).toEqual({
    ...{ endpoint: "https://r2.example", bucket: "clips", region: "auto" },
    ...{ accessKeyId: "id", secretAccessKey: "s" },
  });
  expect(read().bucket).toBeUndefined();
});

test("Redis keeps the jobs where its address is given, and an address of another kind is refused", () => {
  expect(read().redis).toBeUndefined();
  expect(read({ REDIS_URL: "redis://127.0.0.1:6379/1" }).redis).toEqual({
    url: "redis://127.0.0.1:6379/1",
    prefix: "kangklip",
  });
  expect(() => read({ REDIS_URL: "http://127.0.0.1:6379" })).toThrow("redis://127.0.0.1:6379/0");
  expect(() => read({ REDIS_URL: "redis://127.0.0.1", REDIS_PREFIX: "a{b}" })).toThrow("REDIS_PREFIX");
});

test("a secret may be in a file; one that cannot be read, or is given twice, is told", () => {
  const file = join(DATA_DIR, "redis-url");
  writeFileSync(file, "redis://:of-a-file@127.0.0.1:6379\n");
  expect(read({ REDIS_URL_FILE: file }).redis?.url).toBe("redis://:of-a-file@127.0.0.1:6379");
  expect(() => read({ REDIS_URL_FILE: file, REDIS_URL: "redis://127.0.0.1" })).toThrow("both set");
  expect(() => read({ SECRET_FILE: join(DATA_DIR, "none") })).toThrow("SECRET_FILE cannot be read: ENOENT");
});

test("several services share what they sign with where SECRET is given", () => {
  const SECRET = "correct horse battery staple, again";
  const elsewhere = mkdtempSync(join(tmpdir(), "kk-config-"));
  expect(readConfig({ DATA_DIR: elsewhere, SECRET }).secret).toEqual(read({ SECRET }).secret);
  expect(read({ SECRET }).secret).not.toEqual(read().secret);
  expect(() => read({ SECRET: "short" })).toThrow("SECRET");
  rmSync(elsewhere, { recursive: true });
});

test("the secret and the operator's token are made once, for this user's eyes only", () => {
  const [first, again] = [read(), read()];
  expect(again.secret).toEqual(first.secret);
  expect(again.operatorToken).toBe(first.operatorToken);
  for (const name of ["secret", "operator-token"])
    expect(statSync(join(DATA_DIR, name)).mode & 0o777, name).toBe(0o600);
});

test("a damaged secret is named instead of being replaced in silence", () => {
  const damaged = mkdtempSync(join(tmpdir(), "kk-config-"));
  writeFileSync(join(damaged, "secret"), "short");
  expect(() => readConfig({ DATA_DIR: damaged })).toThrow("is damaged");
  rmSync(damaged, { recursive: true });
});

test("a worker is given its settings and no secret of the service", () => {
  const { workerEnv } = read({
    PATH: "/bin",
    NODE_COMPILE_CACHE: "/compiled",
    MODEL_PATH: "/models/m.bin",
    LLM_API_BASE: "https://llm.example/v1",
    LLM_MODEL_NAME: "m",
    LLM_API_KEY: "canary-llm",
    R2_ENDPOINT: "https://r2.example",
    R2_BUCKET: "clips",
    R2_ACCESS_KEY_ID: "canary-id",
    R2_SECRET_ACCESS_KEY: "canary-bucket",
    REDIS_URL: "redis://:canary-redis@127.0.0.1",
    SECRET: "canary canary canary canary canary",
  });
  expect(workerEnv).toMatchObject({
    PATH: "/bin",
    NODE_COMPILE_CACHE: "/compiled",
    MODEL_PATH: "/models/m.bin",
  });
  expect(JSON.stringify(workerEnv)).not.toContain("canary");
});

describe("COMPUTE", () => {
  const DOCKER = { COMPUTE: "docker", WORKER_IMAGE: "kangklip/worker:cpu" };
  const NOSANA = {
    COMPUTE: "nosana",
    NOSANA_API_KEY: "nos_key",
    WORKER_IMAGE: "ghcr.io/kangklip/worker@sha256:0",
    WORKER_API_URL: "https://clips.example.com",
  };

  test("is a list in order of preference", () => {
    expect(read({ ...NOSANA, COMPUTE: "docker, nosana,process" })).toMatchObject({
      compute: ["docker", "nosana", "process"],
      docker: {
        image: NOSANA.WORKER_IMAGE,
        network: "bridge",
        gpus: "auto",
        gpuDriver: "auto",
        pull: "missing",
      },
      nosana: { apiKey: "nos_key", markets: [], image: NOSANA.WORKER_IMAGE },
      workerApiUrl: "https://clips.example.com",
    });
    expect(read()).toMatchObject({ compute: ["process"], docker: undefined, nosana: undefined });
  });

  test.each<[string, Record<string, string>, string]>([
    ["an unknown provider", { COMPUTE: "docker,cloud" }, "COMPUTE must be a list of process, docker, nosana"],
    ["a provider named twice", { COMPUTE: "process,process" }, "COMPUTE names a provider twice"],
    ["no provider", { COMPUTE: "," }, "COMPUTE must name at least one provider"],
    ["docker without an image", { COMPUTE: "docker" }, "WORKER_IMAGE is missing: COMPUTE=docker"],
    ["nosana without a key", { ...NOSANA, NOSANA_API_KEY: "" }, "NOSANA_API_KEY is missing"],
    ["nosana without an image", { ...NOSANA, WORKER_IMAGE: "" }, "WORKER_IMAGE is missing: COMPUTE=nosana"],
    ["nosana without an address", { ...NOSANA, WORKER_API_URL: "" }, "WORKER_API_URL is missing"],
    ["GPUs in two ways", { ...DOCKER, DOCKER_GPUS: "auto,GPU-1" }, "DOCKER_GPUS must be"],
    ["a free budget", { MAX_USD_PER_JOB: "0" }, "MAX_USD_PER_JOB"],
    ["a strange engine", { ...DOCKER, DOCKER_HOST: "docker.sock" }, "DOCKER_HOST"],
  ])("%s is refused by name", (_name, env, text) => {
    expect(() => read(env)).toThrow(text);
  });

  test.each([
    "http://localhost:8000",
    "http://127.0.0.1:8000",
    "http://0.0.0.0:8000",
    "http://[::1]:8000",
    "http://10.0.0.5",
    "http://192.168.1.9:3000",
    "http://172.20.0.1",
    "http://100.64.3.2",
    "http://169.254.1.1",
    "http://[fd00::1]",
    "http://[fe80::1]",
    "http://machine",
    "http://machine.local",
  ])("no node of a market reaches %s", (url) => {
    expect(() => read({ ...NOSANA, WORKER_API_URL: url })).toThrow(`no node of the market reaches ${url}`);
    expect(() => read({ ...NOSANA, WORKER_API_URL: "", CALLBACK_BASE_URL: url })).toThrow(
      "CALLBACK_BASE_URL must be public",
    );
    // a stand-in on this machine has its nodes here too
    const standIn = { ...NOSANA, WORKER_API_URL: url, NOSANA_API_BASE: "http://127.0.0.1:9" };
    expect(read(standIn).nosana?.baseUrl).toBe("http://127.0.0.1:9");
  });
  test.each([
    "https://clips.example.com",
    "http://93.184.216.34",
    "http://172.32.0.1",
    "https://[2a00:1450::1]",
  ])("%s may be public", (url) => expect(read({ ...NOSANA, WORKER_API_URL: url }).workerApiUrl).toBe(url));

  test("the 1.x name of the image wins for nosana, and its key may be in a file", () => {
    const file = join(DATA_DIR, "nosana-key");
    writeFileSync(file, "of-a-file\n");
    const { nosana } = read({
      ...NOSANA,
      NOSANA_API_KEY: "",
      NOSANA_API_KEY_FILE: file,
      NOSANA_WORKER_IMAGE: "old",
    });
    expect(nosana).toMatchObject({ apiKey: "of-a-file", image: "old" });
  });

  test("the engine is where DOCKER_HOST says; TLS and ssh are left to the engine's client", () => {
    const engine = (DOCKER_HOST: string) => read({ ...DOCKER, DOCKER_HOST }).docker?.engine;
    expect(engine("unix:///run/user/1000/docker.sock")).toEqual({ socketPath: "/run/user/1000/docker.sock" });
    expect(engine("tcp://192.0.2.1:2375")).toEqual({ host: "192.0.2.1", port: 2375 });
    for (const other of ["", "tcp://192.0.2.1:2376", "ssh://me@host"]) expect(engine(other)).toBeUndefined();
  });

  test("how many run at once is bounded for each provider, or by one number for all", () => {
    const { runningAt, maxRunningJobs } = read({ ...DOCKER, COMPUTE: "docker,process" });
    expect(runningAt.process).toBeGreaterThanOrEqual(1);
    expect(maxRunningJobs).toBe((runningAt.docker ?? 0) + (runningAt.process ?? 0));
    expect(read({ MAX_RUNNING_JOBS: "3" })).toMatchObject({ maxRunningJobs: 3, runningAt: { process: 3 } });
  });

  test("titles are in the spoken language unless another one is named", () => {
    expect([read({}).outputLanguage, read({ OUTPUT_LANGUAGE: "pt-BR" }).outputLanguage]).toEqual([
      "auto",
      "pt-BR",
    ]);
    expect(() => read({ OUTPUT_LANGUAGE: "good english" })).toThrow("OUTPUT_LANGUAGE");
  });

  test("what goes with a launch is what means the same everywhere", () => {
    const env = { RENDER_CRF: "20", TRANSCRIBER: "none", MODELS_DIR: "/models", WORKER_THREADS: "2" };
    expect(read(env).workerSettings).toEqual({ RENDER_CRF: "20", TRANSCRIBER: "none" });
  });
});
