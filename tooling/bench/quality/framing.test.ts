import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ShotFrame } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { toYuv } from "../../sample/yuv.ts";
import { clipOf, openSource } from "./framing-clip.ts";
import { countScene } from "./framing-figures.ts";
import { countEmpty } from "./framing-looks.ts";
import { pixelsBesideCut, withClip } from "./framing-rendered.ts";
import { sceneRows } from "./framing-rows.ts";
import { isInside } from "./framing-shapes.ts";
import { viewsOf } from "./framing-track.ts";
import { isUpright, ORIENTATIONS, writeArrow } from "./framing-upright.ts";
import { CAST } from "./scene-cast.ts";
import { allScenes } from "./scene-list.ts";
import { drawScene, writeScene } from "./scene-video.ts";
import { faceBox, headAt, headsAt, type Scene, takeAt, turnAt } from "./scenes.ts";

const FPS = 30;
const SCENES = allScenes(6);
const named = (name: string) => SCENES.find((scene) => scene.name === name) as Scene;

/** The framing of somebody who knows the scene: a range per take and turn, around whoever holds the floor. */
function knowing(scene: Scene): ShotFrame[] {
  const frames: ShotFrame[] = [];
  const { width, height } = scene;
  let last: { place: unknown; who: string | undefined } | undefined;
  for (let n = 0; n < scene.seconds * FPS; n++) {
    const seconds = n / FPS;
    const take = takeAt(scene, Math.floor((seconds + 1e-6) * scene.fps) / scene.fps);
    const next = scene.turns.find(({ from, interjection }) => from >= seconds && !interjection)?.who;
    const who =
      turnAt(scene, seconds)?.who ?? (last?.place === take ? last.who : (next ?? take.people[0]?.who));
    const [start, end] = [seconds, scene.seconds];
    const head = take.people.find((person) => person.who === who);
    const current = frames.at(-1);
    if (current && last && last.place === take && last.who === who) continue;
    last = { place: take, who };
    if (current) current.end = seconds;
    const w = 2 * Math.round((height * 9) / 32);
    if (!head) frames.push({ start, end, layout: "fit", x: 0, y: 0, w: width, h: height, reason: "wide" });
    else {
      const x = 2 * Math.round(Math.min(width - w, Math.max(0, headAt(scene, head, seconds).x - w / 2)) / 2);
      frames.push({ start, end, layout: "crop", x, y: 0, w, h: height, reason: "speaker" });
    }
  }
  return frames;
}

/** The rows of a framing, by id: true where the target is held. */
function judged(
  name: string,
  change: (frames: ShotFrame[], scene: Scene) => ShotFrame[] = (frames) => frames,
) {
  const scene = named(name);
  const views = viewsOf(change(knowing(scene), scene), FPS, Math.round(scene.seconds * FPS));
  const counts = countScene(scene, views, FPS);
  const rows = sceneRows([{ scene, ours: counts, original: counts }]);
  return rows.filter(({ pass }) => !pass).map(({ id }) => id);
}

const each = (over: (frame: ShotFrame) => Partial<ShotFrame>) => (frames: ShotFrame[]) =>
  frames.map((frame) => ({ ...frame, ...over(frame) }));
const later = (seconds: number) => (frames: ShotFrame[]) =>
  frames.map((frame, i) => ({ ...frame, start: i === 0 ? 0 : frame.start + seconds }));
const path = (xs: number[], seconds: number) =>
  xs.map((x, i) => ({ at: (i * seconds) / xs.length, x, y: 0 }));

