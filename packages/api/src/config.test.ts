import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readConfig } from "./config.ts";

const DATA_DIR = mkdtempSync(join(tmpdir(), "kk-config-"));
afterAll(() => rmSync(DATA_DIR, { recursive: true, force: true }));
const read = (env: Record<string, string> = {}) => readConfig({ DATA_DIR, ...env });

test("nothing needs to be set, and an empty variable counts as unset", () => {
  expect(read({ PORT: "", LLM_API_KEY: "" })).toMatchObject({
    host: "127.0.0.1",
    port: 3000,
    web: true,
    compute: "process",
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
  for (const name of ["PORT", "LOG_LEVEL", "ALLOW_PRIVATE_SOURCES", "COMPUTE must be process", "RENDER_CRF"])
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
    SPENDER_KEYPAIR: "canary-spender",
  });
  expect(workerEnv).toMatchObject({ PATH: "/bin", MODEL_PATH: "/models/m.bin" });
  expect(JSON.stringify(workerEnv)).not.toContain("canary");
});
