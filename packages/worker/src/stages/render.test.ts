import { chmod, copyFile, mkdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { aClip, BLACK, createRenderBench, crop, HALVES, RAMP, tools } from "./testing-render.ts";

describe.skipIf(!tools)("renderClips (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const { source, render, lumas } = bench;

  const wordsFrom = (start: number, ...texts: string[]) =>
    texts.map((word, i) => ({ word, start: start + i * 0.4, end: start + i * 0.4 + 0.35 }));

  test("a clip is what platforms want, with preview, cover and subtitles, and says how far it is", async () => {
    const secret = ["-metadata", "title=secret", "-metadata:s:v", "handler_name=secret"];
    const file = await source({ name: "talk.mp4", picture: RAMP, seconds: 4, output: secret });
    const words = wordsFrom(1.2, "So", "this", "is", "it.");
    const messages: string[] = [];
    const { made, left, dir, clip, failure } = await render(file, {
      clips: [aClip([[1.01, 3.01]], { words }), aClip([[2, 3]], { index: 2 })],
      onProgress: (fraction, message) => messages.push(`${fraction.toFixed(2)} ${message}`),
    });
    expect(failure).toBeUndefined();
    expect(made[0]).toMatchObject({
      ...{ index: 1, durationSeconds: 2, width: 270, height: 480, captioned: true, encoder: "libx264" },
      files: {
        clip: "clip_01.mp4",
        preview: "clip_01_preview.mp4",
        cover: "clip_01.jpg",
        ass: "clip_01.ass",
      },
    });
    expect(made[1]).toMatchObject({ index: 2, captioned: false, files: { srt: null, vtt: null, ass: null } });
    expect(left).toEqual([
      ...["clip_01.ass", "clip_01.jpg", "clip_01.mp4", "clip_01.srt", "clip_01.vtt", "clip_01_preview.mp4"],
      ...["clip_02.jpg", "clip_02.mp4", "clip_02_preview.mp4"],
    ]);
    expect((await stat(join(dir, "clip_01.jpg"))).size).toBeGreaterThan(500);
    expect((await readFile(clip)).includes("secret")).toBe(false);
    expect(await readFile(join(dir, "clip_01.srt"), "utf8")).toContain("00:00:00,190 --> ");
    // the picture on screen at 1.01 s is frame 30; nothing is skipped or repeated after it
    const [own, shown] = [await lumas(file), await lumas(clip, "iw:60:0:0")];
    expect(shown).toHaveLength(60);
    for (const [i, luma] of shown.entries())
      expect(Math.abs(luma - (own[30 + i] ?? 0)), `frame ${i}`).toBeLessThan(3);
    expect(messages[0]).toBe("0.00 Preparing clip 1 of 2");
    expect(messages.at(-1)).toBe("1.00 Rendering clip 2 of 2, 100 %");
    const fractions = messages.map((message) => Number.parseFloat(message));
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  test("the preview is half the size, as long, and marked all over", async () => {
    const file = await source({ name: "plain.mp4", picture: BLACK, seconds: 2 });
    const { dir, clip } = await render(file, { clips: [aClip([[0, 1]])] });
    const preview = join(dir, "clip_01_preview.mp4");
    const [brightest, clipBrightest] = [
      await lumas(preview, undefined, "YMAX"),
      await lumas(clip, undefined, "YMAX"),
    ];
    expect(brightest).toHaveLength(30);
    for (const luma of brightest) expect(luma).toBeGreaterThan(60);
    expect(Math.max(...clipBrightest)).toBe(0);
    for (const third of ["iw:ih/3:0:0", "iw:ih/3:0:ih/3", "iw:ih/3:0:2*ih/3"])
      expect((await lumas(preview, third, "YMAX"))[15], third).toBeGreaterThan(60);
  });

  test("a clip that nobody has to pay for has no preview, and is good without", async () => {
    const file = await source({ name: "free.mp4", picture: RAMP, seconds: 2 });
    const { made, left } = await render(file, { clips: [aClip([[0, 1]])], preview: false });
    expect(made).toMatchObject([{ files: { preview: null }, qc: { verdict: "ok" } }]);
    expect(left).toEqual(["clip_01.jpg", "clip_01.mp4"]);
  });

  test("the window jumps on the very frame of the cut, also between layouts", async () => {
    const file = await source({ name: "halves.mp4", picture: HALVES, seconds: 3 });
    const shots = [
      crop(0, 0.7, 0),
      crop(0.7, 1.3, 200),
      crop(1.3, 1.7, 0, { layout: "fit", w: 320 }),
      crop(1.7, 2, 0),
    ];
    // begins between two frames of the source
    const { clip, failure } = await render(file, { clips: [aClip([[0.517, 2.517]])], frames: shots });
    expect(failure).toBeUndefined();
    const shown = await lumas(clip, "60:60:200:210"); // right of the middle: black in a whole picture
    const colours = shown.map((luma) => (luma > 128 ? "white" : "black"));
    expect(colours.lastIndexOf("white", 30)).toBe(20);
    expect(colours.indexOf("white", 21)).toBe(51);
    const corner = await lumas(clip, "40:40:0:0"); // in a whole picture: its blur, which is darker
    expect(corner[38]).toBeLessThan(10);
    expect(corner[39]).toBeGreaterThan(100);
    expect(corner[39]).toBeLessThan(230);
    expect(corner[51]).toBeGreaterThan(250);
  });

  test("several segments follow each other frame by frame, in the order of the EDL", async () => {
    const file = await source({ name: "ramp.mp4", picture: RAMP, seconds: 6 });
    const segments: [number, number][] = [
      [4, 5],
      [0.5, 1.25],
      [3, 3.4],
    ];
    const { clip, failure } = await render(file, { clips: [aClip(segments)] });
    expect(failure).toBeUndefined();
    const from = (frame: number, count: number) => Array.from({ length: count }, (_, i) => frame + i);
    const expected = [...from(120, 30), ...from(15, 23), ...from(90, 12)]; // 2.15 s are 65 frames
    const [own, shown] = [await lumas(file), await lumas(clip)];
    expect(shown).toHaveLength(expected.length);
    for (const [i, frame] of expected.entries())
      expect(Math.abs((shown[i] ?? 0) - (own[frame] ?? 0)), `frame ${i}`).toBeLessThan(3);
  });

  test("captions of any text are seen, and only inside their box", async () => {
    const file = await source({ name: "black.mp4", picture: BLACK, seconds: 3 });
    const texts = [
      "{\\alpha&HFF&}hello",
      "{\\pos(-900,-900)\\fscx10000}WWWWWWWWWWWWWWWWWWWWWWWWW",
      "a\nDialogue: 9,0:00:00.00,gy",
      "中文字幕测试一下吧",
    ];
    const words = texts.map((word, i) => ({ word, start: i * 0.7, end: i * 0.7 + 0.7 }));
    const { failure, clip } = await render(file, { clips: [aClip([[0, 3]], { words })], size: [540, 960] });
    expect(failure).toBeUndefined();
    for (const luma of await lumas(clip, undefined, "YMAX")) expect(luma).toBeGreaterThan(150);
    const [left, right, foot] = [32, 465, 720]; // x 65..930 and y up to 1440 of 1080x1920
    for (const outside of [
      `${left}:ih:0:0`,
      `iw-${right}:ih:${right}:0`,
      `iw:ih-${foot}:0:${foot}`,
      "iw:500:0:0",
    ])
      expect(Math.max(...(await lumas(clip, outside, "YMAX"))), outside).toBe(0);
  });

  test("a video that was cut off is refused with the second where it ends, never rendered short", async () => {
    const noise = "testsrc=s=320x180:r=30,noise=alls=20:allf=t";
    const whole = await source({ name: "whole.mp4", picture: noise, seconds: 6 });
    const file = join(bench.folder, "cut-off.mp4");
    await copyFile(whole, file);
    await truncate(file, Math.round((await stat(whole)).size * 0.6));
    const middle = await render(file, { clips: [aClip([[2, 5]])] });
    expect(middle.failure).toMatchObject({
      code: "SOURCE_TRUNCATED",
      message: expect.stringMatching(/ends at about [34] s/),
    });
    const after = await render(file, { clips: [aClip([[4.5, 5.5]])] });
    expect(after.failure).toMatchObject({ code: "SOURCE_TRUNCATED" });
    expect([middle.left, after.left]).toEqual([[], []]);
  });

  test("a clip that is too large for its length is encoded again until it is small enough", async () => {
    const file = await source({
      name: "noise.mp4",
      picture: "testsrc2=s=320x180:r=30,noise=alls=40:allf=t",
      seconds: 1.5,
    });
    const fractions: number[] = [];
    const { clip, notes, failure } = await render(file, {
      clips: [aClip([[0, 1]])],
      onProgress: (fraction) => fractions.push(fraction),
    });
    expect(failure).toBeUndefined();
    expect(notes).toContainEqual(expect.stringMatching(/^too_large .*"crf":[34]\d/));
    expect((await stat(clip)).size * 8).toBeLessThan(5_000_000 / 16 + 200_000); // its sound has 160 kbit/s
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  });

  test("an abort ends the work with its reason and leaves nothing behind", async () => {
    const file = await source({ name: "long.mp4", picture: `${RAMP},noise=alls=20:allf=t`, seconds: 12 });
    const stop = new AbortController();
    const { failure, left } = await render(file, {
      clips: [aClip([[0, 11]])],
      signal: stop.signal,
      size: [1080, 1920],
      onProgress: (fraction) => fraction > 0 && stop.abort(new Error("cancelled by the user")),
    });
    expect(failure).toMatchObject({ message: "cancelled by the user" });
    expect(left).toEqual([]);
  });

  /** A fake ffmpeg whose NVENC passes its trial and then does as `script` says; the settings ask for it, as no card is seen here. */
  const withNvenc = async (name: string, script: string) => {
    const ffmpeg = join(bench.folder, name);
    await writeFile(ffmpeg, `#!/bin/sh\n${script}\nexec ${tools?.ffmpeg} "$@"\n`);
    await chmod(ffmpeg, 0o755);
    return { ...tools, ffmpeg } as typeof tools & object;
  };
  const settings = { encoder: "h264_nvenc" } as const;

  test("where NVENC has no session left in the middle, it is asked once more, then x264 renders that clip", async () => {
    const busy = `echo x >> ${join(bench.folder, "tries")}; echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1`;
    const script = `case "$*" in *s=256x256*) exit 0;; *h264_nvenc*) ${busy};; esac`;
    const file = await source({ name: "nvenc.mp4", picture: RAMP, seconds: 1.5 });
    const clips = [aClip([[0, 1]]), aClip([[0.2, 1.2]], { index: 2 })];
    const { failure, made, notes } = await render(file, {
      clips,
      settings,
      tools: await withNvenc("busy", script),
    });
    expect(failure).toBeUndefined();
    expect(made[0]).toMatchObject({
      encoder: "libx264",
      encoderReason: expect.stringContaining("SESSION_LIMIT"),
    });
    expect(notes).toContainEqual(expect.stringMatching(/^encoder .*"clip":1.*SESSION_LIMIT/));
    expect(await readFile(join(bench.folder, "tries"), "utf8")).toBe("x\nx\nx\nx\n"); // and again for the next clip
  });

  test("a card that fails is not asked again in this job, whatever ffmpeg calls its failure", async () => {
    // what a newer ffmpeg ends with sounds as if the machine had no memory left
    const fails = `echo x >> ${join(bench.folder, "lost")}; echo 'CUDA_ERROR_UNKNOWN: unknown error' >&2; echo 'Cannot allocate memory' >&2; exit 1`;
    const script = `case "$*" in *s=256x256*) exit 0;; *h264_nvenc*) ${fails};; esac`;
    const file = await source({ name: "lost.mp4", picture: RAMP, seconds: 1.5 });
    const clips = [aClip([[0, 1]]), aClip([[0.2, 1.2]], { index: 2 })];
    const { failure, made, clip } = await render(file, {
      clips,
      settings,
      tools: await withNvenc("lost-card", script),
    });
    expect(failure).toBeUndefined();
    expect(made.map(({ encoder, encoderReason }) => [encoder, encoderReason?.slice(0, 9)])).toEqual([
      ["libx264", "NO_DEVICE"],
      ["libx264", "NO_DEVICE"],
    ]);
    expect(await readFile(join(bench.folder, "lost"), "utf8")).toBe("x\n");
    const plain = await render(file, { clips });
    const digests = (one: string) => bench.decode("-i", one, "-map", "0:v", "-f", "framemd5", "-");
    expect(`${await digests(clip)}`).toBe(`${await digests(plain.clip)}`); // as if there had been no card
  });

  test("what the card has made is looked at, and made again where it is not what platforms want", async () => {
    // it ends well, but in another profile
    const script = `case "$*" in *s=256x256*) exit 0;; *h264_nvenc*) exec ${join(bench.folder, "baseline")} "$@";; esac`;
    await writeFile(
      join(bench.folder, "baseline"),
      `#!/bin/sh\nn=$#\nwhile [ $n -gt 0 ]; do a=$1; shift; n=$((n - 1)); case "$a" in -tune|-rc|-cq|-b:v|-spatial-aq|-temporal-aq) shift; n=$((n - 1));; h264_nvenc) set -- "$@" libx264;; p[1-7]) set -- "$@" ultrafast;; high) set -- "$@" baseline;; *) set -- "$@" "$a";; esac; done\nexec ${tools?.ffmpeg} "$@"\n`,
    );
    await chmod(join(bench.folder, "baseline"), 0o755);
    const file = await source({ name: "profile.mp4", picture: RAMP, seconds: 1.5 });
    const { failure, made } = await render(file, {
      ...{ settings, clips: [aClip([[0, 1]])], tools: await withNvenc("profile", script) },
    });
    expect(failure).toBeUndefined();
    expect(made[0]).toMatchObject({
      encoder: "libx264",
      encoderReason: expect.stringContaining("its codec"),
    });
  });

  test("what the processor cannot do either is told as its failure", async () => {
    const script = `case "$*" in *s=256x256*) exit 0;; *h264_nvenc*) echo 'CUDA_ERROR_UNKNOWN' >&2; exit 1;; *-map*clip*) echo 'x264 broke' >&2; exit 1;; esac`;
    const file = await source({ name: "both.mp4", picture: RAMP, seconds: 1.5 });
    const { failure } = await render(file, {
      settings,
      clips: [aClip([[0, 1]])],
      tools: await withNvenc("both", script),
    });
    expect(failure).toMatchObject({
      code: "RENDER_FAILED",
      cause: { message: expect.stringContaining("x264 broke") },
    });
  });

  test("clips that are encoded at the same time come in the EDL's order, and progress never goes back", async () => {
    const marks = join(bench.folder, "marks");
    await mkdir(marks);
    // the second clip's encoding waits for the third one's to begin
    const waits = `i=0; while [ ! -e ${marks}/clip_03 ] && [ $i -lt 300 ]; do sleep 0.1; i=$((i + 1)); done; ls ${marks} > ${marks}.seen`;
    const script = `case "$*" in *preview.mp4*) n=$(basename "$PWD"); : > ${marks}/$n; if [ $n = clip_02 ]; then ${waits}; fi;; esac`;
    const file = await source({ name: "many.mp4", picture: RAMP, seconds: 4 });
    const clips = [0, 1, 2].map((start) => aClip([[start, start + 1]], { index: start + 1 }));
    const fractions: number[] = [];
    const { made, failure } = await render(file, {
      ...{ clips, settings: { threads: 2 }, tools: await withNvenc("together", script) }, // two at once by x264
      onProgress: (fraction) => fractions.push(fraction),
    });
    expect(failure).toBeUndefined();
    expect(await readFile(`${marks}.seen`, "utf8")).toBe("clip_01\nclip_02\nclip_03\n");
    expect(made.map(({ index }) => index)).toEqual([1, 2, 3]);
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
  });

  test("the same clip twice is the same picture", async () => {
    const file = await source({ name: "twice.mp4", picture: "testsrc2=s=320x180:r=30", seconds: 1.5 });
    const clips = [aClip([[0.3, 1.3]], { words: wordsFrom(0.4, "same", "again") })];
    const [once, again] = [await render(file, { clips }), await render(file, { clips })];
    const digests = (clip: string) => bench.decode("-i", clip, "-map", "0:v", "-f", "framemd5", "-");
    expect(`${await digests(again.clip)}`).toBe(`${await digests(once.clip)}`);
  });
});
