import { execFile } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { previewMarkAss } from "../captions/ass.ts";
import { ROBOTO_BLACK } from "../captions/looks.ts";
import type { ClipPlan } from "../media/clip-args.ts";
import { clipPieces, clipTimeline, outputRate } from "../media/clip-timeline.ts";
import type { Tools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import { joinedSeen } from "../qc/look.ts";
import type { FetchedSource } from "../stage.ts";
import { encodeInParts, encodePictures, partsOf } from "./encode-parts.ts";
import { createRenderBench, crop, tools } from "./testing-render.ts";

const exec = promisify(execFile);
const timelineOf = (seconds: number, fps = 30) =>
  clipTimeline([{ start: 0, end: seconds, text: "" }], outputRate(fps, fps));
const begins = (seconds: number, most: number, fps = 30) =>
  partsOf(timelineOf(seconds, fps), most).map(({ first }) => first);

test("a clip is cut where x264 sets key frames, into as many parts as may be, none of them short", () => {
  expect(partsOf(timelineOf(30), 2)).toEqual([
    { first: 0, end: 480 },
    { first: 480, end: 900 },
  ]);
  expect(begins(30, 1)).toEqual([0]);
  expect(begins(13, 8)).toEqual([0]);
  expect(begins(30, 8)).toEqual([0, 240, 480, 660]);
  expect(begins(60, 5)).toHaveLength(5);
  expect(begins(30, 2, 24000 / 1001)).toEqual([0, 376]);
  for (const seconds of [14, 21.3, 30, 44.97, 60])
    for (const most of [2, 3, 5]) {
      const parts = partsOf(timelineOf(seconds), most);
      expect(parts.at(-1)?.end).toBe(timelineOf(seconds).frames);
      for (const [i, { first, end }] of parts.entries()) {
        expect(first).toBe(parts[i - 1]?.end ?? 0);
        expect(end - first).toBeGreaterThanOrEqual(4 * 30);
      }
    }
});

test("spans that go on in the next part are one, and short ones are none", () => {
  const pairs = [{ own: new Uint8Array(1), beside: new Uint8Array(1) }];
  const first = { black: [{ start: 3.9, end: 3.9667 }], frozen: [{ start: 2.5, end: 4 }], pairs };
  const second = { black: [{ start: 4, end: 4.0333 }], frozen: [{ start: 4, end: 4.9 }], pairs };
  const third = { black: [{ start: 9, end: 9.05 }], frozen: [{ start: 8, end: 9.9 }], pairs: [] };
  const seen = joinedSeen([first, second, third], 30);
  expect(seen).toEqual({
    black: [{ start: 3.9, end: 4.0333 }],
    frozen: [{ start: 2.5, end: 4.9 }],
    pairs: [...pairs, ...pairs],
  });
});

/** Its pictures tell their number; they stand still from 215 to 290, are black from 433 to 436, and both is the case at 100. */
const number = "if(between(N,215,290),215,N)";
const PICTURE = `nullsrc=s=16x16:r=30,geq=lum='if(between(N,433,436)+between(N,100,106),16,40+4*mod(${number},50))':cb=128:cr=128,scale=320:180:flags=neighbor,setsar=1`;

describe.skipIf(!tools)("encodeInParts (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const file = tools ? await bench.source({ name: "a.mp4", picture: PICTURE, seconds: 23 }) : "";
  const signal = new AbortController().signal;

  /** A clip of 21 s from half a second on, its parts begin at frames 240 and 420. */
  const aPlan = async (name: string, from = file): Promise<ClipPlan & { dir: string }> => {
    if (!tools) throw new Error("needs ffmpeg");
    const source = { file: from, info: await probeMedia(tools, file, signal) } as FetchedSource;
    const timeline = clipTimeline([{ start: 0.5, end: 21.5, text: "" }], outputRate(30, 30));
    const size = { width: 90, height: 160 };
    const dir = join(bench.folder, name);
    await mkdir(join(dir, "fonts"), { recursive: true });
    await copyFile(ROBOTO_BLACK.file, join(dir, "fonts", basename(ROBOTO_BLACK.file)));
    await writeFile(join(dir, "mark.ass"), previewMarkAss(46, 80, ROBOTO_BLACK.family, timeline.seconds));
    const tone = ["-f", "lavfi", "-i", "sine=r=48000", "-t", "21", "-c:a", "aac", "-f", "mp4"];
    await bench.decode("-y", ...tone, join(dir, "sound.m4a"));
    const pieces = clipPieces(timeline, [crop(0, 10, 0), crop(10, 21, 100)], source.info.video, size);
    return {
      ...{ dir, source, timeline, pieces, ...size, colours: "bt709", captioned: false, captionTop: 100 },
      ...{ cover: [20, 120, 419, 420, 600], decoder: "cpu", encoder: "libx264", crf: 20, threads: 3 },
      ...{ preset: "superfast", preview: true },
    };
  };
  const about = (dir: string) => ({ dir, signal, keepStderr: 1 << 18 });
  const inParts = async (
    plan: ClipPlan & { dir: string },
    over: { tools?: Tools; signal?: AbortSignal } = {},
  ) => {
    if (!tools) throw new Error("needs ffmpeg");
    const logs: object[] = [];
    const fractions: number[] = [];
    const context = {
      tools: over.tools ?? tools,
      log: (event: string, told?: object) => void logs.push({ event, ...told }),
    };
    const made = await encodeInParts(context, plan, partsOf(plan.timeline, plan.threads), {
      ...{ ...about(plan.dir), clip: 1, onProgress: (fraction) => void fractions.push(fraction) },
      ...(over.signal && { signal: over.signal }),
    });
    return { made, logs, fractions };
  };
  const probe = async (...args: string[]) =>
    (await exec(tools?.ffprobe ?? "", ["-v", "error", ...args], { maxBuffer: 1 << 24 })).stdout;
  /** What players are told of a file, and when each picture and each piece of sound comes. */
  const toldOf = async (path: string) => {
    const streams = [
      "-show_entries",
      "stream=codec_type,time_base,start_time,duration,nb_frames,r_frame_rate,avg_frame_rate",
    ];
    return JSON.parse(
      await probe("-of", "json", ...streams, "-show_entries", "format=duration,start_time", path),
    );
  };
  const timesOf = async (path: string) =>
    (await probe("-of", "csv=p=0", "-show_entries", "packet=stream_index,pts", path)).split("\n").sort();

  test("the file is the one that is encoded as a whole, to a player and to the gate", async () => {
    if (!tools) throw new Error("needs ffmpeg");
    const [whole, plan] = [await aPlan("whole"), await aPlan("parts")];
    const expected = await encodePictures({ tools }, whole, { ...about(whole.dir), output: "clip.mp4" });
    const { made, logs, fractions } = await inParts(plan);
    expect(logs).toEqual([]);
    expect(expected.seen.frozen).toEqual([{ start: 6.66667, end: 9.2 }]);
    expect(expected.seen.black).toHaveLength(2);
    expect(made?.seen.frozen).toEqual([{ start: expect.closeTo(6.6667, 3), end: expect.closeTo(9.2, 3) }]);
    expect(made?.seen.black).toEqual(expected.seen.black);
    expect(made?.seen.pairs).toEqual(expected.seen.pairs);
    expect(made?.seen.pairs).toHaveLength(5);
    for (const name of ["clip.mp4", "preview.mp4"]) {
      const [one, other] = [join(plan.dir, name), join(whole.dir, name)];
      expect(await toldOf(one)).toEqual(await toldOf(other));
      expect(await timesOf(one)).toEqual(await timesOf(other));
      // each picture tells its number; an encoder is off by one now and then
      const [lumas, before] = [await bench.lumas(one), await bench.lumas(other)];
      expect(lumas).toHaveLength(630);
      for (const [i, luma] of lumas.entries()) expect(Math.abs(luma - (before[i] ?? 0))).toBeLessThan(2);
    }
    const covers = (await readdir(whole.dir)).filter((name) => name.startsWith("cover_")).sort();
    expect(covers).toHaveLength(5);
    for (const name of covers)
      expect(await readFile(join(plan.dir, name))).toEqual(await readFile(join(whole.dir, name)));
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
    expect(fractions.toSorted((a, b) => a - b)).toEqual(fractions);
  });

  /** An ffmpeg that does something else for one of the parts. */
  const toolsWith = async (name: string, instead: string): Promise<Tools> => {
    if (!tools) throw new Error("needs ffmpeg");
    const script = `#!/bin/sh\ncase "$*" in *part-2-clip.mp4*) ${instead};; esac\nexec ${tools.ffmpeg} "$@"\n`;
    const path = join(bench.folder, name);
    await writeFile(path, script, { mode: 0o755 });
    return { ...tools, ffmpeg: path };
  };

  test("where a part fails, or has not all of its frames, the clip is left to be encoded as a whole, and the log says why", async () => {
    const plan = await aPlan("failing");
    const failing = await inParts(plan, {
      tools: await toolsWith("failing-ffmpeg", "echo 'Conversion failed!' >&2; exit 1"),
    });
    expect(failing.made).toBeUndefined();
    expect(failing.logs).toEqual([{ event: "whole_render", clip: 1, reason: "The media tool failed" }]);
    expect(await readdir(plan.dir)).not.toContain("clip.mp4");
    const cut = join(bench.folder, "cut.mp4");
    await bench.decode("-y", "-i", file, "-t", "9", "-c", "copy", cut);
    const short = await inParts(await aPlan("short", cut));
    expect(short).toMatchObject({ made: undefined, logs: [{ event: "whole_render" }] });
  });

  test("what no other way would mend is thrown, and the job's end is the reason of its own", async () => {
    const plan = await aPlan("full");
    const noRoom = await toolsWith("full-ffmpeg", "echo 'No space left on device' >&2; exit 1");
    await expect(inParts(plan, { tools: noRoom })).rejects.toMatchObject({ code: "DISK_FULL" });
    const stop = new AbortController();
    stop.abort(new Error("No more of it"));
    await expect(inParts(plan, { signal: stop.signal })).rejects.toBe(stop.signal.reason);
    expect(await readdir(plan.dir)).not.toContain("clip.mp4");
  });
});
