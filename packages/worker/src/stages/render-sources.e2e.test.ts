import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { aClip, createRenderBench, crop, HALVES, RAMP, tools } from "./testing-render.ts";

/** Writes a quarter turn into a file's track header (ISO 14496-12, the matrix of tkhd), as phones do. */
async function turn(file: string): Promise<void> {
  const at = (await readFile(file)).indexOf("tkhd") + 44;
  const matrix = Buffer.alloc(36);
  for (const [i, value] of [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].entries())
    matrix.writeInt32BE(value, 4 * i);
  await using handle = await open(file, "r+");
  await handle.write(matrix, 0, 36, at);
}

describe.skipIf(!tools)("sources of every kind (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const { source, render, lumas } = bench;

  test("a picture that stays for seconds is shown from the clip's first frame on", async () => {
    const slides = `${RAMP},select='not(mod(n,80))',setpts=N*4/TB,trim=end=9`;
    const file = await source({
      name: "slides.mp4",
      picture: slides,
      seconds: 9,
      output: ["-fps_mode", "vfr"],
    });
    const { clip, failure } = await render(file, { clips: [aClip([[2, 5]])] });
    expect(failure).toBeUndefined();
    const shown = await lumas(clip);
    const change = shown.findIndex((luma) => Math.abs(luma - (shown[0] ?? 0)) > 20);
    expect(Math.abs(change / shown.length - 2 / 3)).toBeLessThan(0.02);
  });

  test.each([
    ["a transport stream", "sync.ts", [], 1.51, 0.022], // its AAC is late by a frame of its own
    ["sound that starts late", "sync.mkv", ["-af", "asetpts=PTS+0.4/TB"], 0, 0.4],
  ])("picture and sound stay together: %s", async (_title, name, output, start, lateSeconds) => {
    const flash =
      "color=black:s=320x180:r=30,drawbox=w=320:h=180:color=white:t=fill:enable='between(n,60,62)'";
    const sound = "aevalsrc='0.5*sin(6283*t)*between(t,2,2.1)+0.001*sin(900*t)':s=48000";
    const file = await source({
      name,
      picture: flash,
      seconds: 5,
      sound,
      output: ["-c:a", "aac", ...output],
    });
    const { clip, failure } = await render(file, { clips: [aClip([[start, 3]])] });
    expect(failure).toBeUndefined();
    expect((await lumas(clip)).findIndex((luma) => luma > 128)).toBe(Math.round((2 - start) * 30));
    const bytes = await bench.decode("-i", clip, "-map", "0:a", "-ac", "1", "-f", "f32le", "-");
    const samples = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    const onset = samples.findIndex((sample) => Math.abs(sample) > 0.15) / 48_000;
    expect(Math.abs(onset - (2 - start + lateSeconds))).toBeLessThan(0.02);
  });

  test("a turned phone video stands upright", async () => {
    const upperHalf = "color=black:s=320x180:r=30,drawbox=w=320:h=90:color=white:t=fill";
    const file = await source({ name: "turned.mp4", picture: upperHalf, seconds: 1.5 });
    await turn(file);
    const { clip, failure } = await render(file, {
      clips: [aClip([[0, 1]])],
      frames: [crop(0, 1, 0, { w: 180, h: 320 })],
    });
    expect(failure).toBeUndefined();
    // turned clockwise, the upper half lies on the right
    const [left, right] = [await lumas(clip, "iw/2-20:ih:0:0"), await lumas(clip, "iw/2-20:ih:iw/2+20:0")];
    expect([left[10], right[10]]).toEqual([0, 255]);
  });

  test("pixels that are not square are squared, and the window is cut where it was meant", async () => {
    const narrow = "color=black:s=160x180:r=30,drawbox=w=80:h=180:color=white:t=fill,setsar=2";
    const file = await source({ name: "anamorphic.mp4", picture: narrow, seconds: 2 });
    const { clip, failure } = await render(file, { frames: [crop(0, 1, 40), crop(1, 2, 180)] });
    expect(failure).toBeUndefined();
    const shown = await lumas(clip);
    expect([shown[29], shown[30]]).toEqual([255, 0]);
  });

  test.each([
    ["16x16", 16, 16],
    ["odd sides", 321, 181],
    ["a tall strip", 64, 512],
  ])("a source of %s gives a whole clip, cut and fitted", async (_title, width, height) => {
    const file = await source({
      name: `size${width}.mkv`,
      picture: `testsrc=s=${width}x${height}:r=24`,
      seconds: 1.5,
      output: ["-pix_fmt", "yuv444p"],
    });
    const frames = [crop(0, 0.5, 0, { w: width, h: height }), crop(0.5, 1, 0, { layout: "fit" })];
    const { failure, made } = await render(file, { clips: [aClip([[0, 1]])], frames });
    expect(failure).toBeUndefined();
    expect(made[0]?.durationSeconds).toBe(1);
  });

  test("a source without sound gets a silent track", async () => {
    const file = await source({ name: "mute.mp4", picture: RAMP, seconds: 1.5, sound: null });
    const { failure, clip } = await render(file, { clips: [aClip([[0, 1]])] });
    expect(failure).toBeUndefined();
    const bytes = await bench.decode("-i", clip, "-map", "0:a", "-f", "s16le", "-");
    expect(bytes.length).toBeGreaterThanOrEqual(48_000 * 4);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });

  test("HDR is brought to ordinary colours", async () => {
    const tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
    const output = ["-pix_fmt", "yuv420p10le", ...tags];
    const file = await source({ name: "hdr.mp4", picture: HALVES, seconds: 1.5, output });
    const { failure, clip } = await render(file, { clips: [aClip([[0, 1]])] });
    expect(failure).toBeUndefined();
    expect((await lumas(clip))[10]).toBeGreaterThan(200);
  });

  test("red of an untagged SD source, which is BT.601, is still red, in the clip and on its cover", async () => {
    const file = await source({ name: "red.mp4", picture: "color=red:s=320x180:r=30", seconds: 1.5 });
    const { clip, dir } = await render(file, { clips: [aClip([[0, 1]])] });
    for (const picture of [clip, join(dir, "clip_01.jpg")]) {
      const pixels = ["-frames:v", "1", "-vf", "crop=4:4:20:20,format=rgb24", "-f", "rawvideo", "-"];
      const [red = 0, green = 255, blue = 255] = await bench.decode("-i", picture, ...pixels);
      expect([red > 245, green < 10, blue < 10], `${red} ${green} ${blue}`).toEqual([true, true, true]);
    }
  });
});
