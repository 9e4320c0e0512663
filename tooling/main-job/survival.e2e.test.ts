import { existsSync, globSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { JobView } from "../../packages/contract/src/index.ts";
import { tools } from "../../packages/worker/src/asr/testing.ts";
import type { Route } from "../../packages/worker/src/fetch/testing-server.ts";
import {
  JOB_MS,
  leaderOf,
  makeVideo,
  readArtifacts,
  runningProcesses,
  startMainJob,
  storedFiles,
} from "./testing.ts";

const isLinux = existsSync("/proc/self/stat");
/** Slow enough that the encoder is met at work. */
const SLOW = { RENDER_PRESET: "fast", TRANSCRIBER: "none" };
const rendering = ({ stage, stage_progress }: JobView) => stage === "RENDER" && stage_progress > 0;
/** Sends the beginning of a video and then nothing more. */
const stalls: Route = (_request, response) => {
  response.writeHead(200, { "content-type": "video/mp4", "content-length": 1e6 });
  response.write(Buffer.concat([Buffer.from("\0\0\0\x18ftypmp42"), Buffer.alloc(50_000)]));
};

async function startSlowJob(env: Record<string, string> = {}) {
  const main = await startMainJob({ env: { ...SLOW, ...env }, routes: { "/stalls.mp4": stalls } });
  await makeVideo(join(main.folder, "talk.mp4"), { seconds: 31, picture: "testsrc2=s=90x160:r=10" });
  return main;
}

describe.skipIf(!tools || !isLinux)(
  "a job survives, or ends, whatever happens (needs ffmpeg and /proc)",
  () => {
    test(
      "cancelled while it renders: over within 12 s, with every process and file of it gone",
      async () => {
        await using main = await startSlowJob({ RENDER_RESOLUTION: "720x1280", RENDER_PRESET: "veryslow" });
        const { job_id, job_token } = await main.create("/talk.mp4");
        await main.api().until(job_id, rendering, JOB_MS);
        const [launch = ""] = main.launches();
        const leader = leaderOf(main, launch);
        const ofLaunch = () => runningProcesses().filter(({ group }) => group === leader);
        expect(ofLaunch().length).toBeGreaterThanOrEqual(3); // shell, worker, ffmpeg
        const owner = main.api().trpc({ "x-job-token": job_token });
        const from = performance.now();
        expect(await owner.jobs.cancel.mutate({ job_id })).toMatchObject({ state: "CANCELLING" });
        const view = await main.api().until(job_id, undefined, 30_000);
        expect(performance.now() - from).toBeLessThan(12_000);
        expect(view).toMatchObject({
          state: "CANCELLED",
          error: "cancelled",
          attempts: [{ outcome: "CANCELLED" }],
        });
        await main.settled();
        expect(ofLaunch()).toEqual([]);
        expect(main.launches()).toEqual([]);
        expect(globSync("**/*.part*", { cwd: main.dataDir })).toEqual([]);
        expect((await storedFiles(main, job_id)).size).toBe(0);
      },
      JOB_MS,
    );

    test(
      "cancelled while a server keeps it waiting: over at once",
      async () => {
        await using main = await startSlowJob();
        const { job_id, job_token } = await main.create("/stalls.mp4");
        await main.api().until(job_id, ({ message }) => /^Downloaded/.test(message ?? ""), JOB_MS);
        const from = performance.now();
        await main.api().trpc({ "x-job-token": job_token }).jobs.cancel.mutate({ job_id });
        expect(await main.api().until(job_id)).toMatchObject({
          state: "CANCELLED",
          failed_stage: "DOWNLOAD",
        });
        expect(performance.now() - from).toBeLessThan(8000);
        await main.settled();
        expect(main.launches()).toEqual([]);
      },
      JOB_MS,
    );

    test(
      "its worker is killed while it renders: tried again, and the second attempt succeeds",
      async () => {
        await using main = await startSlowJob();
        const { job_id } = await main.create("/talk.mp4");
        await main.api().until(job_id, rendering, JOB_MS);
        const leader = leaderOf(main, main.launches()[0] ?? "");
        // beside it the shell that watches the time
        const worker = runningProcesses().find(({ parent, name }) => parent === leader && name !== "sh");
        process.kill(worker?.pid ?? Number.NaN, "SIGKILL");
        const retrying = await main.api().until(job_id, ({ attempts }) => attempts.length > 1, JOB_MS);
        expect(retrying).toMatchObject({
          status: "RUNNING",
          attempts: [{ epoch: 1, outcome: "WORKER_LOST" }, { epoch: 2 }],
          message: expect.stringMatching(/^Attempt 1 of 3 ended/),
        });
        const view = await main.api().until(job_id, undefined, JOB_MS);
        expect(view).toMatchObject({
          status: "SUCCEEDED",
          attempts: [{}, { epoch: 2, outcome: "succeeded" }],
        });
        expect((await readArtifacts(main, job_id)).receipt.epoch).toBe(2);
        await main.settled();
        expect(main.launches()).toEqual([]);
        expect(runningProcesses().filter(({ group }) => group === leader)).toEqual([]);
      },
      JOB_MS,
    );

    test(
      "the API stops and starts again while it renders: the same attempt goes on and succeeds",
      async () => {
        await using main = await startSlowJob();
        const { job_id } = await main.create("/talk.mp4");
        const before = await main.api().until(job_id, rendering, JOB_MS);
        await main.restart(1500);
        expect(await main.api().until(job_id, () => true)).toMatchObject({ status: "RUNNING" });
        const view = await main.api().until(job_id, undefined, JOB_MS);
        expect(view).toMatchObject({
          status: "SUCCEEDED",
          started_at: before.started_at,
          attempts: [{ epoch: 1, outcome: "succeeded" }],
        });
        expect(view.attempts).toHaveLength(1);
        expect((await readArtifacts(main, job_id)).missing).toEqual([]);
        await main.settled();
        expect(main.launches()).toEqual([]);
      },
      JOB_MS,
    );
  },
);
