import { execFile } from "node:child_process";
import {
  chmod,
  copyFile,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { EdlClip, type ShotFrame } from "@kangklip/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findTools, type Tools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext, WorkerSettings } from "../stage.ts";
import { renderClips } from "./render.ts";

const exec = promisify(execFile);
const found = await findTools({}).catch(() => null);
const withMedia = test.skipIf(!found);
const [WIDTH, HEIGHT] = [270, 480];

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), "kangklip-render-"));
});
afterAll(() => rm(work, { recursive: true, force: true }));

const settings = {
  ...{ renderWidth: WIDTH, renderHeight: HEIGHT, renderCrf: 20, renderPreset: "ultrafast", renderMaxFps: 30 },
  ...{
    captionFont: "Roboto",
    captionFontSize: undefined,
    captionMaxChars: undefined,
    captionMaxLines: undefined,
  },
  ...{ captionMarginH: undefined, captionMarginV: undefined, threads: 2 },
} as WorkerSettings;

/** Luma rises by 4 with every frame from 20 on and starts again after 50 frames: each picture tells its own number. */
const RAMP = "nullsrc=s=16x16:r=30,geq=lum='20+4*mod(N,50)':cb=128:cr=128,scale=320:180:flags=neighbor";
/** White on the left, black on the right. */
const HALVES = "color=black:s=320x180:r=30,drawbox=x=0:y=0:w=160:h=180:color=white:t=fill";
const TONE = ["-f", "lavfi", "-i", "sine=f=440:r=48000"];

/** Makes a source of `seconds` seconds. */
async function sourceFile(
  name: string,
  graph: string,
  seconds: number,
  output: string[] = [],
  sound = TONE,
): Promise<string> {
  const file = join(work, name);
  const inputs = ["-f", "lavfi", "-i", graph, ...sound, "-t", `${seconds}`];
  const h264 = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-pix_fmt",
    "yuv420p",
    "-g",
    "60",
    "-movflags",
    "+faststart",
  ];
  await exec(found?.ffmpeg ?? "ffmpeg", ["-v", "error", "-y", ...inputs, ...h264, ...output, file]);
  return file;
}

const crop = (start: number, end: number, x: number, reason = "face"): ShotFrame => ({
  ...{ start, end, layout: "crop", x, y: 0, w: 102, h: 180, reason },
});
const aClip = (segments: [number, number][], over: Partial<EdlClip> = {}) =>
  EdlClip.parse({
    ...{
      index: 1,
      title: "t",
      hook: "h",
      segments: segments.map(([start, end]) => ({ start, end, text: "" })),
    },
    ...over,
  });
const wordsFrom = (start: number, ...texts: string[]) =>
  texts.map((word, i) => ({ word, start: start + i * 0.4, end: start + i * 0.4 + 0.35 }));

interface Rendering {
  clips?: EdlClip[];
  frames?: ShotFrame[];
  tools?: Tools;
  signal?: AbortSignal;
  size?: [width: number, height: number];
  onProgress?: StageContext["progress"];
}

/** Renders clips of a source into a folder of their own. */
async function render(file: string, rendering: Rendering = {}) {
  const { clips = [aClip([[0, 2]])], frames = [crop(0, 60, 0)], onProgress = () => {} } = rendering;
  const {
    tools = found as Tools,
    signal = new AbortController().signal,
    size: [width, height] = [WIDTH, HEIGHT],
  } = rendering;
  const dir = await mkdtemp(join(work, "attempt-"));
  const notes: string[] = [];
  const context = {
    ...{
      dir,
      tools,
      signal,
      progress: onProgress,
      settings: { ...settings, renderWidth: width, renderHeight: height },
    },
    notice: (text: string) => void notes.push(text),
    log: (event: string, fields?: Record<string, unknown>) =>
      void notes.push(`${event} ${JSON.stringify(fields)}`),
  } as unknown as StageContext;
  const info = await probeMedia(tools, file, signal);
  const framing: Framing = { frames, shots: 1, detected: 1, backend: "test", reason: null, error: null };
  const made: RenderedClip[] = [];
  const rendered = renderClips(context, { file, info } as FetchedSource, clips, async () => framing);
  const failure = await (async () => {
    for await (const clip of rendered) made.push(clip);
  })().catch((error: unknown) => error);
  const clip = join(dir, "clip_01.mp4");
  return { dir, made, failure, notes, clip, left: (await readdir(dir)).sort() };
}