describe("the figures of framing", () => {
  test.each(["seated", "two seats", "three people", "cameras", "lecture with a slide and black"])(
    "hold every target where somebody framed %s who knows the scene",
    (name) => {
      expect(judged(name)).toEqual([]);
    },
  );

  const WRONG: [what: string, scene: string, change: Parameters<typeof judged>[1], found: string[]][] = [
    ["nobody in it", "seated", each(() => ({ x: 430 })), ["R1.truth", "R2.alone", "R6.centre", "R6.head"]],
    ["always the same one of two", "two seats", (frames) => frames.slice(0, 1), ["R2.speaker", "R5.delay"]],
    [
      "the whole picture all the time",
      "two seats",
      each(() => ({ layout: "fit", x: 0, w: 640 })),
      ["R2.whole"],
    ],
    [
      "a window that trembles",
      "seated",
      each(({ x }) => ({
        path: path(
          Array.from({ length: 60 }, (_, i) => x + 6 * (i % 2)),
          10,
        ),
      })),
      ["R3.reversals", "R3.still", "R3.travel", "R3.worst"],
    ],
    ["three frames behind a cut", "cameras", later(3 / FPS), ["R4.late"]],
    ["three frames before a cut", "cameras", later(-3 / FPS), ["R4.late"]],
    [
      "a pan across a cut",
      "cameras",
      (frames) => {
        const [first, second] = frames as [ShotFrame, ShotFrame];
        const at = second.start;
        const moving = [
          { at: at - 0.1, x: first.x, y: 0 },
          { at: at + 0.5, x: second.x, y: 0 },
        ];
        return [{ ...first, end: second.end, path: moving }, ...frames.slice(2)];
      },
      ["R4.late"],
    ],
    ["0.7 s behind each speaker", "two seats", later(0.7), ["R2.speaker", "R5.delay"]],
    [
      "turning to every word thrown in",
      "two seats",
      (frames, scene) => {
        const followed = [...frames];
        for (const { who, from, to } of scene.turns.filter(({ interjection }) => interjection)) {
          const held = frames.findLast(({ start }) => start <= from);
          const other = frames.find(({ start }) => turnAt(scene, start + 0.4)?.who === who);
          if (held && other) followed.push({ ...other, start: from, end: to }, { ...held, start: to });
        }
        return followed.sort((a, b) => a.start - b.start);
      },
      ["R5.hold", "R5.interjections"],
    ],
    ["beside the middle", "seated", each(({ x }) => ({ x: x + 66 })), ["R6.centre"]],
    ["eyes too high", "seated", each(({ x }) => ({ x: x + 20, w: 160, h: 284, y: 104 })), ["R6.eyes"]],
    ["too close", "seated", each(() => ({ x: 218, y: 106, w: 76, h: 136 })), ["R6.head"]],
    ["jumps after one person", "seated", jumping, ["R3.jumps"]],
    [
      "a window on a slide",
      "lecture with a slide and black",
      each(() => ({ layout: "crop", w: 202 })),
      ["R9.layout", "R9.text"],
    ],
    ["no word of a reason", "landscape", each(() => ({ reason: "" })), ["R9.reason"]],
  ];
  test.each(WRONG)("find out %s", (_, scene, change, found) => {
    expect(judged(scene, change)).toEqual(expect.arrayContaining(found));
  });

  test.each<[string, Partial<ShotFrame>]>([
    ["odd", { x: 101 }],
    ["outside on the right", { x: 440 }],
    ["outside along its path", { path: [{ at: 0, x: -2, y: 0 }] }],
    ["outside below", { layout: "split", h: 160, lower: { x: 0, y: 202, w: 180, h: 160 } }],
  ])("a window that is %s is not inside", (_, over) => {
    const frame: ShotFrame = {
      start: 0,
      end: 1,
      layout: "crop",
      x: 100,
      y: 0,
      w: 202,
      h: 360,
      reason: "face",
    };
    expect(isInside(frame, { width: 640, height: 360 })).toBe(true);
    expect(isInside({ ...frame, ...over }, { width: 640, height: 360 })).toBe(false);
  });
});

/** To and fro by a fifth of the window, a jump a second. */
function jumping(frames: ShotFrame[]): ShotFrame[] {
  const [first] = frames as [ShotFrame];
  return Array.from({ length: 9 }, (_, i) => ({
    ...first,
    start: i,
    end: i + 1,
    x: first.x + (i % 2) * 40 - 20,
  }));
}

