import { existsSync, globSync, readFileSync, statSync } from "node:fs";
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

/** Everything in a folder of launches, and what their processes were started with, as one text. */
function seenOf(dataDir: string): string {
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
  const lines = runningProcesses()
    .filter(({ group }) => leaders.includes(group))
    .map(({ pid }) => (existsSync(`/proc/${pid}`) ? readFileSync(`/proc/${pid}/cmdline`, "latin1") : ""));
  return [...files, ...texts, ...lines].join("\n");
}

describe.skipIf(!tools || !existsSync("/proc/self/stat"))("secrets (need ffmpeg and /proc)", () => {
  test(
    "no token is in a log, a launch's folder, a command line, the database or an artifact",
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
          ...{ RENDER_RESOLUTION: "270x480", RENDER_PRESET: "ultrafast" },
        },
        (line) => void logged.push(line),
      );
      const seen: string[] = [];
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
          await fetch(`${api.url}/api/jobs/${job_id}/results`, { headers });
        }
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
        launches: seen.join("\n"),
        artifacts: textOf("artifacts/**/*.json"),
        database: textOf("kangklip.db*").replaceAll("?token=S3CRET", ""), // a job has to keep where its video is
      };
      // what is looked through is what it should be
      expect(places.log).toContain(ids[1]);
      expect(places.log).toContain("SOURCE_UNREADABLE");
      expect(places.launches).toMatch(/"event":"claimed"[\s\S]*worker\/src\/main\.ts/);
      expect(places.artifacts).toContain(ids[0]);
      expect(places.database).toContain(ids[0]);
      expect(tokens[0]).toMatch(SECRETS.job);

      const secrets = { ...SECRETS, operator: RegExp(readOperatorToken(dataDir)) };
      const found = Object.entries(places).flatMap(([place, all]) =>
        Object.entries(secrets).flatMap(([whose, secret]) =>
          secret.test(all) ? `${whose} secret in ${place}` : [],
        ),
      );
      expect(found).toEqual([]);
    },
    JOB_MS,
  );
});