/** Mean or highest luma of a part of each frame, 0 (black) to 255 (white). */
async function lumas(file: string, part = "iw:ih:0:0", figure: "YAVG" | "YMAX" = "YAVG"): Promise<number[]> {
  const filter = `crop=${part},signalstats,metadata=mode=print:key=lavfi.signalstats.${figure}:file=-`;
  const args = ["-v", "error", "-i", file, "-map", "0:v", "-vf", filter, "-f", "null", "-"];
  const { stdout } = await exec(found?.ffmpeg ?? "ffmpeg", args, { maxBuffer: 1 << 26 });
  return Array.from(stdout.matchAll(/=([\d.]+)/g), ([, level]) =>
    Math.round(((Number(level) - 16) * 255) / 219),
  );
}

withMedia(
  "a clip comes with its preview, cover and subtitles, is what platforms want, and reports how far it is",
  async () => {
    const file = await sourceFile("talk.mp4", RAMP, 5, [
      "-metadata",
      "title=secret",
      "-metadata:s:v",
      "handler_name=secret",
    ]);
    const messages: string[] = [];
    const clips = [
      aClip([[1.01, 3.01]], { words: wordsFrom(1.2, "So", "this", "is", "it.") }),
      aClip([[2, 3]], { index: 2 }),
    ];
    const { made, left, dir, clip, failure } = await render(file, {
      clips,
      onProgress: (fraction, message) => messages.push(`${fraction.toFixed(2)} ${message}`),
    });
    expect(failure).toBeUndefined();
    expect(made[0]).toMatchObject({
      ...{ index: 1, durationSeconds: 2, width: WIDTH, height: HEIGHT, captioned: true, encoder: "libx264" },
      files: {
        clip: "clip_01.mp4",
        preview: "clip_01_preview.mp4",
        cover: "clip_01.jpg",
        srt: "clip_01.srt",
        ass: "clip_01.ass",
      },
    });
    expect(made[1]).toMatchObject({ index: 2, captioned: false, files: { srt: null, vtt: null, ass: null } });
    expect(left).toEqual([
      ...["clip_01.ass", "clip_01.jpg", "clip_01.mp4", "clip_01.srt", "clip_01.vtt", "clip_01_preview.mp4"],
      ...["clip_02.jpg", "clip_02.mp4", "clip_02_preview.mp4"],
    ]);
    // the picture on screen at 1.01 s is frame 30; nothing is skipped or repeated after it
    const [shown, preview] = [
      await lumas(clip, "iw:60:0:0"),
      await lumas(join(dir, "clip_01_preview.mp4"), "4:4:0:0"),
    ];
    expect([shown.length, preview.length]).toEqual([60, 60]);
    const own = await lumas(file);
    for (const [i, luma] of shown.entries())
      expect(Math.abs(luma - (own[30 + i] ?? 0)), `frame ${i}`).toBeLessThan(3);
    expect((await readFile(clip)).includes("secret")).toBe(false);
    expect(await readFile(join(dir, "clip_01.srt"), "utf8")).toContain("00:00:00,190 --> ");
    expect(messages[0]).toBe("0.00 Preparing clip 1 of 2");
    expect(messages.at(-1)).toBe("1.00 Rendering clip 2 of 2, 100 %");
    expect((await stat(join(dir, "clip_01.jpg"))).size).toBeGreaterThan(1000);
  },
);

withMedia("the window jumps on the very frame of the cut, also between layouts", async () => {
  const file = await sourceFile("halves.mp4", HALVES, 4);
  // at 0.517 s of the source's clock, between two frames
  const frames = [
    crop(0, 0.7, 0),
    crop(0.7, 1.3, 200),
    { ...crop(1.3, 1.7, 0), layout: "fit" as const },
    crop(1.7, 2, 0),
  ];
  const { clip, failure } = await render(file, { clips: [aClip([[0.517, 2.517]])], frames });
  expect(failure).toBeUndefined();
  const shown = await lumas(clip, "60:60:200:210"); // right of the middle: black in a whole picture
  const runs = shown.map((luma) => (luma > 128 ? "white" : "black"));
  expect(runs.lastIndexOf("white", 30)).toBe(20);
  expect(runs.indexOf("white", 21)).toBe(51);
  const corner = await lumas(clip, "40:40:0:0"); // in a whole picture: its blur, which is darker
  expect(corner[38]).toBeLessThan(10);
  expect(corner[39]).toBeGreaterThan(100);
  expect(corner[39]).toBeLessThan(230);
  expect(corner[51]).toBeGreaterThan(250);
});

