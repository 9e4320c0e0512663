import { existsSync, globSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ClipEdit, Edl, Manifest, Receipt } from "../../packages/contract/src/index.ts";
import { tools } from "../../packages/worker/src/asr/testing.ts";
import {
  JOB_MS,
  leaderOf,
  type MainJob,
  makeVideo,
  readArtifacts,
  runningProcesses,
  startMainJob,
  storedFiles,
} from "./testing.ts";

const isLinux = existsSync("/proc/self/stat");

let main: MainJob;
beforeAll(async () => {
  if (!tools || !isLinux) return;
  main = await startMainJob({ env: { TRANSCRIBER: "none" } });
}, 60_000);
afterAll(() => main?.[Symbol.asyncDispose]());

/** Entries of a stage that were made since. */
const keptOf = (stage: string): string[] =>
  globSync(`cache/v1/entries/${stage}-*`, { cwd: main.dataDir }).sort();
/** Files that the running attempt has written. */
const written = (name: string): string[] => globSync(`launches/*/work/${name}`, { cwd: main.dataDir });

/** Kills the worker of the running attempt, as a crash or the machine's end would. */
function killWorker(): void {
  const leader = leaderOf(main, main.launches()[0] ?? "");
  const worker = runningProcesses().find(({ parent, name }) => parent === leader && name !== "sh");
  process.kill(worker?.pid ?? Number.NaN, "SIGKILL");
}

/** Makes clips of a new video, with the worker killed as soon as each of the signs is there, one attempt after the other. */
async function killedAt(name: string, seconds: number, signs: readonly (() => boolean)[], clips = 1) {
  // another length for each, so that nothing is there from the tests before
  await makeVideo(join(main.folder, `${name}.mp4`), { seconds, picture: "testsrc2=s=90x160:r=10" });
  const { job_id, job_token } = await main.create(`/${name}.mp4`, { clip_count: clips });
  for (const [index, sign] of signs.entries()) {
    await main.api().until(job_id, ({ attempts }) => attempts.at(-1)?.epoch === index + 1, JOB_MS);
    for (const until = Date.now() + JOB_MS; !sign(); await sleep(2))
      if (Date.now() > until) throw new Error(`the sign to kill attempt ${index + 1} never came`);
    killWorker();
    await main.api().until(job_id, ({ attempts }) => attempts.length > index + 1, JOB_MS);
  }
  const view = await main.api().until(job_id, undefined, JOB_MS);
  expect(view).toMatchObject({ status: "SUCCEEDED", error: null });
  const { receipt, manifest, missing, edl } = await readArtifacts(main, job_id);
  expect(missing).toEqual([]);
  expect(receipt.epoch).toBe(signs.length + 1);
  expect(receipt.wasted_attempts.map(({ epoch, outcome }) => [epoch, outcome])).toEqual(
    signs.map((_, index) => [index + 1, "WORKER_LOST"]),
  );
  return {
    ...{ job_id, job_token, view, manifest, edl },
    executed: Object.fromEntries(receipt.stages.map(({ stage, executed }) => [stage, executed])),
    reused: Object.fromEntries(receipt.stages.map(({ stage, reused }) => [stage, reused])),
    /** Requests for its beginning: how often it was fetched, or looked at. */
    asked: main.requests.filter(
      ({ path, range = "bytes=0-" }) => path === `/${name}.mp4` && range.startsWith("bytes=0-"),
    ),
  };
}

let three: Awaited<ReturnType<typeof killedAt>>;

/** Changes the second clip of the third job, and waits for it. */
async function edited(base_revision: number, edit: ClipEdit) {
  const { job_id, job_token } = three;
  const owner = main.api().trpc({ "x-job-token": job_token });
  const order = { job_id, clip_file: "clip_02.mp4", base_revision, edit };
  const { edit_job_id } = await owner.clips.edit.mutate(order);
  const view = await main.api().until(edit_job_id, undefined, JOB_MS);
  expect(view).toMatchObject({ status: "SUCCEEDED", error: null });
  const files = await storedFiles(main, edit_job_id);
  const json = (name: string): unknown => JSON.parse(files.get(name)?.toString("utf8") ?? "null");
  const { stages } = Receipt.parse(json("receipt.json"));
  return {
    ...{ view, files, manifest: Manifest.parse(json("manifest.json")), edl: Edl.parse(json("edl.json")) },
    executed: Object.fromEntries(stages.map(({ stage, executed }) => [stage, executed])),
    reused: Object.fromEntries(stages.map(({ stage, reused }) => [stage, reused])),
  };
}

