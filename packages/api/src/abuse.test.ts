import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { JobId } from "@kangklip/contract";
import { expect, test, vi } from "vitest";
import { attemptToken } from "./jobs/tokens.ts";
import { startTestApi } from "./testing.ts";

const JOB = { video_url: "https://example.com/hangs.mp4", clip_duration_seconds: 30, clip_count: 1 };
type TestApi = Awaited<ReturnType<typeof startTestApi>>;

/** A job whose worker has claimed it and says nothing more, and the token of its attempt. */
async function claimed(api: TestApi) {
  const request = { ...JOB, video_url: "https://example.com/silent.mp4" };
  const { job_id } = (await api.rest("POST", "/api/jobs", request)).body as { job_id: JobId };
  await api.until(job_id, ({ state, stage_progress }) => state === "RUNNING" && stage_progress > 0);
  const [attempt] = (await api.services.store.get(job_id))?.job.attempts ?? [];
  return {
    job_id,
    token: attemptToken(api.config.secret, attempt?.launch_key ?? "", attempt?.nonce_hash ?? ""),
  };
}

test("a flood of jobs from one address stops at the limit, and others are not kept from theirs", async () => {
  await using api = await startTestApi({
    env: { JOBS_PER_MINUTE: "50", TRUST_PROXY: "1", MAX_RUNNING_JOBS: "1" },
  });
  // what stands before the last address of the list is the asker's own invention
  const create = (address: string, door: string, place: number) =>
    api.rest("POST", door, JOB, { "x-forwarded-for": `10.9.8.${place % 250}, ${address}` });
  const flood = [];
  for (let place = 0; place < 600; place += 20)
    flood.push(
      ...(await Promise.all(
        Array.from({ length: 20 }, (_, next) =>
          create("203.0.113.7", next % 2 ? "/api/jobs" : "/trpc/jobs.create", place + next),
        ),
      )),
    );
  const statuses = flood.map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(550);
  expect(await api.services.store.list({ limit: 200 })).toHaveLength(50);
  for (const { status, headers, body } of flood)
    if (status === 429) {
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(60);
      expect(body.code ?? body.error.data.kk.code).toBe("RATE_LIMITED");
    }
  expect((await create("203.0.113.8", "/api/jobs", 0)).status).toBe(200);

  // whatever costs something counts: uploads, jobs that start again, keys that nobody used before
  const from = { "x-forwarded-for": "203.0.113.7" };
  const { job_id, job_token } = flood.find(({ status, body }) => status === 200 && body.job_id)?.body ?? {};
  const owner = { ...from, "x-job-token": job_token };
  expect((await api.rest("POST", "/api/uploads", { filename: "a.mp4", size_bytes: 1 }, from)).status).toBe(
    429,
  );
  expect((await api.rest("POST", `/api/jobs/${job_id}/retry`, {}, owner)).status).toBe(429);
  const keyed = { ...from, "idempotency-key": "k" };
  expect((await api.rest("POST", "/api/jobs", JOB, keyed)).status).toBe(429);
  // what costs nothing does not
  expect((await api.rest("GET", `/api/jobs/${job_id}`, undefined, from)).status).toBe(200);
  expect((await api.rest("POST", `/api/jobs/${job_id}/cancel`, {}, owner)).status).toBe(200);
  expect((await api.rest("POST", "/api/jobs", {}, from)).status).toBe(400);
});

test("without a proxy that is trusted, an invented address changes nothing", async () => {
  await using api = await startTestApi({ env: { JOBS_PER_MINUTE: "3", MAX_RUNNING_JOBS: "1" } });
  const statuses = [];
  for (let place = 0; place < 6; place++) {
    const invented = {
      "x-forwarded-for": `203.0.113.${place}`,
      "x-real-ip": `203.0.113.${place}`,
      forwarded: `for=${place}`,
    };
    statuses.push((await api.rest("POST", "/api/jobs", JOB, invented)).status);
  }
  expect(statuses).toEqual([200, 200, 200, 429, 429, 429]);
});

test("a callback that is too large or too deep is 413 at both doors, and the job is left as it was", async () => {
  await using api = await startTestApi();
  const { job_id, token } = await claimed(api);
  const { attempts: before, state, progress } = (await api.services.store.get(job_id))?.job ?? {};
  const headers = { "x-callback-token": token };
  const large = { job_id, status: "FAILED", error: "x".repeat(5 * 1024 * 1024) };
  const deep = `{"job_id":"${job_id}","status":"FAILED","error":${"[".repeat(10_000)}${"]".repeat(10_000)}}`;
  for (const path of ["/api/callback/nosana", "/trpc/worker.callback"])
    for (const body of [large, deep]) {
      const answer = await api.rest("POST", path, body, headers);
      expect(answer).toMatchObject({ status: 413, body: { code: "TOO_LARGE", status: 413 } });
    }
  const after = (await api.services.store.get(job_id))?.job;
  expect([after?.state, after?.progress, after?.attempts[0]?.seq]).toEqual([
    state,
    progress,
    before?.[0]?.seq,
  ]);
  // a long one that is within the limit is heard
  const long = { job_id, status: "RUNNING", stage: "RENDER", progress: 70, error: "x".repeat(900_000) };
  expect((await api.rest("POST", "/api/callback/nosana", long, headers)).status).toBe(200);
  expect((await api.services.store.get(job_id))?.job.stage).toBe("RENDER");
});

test("one attempt cannot spend the operator's money without end: ten rankings and twenty translations, then 429", async () => {
  let asked = 0;
  const model = createServer((request, response) => {
    asked++;
    const error = { message: `no: ${request.headers.authorization}` }; // tells back what it must not
    response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify({ error }));
  }).listen(0, "127.0.0.1");
  await vi.waitFor(() => expect(model.listening).toBe(true));
  const { port } = model.address() as AddressInfo;
  await using api = await startTestApi({
    env: { LLM_API_BASE: `http://127.0.0.1:${port}`, LLM_MODEL_NAME: "m", LLM_API_KEY: "sk-canary" },
  });
  const [one, other] = [await claimed(api), await claimed(api)];
  const rank = ({ job_id, token }: typeof one) =>
    api.rest(
      "POST",
      "/api/worker/rank",
      { job_id, epoch: 1, count: 1, language: "en", candidates: [{ id: "1", text: "Hello", score: 1 }] },
      { "x-attempt-token": token },
    );
  const codes = [];
  for (let place = 0; place < 13; place++) {
    const { body } = await rank(one);
    expect(JSON.stringify(body)).not.toContain("canary");
    codes.push(body.code);
  }
  expect(codes.indexOf("RATE_LIMITED")).toBe(10);
  expect(codes.slice(10)).toEqual(["RATE_LIMITED", "RATE_LIMITED", "RATE_LIMITED"]);
  const soFar = asked;
  await rank(one);
  expect(asked).toBe(soFar);
  expect((await rank(other)).body.code).not.toBe("RATE_LIMITED");
  const translations: (string | undefined)[] = [];
  for (let place = 0; place < 22; place++) {
    const lines = [{ id: "1", text: "Hello" }];
    const body = { job_id: one.job_id, epoch: 1, language: "id", lines };
    const answer = await api.rest("POST", "/api/worker/translate", body, { "x-attempt-token": one.token });
    expect(JSON.stringify(answer.body)).not.toContain("canary");
    translations.push(answer.body.code);
  }
  expect(translations.indexOf("RATE_LIMITED")).toBe(20);
  model.close();
});
