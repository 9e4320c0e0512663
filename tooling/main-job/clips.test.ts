import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CreateJob } from "../../packages/contract/src/index.ts";
import { ffmpeg, hasProgram, speak, tools } from "../../packages/worker/src/asr/testing.ts";
import { JOB_MS, type MainJob, makeVideo, readArtifacts, startMainJob } from "./testing.ts";

const exec = promisify(execFile);
const canHear = (await hasProgram("flite")) && (await hasProgram("pocketsphinx_continuous"));

const SAID = `Why do ships never sail straight home? The sea moves under them, and the wind does what it wants.
People think that a captain looks at the stars and follows them. That is only half of the story.
In truth he asks one question every morning. Where are we now, and how do we know? Nobody was sure.
Then a clock maker from a small village gave the answer. He built a clock that kept its time at sea.
With the right time, a man can tell how far he has come. It changed the world, and it saved many lives.
Remember that the next time you look at your phone. The answer was never in the stars. It was time.`;

/** Stands in the file like a phone stands in the hand: the picture is stored lying, and a matrix says to turn it (ISO/IEC 14496-12, 8.3.2). */
function turned(mp4: Buffer): Buffer {
  const matrix = (...numbers: number[]) => Buffer.from(Int32Array.from(numbers).buffer).swap32();
  const one = 0x10000;
  const upright = matrix(one, 0, 0, 0, one, 0, 0, 0, 0x40000000);
  const at = mp4.indexOf(upright, mp4.indexOf("tkhd"));
  const copy = Buffer.from(mp4);
  matrix(0, one, 0, -one, 0, 0, 90 * one, 0, 0x40000000).copy(copy, at);
  return copy;
}

let main: MainJob;
const created = new Map<string, Promise<string>>();

