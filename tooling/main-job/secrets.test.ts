import { once } from "node:events";
import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { JobView } from "../../packages/contract/src/index.ts";
import { temporaryDir, tools } from "../../packages/worker/src/asr/testing.ts";
import { startOrigin, text } from "../../packages/worker/src/fetch/testing-server.ts";
import { readOperatorToken, startApi } from "../start-api.ts";
import { JOB_MS, leaderOf, makeVideo, runningProcesses } from "./testing.ts";

/** Every token of ours begins in its own way; a signed link carries its signature. */
const SECRETS = { job: /kkj_/, claim: /kkc_/, attempt: /kka_/, link: /signature=/, "the source's": /S3CRET/ };

/** Values of settings that nobody but the API itself may know. */
const CANARIES = {
  llm: "sk-canary-llm-4f1d0c",
  bucket: "canary-bucket-8a62b1",
  redis: "canary-redis-c3e977",
};

/** Everything in a folder of launches, and what their processes were started with, as one text; and those processes' settings. */
function seenOf(dataDir: string): { launches: string; settings: string } {
  const files = globSync("launches/**", { cwd: dataDir }).filter((name) => !name.endsWith(".mp4"));
  const texts = files.map((name) => {
    try {
      const path = join(dataDir, name);
      return statSync(path).isFile() ? readFileSync(path, "latin1") : "";
    } catch {
      return ""; // it went away
    }
  });
  const launches = files.filter((name) => /^launches\/kk-[^/]+$/.test(name)).map((name) => name.slice(9));
  const leaders = launches.flatMap((launch) => {
    try {
      return leaderOf({ dataDir }, launch);
    } catch {
      return [];
    }
  });
  const pids = runningProcesses()
    .filter(({ group }) => leaders.includes(group))
    .map(({ pid }) => pid);
  const ofProcesses = (what: string) =>
    pids.map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/${what}`, "latin1");
      } catch {
        return ""; // it ended
      }
    });
  return {
    launches: [...files, ...texts, ...ofProcesses("cmdline")].join("\n"),
    settings: ofProcesses("environ").join("\n").replaceAll("\0", "\n"),
  };
}

describe.skipIf(!tools || !existsSync("/proc/self/stat"))("secrets (need ffmpeg and /proc)", () => {
  test(
    "no secret is in a log, an answer, a launch's folder, command line or settings, the database or an artifact",
    async () => {
      await using temporary = await temporaryDir();
      const dataDir = join(temporary.dir, "data");
      await using origin = await startOrigin({ "/text.mp4": text("video/mp4", "no video") }, temporary.dir);
      await makeVideo(join(temporary.dir, "talk.mp4"), { seconds: 26 });
      const logged: string[] = [];
      const api = await startApi(
        {
          ...{ ...process.env, DATA_DIR: dataDir, PORT: "0", WEB: "off", LOG_LEVEL: "debug" },
          ...{ ALLOW_SOURCE_ORIGINS: origin.origin, TRANSCRIBER: "none" },
          ...{ RENDER_RESOLUTION: "270x480", RENDER_PRESET: "ultrafast", RENDER_CRF: "35" },
          ...{ LLM_API_BASE: origin.origin, LLM_MODEL_NAME: "m", LLM_API_KEY: CANARIES.llm },
        },
        (line) => void logged.push(line),
      );
      const seen: ReturnType<typeof seenOf>[] = [];
      const answers: string[] = [];
      const ask = async (path: string, init: RequestInit = {}) => {
        const response = await fetch(`${api.url}${path}`, init);
        const body = await response.text();
        answers.push([...response.headers, body].join("\n"));
        return body;
      };
      const tokens: string[] = [];
      const ids: string[] = [];
      try {
        for (const path of ["/talk.mp4?token=S3CRET", "/text.mp4?token=S3CRET"]) {
          const request = { video_url: `${origin.origin}${path}`, clip_duration_seconds: 30, clip_count: 1 };
          const response = await fetch(`${api.url}/api/jobs`, {
            method: "POST",
            headers: { "content-type": "application/json" },
            body: JSON.stringify(request),
          });
          const { job_id, job_token } = (await response.json()) as { job_id: string; job_token: string };
          tokens.push(job_token);
          ids.push(job_id);
          const headers = { "x-job-token": job_token };
          for (let view: Partial<JobView> = {}; view.stage !== "DONE"; await sleep(50)) {
            seen.push(seenOf(dataDir));
            view = (await (await fetch(`${api.url}/api/jobs/${job_id}`, { headers })).json()) as JobView;
          }
          await ask(`/api/jobs/${job_id}/results`, { headers });
          await ask(`/api/jobs/${job_id}`);
        }
        const wrong = { method: "POST", headers: { "content-type": "application/json" }, body: "{" };
        for (const path of ["/api/jobs", "/api/worker/claim", "/api/worker/rank", "/trpc/jobs.list"])
          await ask(path, wrong);
        for (const path of ["/api/openapi.json", "/api/system", "/readyz", "/api/nothing", "/trpc/jobs.list"])
          await ask(path);
        await sleep(1500); // the failed attempt's last words are logged when its launch is released
      } finally {
        await api.stop();
      }
      const textOf = (pattern: string) =>
        globSync(pattern, { cwd: dataDir })
          .map((name) => readFileSync(join(dataDir, name), "latin1"))
          .join("\n");
      const places = {
        log: logged.join("\n"),
        answers: answers.join("\n"),
        launches: seen.map(({ launches }) => launches).join("\n"),
        artifacts: textOf("artifacts/**/*.json"),
        database: textOf("kangklip.db*").replaceAll("?token=S3CRET", ""), // a job has to keep where its video is
      };
      const settings = seen.map((one) => one.settings).join("\n");
      // what is looked through is what it should be
      expect(places.log).toContain(ids[1]);
      expect(places.log).toContain("SOURCE_UNREADABLE");
      expect(places.launches).toMatch(/"event":"claimed"[\s\S]*worker\/src\/main\.ts/);
      expect(places.artifacts).toContain(ids[0]);
      expect(places.database).toContain(ids[0]);
      expect(places.answers).toContain(ids[0]);
      expect(settings).toContain("KK_CLAIM_TOKEN=kkc_"); // the one thing a launch may carry: it works once
      expect(tokens[0]).toMatch(SECRETS.job);

      const own = {
        operator: RegExp(readOperatorToken(dataDir)),
        "the installation's": RegExp(readFileSync(join(dataDir, "secret"), "utf8").trim()),
        "the language model's": RegExp(CANARIES.llm),
      };
      const secrets = { ...SECRETS, ...own };
      const found = Object.entries(places).flatMap(([place, all]) =>
        Object.entries(secrets).flatMap(([whose, secret]) =>
          secret.test(all) ? `${whose} secret in ${place}` : [],
        ),
      );
      expect(found).toEqual([]);
      for (const [whose, secret] of Object.entries({
        ...own,
        ...{ job: SECRETS.job, attempt: SECRETS.attempt },
      }))
        expect(secret.test(settings), `${whose} secret in a worker's settings`).toBe(false);
    },
    JOB_MS,
  );
});