withMedia("several segments follow each other frame by frame", async () => {
  const file = await sourceFile("ramp.mp4", RAMP, 6);
  const { clip, failure, made } = await render(file, {
    clips: [
      aClip([
        [4, 5],
        [0.5, 1.25],
        [3, 3.4],
      ]),
    ],
  });
  expect(failure).toBeUndefined();
  expect(made[0]?.durationSeconds).toBeCloseTo(2.15, 1); // 2.15 s are 64.5 frames
  const shown = await lumas(clip);
  const expected = [...Array(30).keys()]
    .map((i) => 120 + i)
    .concat(
      [...Array(23).keys()].map((i) => 15 + i),
      [...Array(12).keys()].map((i) => 90 + i),
    );
  expect(shown).toHaveLength(65);
  const own = await lumas(file);
  for (const [i, luma] of shown.entries())
    expect(Math.abs(luma - (own[expected[i] ?? 0] ?? 0)), `frame ${i}`).toBeLessThan(3);
});

withMedia("a picture that stays for seconds is shown from the clip's first frame on", async () => {
  const slides = `${RAMP},select='not(mod(n,80))',setpts=N*4/TB,trim=end=9`;
  const file = await sourceFile("slides.mp4", slides, 9, ["-fps_mode", "vfr"]);
  const { clip, failure } = await render(file, { clips: [aClip([[2, 5]])] });
  expect(failure).toBeUndefined();
  const shown = await lumas(clip);
  const change = shown.findIndex((luma) => Math.abs(luma - (shown[0] ?? 0)) > 20);
  expect(Math.abs(change / shown.length - 2 / 3)).toBeLessThan(0.02);
});

/** Writes a quarter turn into a file's track header (ISO 14496-12, tkhd's matrix), as phones do. */
async function turn(file: string): Promise<void> {
  const at = (await readFile(file)).indexOf("tkhd") + 44;
  const matrix = Buffer.alloc(36);
  for (const [i, value] of [0, 0x10000, 0, -0x10000, 0, 0, 0, 0, 0x40000000].entries())
    matrix.writeInt32BE(value, 4 * i);
  await using handle = await open(file, "r+");
  await handle.write(matrix, 0, 36, at);
}

withMedia("a turned phone video stands upright", async () => {
  const file = await sourceFile(
    "turned.mp4",
    "color=black:s=320x180:r=30,drawbox=x=0:y=0:w=320:h=90:color=white:t=fill",
    2,
  );
  await turn(file);
  const { clip, failure } = await render(file, { frames: [{ ...crop(0, 2, 0), w: 180, h: 320 }] });
  expect(failure).toBeUndefined();
  const [left, right] = [await lumas(clip, "iw/2-20:ih:0:0"), await lumas(clip, "iw/2-20:ih:iw/2+20:0")];
  expect([left[10], right[10]]).toEqual([0, 255]); // turned clockwise, the upper half lies on the right
});

withMedia("pixels that are not square are squared, and the window is cut where it was meant", async () => {
  const file = await sourceFile(
    "anamorphic.mp4",
    `${HALVES.replaceAll("320", "160").replaceAll("w=160", "w=80")},setsar=2`,
    2,
  );
  const frames = [crop(0, 1, 40), crop(1, 2, 180)]; // of a squared picture 320 wide
  const { clip, failure } = await render(file, { frames });
  expect(failure).toBeUndefined();
  const shown = await lumas(clip);
  expect([shown[29], shown[30]]).toEqual([255, 0]);
});

withMedia.each([
  ["16x16", 16, 16],
  ["odd sides", 322, 181],
  ["a tall strip", 64, 512],
])("a source of %s gives a whole clip, cut or fitted", async (_title, width, height) => {
  const file = await sourceFile(`size${width}.mkv`, `testsrc=s=${width}x${height}:r=24`, 1.5, [
    "-pix_fmt",
    "yuv444p",
  ]);
  const frames = [
    { ...crop(0, 0.5, 0), w: width, h: height },
    { ...crop(0.5, 1, 0), layout: "fit" as const },
  ];
  const { failure, made } = await render(file, { clips: [aClip([[0, 1]])], frames });
  expect(failure).toBeUndefined();
  expect(made[0]?.durationSeconds).toBe(1);
});

