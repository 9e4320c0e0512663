import { describe, expect, test } from "vitest";
import { startTestApi } from "../testing.ts";
import { testJobsOnBucket } from "./s3-job-contract.ts";
import { startFakeS3 } from "./testing-fake-s3.ts";

describe("jobs on a stand-in for S3", () => {
  testJobsOnBucket(async () => {
    const fake = await startFakeS3();
    const store = fake.newStore({ partsFromBytes: 6 << 20, partBytes: 5 << 20 });
    return Object.assign(fake, { store, baseUrl: fake.endpoint });
  });

  test("a job ends well, and once, though every third answer to the API is SlowDown (F33)", async () => {
    let answers = 0;
    await using fake = await startFakeS3(({ op }) =>
      op !== "put" && ++answers % 3 === 0 ? { status: 503, code: "SlowDown" } : undefined,
    );
    await using api = await startTestApi({ wrap: (ports) => ({ ...ports, artifacts: fake.newStore() }) });
    const request = { video_url: "https://example.com/ok.mp4", clip_duration_seconds: 30, clip_count: 1 };
    const { job_id, job_token } = await api.trpc().jobs.create.mutate(request);
    expect(await api.until(job_id, undefined, 60_000)).toMatchObject({
      status: "SUCCEEDED",
      attempts: [{ outcome: "succeeded" }],
    });
    const path = `/api/jobs/${job_id}/clips/clip_01.mp4`;
    const streamed = await fetch(`${api.url}${path}`, { headers: { "x-job-token": job_token } });
    expect((await streamed.arrayBuffer()).byteLength).toBe(5000);
    expect(answers).toBeGreaterThan(20);
  }, 60_000);
});