describe.skipIf(!tools)("the main job makes clips (needs ffmpeg)", () => {
  beforeAll(async () => {
    main = await startMainJob();
    const file = (name: string) => join(main.folder, name);
    const make = (name: string, path: string, request: Partial<CreateJob> = {}) =>
      created.set(
        name,
        main.create(path, request).then(({ job_id }) => job_id),
      );

    await makeVideo(file("silent.mp4"), { seconds: 34, picture: "testsrc2=s=160x90:r=10", sound: null });
    make("silent", "/silent.mp4");
    if (canHear) {
      await speak(SAID, file("said.wav"));
      await makeVideo(file("spoken.mp4"), { seconds: 60, sound: file("said.wav"), output: ["-shortest"] });
      make("spoken", "/spoken.mp4");
    }
    const phone = "color=c=red:s=80x90:r=10[red];color=c=blue:s=80x90:r=10[blue];[red][blue]hstack";
    const lying = await makeVideo(file("lying.mp4"), { seconds: 26, picture: phone });
    writeFileSync(file("phone.mp4"), turned(readFileSync(lying)));
    make("phone", "/phone.mp4");

    const talk = await makeVideo(file("talk.mp4"), { seconds: 25 });
    make("short", "/talk.mp4", { clip_count: 3 });
    const copied = ["-i", talk, "-c", "copy"];
    await ffmpeg(...copied, "-f", "hls", "-hls_time", "9", "-hls_playlist_type", "vod", file("talk.m3u8"));
    make("hls", "/talk.m3u8");
    await ffmpeg(...copied, "-f", "dash", "-seg_duration", "9", file("talk.mpd"));
    make("dash", "/talk.mpd");

    const body = readFileSync(talk);
    const upload = { filename: "My holiday.MP4", size_bytes: body.length };
    const { upload_id, put_url } = await main.api().trpc().uploads.create.mutate(upload);
    await fetch(`${main.api().url}${put_url}`, { method: "PUT", body });
    created.set(
      "upload",
      main
        .api()
        .trpc()
        .jobs.create.mutate({ upload_id, clip_duration_seconds: 30, clip_count: 1 })
        .then(({ job_id }) => job_id),
    );
  }, 60_000);
  afterAll(() => main[Symbol.asyncDispose]());

  /** What a job left, once it has succeeded; each of its clips plays as its EDL says. */
  async function made(name: string) {
    const id = (await created.get(name)) ?? "";
    const view = await main.api().until(id, undefined, JOB_MS);
    expect(view).toMatchObject({ status: "SUCCEEDED", error: null, attempts: [{ outcome: "succeeded" }] });
    // it was shown before the job had ended (ready.e2e.test.ts looks at it then)
    const told = (await main.api().services.store.get(id))?.job.log.map(({ text }) => text);
    expect(told).toContain("Clip 1 can be watched");
    const left = await readArtifacts(main, id);
    expect(left.missing).toEqual([]);
    expect(left.edl.clips).toHaveLength(left.manifest.clips.length);
    for (const [index, clip] of left.manifest.clips.entries()) {
      const planned = left.edl.clips[index]?.segments.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(clip.duration_seconds).toBeCloseTo(planned ?? 0, 1);
      await plays(left.path("clip_01.mp4"), planned ?? 0);
    }
    return { id, view, ...left, clip: left.path("clip_01.mp4"), notices: view.notices.join("\n") };
  }

  test(
    "a video without sound: all artifacts, a clip with a silent track, and plain words about the captions",
    async () => {
      const { manifest, names, notices, transcript, edl, stats, faces, receipt, meta, view } =
        await made("silent");
      const clip = ["clip_01.jpg", "clip_01.mp4"];
      const data = "chunks edl face_log manifest meta qc receipt transcript video_stats".split(" ");
      expect(names).toEqual([...clip, ...data.map((name) => `${name}.json`)].sort());
      expect(manifest.clips).toMatchObject([{ index: 1, captioned: false, width: 270, height: 480 }]);
      expect(manifest.clips[0]).not.toHaveProperty("srt_file");
      expect(manifest).toMatchObject({ transcriber: "none", transcriber_accuracy: "none", language: null });
      expect(notices).toBe("The video has no sound, so its clips have no captions.");
      expect(manifest.notices).toEqual(view.notices);
      expect(transcript).toEqual([]);
      expect(stats).toMatchObject({ width: 160, height: 90, fps: 10, duration_seconds: 34 });
      expect(faces).toMatchObject({ backend: "blazeface", reason: null, clips: [{ index: 1 }] });
      expect(receipt).toMatchObject({
        epoch: 1,
        encoder: manifest.encoder,
        fetched_bytes: stats.fetched_bytes,
      });
      const reason = expect.stringMatching(/^The whole was fetched: it has less than \d+ MB/);
      expect(receipt.fetch).toEqual({
        way: "whole",
        reason,
        bytes: stats.fetched_bytes,
        requests: expect.any(Number),
      });
      expect(meta.fetch).toEqual(receipt.fetch);
      expect(meta).toMatchObject({ title: "silent", way: "file", webpage_url: `${main.origin}/silent.mp4` });
      const framing = edl.clips[0]?.framing ?? [];
      expect([framing[0]?.start, framing.at(-1)?.end]).toEqual([0, manifest.clips[0]?.duration_seconds]);
    },
    JOB_MS,
  );

  test(
    "a video that a phone stored lying: the clip stands upright",
    async () => {
      const { clip, stats } = await made("phone");
      expect(stats).toMatchObject({ width: 90, height: 160 });
      const { stdout } = await exec(
        tools?.ffmpeg ?? "",
        [
          "-v",
          "error",
          "-ss",
          "5",
          "-i",
          clip,
          "-frames:v",
          "1",
          "-vf",
          "scale=2:4:flags=area",
          "-f",
          "rawvideo",
          "-pix_fmt",
          "rgb24",
          "-",
        ],
        { encoding: "buffer" },
      );
      const rows = [0, 1, 2, 3].map((row) => {
        const [red = 0, , blue = 0] = stdout.subarray(row * 6, row * 6 + 3);
        return red > blue ? "red" : "blue";
      });
      expect(rows).toEqual(["red", "red", "blue", "blue"]);
    },
    JOB_MS,
  );

  test(
    "a video a little shorter than a clip: one clip, though three were asked for, and a word about it",
    async () => {
      const { manifest, notices } = await made("short");
      expect(manifest.clips).toHaveLength(1);
      expect(manifest.clips[0]?.duration_seconds).toBeGreaterThanOrEqual(24);
      expect(notices).toContain("Only one clip of about 30 s fit into this video; 3 were asked for.");
      expect(notices).toContain("silent, so its clips have no captions");
    },
    JOB_MS,
  );

  test.each(["hls", "dash"])(
    "a stream by its list (%s): fetched piece by piece",
    async (name) => {
      const { meta, stats, manifest } = await made(name);
      expect(meta).toMatchObject({ way: name, title: "talk" });
      expect(stats.duration_seconds).toBeCloseTo(25, 0);
      expect(manifest.source?.url).toMatch(/\/talk\.m[a-z0-9]+$/);
    },
    JOB_MS,
  );

  test(
    "a file that was sent: the same clips, under its own name, and no address anywhere",
    async () => {
      const { id, manifest, meta, view } = await made("upload");
      expect(manifest.source).toMatchObject({ title: "My holiday", url: null });
      expect(JSON.stringify([manifest, meta, view])).not.toMatch(/signature=|uploads\//);
      const results = await main
        .api()
        .trpc({ "x-operator-token": main.api().config.operatorToken })
        .jobs.results.query({ job_id: id });
      expect(results.clips).toMatchObject([{ clip_file: "clip_01.mp4", locked: false }]);
    },
    JOB_MS,
  );

  test.skipIf(!canHear)(
    "speech: its words are recognised and burned into the clip (needs flite and pocketsphinx)",
    async () => {
      const { manifest, transcript, notices, names, text, edl, chunks } = await made("spoken");
      expect(manifest).toMatchObject({
        transcriber: "pocketsphinx",
        transcriber_accuracy: "low",
        language: "en",
      });
      expect(manifest.clips).toMatchObject([
        { captioned: true, srt_file: "clip_01.srt", vtt_file: "clip_01.vtt" },
      ]);
      expect(names).toEqual(expect.arrayContaining(["clip_01.ass", "clip_01.srt", "clip_01.vtt"]));
      expect(notices).toMatch(/recognised by pocketsphinx/);
      const heard = transcript.map((segment) => segment.text).join(" ");
      expect(heard.toLowerCase()).toMatch(/\b(time|clock|world|answer|captain|question|morning|stars)\b/);
      expect(chunks.map((chunk) => chunk.text).join(" ")).toContain(transcript[0]?.text ?? "nothing");
      expect(edl.clips[0]?.words.length).toBeGreaterThan(20);
      expect(text("clip_01.srt")).toMatch(/^1\n00:00:\d\d,\d{3} --> 00:00:\d\d,\d{3}\n\S/);
      expect(text("clip_01.srt").match(/-->/g)?.length).toBeGreaterThan(8);
      expect(text("clip_01.vtt")).toMatch(/^WEBVTT\n/);
    },
    JOB_MS,
  );

  test(
    "nothing is left of the work: no launch, no attempt, no unfinished file",
    async () => {
      for (const id of created.values()) await main.api().until(await id, undefined, JOB_MS);
      await main.settled();
      expect(main.launches()).toEqual([]);
    },
    JOB_MS,
  );
});

/** A phone can play it from the first byte, and it is as long as was planned. */
async function plays(file: string, seconds: number): Promise<void> {
  const entries = "stream=codec_name,width,height,pix_fmt,duration:format=duration";
  const { stdout } = await exec(tools?.ffprobe ?? "", [
    "-v",
    "error",
    "-show_entries",
    entries,
    "-of",
    "json",
    file,
  ]);
  const { streams, format } = JSON.parse(stdout);
  expect(streams).toMatchObject([
    { codec_name: "h264", width: 270, height: 480, pix_fmt: "yuv420p" },
    { codec_name: "aac" },
  ]);
  for (const { duration } of [...streams, format])
    expect(Math.abs(Number(duration) - seconds)).toBeLessThan(0.1);
  const bytes = readFileSync(file);
  expect(bytes.indexOf("moov")).toBeLessThan(bytes.indexOf("mdat"));
  const { stderr } = await exec(tools?.ffmpeg ?? "", ["-v", "error", "-i", file, "-f", "null", "-"]);
  expect(stderr).toBe("");
}
