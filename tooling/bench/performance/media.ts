import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { promisify } from "node:util";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { QUIET } from "./run.ts";

const exec = promisify(execFile);
const ROOM = { maxBuffer: 1 << 28 };

/** How near a clip is to what it was encoded from, and what that took. */
export interface Quality {
  /** SSIM of the luma, dB. */
  ssimDb: number;
  /** 0..100; null where this ffmpeg has no libvmaf. */
  vmaf: number | null;
  /** Kilobits per second of the whole file. */
  kbps: number;
}

/** Frames are numbered anew on both sides: by their times, an offset of a container would compare each with its neighbour. */
const NUMBERED = "settb=1/30,setpts=N";

/** Compares a clip with its unencoded picture. @param seconds of them that are compared; null: all */
export async function qualityOf(
  { ffmpeg, ffprobe }: Pick<Tools, "ffmpeg" | "ffprobe">,
  { clip, reference, seconds }: { clip: string; reference: string; seconds: number | null },
): Promise<Quality> {
  const limit = seconds === null ? [] : ["-t", `${seconds}`];
  const inputs = [...limit, "-i", clip, ...limit, "-i", reference];
  const compared = async (filter: string) => {
    const graph = `[0:v]${NUMBERED}[a];[1:v]${NUMBERED}[b];[a][b]${filter}`;
    const said = await exec(
      ffmpeg,
      ["-hide_banner", "-nostdin", ...inputs, "-lavfi", graph, "-f", "null", "-"],
      ROOM,
    );
    return said.stderr;
  };
  const [, db = "NaN"] = /SSIM Y:[\d.]+ \((inf|[\d.]+)\)/.exec(await compared("ssim")) ?? [];
  const [, vmaf] = (await hasVmaf(ffmpeg))
    ? (/VMAF score: ([\d.]+)/.exec(await compared("libvmaf")) ?? [])
    : [];
  const shape = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", clip];
  const length = Number((await exec(ffprobe, shape)).stdout);
  return {
    ssimDb: db === "inf" ? Number.POSITIVE_INFINITY : Number(db),
    vmaf: vmaf === undefined ? null : Number(vmaf),
    kbps: ((await stat(clip)).size * 8) / 1000 / length,
  };
}

async function hasVmaf(ffmpeg: string): Promise<boolean> {
  return / libvmaf /.test((await exec(ffmpeg, ["-hide_banner", "-filters"], ROOM)).stdout);
}

/** Sums of all decoded frames and samples of a clip, a line each, by stream. */
export async function frameSums(
  { ffmpeg }: Pick<Tools, "ffmpeg">,
  file: string,
): Promise<{ video: string[]; audio: string[] }> {
  const sums = async (map: string) => {
    const args = [...QUIET, "-i", file, "-map", map, "-f", "framemd5", "-"];
    const { stdout } = await exec(ffmpeg, args, ROOM);
    // the last column: times may be counted from elsewhere
    return stdout
      .split("\n")
      .flatMap((line) => (/^\d/.test(line) ? [line.split(",").at(-1)?.trim() ?? ""] : []));
  };
  return { video: await sums("0:v:0"), audio: await sums("0:a:0") };
}

/** How many of two lists differ, place by place; what only one of them has differs. Pure. */
export const differing = (one: readonly string[], other: readonly string[]): number =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, i) => one[i] !== other[i]).filter(Boolean)
    .length;

/** A lossless picture of what a shape would make, without sound. */
export const losslessArgs = (
  { source, start, seconds, picture }: { source: string; start: number; seconds: number; picture: string },
  output: string,
): string[] => [
  ...["-ss", `${start}`, "-t", `${seconds}`, "-i", source, "-an", "-vf", picture],
  ...["-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p", output],
];
