import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { between, box, createRaster, paint, type Raster, type Rgb, stroke } from "../../sample/paint.ts";
import { toYuv } from "../../sample/yuv.ts";
import { type Matrix, writeMatrix } from "./scene-video.ts";

const exec = promisify(execFile);

/** How pictures lie in files: the filter that lays them so, and the matrix that brings them up again. */
export const ORIENTATIONS: readonly { name: string; laid: string; matrix: Matrix }[] = [
  { name: "0", laid: "null", matrix: [1, 0, 0, 1] },
  { name: "90", laid: "transpose=2", matrix: [0, 1, -1, 0] },
  { name: "180", laid: "hflip,vflip", matrix: [-1, 0, 0, -1] },
  { name: "270", laid: "transpose=1", matrix: [0, -1, 1, 0] },
  { name: "mirrored", laid: "hflip", matrix: [-1, 0, 0, 1] },
  { name: "mirrored, 90", laid: "transpose=0", matrix: [0, 1, 1, 0] },
  { name: "mirrored, 180", laid: "vflip", matrix: [1, 0, 0, -1] },
  { name: "mirrored, 270", laid: "transpose=3", matrix: [0, -1, -1, 0] },
];

const SIZE = { width: 288, height: 512 };
/** The four quarters of the picture have colours of their own; an arrow points up. */
const QUARTERS: readonly Rgb[] = [
  [200, 40, 40],
  [40, 170, 60],
  [50, 70, 200],
  [210, 190, 50],
];

function drawArrow(): Raster {
  const { width, height } = SIZE;
  const raster = createRaster(width, height);
  const place = { x: 0, y: 0, scale: 1 };
  for (const [i, colour] of QUARTERS.entries()) {
    const [x, y] = [(i % 2) * 0.5 + 0.25, (i >> 1) * 0.5 + 0.25];
    paint(
      raster,
      place,
      box(x * width, y * height, width / 4, height / 4),
      between(colour, [128, 128, 128], 0.1),
    );
  }
  const [x, top, foot] = [width / 2, height * 0.2, height * 0.8];
  paint(
    raster,
    place,
    stroke(
      [
        [x, foot],
        [x, top],
      ],
      14,
    ),
    [250, 250, 250],
  );
  paint(
    raster,
    place,
    stroke(
      [
        [x - 60, top + 70],
        [x, top],
        [x + 60, top + 70],
      ],
      14,
    ),
    [250, 250, 250],
  );
  return raster;
}

/** Writes a second of the arrow, stored as an orientation says. */
export async function writeArrow(
  tools: Tools,
  dir: string,
  { name, laid, matrix }: (typeof ORIENTATIONS)[number],
) {
  const file = join(dir, `arrow ${name}.mp4`);
  const picture = toYuv(drawArrow()).data;
  const raw = [
    "-f",
    "rawvideo",
    "-pix_fmt",
    "yuv420p",
    "-s",
    `${SIZE.width}x${SIZE.height}`,
    "-r",
    "20",
    "-i",
    "pipe:0",
  ];
  const colours = [
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
    tools.ffmpeg,
    ["-v", "error", "-y", ...raw, "-vf", laid, "-c:v", "libx264", "-preset", "ultrafast", ...colours, file],
    { stdio: ["pipe", "ignore", "inherit"] },
  );
  child.stdin.on("error", () => {});
  for (let n = 0; n < 20; n++) child.stdin.write(picture);
  child.stdin.end();
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error("ffmpeg could not make the arrow");
  await writeMatrix(file, matrix);
  return file;
}

/** Cells of a clip's first picture. */
const CELLS = { across: 9, down: 16 };

/** Whether a clip of the arrow stands upright: near each corner there is the colour of its quarter. */
export async function isUpright(tools: Tools, file: string): Promise<boolean> {
  const { across, down } = CELLS;
  const filter = `scale=${across}:${down}:flags=area,format=yuv444p`;
  const { stdout } = await exec(
    tools.ffmpeg,
    ["-v", "error", "-nostdin", "-i", file, "-vf", filter, "-frames:v", "1", "-f", "rawvideo", "pipe:1"],
    { encoding: "buffer" },
  );
  return QUARTERS.every(([red, green, blue], i) => {
    const cell = (i >> 1 ? down - 2 : 1) * across + (i % 2 ? across - 2 : 1);
    const [cb = 0, cr = 0] = [stdout[cell + across * down], stdout[cell + 2 * across * down]];
    const wantedCb = 128 - 0.1006 * red - 0.3386 * green + 0.4392 * blue;
    const wantedCr = 128 + 0.4392 * red - 0.3989 * green - 0.0403 * blue;
    return Math.hypot(cb - wantedCb, cr - wantedCr) < 24;
  });
}

/**
 * The picture of a file as 1.x rendered it: the rotation is asked for as it asked ffprobe (since version 5 the answer is empty), then
 * the pixels are turned by that, and by nothing else.
 */
export async function withOriginalClip<T>(
  tools: Tools,
  file: string,
  look: (clip: string) => Promise<T>,
): Promise<T> {
  const query = ["-v", "error", "-select_streams", "v:0", "-of", "json"];
  const asked = ["-show_entries", "stream=width,height:stream_tags=rotate:side_data_list", file];
  const { stdout } = await exec(tools.ffprobe, [...query, ...asked]);
  const [stream] = JSON.parse(stdout).streams;
  const sides: { rotation?: number }[] = stream.side_data_list ?? [];
  const found = Number(
    stream.tags?.rotate ?? sides.find(({ rotation }) => rotation !== undefined)?.rotation ?? 0,
  );
  const rotation = ((found % 360) + 360) % 360;
  const turn = { 90: "transpose=1,", 180: "transpose=2,transpose=2,", 270: "transpose=2," }[rotation] ?? "";
  const [w, h] = rotation % 180 ? [stream.height, stream.width] : [stream.width, stream.height];
  const [width, height] = w / h >= 9 / 16 ? [Math.round((h * 9) / 16), h] : [w, Math.round((w * 16) / 9)];
  const crop = `crop=${width}:${height}:${Math.round((w - width) / 2)}:${Math.round((h - height) / 2)}`;
  const clip = `${file}.original.mp4`;
  try {
    const filter = `${turn}${crop},scale=270:480:flags=lanczos`;
    const args = ["-v", "error", "-y", "-noautorotate", "-i", file, "-vf", filter, "-c:v", "libx264"];
    await exec(tools.ffmpeg, [...args, "-preset", "ultrafast", clip]);
    return await look(clip);
  } finally {
    await rm(clip, { force: true });
  }
}
