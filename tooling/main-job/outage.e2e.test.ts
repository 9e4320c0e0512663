import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { hasRedisServer, startTestRedis } from "../../packages/api/src/testing-redis.ts";
import { startTcpFault } from "../../packages/api/src/testing-tcp-fault.ts";
import { tools } from "../../packages/worker/src/asr/testing.ts";
import { JOB_MS, makeVideo, startMainJob } from "./testing.ts";

const API = fileURLToPath(new URL("../../packages/api/src/main.ts", import.meta.url));
const OUTAGE_MS = 30_000;
/** Nobody waits longer under a fault; back after Redis is back; back after the service was killed (2 s on an idle machine). */
const [LONGEST_WAIT_MS, REDIS_BACK_MS, API_BACK_MS] = [5000, 5000, 6000];

const statusOf = async (url: string) => {
  const from = performance.now();
  const answer = await fetch(url).catch(() => undefined);
  await answer?.arrayBuffer();
  return { status: answer?.status ?? 0, ms: performance.now() - from };
};
/** How long it takes until the address answers 200 (ms). */
async function untilItAnswers(url: string): Promise<number> {
  const from = performance.now();
  while ((await statusOf(url)).status !== 200) {
    if (performance.now() - from > 60_000) throw new Error(`${url} is still not answered`);
    await sleep(20);
  }
  return performance.now() - from;
}

describe.skipIf(!tools || !hasRedisServer)("a job through outages (needs ffmpeg and redis-server)", () => {
  test.each(["blackhole", "refuse"] as const)(
    "Redis is away for half a minute (%s): the worker goes on, requests are answered, and the job ends in its first attempt",
    async (mode) => {
      await using redis = await startTestRedis();
      await using way = await startTcpFault({ port: redis.port });
      await using main = await startMainJob({ env: { REDIS_URL: `redis://127.0.0.1:${way.port}/0` } });
      await makeVideo(join(main.folder, "talk.mp4"), { seconds: 40 });
      const { job_id } = await main.create("/talk.mp4");
      const job = `${main.api().url}/api/jobs/${job_id}`;
      await main.api().until(job_id, ({ state }) => state === "RUNNING", JOB_MS);

      await way.set({ mode });
      const end = performance.now() + OUTAGE_MS;
      while (performance.now() < end) {
        const { status, ms } = await statusOf(job);
        expect(status).toBe(503);
        expect(ms).toBeLessThan(LONGEST_WAIT_MS);
        await sleep(500);
      }
      await way.set({ mode: "ok" });
      expect(await untilItAnswers(job)).toBeLessThan(REDIS_BACK_MS);
      const view = await main.api().until(job_id, undefined, JOB_MS);
      expect(view).toMatchObject({ status: "SUCCEEDED", attempts: [{ outcome: "succeeded" }] });
    },
    JOB_MS + OUTAGE_MS,
  );

  test(
    "the service is killed again and again while a job runs: each time it is back at once, and the job ends in its first attempt",
    async () => {
      await using main = await startMainJob(); // for its video and its workers' settings; the service itself is a process here
      await makeVideo(join(main.folder, "talk.mp4"), { seconds: 40 });
      const { port } = new URL(main.api().url);
      await main.api().stop();
      let service: ChildProcess | undefined;
      const start = async () => {
        const env = { ...process.env, ...main.settings, PORT: port, WEB: "off", DATA_DIR: main.dataDir };
        service = spawn(process.execPath, [API], { env, stdio: ["ignore", "pipe", "ignore"] });
        for await (const line of createInterface({ input: service.stdout as NodeJS.ReadableStream }))
          if (line.includes("listening")) return;
        throw new Error("the service did not start");
      };
      try {
        await start();
        const url = `http://127.0.0.1:${port}`;
        const created = await fetch(`${url}/api/jobs`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({
            video_url: `${main.origin}/talk.mp4`,
            ...{ clip_duration_seconds: 30, clip_count: 1 },
          }),
        });
        const { job_id } = (await created.json()) as { job_id: string };
        for (let kills = 0; kills < 5; kills++) {
          await sleep(1500);
          service?.kill("SIGKILL");
          if (service) await once(service, "exit");
          const back = untilItAnswers(`${url}/api/jobs/${job_id}`);
          await start();
          expect(await back).toBeLessThan(API_BACK_MS);
        }
        for (;;) {
          const view = (await (await fetch(`${url}/api/jobs/${job_id}`)).json()) as { status: string };
          if (view.status !== "QUEUED" && view.status !== "RUNNING") {
            expect(view).toMatchObject({ status: "SUCCEEDED", attempts: [{ outcome: "succeeded" }] });
            break;
          }
          await sleep(200);
        }
      } finally {
        service?.kill("SIGTERM");
        if (service && service.exitCode === null) await once(service, "exit");
      }
    },
    JOB_MS,
  );
});