test(
  "the passwords of stores that cannot be reached are in no log and no answer",
  async () => {
    await using temporary = await temporaryDir();
    const dead = await deadPort();
    const logged: string[] = [];
    const said: string[] = [];
    const started = await startApi(
      {
        ...{
          ...process.env,
          DATA_DIR: join(temporary.dir, "data"),
          PORT: "0",
          WEB: "off",
          LOG_LEVEL: "debug",
        },
        REDIS_URL: `redis://kangklip:${CANARIES.redis}@127.0.0.1:${dead}/0`,
        ...{ R2_ENDPOINT: `http://127.0.0.1:${dead}`, R2_BUCKET: "clips", R2_ACCESS_KEY_ID: "AKIDCANARY" },
        R2_SECRET_ACCESS_KEY: CANARIES.bucket,
      },
      (line) => void logged.push(line),
    ).catch((error: Error) => void said.push(error.message)); // it may refuse to start without them, and say why
    if (started) {
      for (const path of ["/readyz", "/api/system", "/api/jobs/kk_01JD0000000000000000000000"])
        said.push(await (await fetch(`${started.url}${path}`)).text());
      const body = JSON.stringify({
        video_url: "https://example.com/a.mp4",
        clip_duration_seconds: 30,
        clip_count: 1,
      });
      const headers = { "content-type": "application/json" };
      said.push(await (await fetch(`${started.url}/api/jobs`, { method: "POST", headers, body })).text());
      await started.stop();
    }
    expect(said.length).toBeGreaterThan(0);
    for (const [whose, secret] of Object.entries(CANARIES))
      expect([...logged, ...said].join("\n").includes(secret), whose).toBe(false);
  },
  JOB_MS,
);

/** A port of this machine where nothing listens. */
async function deadPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
