import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { encodingArgs } from "../../../packages/worker/src/media/encoder.ts";
import { childrenSeconds } from "../performance/run.ts";
import { type Content, run, SIZE } from "./content.ts";
import type { Measured, Point } from "./points.ts";

interface Kitchen {
  ffmpeg: string;
  dir: string;
  signal: AbortSignal;
}

/** One encode of one content with one thread: processor seconds for a second of clip, and the file. */
export async function encode(kitchen: Kitchen, { file, seconds, name }: Content, point: Point) {
  const made = join(kitchen.dir, `${name}.mp4`);
  const args = encodingArgs({ ...SIZE, ...point, encoder: "libx264", threads: 1 });
  const before = childrenSeconds();
  await run(kitchen, ["-v", "error", ...raw(file), "-an", ...args, made]);
  return { file: made, cpu: (childrenSeconds() - before) / seconds };
}

const raw = (file: string) => [
  ...[
    "-f",
    "rawvideo",
    "-pix_fmt",
    "yuv420p",
    "-s",
    `${SIZE.width}x${SIZE.height}`,
    "-r",
    `${SIZE.fps}`,
    "-i",
    file,
  ],
];

/** How near an encoded file comes to what went into the encoder, frame by frame, and its bits. */
export async function compare(
  kitchen: Kitchen,
  content: Content,
  made: string,
  hasVmaf: boolean,
): Promise<Pick<Measured, "kbits" | "ssimDb" | "psnrDb" | "vmaf">> {
  // numbered alike: an offset of the container would move one of them by a frame, and everything would look bad
  const even = `settb=1/${SIZE.fps},setpts=N`;
  const parts = hasVmaf ? 3 : 2;
  const labels = (side: string) => Array.from({ length: parts }, (_, i) => `[${side}${i}]`);
  const [one, other] = [labels("a"), labels("b")];
  const graph = [
    `[0:v]${even},split=${parts}${one.join("")}`,
    `[1:v]${even},split=${parts}${other.join("")}`,
    `${one[0]}${other[0]}ssim`,
    `${one[1]}${other[1]}psnr`,
    ...(hasVmaf ? [`${one[2]}${other[2]}libvmaf=n_threads=2`] : []),
  ].join(";");
  const said = await run(kitchen, [
    "-v",
    "info",
    "-i",
    made,
    ...raw(content.file),
    "-lavfi",
    graph,
    "-f",
    "null",
    "-",
  ]);
  const { size } = await stat(made);
  return { kbits: (size * 8) / content.seconds / 1000, ...figuresIn(said) };
}

/** Reads what ssim, psnr and libvmaf print at their end. Pure. */
export function figuresIn(said: string): Pick<Measured, "ssimDb" | "psnrDb" | "vmaf"> {
  const figure = (pattern: RegExp) => Number(pattern.exec(said)?.[1] ?? Number.NaN);
  const similarity = figure(/SSIM Y:([\d.]+)/);
  const vmaf = figure(/VMAF score: ([\d.]+)/);
  return {
    ssimDb: -10 * Math.log10(1 - similarity),
    psnrDb: figure(/PSNR y:([\d.]+)/),
    vmaf: Number.isNaN(vmaf) ? null : vmaf,
  };
}

/** Whether this ffmpeg measures VMAF. */
export async function canVmaf(kitchen: Kitchen): Promise<boolean> {
  const { stdout } = await promisify(execFile)(kitchen.ffmpeg, ["-hide_banner", "-filters"]);
  return /\slibvmaf\s/.test(stdout);
}
