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
    R2_SECRET_ACCESS_KEY: "canary-bucket",
    SPENDER_KEYPAIR: "canary-spender",
  });
  expect(workerEnv).toMatchObject({ PATH: "/bin", MODEL_PATH: "/models/m.bin" });
  expect(JSON.stringify(workerEnv)).not.toContain("canary");
});
