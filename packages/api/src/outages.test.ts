import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startTestApi } from "./testing.ts";
import { hasRedisServer, KEEPS_ALL, startTestRedis } from "./testing-redis.ts";
import { type Fault, startTcpFault } from "./testing-tcp-fault.ts";

/** I15: under any one fault nobody waits longer. */
const LONGEST_WAIT_MS = 5000;
const JOB = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };

/** An API whose Redis stands behind a way that can be broken, and one finished job. */
async function running() {
  const redis = await startTestRedis({ args: KEEPS_ALL });
  const way = await startTcpFault({ port: redis.port });
  const api = await startTestApi({ env: { REDIS_URL: `redis://127.0.0.1:${way.port}/0` } });
  const job = await api.trpc().jobs.create.mutate(JOB);
  await api.until(job.job_id);
  return {
    ...{ redis, way, api, job },
    async [Symbol.asyncDispose]() {
      await way.set({ mode: "ok" });
      await api[Symbol.asyncDispose]();
      await way[Symbol.asyncDispose]();
      await redis[Symbol.asyncDispose]();
    },
  };
}
type Running = Awaited<ReturnType<typeof running>>;

/** One request of each kind; the answers with what each took. */
function askEverything({ api, job }: Running) {
  const token = { "x-job-token": job.job_token };
  const path = `/api/jobs/${job.job_id}`;
  const asked: [string, string, unknown?, Record<string, string>?][] = [
    ["POST", "/api/jobs", JOB],
    ["POST", "/api/jobs", JOB, { "idempotency-key": "during-the-outage" }],
    ["GET", path],
    ["GET", `${path}/results`, undefined, token],
    ["GET", `${path}/clips/clip_01.mp4/download`, undefined, token],
    ["GET", `${path}/clips/clip_01.mp4`, undefined, token],
    ["POST", `${path}/cancel`, {}, token],
    ["POST", `${path}/retry`, {}, token],
    ["POST", "/api/uploads", { filename: "a.mp4", size_bytes: 10 }],
    ["POST", "/api/worker/heartbeat", { job_id: job.job_id, epoch: 1 }, { "x-attempt-token": workerToken }],
    ["GET", `/trpc/jobs.view?input=${encodeURIComponent(JSON.stringify({ job_id: job.job_id }))}`],
    ["GET", "/readyz"],
  ];
  return Promise.all(
    asked.map(async ([method, where, body, headers]) => {
      const from = performance.now();
      const { status, headers: got, body: answer } = await api.rest(method, where, body, headers);
      const ms = performance.now() - from;
      return {
        what: `${method} ${where.slice(0, 60)}`,
        status,
        ms,
        retryAfter: got.get("retry-after"),
        answer,
      };
    }),
  );
}
const workerToken = `kka_kk-${"0".repeat(26)}-e1.${"a".repeat(43)}`;

describe.skipIf(!hasRedisServer)("when Redis is away (needs redis-server)", () => {
  const faults: [string, Fault][] = [
    ["F26: it refuses connections", { mode: "refuse" }],
    ["F27: it accepts and says nothing", { mode: "blackhole" }],
    ["F28: its answers are lost", { mode: "eatReply" }],
  ];
  test.concurrent.each(faults)(
    "%s: each request is answered 503 and when to try again, and all is well soon after",
    async (_name, fault) => {
      await using place = await running();
      await place.way.set(fault);
      for (let round = 0; round < 2; round++)
        for (const { what, status, ms, retryAfter, answer } of await askEverything(place)) {
          expect({ what, status }).toEqual({ what, status: 503 });
          expect(ms, what).toBeLessThan(LONGEST_WAIT_MS);
          if (what !== "GET /readyz" && !what.includes("/trpc/"))
            expect({ what, retryAfter, code: answer.code }).toEqual({
              what,
              retryAfter: expect.stringMatching(/^\d+$/),
              code: "UNAVAILABLE",
            });
          expect(JSON.stringify(answer)).not.toMatch(/127\.0\.0\.1|ioredis|at .*\.ts/);
        }
      const alive = await place.api.rest("GET", "/livez");
      expect(alive.status).toBe(200);

      await place.way.set({ mode: "ok" });
      const back = performance.now();
      while ((await place.api.rest("GET", "/readyz")).status !== 200) {
        expect(performance.now() - back).toBeLessThan(LONGEST_WAIT_MS);
        await sleep(50);
      }
      const view = await place.api.rest("GET", `/api/jobs/${place.job.job_id}`);
      expect(view.body).toMatchObject({ status: "SUCCEEDED", attempts: [{ outcome: "succeeded" }] });
      const { job_id } = await place.api.trpc().jobs.create.mutate(JOB);
      expect(await place.api.until(job_id)).toMatchObject({ status: "SUCCEEDED" });
      // what was answered 503 did not leave a job behind that somebody pays for twice: each one ends
      for (const id of await place.api.services.store.active()) await place.api.until(id);
    },
    60_000,
  );

  test("F22: a restart of Redis loses nothing, and whoever watches a job sees its end", async () => {
    await using place = await running();
    const { job_id } = await place.api
      .trpc()
      .jobs.create.mutate({ ...JOB, video_url: "https://example.com/hangs.mp4" });
    await place.api.until(job_id, ({ state }) => state === "RUNNING");
    const aborted = new AbortController();
    const states: string[] = [];
    const operator = { token: undefined, operator: true };
    const watching = (async () => {
      while (!aborted.signal.aborted && states.at(-1) !== "CANCELLED")
        try {
          const seen = { seenVersion: undefined, signal: aborted.signal };
          for await (const { state } of place.api.services.jobs.events(job_id, operator, seen))
            states.push(state);
        } catch (error) {
          expect(error).toMatchObject({ code: "UNAVAILABLE" }); // a client connects again
          await sleep(100);
        }
    })();
    while (states.length === 0) await sleep(20);
    await place.redis.kill();
    await sleep(1000);
    await place.redis.restart();
    for (let tries = 0; ; tries++) {
      const headers = { "x-operator-token": place.api.config.operatorToken };
      const { status } = await place.api.rest("POST", `/api/jobs/${job_id}/cancel`, {}, headers);
      if (status === 200) break;
      expect(tries).toBeLessThan(50);
      await sleep(100);
    }
    expect(await place.api.until(job_id)).toMatchObject({ state: "CANCELLED" });
    await Promise.race([watching, sleep(10_000)]);
    aborted.abort();
    expect(states.at(-1)).toBe("CANCELLED");
  }, 60_000);
});