describe("the drawn people", () => {
  test("are found by the detector where the scene says they are, and missed where the window leaves them out", async () => {
    const people = Object.entries(CAST);
    await using finder = await createFaceFinder({ signal: AbortSignal.timeout(120_000) });
    for (const [i, [who, look]] of people.entries()) {
      const scene: Scene = {
        ...named("seated"),
        ...{ seconds: 1 / 15, turns: [{ who, from: 0, to: 1 }] },
        takes: [
          {
            from: 0,
            place: { kind: "room", camera: i % 4 },
            people: [{ who, look, sway: 0, path: [{ at: 0, x: 200, y: 150, size: i % 2 ? 50 : 60 }] }],
          },
        ],
      };
      const [raster] = drawScene(scene);
      const picture = toYuv(raster as NonNullable<typeof raster>);
      const faces = (await finder.find(picture)) ?? [];
      expect(faces[0]?.score, who).toBeGreaterThan(0.65);
      const [head] = headsAt(scene, 0);
      const truth = faceBox(head as NonNullable<typeof head>);
      expect(Math.abs((faces[0]?.x ?? 0) + (faces[0]?.w ?? 0) / 2 - truth.x - truth.w / 2), who).toBeLessThan(
        8,
      );
      if (i > 1) continue;
      const shows = (x: number): ShotFrame[] => [
        { start: 0, end: 1, layout: "crop", x, y: 0, w: 202, h: 360, reason: "face" },
      ];
      const looks = [{ seconds: 0, picture, faces }];
      expect(await countEmpty(looks, viewsOf(shows(100), FPS, 2), FPS, finder)).toEqual({
        faces: 1,
        empty: 0,
      });
      expect(await countEmpty(looks, viewsOf(shows(400), FPS, 2), FPS, finder)).toEqual({
        faces: 1,
        empty: 1,
      });
    }
  }, 120_000);
});

const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH }).catch(() => undefined);

describe.skipIf(!tools)("pixels of clips (need ffmpeg)", () => {
  let dir = "";
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kangklip-arrow-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test("of the wall tell on which frame its window moved", async () => {
    if (!tools) return;
    const room = (from: number, camera: number) => ({
      from,
      place: { kind: "room" as const, camera },
      people: [],
    });
    const scene: Scene = { ...named("seated"), seconds: 1.2, turns: [], takes: [room(0, 0), room(0.6, 1)] };
    const file = join(dir, "walls.mp4");
    await writeScene(tools.ffmpeg, scene, file);
    const source = await openSource(tools, file, AbortSignal.timeout(120_000));
    const window = (start: number, end: number, x: number): ShotFrame => ({
      ...{ start, end, layout: "crop", x, y: 0, w: 202, h: 360, reason: "face" },
    });
    const frames = [window(0, 0.6, 40), window(0.6, 1.2, 360)];
    const beside = await withClip(tools, source, clipOf(scene), frames, (made) =>
      Promise.all(
        [frames, later(3 / FPS)(frames)].map((said) =>
          pixelsBesideCut(tools, made, scene, viewsOf(said, FPS, 36), FPS),
        ),
      ),
    );
    expect(beside).toEqual([
      { cuts: 1, worst: 0 },
      { cuts: 1, worst: 3 },
    ]);
  }, 120_000);

  test("of an arrow tell an upright clip from one that lies on its side", async () => {
    if (!tools) return;
    const [straight, turned] = ORIENTATIONS as [(typeof ORIENTATIONS)[number], (typeof ORIENTATIONS)[number]];
    expect(await isUpright(tools, await writeArrow(tools, dir, straight))).toBe(true);
    expect(await isUpright(tools, await writeArrow(tools, dir, turned))).toBe(true);
    const forgotten = { ...turned, laid: "hflip,vflip", matrix: straight.matrix };
    expect(await isUpright(tools, await writeArrow(tools, dir, forgotten))).toBe(false);
  }, 120_000);
});