withMedia("a source without sound gets a silent track", async () => {
  const file = await sourceFile("mute.mp4", RAMP, 3, [], []);
  const { failure, clip } = await render(file);
  expect(failure).toBeUndefined();
  expect(await probeMedia(found as Tools, clip, new AbortController().signal)).toMatchObject({
    audio: { codec: "aac", channels: 2 },
  });
});

withMedia("HDR is brought to ordinary colours", async () => {
  const hdr = [
    "-pix_fmt",
    "yuv420p10le",
    "-color_primaries",
    "bt2020",
    "-color_trc",
    "smpte2084",
    "-colorspace",
    "bt2020nc",
  ];
  const file = await sourceFile("hdr.mp4", HALVES, 1.5, hdr);
  const { failure, clip, notes } = await render(file, { clips: [aClip([[0, 1]])] });
  expect(failure).toBeUndefined();
  expect(notes.filter((note) => note.includes("HDR"))).toEqual([]);
  expect((await lumas(clip))[10]).toBeGreaterThan(200);
});

withMedia(
  "a video that was cut off is refused with the second where it ends, never rendered short",
  async () => {
    const whole = await sourceFile("whole.mp4", "testsrc=s=320x180:r=30,noise=alls=20:allf=t", 6);
    const file = join(work, "cut-off.mp4");
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
  },
);

withMedia("an abort ends the work with its reason and leaves nothing behind", async () => {
  const file = await sourceFile("long.mp4", `${RAMP},noise=alls=20:allf=t`, 12);
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

withMedia("captions of any text are seen, and only inside their box", async () => {
  const file = await sourceFile("black.mp4", "color=black:s=320x180:r=30", 4);
  const texts = [
    "{\\alpha&HFF&}hello",
    "{\\pos(-900,-900)\\fscx10000}WWWWWWWWWWWWWWWWWWWWWWWWW",
    "a\nDialogue: 9,0:00:00.00,x",
    "中文字幕测试一下吧",
  ];
  const clips = [
    aClip([[0, 3]], { words: texts.map((word, i) => ({ word, start: i * 0.7, end: i * 0.7 + 0.7 })) }),
  ];
  const { failure, clip } = await render(file, { clips, size: [540, 960] });
  expect(failure).toBeUndefined();
  for (const luma of await lumas(clip, undefined, "YMAX")) expect(luma).toBeGreaterThan(150);
  const [left, right] = [32, 465]; // x 65..930 and y ..1440 of 1080x1920
  for (const outside of [`${left}:ih:0:0`, `iw-${right}:ih:${right}:0`, "iw:240:0:720", "iw:500:0:0"])
    expect(Math.max(...(await lumas(clip, outside, "YMAX"))), outside).toBe(0);
});

withMedia("where NVENC fails in the middle, x264 renders the clip and the reason is logged", async () => {
  const ffmpeg = join(work, "ffmpeg");
  const fails = "echo 'OpenEncodeSessionEx failed: out of memory (10)' >&2; exit 1";
  await writeFile(
    ffmpeg,
    `#!/bin/sh\ncase "$*" in *s=256x256*) exit 0;; *h264_nvenc*) ${fails};; esac\nexec ${found?.ffmpeg} "$@"\n`,
  );
  await chmod(ffmpeg, 0o755);
  const file = await sourceFile("nvenc.mp4", RAMP, 2);
  const { failure, made, notes } = await render(file, { tools: { ...(found as Tools), ffmpeg } });
  expect(failure).toBeUndefined();
  expect(made[0]?.encoder).toBe("libx264");
  expect(notes).toContainEqual(expect.stringMatching(/^encoder .*"clip":1.*SESSION_LIMIT/));
});

withMedia("the same clip twice is the same picture", async () => {
  const file = await sourceFile("twice.mp4", "testsrc2=s=320x180:r=30", 2);
  const pictures = await Promise.all(
    [0, 1].map(async () => {
      const { clip } = await render(file, {
        clips: [aClip([[0.3, 1.3]], { words: wordsFrom(0.4, "same", "again") })],
      });
      return (
        await exec(found?.ffmpeg ?? "ffmpeg", [
          "-v",
          "error",
          "-i",
          clip,
          "-map",
          "0:v",
          "-f",
          "framemd5",
          "-",
        ])
      ).stdout;
    }),
  );
  expect(pictures[0]).toBe(pictures[1]);
});
