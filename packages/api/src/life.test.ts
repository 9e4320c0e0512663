import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ArtifactName, artifactKey } from "@kangklip/contract";
import { expect, test } from "vitest";
import { startTestApi } from "./testing.ts";

const job = (behaviour: string) => ({
  video_url: `https://example.com/${behaviour}.mp4`,
  clip_duration_seconds: 30,
  clip_count: 1,
});
type Api = Awaited<ReturnType<typeof startTestApi>>;
const launches = (api: Api) => {
  const dir = join(api.dataDir, "launches");
  return existsSync(dir) ? readdirSync(dir).filter((name) => name.startsWith("kk-")) : [];
};
function attempted(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
/** Waits until nothing is left to be done for any job. */
async function settled(api: Api) {
  for (let i = 0; (await api.services.store.active()).length > 0; i++) {
    if (i > 300) throw new Error("something is still being looked after");
    await new Promise((wait) => setTimeout(wait, 50));
  }
}

test.concurrent("a job that succeeds leaves its clips, no launch and no attempt folder", async () => {
  await using api = await startTestApi();
  const created = await api.trpc().jobs.create.mutate(job("ok"));
  const view = await api.until(created.job_id);
  expect(view).toMatchObject({
    status: "SUCCEEDED",
    stage: "DONE",
    progress: 100,
    notices: ["Made by the tests"],
  });
  expect(view.attempts).toMatchObject([{ epoch: 1, provider: "process", outcome: "succeeded" }]);
  await settled(api);
  expect(launches(api)).toEqual([]);
  const keys = [];
  for await (const key of api.services.artifacts.list(`jobs/${created.job_id}/`)) keys.push(key);
  expect(keys.sort()).toEqual(
    (
      [
        ...["clip_01.jpg", "clip_01.mp4"], // no preview: nothing is locked here
        ...["edl.json", "manifest.json", "transcript.json"],
      ] as ArtifactName[]
    ).map((name) => artifactKey(created.job_id, name)),
  );
});

test.concurrent("a failure that a retry cannot help ends the job at once, with what to do and an error.json", async () => {
  await using api = await startTestApi();
  const created = await api.trpc().jobs.create.mutate(job("fails"));
  const view = await api.until(created.job_id);
  expect(view).toMatchObject({
    status: "FAILED",
    error: "The file is not a video that can be read",
    error_code: "SOURCE_UNREADABLE",
    failed_stage: "RENDER",
    attempts: [{ outcome: "SOURCE_UNREADABLE" }],
  });
  expect(view.error_action).toMatch(/MP4/);
  await settled(api);
  expect(await api.services.artifacts.head(artifactKey(created.job_id, "error.json"))).toBeDefined();
});

test.concurrent("a worker that dies is tried three times, then the job fails by name", async () => {
  await using api = await startTestApi();
  const created = await api.trpc().jobs.create.mutate(job("crashes"));
  const view = await api.until(created.job_id, undefined, 40_000);
  expect(view).toMatchObject({ status: "FAILED", error_code: "WORKER_LOST" });
  expect(view.attempts.map(({ outcome }) => outcome)).toEqual(["WORKER_LOST", "WORKER_LOST", "WORKER_LOST"]);
  await settled(api);
  expect(launches(api)).toEqual([]);
}, 60_000);

test.concurrent("an upload that is not what its manifest says is never published", async () => {
  await using api = await startTestApi();
  const created = await api.trpc().jobs.create.mutate(job("damaged"));
  const view = await api.until(created.job_id, undefined, 40_000);
  expect(view).toMatchObject({ status: "FAILED", error_code: "UPLOAD_FAILED" });
  expect(await api.services.artifacts.head(artifactKey(created.job_id, "clip_01.mp4"))).toBeUndefined();
}, 60_000);

test.concurrent("a success whose report was lost is found by what was uploaded", async () => {
  await using api = await startTestApi();
  const created = await api.trpc().jobs.create.mutate(job("unreported"));
  expect(await api.until(created.job_id)).toMatchObject({
    status: "SUCCEEDED",
    attempts: [{ outcome: "succeeded" }],
  });
});

test.concurrent("cancelling ends the worker's whole process group, and the job can be retried", async () => {
  await using api = await startTestApi();
  const { job_id, job_token } = await api.trpc().jobs.create.mutate(job("hangs"));
  const client = api.trpc({ "x-job-token": job_token });
  await api.until(job_id, ({ stage }) => stage === "TRANSCRIPT");
  const [launch = ""] = launches(api);
  const { pid } = JSON.parse(readFileSync(join(api.dataDir, "launches", launch, "pid"), "utf8"));
  await client.jobs.cancel.mutate({ job_id });
  expect(await api.until(job_id)).toMatchObject({ status: "FAILED", state: "CANCELLED", error: "cancelled" });
  await settled(api);
  const isThere = () => process.kill(-pid, 0);
  await expect.poll(() => attempted(isThere), { timeout: 15_000 }).toBe(false); // it has ended; the system forgets it a moment later
  expect(await client.jobs.cancel.mutate({ job_id })).toMatchObject({ state: "CANCELLED" });

  expect(await client.jobs.retry.mutate({ job_id })).toMatchObject({ state: "QUEUED", progress: 0 });
  await api.until(job_id, ({ stage }) => stage === "TRANSCRIPT");
  await client.jobs.cancel.mutate({ job_id });
  expect(await api.until(job_id)).toMatchObject({ state: "CANCELLED" });
});

test.concurrent("a worker outlives a restart of the API, and the job goes on", async () => {
  const before = await startTestApi({ keep: true });
  const { job_id, job_token } = await before.trpc().jobs.create.mutate(job("silent"));
  await before.until(job_id, ({ stage_progress }) => stage_progress > 0); // its last word for now
  const port = new URL(before.url).port;
  await before.stop();
  await using after = await startTestApi({ dataDir: before.dataDir, env: { PORT: port } });
  expect(await after.until(job_id, () => true)).toMatchObject({ state: "RUNNING", attempts: [{ epoch: 1 }] });
  await after.trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
  expect(await after.until(job_id)).toMatchObject({ state: "CANCELLED" });
  await settled(after);
  expect(launches(after)).toEqual([]);
});

test.concurrent("jobs beyond what may run at once wait in the order they came", async () => {
  await using api = await startTestApi({ env: { MAX_RUNNING_JOBS: "1" } });
  const client = api.trpc();
  const first = await client.jobs.create.mutate(job("hangs"));
  const second = await client.jobs.create.mutate(job("ok"));
  await api.until(first.job_id, ({ stage }) => stage === "TRANSCRIPT");
  expect(await client.jobs.view.query({ job_id: second.job_id })).toMatchObject({ state: "QUEUED" });
  await api.trpc({ "x-job-token": first.job_token }).jobs.cancel.mutate({ job_id: first.job_id });
  expect(await api.until(second.job_id)).toMatchObject({ status: "SUCCEEDED" });
});

test.concurrent("an upload becomes the source of a job, once it is whole", async () => {
  await using api = await startTestApi();
  const client = api.trpc();
  const upload = await client.uploads.create.mutate({ filename: "my talk.mp4", size_bytes: 6 });
  const { video_url: _, ...request } = job("ok");
  const create = () => client.jobs.create.mutate({ ...request, upload_id: upload.upload_id });
  await expect(create()).rejects.toThrow("not complete");
  const put = await fetch(`${api.url}${upload.put_url}`, { method: "PUT", body: "abcdef" });
  expect(put.ok).toBe(true);
  const created = await create();
  expect(await api.until(created.job_id)).toMatchObject({ status: "SUCCEEDED" });
});

test.concurrent("a claim token works for one process only", async () => {
  await using api = await startTestApi();
  const { job_id, job_token } = await api.trpc().jobs.create.mutate(job("silent"));
  await api.until(job_id, ({ state }) => state === "RUNNING");
  const { claimToken } = await import("./jobs/tokens.ts");
  const launch_key = (await api.services.store.get(job_id))?.job.attempts[0]?.launch_key ?? "";
  const claim = (claim_token: string) =>
    api.rest("POST", "/api/worker/claim", {
      launch_key,
      claim_token,
      instance_nonce: "another-process-entirely",
      contract_version: 1,
    });
  expect((await claim(claimToken(api.config.secret, launch_key))).body).toMatchObject({ code: "FENCED" });
  expect((await claim("guessed")).body).toMatchObject({ code: "UNAUTHORIZED" });
  await api.trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
  await api.until(job_id);
});