describe.skipIf(!tools || !isLinux)(
  "a worker that is killed loses no stage that was finished (needs ffmpeg and /proc)",
  () => {
    test(
      "killed after the download and after the chunks: the third attempt does neither again",
      async () => {
        const { executed, reused, asked } = await killedAt("one", 31, [
          () => keptOf("DOWNLOAD").length === 2, // for its job and for all
          () => keptOf("CHUNK").length === 1,
        ]);
        expect(executed).toMatchObject({ DOWNLOAD: 0, TRANSCRIPT: 0, CHUNK: 0, SELECT: 1, RENDER: 1 });
        expect(reused).toMatchObject({ DOWNLOAD: 1, TRANSCRIPT: 1, CHUNK: 1, SELECT: 0, RENDER: 0 });
        expect(asked).toHaveLength(1);
      },
      2 * JOB_MS,
    );

    test(
      "killed after the words and after the choice",
      async () => {
        const [words, choices] = [keptOf("TRANSCRIPT").length, keptOf("SELECT").length];
        const { executed, asked } = await killedAt("two", 32, [
          () => keptOf("TRANSCRIPT").length > words,
          () => keptOf("SELECT").length > choices,
        ]);
        expect(executed).toMatchObject({ DOWNLOAD: 0, TRANSCRIPT: 0, CHUNK: 0, SELECT: 0, RENDER: 1 });
        expect(asked).toHaveLength(1);
      },
      2 * JOB_MS,
    );

    test(
      "killed after the first of two clips and in the upload: no clip is rendered twice, and stages without work are done at once",
      async () => {
        const clips = keptOf("RENDER").length;
        let firstClip: [path: string, inode: number] | undefined;
        const inodeOf = (path: string) => statSync(join(main.dataDir, path)).ino;
        const before = keptOf("RENDER");
        const hasFirstClip = () => {
          const path = keptOf("RENDER").find((one) => !before.includes(one));
          firstClip = path === undefined ? undefined : [path, inodeOf(path)];
          return firstClip !== undefined;
        };
        three = await killedAt("three", 64, [hasFirstClip, () => written("qc.json").length > 0], 2);
        const { executed, reused, asked, manifest } = three;
        expect(manifest.clips).toHaveLength(2);
        expect(executed).toEqual({ DOWNLOAD: 0, TRANSCRIPT: 0, CHUNK: 0, SELECT: 0, RENDER: 0, UPLOAD: 1 });
        expect(reused).toEqual({ DOWNLOAD: 1, TRANSCRIPT: 1, CHUNK: 1, SELECT: 1, RENDER: 2, UPLOAD: 0 });
        // each as it was asked for, and as the EDL has it then, which the first kill may have come before
        expect([3, 4]).toContain(keptOf("RENDER").length - clips);
        const [path = "", inode] = firstClip ?? [];
        expect(inodeOf(path)).toBe(inode); // it was not made again
        expect(asked).toHaveLength(1);
      },
      2 * JOB_MS,
    );

    test(
      "an edit of one clip renders that clip and does nothing else; a new title alone renders nothing",
      async () => {
        const before = main.requests.length;
        const [from = 0] = three.edl.clips[1]?.segments.map(({ start }) => start) ?? [];
        const picture = await edited(1, { overrides: [{ from, to: from + 5, layout: "fit" }] });
        expect(picture.executed).toEqual({
          DOWNLOAD: 0,
          TRANSCRIPT: 0,
          CHUNK: 0,
          SELECT: 0,
          RENDER: 1,
          UPLOAD: 1,
        });
        expect(picture.reused).toEqual({
          DOWNLOAD: 1,
          TRANSCRIPT: 0,
          CHUNK: 0,
          SELECT: 0,
          RENDER: 0,
          UPLOAD: 0,
        });
        const names = ["clip_02.jpg", "clip_02.mp4"];
        const data = ["edl.json", "manifest.json", "meta.json", "qc.json", "receipt.json"];
        const left = [...picture.files.keys()].filter((name) => name !== "edit.json"); // the API's own note
        expect(left.sort()).toEqual([...names, ...data]);
        expect(picture.manifest.clips).toMatchObject([{ index: 2, revision: 2, file: "clip_02.mp4" }]);
        expect(picture.edl.clips).toMatchObject([{ index: 2, revision: 2, overrides: [{ layout: "fit" }] }]);
        // the wish is laid over what was found before, which stays what it was
        expect(picture.edl.clips[0]?.framing).toEqual(three.edl.clips[1]?.framing);
        expect(picture.view.notices).toEqual([]);

        const title = await edited(2, { title: "Another title" });
        expect(title.executed).toMatchObject({ DOWNLOAD: 0, RENDER: 0, UPLOAD: 1 });
        expect(title.reused).toMatchObject({ RENDER: 1 });
        expect(title.manifest.clips).toMatchObject([{ title: "Another title", revision: 3 }]);
        expect(title.files.get("clip_02.mp4")).toEqual(picture.files.get("clip_02.mp4"));
        expect(main.requests).toHaveLength(before);
      },
      2 * JOB_MS,
    );

    test(
      "where the machine has nothing left of it, the video is fetched once more, and that is said",
      async () => {
        rmSync(join(main.dataDir, "cache"), { recursive: true });
        const { executed, view, manifest } = await edited(3, { captions: false });
        expect(executed).toEqual({ DOWNLOAD: 1, TRANSCRIPT: 0, CHUNK: 0, SELECT: 0, RENDER: 1, UPLOAD: 1 });
        expect(view.notices).toEqual([expect.stringContaining("fetched once more")]);
        expect(manifest.clips).toMatchObject([{ revision: 4, captioned: false }]);
      },
      2 * JOB_MS,
    );
  },
);
