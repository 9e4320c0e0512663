import { expect, test } from "vitest";
import { startTestApi } from "./testing.ts";

const JOB = { video_url: "https://example.com/hangs.mp4", clip_duration_seconds: 30, clip_count: 2 };

test("how long a job takes is told before it is made, and while it goes on, once jobs like it were made here", async () => {
  await using api = await startTestApi();
  const quote = async (request: object) =>
    (await api.rest("POST", "/api/jobs/quote", { ...JOB, ...request })).body;
  const first = await quote({ source_seconds: 120 });
  expect(first.expected_seconds).toBeNull();
  const { job_id, job_token } = (await api.rest("POST", "/api/jobs", JOB)).body;
  await api.until(job_id, ({ stage }) => stage === "TRANSCRIPT"); // 0.1 of it, for ever
  expect((await api.rest("GET", `/api/jobs/${job_id}`)).body).toMatchObject({ eta_seconds: null });
  await api.stop();

  await using again = await startTestApi({ dataDir: api.dataDir, keep: true });
  const [{ provider, gpu }] = first.offers;
  const stages = { DOWNLOAD: [5], TRANSCRIPT: [20], CHUNK: [0], SELECT: [4], RENDER: [0.5], UPLOAD: [0.1] };
  await again.services.store.note(`pace:${provider}:${gpu ?? "cpu"}`, JSON.stringify({ stages }), 60_000);
  const now = async (request: object) =>
    (await again.rest("POST", "/api/jobs/quote", { ...JOB, ...request })).body.expected_seconds;
  expect(await now({ source_seconds: 120 })).toBe(10 + 40 + 4 + 30 + 6 + 2);
  expect(await now({ source_seconds: 240, clip_count: 1 })).toBe(20 + 80 + 4 + 15 + 3 + 2);
  expect(await now({ source_seconds: 120, clip_count: 99, clip_duration_seconds: "x" })).toBeGreaterThan(50);
  expect(await now({})).toBeNull(); // nobody knows how long the video is
  const { body } = await again.rest("GET", `/api/jobs/${job_id}`);
  expect(body).toMatchObject({ state: "RUNNING", stage: "TRANSCRIPT" });
  expect(body.eta_seconds).toBeGreaterThan(42); // all that comes after, and most of the stage
  expect(body.eta_seconds).toBeLessThanOrEqual(0.9 * 40 + 42);

  // whoever follows is told the same
  const views = again.services.jobs.events(
    job_id,
    { token: job_token, operator: false },
    { seenVersion: undefined, signal: AbortSignal.timeout(30_000) },
  );
  for await (const { eta_seconds } of views) {
    if (eta_seconds === null) continue; // not read yet
    expect(eta_seconds).toBeGreaterThan(42);
    break;
  }
});
