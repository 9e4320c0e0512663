import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CreateJob, Edl, Receipt, type StageReceipt } from "../../packages/contract/src/index.ts";
import { hasProgram, speak, tools } from "../../packages/worker/src/asr/testing.ts";
import { JOB_MS, type MainJob, makeVideo, readArtifacts, startMainJob, storedFiles } from "./testing.ts";

const canHear = (await hasProgram("flite")) && (await hasProgram("pocketsphinx_continuous"));
const SAID = `Why do ships never sail straight home? The sea moves under them, and the wind does what it wants.
People think that a captain looks at the stars and follows them. That is only half of the story.
In truth he asks one question every morning. Where are we now, and how do we know? Nobody was sure.
Then a clock maker from a small village gave the answer. He built a clock that kept its time at sea.`;

let main: MainJob;
beforeAll(async () => {
  if (!tools || !canHear) return;
  main = await startMainJob({ env: { TRANSCRIBER: "pocketsphinx", CAPTION_PRESET: "amber" } });
  const wav = join(main.folder, "said.wav");
  await speak(SAID, wav);
  await makeVideo(join(main.folder, "talk.mp4"), {
    ...{ seconds: 40, picture: "testsrc2=s=320x180:r=10", sound: wav },
  });
}, 60_000);
afterAll(() => main?.[Symbol.asyncDispose]());

/** Lets a job be made; gives what it took, and what it asked of the server that has the video. */
async function made(request: Partial<CreateJob> = {}, path = "/talk.mp4") {
  const before = main.requests.length;
  const created = await main.create(path, { clip_count: 1, ...request });
  const { job_id } = created;
  const view = await main.api().until(job_id, undefined, JOB_MS);
  expect(view).toMatchObject({ status: "SUCCEEDED", error: null });
  const left = await readArtifacts(main, job_id);
  return { ...created, view, ...left, ...countsOf(left.receipt.stages), asked: main.requests.slice(before) };
}

function countsOf(stages: StageReceipt[]) {
  const by = (of: (stage: StageReceipt) => number) =>
    Object.fromEntries(stages.map((stage) => [stage.stage, of(stage)]));
  return { executed: by((stage) => stage.executed), reused: by((stage) => stage.reused) };
}

