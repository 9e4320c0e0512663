import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FaceLog, type ShotFrame } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { drawShot, WIDTH } from "../../../../tooling/sample/shots.ts";
import { stamp, toYuv, type Yuv } from "../../../../tooling/sample/yuv.ts";
import { outputRate } from "../media/clip-timeline.ts";
import { findTools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, Framing } from "../stage.ts";
import { createFramer, type Framer, type FramerContext, faceLog } from "./framer.ts";

const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => undefined);
const settings = { threads: 2, renderWidth: 1080, renderHeight: 1920, renderMaxFps: 30 };
/** Middles of the drawn heads, as parts of the picture: shots.ts seats them there. */
const HOST = { wide: 620 / 1920, close: 860 / 1920 };
const GUEST = { wide: 1310 / 1920, close: 1070 / 1920 };
const FPS = 15;
const rendered = outputRate(FPS, settings.renderMaxFps);

type Part = { shot: "wide" | "host" | "guest" | "slide"; frames: number; speaker?: "host" | "guest" };
/** wide: the host, then the guest, with a word thrown in; a slide; the guest alone. */
const TALK: Part[] = [
  { shot: "wide", frames: 38, speaker: "host" },
  { shot: "wide", frames: 20, speaker: "guest" },
  { shot: "wide", frames: 4, speaker: "host" },
  { shot: "wide", frames: 20, speaker: "guest" },
  { shot: "slide", frames: 21 },
  { shot: "guest", frames: 25, speaker: "guest" },
];
const CUTS = { slide: 82 / FPS, guest: 103 / FPS, end: 128 / FPS };

