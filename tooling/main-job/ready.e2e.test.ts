import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CreateJob,
  isEnded,
  type JobId,
  type JobView,
  type ReadyClip,
} from "../../packages/contract/src/index.ts";
import { tools } from "../../packages/worker/src/asr/testing.ts";
import { probeMedia } from "../../packages/worker/src/media/probe.ts";
import {
  JOB_MS,
  leaderOf,
  type MainJob,
  makeVideo,
  readArtifacts,
  runningProcesses,
  startMainJob,
} from "./testing.ts";

const isLinux = existsSync("/proc/self/stat");
const SECONDS = 100;

let main: MainJob;
beforeAll(async () => {
  if (!tools) return;
  main = await startMainJob({ env: { TRANSCRIBER: "none" } });
  await makeVideo(join(main.folder, "talk.mp4"), { seconds: SECONDS, picture: "testsrc2=s=90x160:r=10" });
}, 60_000);
afterAll(() => main?.[Symbol.asyncDispose]());

/** Asks for three clips and keeps what is seen of the job; `on` is called with each view. */
async function followed(
  request: Partial<CreateJob>,
  on: (view: JobView, job: { job_id: JobId; job_token: string }) => Promise<void> = async () => {},
) {
  const job = await main.create("/talk.mp4", { clip_count: 3, ...request });
  const views: JobView[] = [];
  for (const end = Date.now() + 2 * JOB_MS; ; await sleep(100)) {
    const view = await main.api().trpc().jobs.view.query({ job_id: job.job_id });
    if (view.version !== views.at(-1)?.version) {
      views.push(view);
      await on(view, job);
    }
    if (isEnded(view.status)) return { ...job, views, view };
    if (Date.now() > end) throw new Error(`${job.job_id} is still ${view.state}`);
  }
}
const ask = (path: string, token?: string) =>
  main.api().rest("GET", path, undefined, token === undefined ? {} : { "x-job-token": token });
const bytesOf = async (url: string, headers: Record<string, string> = {}) => {
  const response = await fetch(new URL(url, main.api().url), { headers });
  return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) };
};

describe.skipIf(!tools)("clips of a job that still goes on (needs ffmpeg)", () => {
  test(
    "the first one plays by its link before the job ends, and is what the finished job has, byte for byte",
    async () => {
      let early: { clip: ReadyClip; bytes: Buffer } | undefined;
      const { job_id, job_token, view, views } = await followed({}, async (now, { job_id, job_token }) => {
        if (now.clips_ready === 0 || early) return;
        expect(now.state).toBe("RUNNING");
        expect((await ask(`/api/jobs/${job_id}/ready`)).status).toBe(401);
        expect((await ask(`/api/jobs/${job_id}/results`, job_token)).status).toBe(409);
        const { status, body } = await ask(`/api/jobs/${job_id}/ready`, job_token);
        expect(status).toBe(200);
        const [clip] = body as ReadyClip[];
        if (!clip) throw new Error("no clip is ready");
        expect(clip).toMatchObject({ duration_seconds: 30, width: 270, height: 480, link: { kind: "full" } });
        const { bytes } = await bytesOf(clip.link.url);
        expect((await bytesOf(clip.link.url, { range: "bytes=0-99" })).status).toBe(206);
        expect((await bytesOf(clip.cover_url ?? "")).bytes.subarray(0, 2).toString("hex")).toBe("ffd8"); // JPEG
        early = { clip, bytes };
      });
      expect(view).toMatchObject({ status: "SUCCEEDED", error: null, clips_ready: 0 });
      const told = views.map(({ clips_ready }) => clips_ready);
      expect(Math.max(...told)).toBe(3);
      expect(told.slice(0, -1)).toEqual(told.slice(0, -1).toSorted());
      if (!early || !tools) throw new Error("no clip could be seen early");
      const left = await readArtifacts(main, job_id);
      const { clip_file: file } = early.clip;
      expect(left.bytes(file as "clip_01.mp4").equals(early.bytes)).toBe(true);
      const info = await probeMedia(tools, left.path(file as "clip_01.mp4"), AbortSignal.timeout(30_000));
      expect(info.durationSeconds).toBeCloseTo(30, 0);
      const entry = left.manifest.clips.find((clip) => clip.file === file);
      expect(early.clip).toMatchObject({ index: entry?.index, title: entry?.title, start: entry?.start });
      // each byte is counted once, whenever it was sent
      const sizes = left.manifest.files?.filter(({ name }) => name !== "receipt.json") ?? [];
      expect(left.receipt.output_bytes).toBe(sizes.reduce((sum, { size_bytes }) => sum + size_bytes, 0));
      expect((await ask(`/api/jobs/${job_id}/ready`, job_token)).body).toEqual([]);
    },
    3 * JOB_MS,
  );

  test(
    "what earlier jobs took tells how long the next one takes",
    async () => {
      const quote = await main
        .api()
        .trpc()
        .jobs.quote.query({
          ...{ source_seconds: SECONDS, clip_count: 3, clip_duration_seconds: 30 },
        });
      expect(quote.expected_seconds).toBeGreaterThan(2);
      const unknown = await main.api().trpc().jobs.quote.query({ clip_count: 3 });
      expect(unknown.expected_seconds).toBeNull();
      const { views } = await followed({ caption_preset: "boxed" });
      const rendering = views.filter(({ stage, state }) => stage === "RENDER" && state === "RUNNING");
      for (const { eta_seconds } of rendering) expect(eta_seconds).toBeGreaterThanOrEqual(1);
      expect(rendering.length).toBeGreaterThan(0);
      expect(views.at(-1)?.eta_seconds).toBeNull();
    },
    3 * JOB_MS,
  );

  test.skipIf(!isLinux)(
    "a worker that dies takes its clips along; the next attempt shows them again, without making them again (needs /proc)",
    async () => {
      let killed = false;
      const { view, views, job_id } = await followed({ caption_preset: "pop" }, async (now) => {
        if (now.clips_ready === 0 || killed) return;
        killed = true;
        const leader = leaderOf(main, main.launches()[0] ?? "");
        const worker = runningProcesses().find(({ parent, name }) => parent === leader && name !== "sh");
        process.kill(worker?.pid ?? Number.NaN, "SIGKILL");
      });
      expect(view).toMatchObject({ status: "SUCCEEDED", error: null });
      expect(view.attempts).toHaveLength(2);
      const between = views.filter(({ state }) => state === "RETRYING" || state === "STARTING");
      for (const { clips_ready } of between) expect(clips_ready).toBe(0);
      expect(between.length).toBeGreaterThan(0);
      const second = views.filter(({ attempts, state }) => attempts.length === 2 && state === "RUNNING");
      expect(Math.max(...second.map(({ clips_ready }) => clips_ready))).toBeGreaterThan(0);
      const { receipt, missing } = await readArtifacts(main, job_id);
      expect(missing).toEqual([]);
      expect(receipt.stages.find(({ stage }) => stage === "RENDER")?.reused).toBeGreaterThan(0);
    },
    3 * JOB_MS,
  );
});
