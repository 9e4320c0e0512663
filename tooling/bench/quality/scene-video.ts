import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import type { Raster } from "../../sample/paint.ts";
import { toYuv } from "../../sample/yuv.ts";
import { layOver, spriteOf } from "./scene-cast.ts";
import { drawFront, drawPlace } from "./scene-places.ts";
import { headAt, mouthAt, phaseOf, type Scene, type Storage, strayAt, takeAt } from "./scenes.ts";

const even = (length: number) => 2 * Math.ceil(length / 2);

/** Draws a scene's pictures in order; the raster given out is used again for the next one. */
export function* drawScene(scene: Scene): Generator<Raster> {
  const places = new Map<string, Raster>();
  const size = { width: even(scene.width), height: even(scene.height) };
  const picture: Raster = { ...size, data: new Uint8ClampedArray(size.width * size.height * 4) };
  for (let n = 0; n < Math.round(scene.seconds * scene.fps); n++) {
    const seconds = n / scene.fps;
    const take = takeAt(scene, seconds);
    const { place, people } = take;
    const key = JSON.stringify(place);
    const empty = places.get(key) ?? drawPlace(place, size);
    places.set(key, empty);
    copyMoved(empty, picture, strayAt(take, seconds));
    for (const person of people) {
      const head = headAt(scene, person, seconds);
      const blink = (seconds + phaseOf(person.who) * 4) % 3.9 < 0.14;
      layOver(picture, spriteOf(person.look, head.size, mouthAt(scene, person.who, seconds), blink), head);
    }
    drawFront(picture, place);
    yield picture;
  }
}

/** Copies a picture; where the move leaves nothing to copy, its edge is repeated. */
function copyMoved(from: Raster, to: Raster, { x, y }: { x: number; y: number }): void {
  const { width, height } = from;
  for (let row = 0; row < height; row++) {
    const source = Math.min(height - 1, Math.max(0, row - y)) * width;
    const line = from.data.subarray(source * 4, (source + width) * 4);
    const start = row * width * 4;
    to.data.set(line.subarray(Math.max(0, -x) * 4, (width - Math.max(0, x)) * 4), start + Math.max(0, x) * 4);
    for (let i = 0; i < Math.abs(x); i++) {
      const [edge, place] = x > 0 ? [0, i] : [width - 1, width - 1 - i];
      to.data.set(line.subarray(edge * 4, edge * 4 + 4), start + place * 4);
    }
  }
}

/** Turns what is stored upright: by transposition, before a player's turn of so many degrees undoes it. */
const LAID_DOWN = { 90: "transpose=2", 180: "hflip,vflip", 270: "transpose=1" } as const;

function filterOf(scene: Scene, { size, turned, bars }: Storage): string {
  return [
    "noise=c0s=5:c0f=t+u:all_seed=11", // a camera's own
    ...(bars ? [`pad=${scene.width}:${scene.height + 2 * bars}:0:${bars}:black`] : []),
    ...(size ? [`scale=${size.width}:${size.height}:flags=area,setsar=${size.sar ?? "1"}`] : []),
    ...(size && size.width % 2 ? ["format=yuv444p"] : []), // 4:2:0 has no odd sizes
    ...(turned ? [LAID_DOWN[turned]] : []),
  ].join(",");
}

/** Draws a scene into an mp4 file. The same code and ffmpeg make the same bytes. @throws Error where ffmpeg fails */
export async function writeScene(ffmpeg: string, scene: Scene, file: string): Promise<void> {
  const [width, height] = [even(scene.width), even(scene.height)];
  const raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${width}x${height}`, "-r", `${scene.fps}`];
  const bt709 = [
    "-colorspace",
    "bt709",
    "-color_primaries",
    "bt709",
    "-color_trc",
    "bt709",
    "-color_range",
    "tv",
  ];
  const child = spawn(
    ffmpeg,
    [
      ...["-v", "error", "-y", ...raw, "-i", "pipe:0", "-vf", filterOf(scene, scene.storage ?? {})],
      ...[
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "18",
        "-g",
        "60",
        "-threads",
        "1",
        ...bt709,
        file,
      ],
    ],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  const closed = once(child, "close");
  child.stdin.on("error", () => {}); // its exit says more than EPIPE
  for (const picture of drawScene(scene)) {
    if (child.exitCode !== null) break;
    if (!child.stdin.write(toYuv(picture).data)) await Promise.race([once(child.stdin, "drain"), closed]);
  }
  child.stdin.end();
  const [code] = await closed;
  if (code !== 0) {
    await rm(file, { force: true });
    throw new Error(`ffmpeg could not make the scene ${scene.name}`);
  }
  if (scene.storage?.turned) await writeMatrix(file, turnedMatrix(scene.storage.turned));
}

/** a b c d of a display matrix: what a player does to the stored picture. */
export type Matrix = readonly [a: number, b: number, c: number, d: number];

const turnedMatrix = (degrees: 90 | 180 | 270): Matrix =>
  degrees === 90 ? [0, 1, -1, 0] : degrees === 180 ? [-1, 0, 0, -1] : [0, -1, 1, 0];

/** Writes a matrix into the track header, as phones do; ffmpeg's versions differ in how they would. */
export async function writeMatrix(file: string, [a, b, c, d]: Matrix): Promise<void> {
  await using handle = await open(file, "r+");
  const data = await handle.readFile();
  const at = data.indexOf("tkhd") + 44;
  const [width, height] = [data.readUInt32BE(at + 36), data.readUInt32BE(at + 40)];
  const one = 0x10000;
  // what lands left of or above the corner is moved back
  const x = Math.max(0, -a) * width + Math.max(0, -c) * height;
  const y = Math.max(0, -b) * width + Math.max(0, -d) * height;
  const matrix = Buffer.alloc(36);
  for (const [i, value] of [a * one, b * one, 0, c * one, d * one, 0, x, y, 0x40000000].entries())
    matrix.writeInt32BE(value, i * 4);
  await handle.write(matrix, 0, 36, at);
}
