import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type CreateJob,
  type EdlClip,
  isEnded,
  type JobView,
  type ReadyClip,
} from "../../packages/contract/src/index.ts";
import { ffmpeg, temporaryDir, tools } from "../../packages/worker/src/asr/testing.ts";
import { KEPT } from "../sample/make.ts";
import {
  JOB_MS,
  leaderOf,
  type MainJob,
  makeVideo,
  readArtifacts,
  runningProcesses,
  startMainJob,
} from "./testing.ts";
import { slowRecogniser } from "./testing-slow.ts";

const isLinux = existsSync("/proc/self/stat");
const SECONDS = 520;

let main: MainJob;
let programs: Awaited<ReturnType<typeof temporaryDir>>;
let recogniser: ReturnType<typeof slowRecogniser>;
beforeAll(async () => {
  if (!tools) return;
  programs = await temporaryDir();
  recogniser = slowRecogniser(programs.dir, SECONDS);
  main = await startMainJob({
    env: { TRANSCRIBER: "pocketsphinx", PATH: `${programs.dir}:${process.env.PATH}` },
  });
  const wav = join(main.folder, "said.wav");
  await ffmpeg("-stream_loop", "-1", "-t", `${SECONDS}`, "-i", KEPT, "-vn", "-ac", "1", "-ar", "16000", wav);
  await makeVideo(join(main.folder, "talk.mp4"), {
    seconds: SECONDS,
    picture: "testsrc2=s=90x160:r=5",
    sound: wav,
  });
}, 120_000);
afterAll(async () => {
  await main?.[Symbol.asyncDispose]();
  await programs?.[Symbol.asyncDispose]();
});

/** Asks for three clips; `on` is called with each view of the job, and the recogniser goes on when it says so. */
async function followed(request: Partial<CreateJob>, on: (view: JobView, token: string) => Promise<boolean>) {
  recogniser.stop();
  const job = await main.create("/talk.mp4", { clip_count: 3, ...request });
  for (const end = Date.now() + 2 * JOB_MS; ; await sleep(100)) {
    const view = await main.api().trpc().jobs.view.query({ job_id: job.job_id });
    if (isEnded(view.status)) return { view, ...(await readArtifacts(main, job.job_id)) };
    if (await on(view, job.job_token)) recogniser.goOn();
    if (Date.now() > end) throw new Error(`${job.job_id} is still ${view.state}: ${view.message}`);
  }
}
const ask = (path: string, token: string) =>
  main.api().rest("GET", path, undefined, { "x-job-token": token });

describe.skipIf(!tools)("a clip before the transcript ends (needs ffmpeg)", () => {
  test(
    "it can be watched while the recogniser is at work, and is the finished job's first clip, byte for byte; a job that finds the words on this machine chooses the very same clips",
    async () => {
      let early: { clip: ReadyClip; bytes: Buffer; view: JobView } | undefined;
      const done = await followed({}, async (view, token) => {
        if (view.clips_ready === 0 || early) return early !== undefined;
        const [clip] = (await ask(`/api/jobs/${view.job_id}/ready`, token)).body as ReadyClip[];
        if (!clip) throw new Error("no clip is ready");
        const response = await fetch(new URL(clip.link.url, main.api().url));
        early = { clip, bytes: Buffer.from(await response.arrayBuffer()), view };
        return true;
      });
      expect(done.view).toMatchObject({ status: "SUCCEEDED", error: null });
      expect(early?.view).toMatchObject({ state: "RUNNING", stage: "TRANSCRIPT", clips_ready: 1 });
      expect(early?.clip).toMatchObject({ index: 1, clip_file: "clip_01.mp4" });
      expect(done.bytes("clip_01.mp4").equals(early?.bytes ?? Buffer.alloc(0))).toBe(true);
      const { edl } = done;
      expect(edl.clips.map(({ index }) => index)).toEqual([1, 2, 3]);
      expect(edl.clips[0]).toMatchObject({ title: early?.clip.title, score: early?.clip.score });
      const stages = Object.fromEntries(done.receipt.stages.map((stage) => [stage.stage, stage]));
      expect(stages.RENDER).toMatchObject({ executed: 3, reused: 0 });
      const sizes = done.manifest.files?.filter(({ name }) => name !== "receipt.json") ?? [];
      expect(done.receipt.output_bytes).toBe(sizes.reduce((sum, { size_bytes }) => sum + size_bytes, 0));

      const again = await followed({ caption_preset: "boxed" }, async () => false);
      expect(again.view.status).toBe("SUCCEEDED");
      const [, transcript] = again.receipt.stages;
      expect(transcript).toMatchObject({ stage: "TRANSCRIPT", executed: 0, reused: 1 });
      const bare = (clips: EdlClip[]) => clips.map(({ caption_preset: _, ...clip }) => clip);
      expect(JSON.stringify(bare(again.edl.clips))).toBe(JSON.stringify(bare(edl.clips)));
    },
    5 * JOB_MS,
  );

  test.skipIf(!isLinux)(
    "a worker that dies meanwhile takes it along; the next attempt shows it again without making it again (needs /proc)",
    async () => {
      let killed = false;
      const views: JobView[] = [];
      const done = await followed({ language: "auto", caption_preset: "pop" }, async (view) => {
        views.push(view);
        if (killed) return view.attempts.length === 2 && view.clips_ready > 0;
        if (view.clips_ready === 0) return false;
        killed = true;
        const leader = leaderOf(main, main.launches()[0] ?? "");
        const worker = runningProcesses().find(({ parent, name }) => parent === leader && name !== "sh");
        process.kill(worker?.pid ?? Number.NaN, "SIGKILL");
        return false;
      });
      expect(done.view).toMatchObject({ status: "SUCCEEDED", error: null });
      const shown = views.filter(({ stage, clips_ready }) => stage === "TRANSCRIPT" && clips_ready > 0);
      expect(new Set(shown.map(({ attempts }) => attempts.length))).toEqual(new Set([1, 2]));
      expect(done.receipt.stages.find(({ stage }) => stage === "RENDER")).toMatchObject({
        ...{ executed: 2, reused: 1 },
      });
    },
    3 * JOB_MS,
  );
});
