import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";
import { captionsAss } from "../captions/ass.ts";
import { ROBOTO_BLACK } from "../captions/looks.ts";
import { captionStyle } from "../captions/style.ts";
import type { FetchedSource } from "../stage.ts";
import { spansOf } from "../stages/patch-clip.ts";
import { createRenderBench, crop, RAMP, tools } from "../stages/testing-render.ts";
import { type ClipPlan, clipArgs } from "./clip-args.ts";
import { clipPieces, clipTimeline, outputRate } from "./clip-timeline.ts";
import { closedStretches, readOwnMp4 } from "./own-mp4.ts";
import { partOfClip } from "./part-of-clip.ts";
import { probeMedia } from "./probe.ts";

const SEGMENTS = [
  { start: 1.25, end: 4.3 },
  { start: 6.05, end: 9 },
];

describe.skipIf(!tools)("partOfClip (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const picture = `${RAMP},noise=alls=20:allf=t`;
  const sources = {
    "an MP4": await bench.source({ name: "a.mp4", picture, seconds: 11 }),
    "an MP4 whose pictures follow each other unevenly": await bench.source({
      ...{
        name: "b.mp4",
        picture: `${picture},select='mod(n,7)',setpts=PTS+0.003/TB*mod(N\\,3)`,
        seconds: 11,
      },
      output: ["-fps_mode", "vfr", "-video_track_timescale", "90000"],
    }),
    "a transport stream": await bench.source({
      name: "c.ts",
      picture,
      seconds: 11,
      output: ["-f", "mpegts"],
    }),
    "an interlaced Matroska file": await bench.source({
      ...{ name: "d.mkv", picture: `${picture},tinterlace=interleave_top`, seconds: 11 },
      output: ["-flags", "+ildct+ilme", "-x264-params", "tff=1"],
    }),
  };

  /** The plan of a clip of two stretches, in which the window rests, moves and shows all; its captions are drawn. */
  const aPlan = async (file: string): Promise<ClipPlan & { dir: string }> => {
    if (!tools) throw new Error("needs ffmpeg");
    const info = await probeMedia(tools, file, new AbortController().signal);
    const source = { file, info } as FetchedSource;
    const rate = outputRate(info.video?.fps ?? 0, 30);
    const timeline = clipTimeline(
      SEGMENTS.map((one) => ({ ...one, text: "" })),
      rate,
    );
    const style = await captionStyle({ renderWidth: 270, renderHeight: 480, captionFont: "Roboto" } as never);
    const path = [
      { at: 1.5, x: 20, y: 0 },
      { at: 4, x: 200, y: 0 },
    ];
    const shots = [crop(0, 1.5, 20), crop(1.5, 4, 20, { path }), crop(4, 9, 0, { layout: "fit", w: 320 })];
    const size = { width: 270, height: 480 };
    const dir = join(bench.folder, `plan-${basename(file)}`);
    await mkdir(join(dir, "fonts"), { recursive: true });
    await copyFile(ROBOTO_BLACK.file, join(dir, "fonts", basename(ROBOTO_BLACK.file)));
    const words = ["one", "two", "three", "four"].map((text, i) => ({
      ...{ text, start: i * 1.4, end: i * 1.4 + 1.3, glued: false },
    }));
    const cues = words.map((word) => ({ start: word.start, end: word.end, lines: [[word]] }));
    const ass = captionsAss(cues as never, style, rate.fps);
    await writeFile(join(dir, "captions.ass"), ass);
    await writeFile(join(dir, "mark.ass"), ass);
    const silence = ["-f", "lavfi", "-i", "anullsrc", "-t", "6", "-c:a", "aac", "-f", "mp4"];
    await bench.decode("-y", ...silence, join(dir, "sound.m4a"));
    return {
      ...{ dir, source, timeline, pieces: clipPieces(timeline, shots, source.info.video, size), ...size },
      ...{ colours: "bt709", captioned: true, captionTop: 300, cover: [20, 120], decoder: "cpu" },
      ...{ encoder: "libx264", crf: 20, preset: "ultrafast", threads: 1, preview: true },
    };
  };

  const run = (plan: { dir: string }, args: string[]) =>
    promisify(execFile)(tools?.ffmpeg ?? "", ["-v", "error", "-y", ...args], { cwd: plan.dir });
  /** ffmpeg's arguments with which the clip's pictures, and they alone, go somewhere else. */
  const picturesTo = (plan: ClipPlan, ...output: string[]) => {
    const args = clipArgs(plan);
    const others = ["[cover]", "[pairs]", "[watched]", "[preview]"];
    return [
      ...args.slice(0, args.indexOf("[cover]") - 1),
      ...others.flatMap((name) => ["-map", name, "-f", "null", "-"]),
      ...["-map", "[clip]", "-fps_mode", "passthrough", ...output],
    ];
  };

  /** What the clip's encoder is given: a hash of each frame. */
  const framesOf = async (plan: ClipPlan & { dir: string }): Promise<string[]> => {
    await run(plan, picturesTo(plan, "-f", "framehash", "frames.txt"));
    const lines = (await readFile(join(plan.dir, "frames.txt"), "utf8")).split("\n");
    return lines.filter((line) => /^0,/.test(line)).map((line) => line.split(",").at(-1)?.trim() ?? "");
  };

  test.each(Object.entries(sources))("gives the frames of %s as the whole clip has them", async (_, file) => {
    const plan = await aPlan(file);
    const all = await framesOf(plan);
    expect(all).toHaveLength(plan.timeline.frames);
    const half = plan.timeline.stretches[0]?.frames ?? 0;
    const stretches = [
      { first: 0, end: 20 },
      { first: 40, end: 70 },
      { first: half - 9, end: half + 12 },
      { first: half + 30, end: all.length },
    ];
    for (const { first, end } of stretches) {
      const part = partOfClip(plan, { first, end }, { clip: [], preview: [] });
      expect(await framesOf({ ...part, dir: plan.dir })).toEqual(all.slice(first, end));
    }
  });

  test("encoded by itself a part has a key frame where the whole has it, and looks as good", async () => {
    const plan = { ...(await aPlan(sources["an MP4"])), preset: "superfast", crf: 21 };
    await run(plan, [...clipArgs(plan), "whole.mp4"]);
    await run(plan, picturesTo(plan, "-c:v", "ffv1", "unencoded.mkv"));
    const read = async (name: string) => readOwnMp4(await readFile(join(plan.dir, name)));
    const stretches = closedStretches(await read("whole.mp4"));
    const last = stretches.length - 1;
    for (const one of [stretches[1], stretches[last]]) {
      if (!one) throw new Error("no stretch");
      const [{ outer } = { outer: one }] = spansOf([one], stretches, stretches);
      const keys = [one.first];
      const part = partOfClip(plan, outer, { clip: keys, preview: keys });
      await run(plan, [...clipArgs(part), "part.mp4"]);
      const made = await read("part.mp4");
      const warmUp = one.first - outer.first;
      expect(closedStretches(made).map(({ first }) => first)).toContain(warmUp);
      expect(made.samples).toHaveLength(one.end - outer.first);
      // mean squared error of these frames against what the encoder was given
      const error = async (name: string, offset: number) => {
        const cut = (by: number) =>
          `trim=start_frame=${one.first - by}:end_frame=${one.end - by},setpts=N/30/TB`;
        const graph = `[0:v]${cut(offset)}[a];[1:v]${cut(0)}[b];[a][b]psnr=stats_file=-`;
        const inputs = ["-i", name, "-i", "unencoded.mkv"];
        const { stdout } = await run(plan, [...inputs, "-filter_complex", graph, "-f", "null", "-"]);
        const all = Array.from(stdout.matchAll(/mse_y:(\S+)/g), ([, mse]) => Number(mse));
        expect(all).toHaveLength(one.end - one.first);
        return all.reduce((sum, mse) => sum + mse, 0) / all.length;
      };
      const worse = 10 * Math.log10((await error("part.mp4", outer.first)) / (await error("whole.mp4", 0)));
      expect(worse).toBeLessThan(0.1); // dB
    }
  });
});
