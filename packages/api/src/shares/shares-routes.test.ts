import { LogLine, ServiceStatus } from "@kangklip/contract";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { startTestApi } from "../testing.ts";

const lines: string[] = [];
let api: Awaited<ReturnType<typeof startTestApi>>;
let job: { job_id: string; job_token: string };
let headers: Record<string, string>;
const path = (what: string) => `/api/jobs/${job.job_id}/${what}`;

beforeAll(async () => {
  // nothing is crossed out here: what `createLog` would hide must not even be told
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  api = await startTestApi({ log, env: { JOBS_PER_MINUTE: "4" } });
  const request = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
  job = (await api.rest("POST", "/api/jobs", request)).body;
  headers = { "x-job-token": job.job_token };
  expect((await api.until(job.job_id)).status).toBe("SUCCEEDED");
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

test("a link is made, opened by anybody, listed and revoked, and its token is in no log", async () => {
  const made = await api.rest("POST", path("shares"), { expires_in_seconds: 7200 }, headers);
  expect(made.status).toBe(200);
  const { token, share_id } = made.body;
  const seen = await api.rest("GET", `/api/shares/${token}`);
  expect(seen.headers.get("cache-control")).toBe("no-store");
  expect(seen).toMatchObject({
    status: 200,
    body: { clips: [{ clip_file: "clip_01.mp4", kind: "full", title: "The tests' clip" }] },
  });
  expect(await api.trpc().shares.view.query({ token })).toMatchObject({ clips: [{ index: 1 }] });
  const [clip] = seen.body.clips;
  const saved = await fetch(new URL(clip.download_url, api.url));
  expect((await saved.arrayBuffer()).byteLength).toBe(5000);
  expect(saved.headers.get("content-disposition")).toContain(`filename="01 The tests' clip.mp4"`);
  await fetch(`${api.url}/s/${token}`); // the page's own path, which the API sees first

  expect((await api.rest("GET", path("shares"), undefined, headers)).body).toEqual([made.body]);
  const revoked = await api.rest("DELETE", path(`shares/${share_id}`), undefined, headers);
  expect([revoked.status, revoked.body]).toEqual([200, []]);
  for (const one of [token, `kks_${"0".repeat(95)}`, "kks_1", "x".repeat(200)])
    expect(await api.rest("GET", `/api/shares/${one}`), one).toMatchObject({
      status: 404,
      body: { detail: "This link does not lead to clips, or not any more", code: "NOT_FOUND" },
    });
  expect(await api.rest("DELETE", path("shares/sh_1"), undefined, headers)).toMatchObject({ status: 404 });
  expect(await api.rest("POST", path("shares"), { expires_in_seconds: 1 }, headers)).toMatchObject({
    status: 400,
  });
  expect(lines.some((line) => line.includes("/api/shares/[secret]"))).toBe(true);
  expect(lines.join()).not.toContain(token);
});

test("one address may look at links so often in a minute, and is told when it may again", async () => {
  let answer = await api.rest("GET", "/api/shares/kks_1");
  for (let tries = 0; answer.status === 404 && tries < 25; tries++)
    answer = await api.rest("GET", "/api/shares/kks_1");
  expect(answer).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  expect((await api.rest("GET", path("shares"), undefined, headers)).status).toBe(200);
});

test("what happened to a job is told to whoever owns it", async () => {
  const { status, body } = await api.rest("GET", path("log"), undefined, headers);
  expect([status, z.array(LogLine).parse(body)]).toEqual([200, body]);
  const texts = body.map(({ text }: LogLine) => text);
  expect(texts[0]).toBe("The job was made");
  expect(texts).toContain("RENDER began");
  expect(texts).toContain("Made by the tests");
  expect(texts.at(-1)).toBe("The clips are there");
  expect((await api.rest("GET", path("log"))).body).toMatchObject({ detail: "invalid job token" });
});

test("how the service is, is told to everybody, without what is for the operator alone", async () => {
  const { status, body } = await api.rest("GET", "/api/status", undefined, {
    "x-operator-token": api.config.operatorToken,
  });
  expect([status, ServiceStatus.parse(body)]).toEqual([200, body]);
  expect(body).toMatchObject({ ok: true, queue: { waiting: 0, longest_wait_seconds: null } });
  expect(body.checks.map(({ name }: { name: string }) => name)).toEqual(["store", "artifacts", "compute"]);
  expect(body.providers).toMatchObject([{ id: "process", ok: true, operator: null }]);
  expect(Date.parse(body.since)).toBeLessThanOrEqual(Date.now() + 1000);
  expect(JSON.stringify(body)).not.toMatch(/detail|answers/);
});