/** What is kept of one stage: a name and the inode by which one sees that it was not made again. */
const keptOf = (stage: string): string[] => {
  const folder = join(main.dataDir, "cache/v1/entries");
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${stage}-`))
    .map((name) => `${name} ${statSync(join(folder, name)).ino}`)
    .sort();
};

describe.skipIf(!tools || !canHear)(
  "identical work is never done twice (needs ffmpeg, flite and pocketsphinx)",
  () => {
    let first: Awaited<ReturnType<typeof made>>;
    test(
      "the first job does everything, and its receipt tells what each stage took",
      async () => {
        first = await made();
        expect(first.executed).toEqual({
          DOWNLOAD: 1,
          TRANSCRIPT: 1,
          CHUNK: 1,
          SELECT: 1,
          RENDER: 1,
          UPLOAD: 1,
        });
        expect(Object.values(first.reused)).toEqual([0, 0, 0, 0, 0, 0]);
        const { stages, tools: used, seconds, fetched_bytes } = first.receipt;
        expect(stages.map(({ stage }) => stage)).toEqual(Object.keys(first.executed));
        for (const { seconds, cpu_seconds } of stages) {
          expect(seconds).toBeGreaterThanOrEqual(0);
          if (process.platform === "linux") expect(cpu_seconds).toBeGreaterThanOrEqual(0);
        }
        const of = (name: string) => stages.find(({ stage }) => stage === name);
        if (process.platform === "linux") {
          expect(of("TRANSCRIPT")?.cpu_seconds).toBeGreaterThan(0.2); // of its children, too
          expect(of("RENDER")?.cpu_seconds).toBeGreaterThan(0.2);
        }
        const { size } = statSync(join(main.folder, "talk.mp4"));
        expect(of("DOWNLOAD")).toMatchObject({ device: "network", bytes_in: fetched_bytes, bytes_out: size });
        expect(fetched_bytes).toBe(size);
        expect(of("RENDER")).toMatchObject({ device: "cpu", bytes_out: first.manifest.clips[0]?.size_bytes });
        expect(of("UPLOAD")?.bytes_out).toBe(first.receipt.output_bytes);
        expect(used).toMatchObject({ ffmpeg: tools?.version, node: process.version });
        expect(seconds.total).toBeGreaterThan(0);
      },
      2 * JOB_MS,
    );

    test(
      "the same job once more: nothing but the upload, and every byte of the clips the same",
      async () => {
        const again = await made();
        expect(again.executed).toEqual({
          DOWNLOAD: 0,
          TRANSCRIPT: 0,
          CHUNK: 0,
          SELECT: 0,
          RENDER: 0,
          UPLOAD: 1,
        });
        expect(again.reused).toEqual({
          DOWNLOAD: 1,
          TRANSCRIPT: 1,
          CHUNK: 1,
          SELECT: 1,
          RENDER: 1,
          UPLOAD: 0,
        });
        expect(again.asked.map(({ range }) => range)).toEqual(["bytes=0-0"]); // whether it is still the same
        expect(again.receipt.fetched_bytes).toBeLessThan(10);
        for (const name of ["clip_01.mp4", "clip_01.srt", "clip_01.jpg", "transcript.json"] as const)
          expect(again.bytes(name).equals(first.bytes(name))).toBe(true);
        expect(again.edl).toEqual({ ...first.edl, job_id: again.job_id });
        expect(again.view.notices).toEqual(first.view.notices); // told again
        expect(again.view.notices.join()).toContain("pocketsphinx");
      },
      2 * JOB_MS,
    );

    test(
      "other captions: no download, no recognition, no choice, no look for faces; the clip is encoded anew",
      async () => {
        const framing = keptOf("FRAMING");
        expect(framing).toHaveLength(2); // for these words, and for any words over the same cut
        const other = await made({ caption_preset: "boxed" });
        expect(other.executed).toEqual({
          DOWNLOAD: 0,
          TRANSCRIPT: 0,
          CHUNK: 0,
          SELECT: 0,
          RENDER: 1,
          UPLOAD: 1,
        });
        expect(other.asked.map(({ range }) => range)).toEqual(["bytes=0-0"]);
        expect(keptOf("FRAMING")).toEqual(framing);
        expect(other.manifest.clips[0]).toMatchObject({ caption_preset: "boxed", captioned: true });
        expect(other.edl.clips[0]).toMatchObject({
          caption_preset: "boxed",
          framing: first.edl.clips[0]?.framing,
        });
        expect(other.bytes("clip_01.mp4").equals(first.bytes("clip_01.mp4"))).toBe(false);
        expect(other.bytes("clip_01.ass").equals(first.bytes("clip_01.ass"))).toBe(false);
      },
      2 * JOB_MS,
    );

    test(
      "another picture for a part of the clip: what was seen of it is taken, and nobody looks for faces",
      async () => {
        const framing = keptOf("FRAMING");
        const asked = main.requests.length;
        const { job_id, job_token } = first;
        const [{ start: from = 0 } = {}] = first.edl.clips[0]?.segments ?? [];
        const { edit_job_id } = await main
          .api()
          .trpc({ "x-job-token": job_token })
          .clips.edit.mutate({
            ...{ job_id, clip_file: "clip_01.mp4", base_revision: 1 },
            edit: { overrides: [{ from, to: from + 5, layout: "fit" }] },
          });
        expect(await main.api().until(edit_job_id, undefined, JOB_MS)).toMatchObject({ status: "SUCCEEDED" });
        const files = await storedFiles(main, edit_job_id);
        const json = (name: string): unknown => JSON.parse(files.get(name)?.toString("utf8") ?? "null");
        expect(countsOf(Receipt.parse(json("receipt.json")).stages).executed).toEqual({
          ...{ DOWNLOAD: 0, TRANSCRIPT: 0, CHUNK: 0, SELECT: 0, RENDER: 1, UPLOAD: 1 },
        });
        expect(keptOf("FRAMING")).toEqual(framing);
        expect(main.requests).toHaveLength(asked);
        expect(Edl.parse(json("edl.json")).clips[0]?.framing).toEqual(first.edl.clips[0]?.framing);
        expect(files.get("clip_01.mp4")?.equals(first.bytes("clip_01.mp4"))).toBe(false);
      },
      2 * JOB_MS,
    );

    test(
      "another length: the words are taken, the choice is not",
      async () => {
        const other = await made({ clip_duration_seconds: 35 });
        expect(other.executed).toMatchObject({ DOWNLOAD: 0, TRANSCRIPT: 0, CHUNK: 0, SELECT: 1, RENDER: 1 });
      },
      2 * JOB_MS,
    );

    test(
      "a video that has changed at its address is fetched again",
      async () => {
        await makeVideo(join(main.folder, "talk.mp4"), {
          ...{ seconds: 38, picture: "testsrc2=s=320x180:r=10", sound: join(main.folder, "said.wav") },
        });
        const changed = await made();
        expect(changed.executed).toMatchObject({ DOWNLOAD: 1, TRANSCRIPT: 1, RENDER: 1 });
        expect(changed.stats.duration_seconds).toBeCloseTo(38, 0);
      },
      2 * JOB_MS,
    );
  },
);
