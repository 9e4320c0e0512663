import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { kangklip } from "./testing.ts";

const dir = mkdtempSync(join(tmpdir(), "kk-dev-nosana-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("dev-nosana says what to put into .env, runs this machine's worker for a launch, and ends with all of it", async () => {
  const asked = Promise.withResolvers<string>();
  const api = createServer((request, response) => {
    asked.resolve(`${request.method} ${request.url}`);
    response.writeHead(404, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((listening) => api.listen(0, "127.0.0.1", listening));
  let first: Promise<void> | undefined;
  const ran = await kangklip(
    ["dev-nosana", "--port", "0", "--queue", "0", "--json"],
    { DATA_DIR: dir, LLM_API_KEY: "canary" },
    (child, said) => {
      if (first || !said.includes("\n")) return;
      const { settings } = JSON.parse(said.split("\n")[0] ?? "");
      first = (async () => {
        const post = async (path: string, body?: object) => {
          const response = await fetch(`${settings.NOSANA_API_BASE}/deployments/${path}`, {
            ...{ method: "POST", headers: { authorization: `Bearer ${settings.NOSANA_API_KEY}` } },
            ...(body && { body: JSON.stringify(body) }),
          });
          return response.json();
        };
        const { id } = await post(
          "create",
          launch(settings.WORKER_IMAGE, (api.address() as AddressInfo).port),
        );
        await post(`${id}/start`);
        await asked.promise; // a worker was started, and claims
        child.kill("SIGINT");
      })();
    },
  );
  await first;
  api.closeAllConnections();
  await new Promise((closed) => api.close(closed));
  expect(await asked.promise).toMatch(/^POST \/.*claim/);
  expect(ran.exit).toBe(0);
  expect(ran.lines[0]).toMatchObject({
    event: "listening",
    settings: { COMPUTE: "nosana", NOSANA_API_BASE: ran.lines[0].url },
  });
  expect(ran.stderr).toContain(`NOSANA_API_KEY=${ran.lines[0].settings.NOSANA_API_KEY}\n`);
  expect(ran.lines).toContainEqual({
    event: "deployment",
    deployment: "kk:ours:kk-1-e1",
    status: "RUNNING",
    job: "running",
  });
  await expect(fetch(ran.lines[0].url)).rejects.toThrow();
}, 120_000);

test("a port that is taken is told", async () => {
  const other = createServer();
  await new Promise<void>((listening) => other.listen(0, "127.0.0.1", listening));
  const { port } = other.address() as AddressInfo;
  const ran = await kangklip(["dev-nosana", "--port", String(port)], { DATA_DIR: dir });
  other.close();
  expect(ran.exit).toBe(69);
  expect(ran.stderr).toContain(`Port ${port} is taken: choose another one with --port`);
}, 120_000);

const launch = (image: string, port: number) => ({
  ...{
    name: "kk:ours:kk-1-e1",
    market: "StandInMarketRtx3060",
    replicas: 1,
    timeout: 70,
    strategy: "SIMPLE",
  },
  job_definition: {
    ...{ version: "0.1", type: "container" },
    ops: [
      {
        ...{ type: "container/run", id: "worker" },
        args: {
          image,
          env: {
            KK_API_URL: `http://127.0.0.1:${port}`,
            KK_LAUNCH_KEY: `kk-${"0".repeat(26)}-e1`,
            KK_CLAIM_TOKEN: "t".repeat(43),
            KK_LOG_LEVEL: "info",
          },
        },
      },
    ],
  },
});