let dir = "";
let framer: Framer;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-frame-"));
  if (!tools) return;
  framer = createFramer(context({}));
  await drawTalk(join(dir, "talk.mp4"), TALK);
}, 60_000);
afterAll(async () => {
  await framer?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

describe.skipIf(!tools)("the framer (needs ffmpeg)", () => {
  test("shows whoever speaks, whole slides, and jumps on the first frame of each shot", async () => {
    const { frames, shown, faces, ...log } = await framing("talk.mp4", [[0, CUTS.end]]);
    expect(shown).toEqual(frames);
    expect(faces?.length).toBeGreaterThan(20);
    expect(log).toEqual({ shots: 3, detected: 2, backend: "blazeface", reason: null, error: null });
    expect(frames.map(({ layout, reason }) => `${layout} ${reason}`)).toEqual([
      ...["crop speaker", "crop speaker"],
      ...["fit wide", "crop face"],
    ]);
    const [host, guest, slide, close] = frames;
    expect(Math.abs((guest?.start ?? 0) - 38 / FPS)).toBeLessThanOrEqual(0.5);
    expect([slide?.start, close?.start]).toEqual([CUTS.slide, CUTS.guest].map((at) => expect.closeTo(at, 4)));
    expect([host?.start, close?.end]).toEqual([0, expect.closeTo(CUTS.end, 4)]);
    expectInMiddle(host, HOST.wide * 640);
    expectInMiddle(guest, GUEST.wide * 640);
    expectInMiddle(close, GUEST.close * 640);
    for (const frame of [host, guest]) expect(eyesOf(frame, 480 / 1080)).toBeGreaterThan(0.25);
    for (const frame of [host, guest]) expect(eyesOf(frame, 480 / 1080)).toBeLessThan(0.45);
  });

  test("uses the framing that a clip brings along: the EDL is the truth, nothing is decoded; wishes are for the picture alone", async () => {
    const nowhere = { ...(await source("talk.mp4")), file: join(dir, "gone.mp4") };
    const framing: ShotFrame[] = [
      { start: 0, end: 1, layout: "crop", x: 100, y: 0, w: 202, h: 360, reason: "speaker" },
      { start: 1, end: 3, layout: "fit", x: 0, y: 0, w: 640, h: 360, reason: "wide" },
    ];
    const overrides = [{ from: 6, to: 7, layout: "crop" as const, focus: { x: 0.5, y: 0.5 } }];
    const made = await framer.frame(clip([[5, 8]], { framing, overrides }), nowhere);
    expect(made.frames).toEqual(framing);
    expect(made.shown).toMatchObject([
      { start: 0, end: 1, x: 100 },
      { start: 1, end: 2, layout: "crop", x: 220, reason: "override" },
      { start: 2, end: 3, layout: "fit" },
    ]);
    expect(made).toMatchObject({ shots: 2, detected: 1, backend: "blazeface" });
  });

  test("plans anew what a clip brings along for something else, and applies the wishes to that", async () => {
    const outside = {
      start: 0,
      end: 1.5,
      layout: "crop" as const,
      x: 9000,
      y: 0,
      w: 202,
      h: 360,
      reason: "face",
    };
    const overrides = [{ from: 7.5, to: 99, layout: "fit" as const }];
    const made = await framing("talk.mp4", [[7, 8.5]], { framing: [outside], overrides });
    expect(made.frames).toMatchObject([{ layout: "crop", reason: "face" }]);
    expectInMiddle(made.frames[0], GUEST.close * 640);
    expect(made.shown).toMatchObject([
      { start: 0, end: 0.5, layout: "crop" },
      { start: 0.5, end: 1.5, layout: "fit", w: 640, reason: "override" },
    ]);
  });

  test("counts frames as the renderer does when a clip starts between two of them", async () => {
    const { frames } = await framing("talk.mp4", [[4.51, 8.2]]);
    const means = meansOf("talk.mp4", 4.51, 3.69);
    const jumps = means.map((mean, i) => Math.abs(mean - (means[i - 1] ?? mean)));
    const starts = jumps.flatMap((jump, i) => (jump > 3 ? [i / rendered.fps] : []));
    expect(starts).toHaveLength(2);
    expect(frames.slice(1).map(({ start }) => start)).toEqual(starts.map((at) => expect.closeTo(at, 4)));
  });

  test("places the shots of a clip of several segments on the clip's own timeline, and gives the memory of its pictures back", async () => {
    const givenBack = vi.spyOn(ArrayBuffer.prototype, "transfer");
    onTestFinished(() => givenBack.mockRestore());
    const { frames, shots } = await framing("talk.mp4", [
      [7, 8.2],
      [0.2, 1.7],
    ]);
    expect(shots).toBe(2);
    expect(frames).toMatchObject([
      { start: 0, end: 1.2 },
      { start: 1.2, end: 2.7 },
    ]);
    expectInMiddle(frames[0], GUEST.close * 640);
    expectInMiddle(frames[1], HOST.wide * 640);
    expect(givenBack.mock.contexts.length).toBeGreaterThanOrEqual(2);
  });

  test("does not turn to a mouth that moves while nobody speaks", async () => {
    const speech = [{ word: "hello", start: 0, end: 2.4 }];
    const { frames } = await framing("talk.mp4", [[0, CUTS.slide]], { words: speech });
    expect(frames).toMatchObject([{ start: 0, reason: "speaker" }]);
    expectInMiddle(frames[0], HOST.wide * 640);
  });

  test("sees a sideways recording upright", async () => {
    await encode("turned.mp4", "transpose=1", 7);
    await turn(join(dir, "turned.mp4"));
    const { frames } = await framing("turned.mp4", [[0, 1]]);
    expect(frames).toMatchObject([{ reason: "face", w: 202, h: 360 }]);
    expectInMiddle(frames[0], GUEST.close * 640);
  });

  test.each([
    ["anamorphic", "scale=360:288,setsar=64/45", GUEST.close * 512],
    ["ultrawide", "pad=860:360:200:0:gray", GUEST.close * 640 + 200],
    ["odd", "scale=321:181,format=yuv444p", GUEST.close * 322],
    ["letterboxed", "pad=640:480:0:60:black", GUEST.close * 640],
    ["at the picture's edge", "crop=400:360:240:0", GUEST.close * 640 - 240],
  ])("finds the face in a picture that is %s", async (name, filter, middle) => {
    await encode(`${name}.mp4`, filter, 7);
    const { frames, detected } = await framing(`${name}.mp4`, [[0, 1]]);
    expect(detected).toBe(1);
    expectInMiddle(frames[0], middle);
    if (name === "letterboxed") expect(frames[0]).toMatchObject({ h: expect.toBeOneOf([352, 354, 356]) });
  });

  test("finds small faces by a closer look and comes closer itself", async () => {
    await encode("far.mp4", "scale=240:136,pad=640:360:200:112:gray,noise=alls=4:allf=t", 0);
    const { frames } = await framing("far.mp4", [[0, 1]]);
    expect(frames).toMatchObject([{ reason: "faces", w: 168, h: 300 }]);
    expectInMiddle(frames[0], 200 + HOST.wide * 240);
    expectInMiddle(frames[0], 200 + GUEST.wide * 240);
  });

  test("finds photographed faces", async () => {
    const assets = join(dirname(createRequire(import.meta.url).resolve("@vladmandic/human")), "..", "assets");
    const photo = ["-loop", "1", "-t", "1", "-i", join(assets, "screenshot-facedetect.jpg")];
    const filter = "crop=150:150:158:346,scale=80:80,pad=640:360:480:90:0x605850,noise=alls=6:allf=t";
    await ffmpeg([...photo, "-vf", `${filter},format=yuv420p`, "-r", "10", join(dir, "photo.mp4")]);
    const { frames } = await framing("photo.mp4", [[0, 1]]);
    expect(frames).toMatchObject([{ reason: "face" }]);
    expectInMiddle(frames[0], 480 + 40);
  });

  test.each([
    ["16x16", "testsrc2=s=16x16", { w: 16, h: 16, layout: "fit" }],
    ["portrait", "testsrc2=s=90x160", { w: 90, h: 160, reason: "portrait" }],
    ["tall", "color=gray:s=90x200", { w: 90, h: 160, reason: "plain" }],
    ["black", "color=black:s=160x90", { w: 50, h: 90, reason: "plain" }],
  ])("frames a picture without faces that is %s", async (name, card, expected) => {
    const file = `${name}.mp4`;
    await ffmpeg(["-f", "lavfi", "-i", `${card}:r=10`, "-t", "1", join(dir, file)]);
    const { frames, detected, reason } = await framing(file, [[0, 1]]);
    expect([detected, reason]).toEqual([0, null]);
    expect(frames).toMatchObject([{ start: 0, end: 1, ...expected }]);
  });

  test("frames without faces and says why when the model is missing or broken", async () => {
    await using missing = createFramer(context({ modelDir: dir }));
    const unseen = await missing.frame(clip([[7, 8]]), await source("talk.mp4"));
    expect(unseen).toMatchObject({ backend: "unavailable", reason: "model_missing", detected: 0 });
    expect(unseen.frames).toMatchObject([{ start: 0, end: 1 }]);
    expect(notices).toHaveLength(1);

    for (const name of ["blazeface.json", "blazeface.bin"]) await writeFile(join(dir, name), "{}");
    await using broken = createFramer(context({ modelDir: dir }));
    const failed = await broken.frame(clip([[7, 8]]), await source("talk.mp4"));
    expect(failed).toMatchObject({ backend: "unavailable", reason: "face_detect_failed" });
    const log = faceLog([{ index: 1, framing: failed }]);
    expect(FaceLog.parse(log)).toMatchObject({
      reason: "face_detect_failed",
      clips: [{ segments: 1, detected: 0 }],
    });
  });

  test("looks at a clip that comes after its dispose by another detector", async () => {
    const again = createFramer(context({}));
    const talk = await source("talk.mp4");
    const looks: Framing[] = [];
    for (let round = 0; round < 2; round++) {
      looks.push(await again.frame(clip([[7, 8]]), talk));
      await again[Symbol.asyncDispose]();
    }
    expect(looks[0]).toMatchObject({ backend: "blazeface", detected: 1 });
    expect(looks[1]).toEqual(looks[0]);
  });

  test("ends at once when the job is cancelled", async () => {
    const cancel = new AbortController();
    await using framer = createFramer(context({ signal: cancel.signal }));
    const running = framer.frame(clip([[0, CUTS.end]]), await source("talk.mp4"));
    setTimeout(() => cancel.abort(new Error("cancelled")), 150);
    await expect(running).rejects.toThrow("cancelled");
    await expect(framer.frame(clip([[0, 1]]), await source("talk.mp4"))).rejects.toThrow("cancelled");
  });
});

const notices: string[] = [];
const context = (made: Partial<FramerContext>): FramerContext => {
  if (!tools) throw new Error("no ffmpeg");
  const notice = (text: string) => notices.push(text);
  return { dir, tools, signal: new AbortController().signal, settings, notice, ...made };
};

const clip = (segments: [start: number, end: number][], made = {}) => ({
  ...{ index: 1, title: "", hook: "", score: null, score_parts: {}, reason: "", words: [], framing: [] },
  ...{ overrides: [], revision: 1 },
  segments: segments.map(([start, end]) => ({ start, end, text: "" })),
  ...made,
});

async function source(name: string): Promise<FetchedSource> {
  const { tools, signal } = context({});
  const file = join(dir, name);
  const info = await probeMedia(tools, file, signal);
  if (!info.video) throw new Error(`${name} has no picture`);
  const rest = { title: null, url: null, meta: {}, captions: null, fetchedBytes: 0, sha256: "" };
  return { file, info: { ...info, video: info.video }, ...rest };
}

async function framing(name: string, segments: [start: number, end: number][], made = {}) {
  return await framer.frame(clip(segments, made), await source(name));
}

/** The face's middle (source pixels) lies in the middle 60 % of the window's width. */
function expectInMiddle(frame: ShotFrame | undefined, middle: number) {
  const at = (middle - (frame?.x ?? 0)) / (frame?.w ?? 1);
  expect(frame?.layout).toBe("crop");
  expect(at).toBeGreaterThan(0.2);
  expect(at).toBeLessThan(0.8);
}
/** Where eyes at a part of the picture's height lie in the window, 0..1. */
const eyesOf = (frame: ShotFrame | undefined, part: number) =>
  (part * 360 - (frame?.y ?? 0)) / (frame?.h ?? 1);

async function ffmpeg(args: string[]): Promise<void> {
  const child = spawn(tools?.ffmpeg ?? "", ["-v", "error", "-nostdin", "-y", ...args], { stdio: "inherit" });
  expect(await once(child, "close")).toEqual([0, null]);
}

/** A second of the talk through a filter. */
const encode = (name: string, filter: string, startSeconds: number) =>
  ffmpeg([
    ...["-ss", `${startSeconds}`, "-t", "1", "-i", join(dir, "talk.mp4"), "-vf", filter],
    ...["-c:v", "libx264", "-preset", "ultrafast", join(dir, name)],
  ]);

/** Mean luma of each frame that the renderer would make. */
function meansOf(name: string, startSeconds: number, seconds: number): number[] {
  const cut = ["-noaccurate_seek", "-ss", `${startSeconds}`, "-i", join(dir, name)];
  const filter = [
    "-vf",
    `fps=${rendered.text}:start_time=0,trim=duration=${seconds},scale=1:1:flags=area,format=gray`,
    "-f",
    "rawvideo",
    "pipe:1",
  ];
  return [...execFileSync(tools?.ffmpeg ?? "", ["-v", "error", "-nostdin", ...cut, ...filter])];
}

/** Writes a quarter turn into an mp4's track header, as a phone does: ffmpeg versions differ in how they would. */
async function turn(file: string): Promise<void> {
  const data = await readFile(file);
  const matrix = data.indexOf("tkhd") + 44;
  const [one, width] = [0x10000, data.readUInt32BE(matrix + 36)];
  // -90 degrees: (x, y) -> (y, width - x)
  for (const [i, value] of [0, -one, 0, one, 0, 0, 0, width, 0x40000000].entries())
    data.writeInt32BE(value, matrix + i * 4);
  await writeFile(file, data);
}

/** The sample's drawn speakers in 640 x 360 at 15 frames per second. */
async function drawTalk(file: string, parts: Part[]): Promise<void> {
  const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "640x360", "-r", `${FPS}`];
  const codec = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "40"];
  const child = spawn(tools?.ffmpeg ?? "", ["-v", "error", "-y", ...raw, "-i", "pipe:0", ...codec, file], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const closed = once(child, "close");
  const cameras = new Map<Part["shot"], ReturnType<typeof loadShot>>();
  let count = 0;
  for (const { shot, frames, speaker } of parts) {
    const camera = cameras.get(shot) ?? loadShot(shot);
    cameras.set(shot, camera);
    for (let i = 0; i < frames; i++, count++) {
      const picture: Yuv = { ...camera.still, data: camera.still.data.slice() };
      const mouths = (speaker && camera.mouths[speaker]) ?? [];
      const mouth = mouths[Math.round(Math.abs(Math.sin(count * 0.9)) * (mouths.length - 1))];
      if (mouth) stamp(picture, mouth.yuv, mouth.x, mouth.y);
      if (!child.stdin.write(picture.data)) await once(child.stdin, "drain");
    }
  }
  child.stdin.end();
  expect(await closed).toEqual([0, null]);
}

function loadShot(shot: Part["shot"]) {
  const { still, people } = drawShot(shot, 640 / WIDTH);
  const mouthsOf = (speaker: "host" | "guest") =>
    people[speaker]?.mouths.map(({ x, y, raster }) => ({ x, y, yuv: toYuv(raster) })) ?? [];
  return { still: toYuv(still), mouths: { host: mouthsOf("host"), guest: mouthsOf("guest") } };
}
