import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { FetchedSource } from "../stage.ts";
import type { Colours } from "./clip-args.ts";
import { LOCAL_INPUT, type Tools } from "./ffmpeg.ts";

const exec = promisify(execFile);

/**
 * How the source's colours have to be read. Untagged pictures are read as players do: BT.709 from 720 lines on, BT.601 below.
 * @returns `lost`: it is HDR, and this ffmpeg cannot map it (it lacks the zscale filter).
 */
export async function readColours(
  tools: Tools,
  { file, info }: FetchedSource,
  signal: AbortSignal,
): Promise<{ colours: Colours; lost: boolean }> {
  if (info.video.hdr) {
    const { stdout } = await exec(tools.ffmpeg, ["-hide_banner", "-filters"], { signal, timeout: 10_000 });
    const mappable = /\szscale\s/.test(stdout) && /\stonemap\s/.test(stdout);
    return { colours: mappable ? "hdr" : "bt709", lost: !mappable };
  }
  const ask = [
    "-select_streams",
    `${info.video.index}`,
    "-show_entries",
    "stream=color_space",
    "-of",
    "csv=p=0",
  ];
  const { stdout } = await exec(tools.ffprobe, ["-v", "error", ...LOCAL_INPUT, ...ask, file], {
    signal,
    timeout: 30_000,
  });
  if (/bt470bg|smpte170m/.test(stdout)) return { colours: "bt601", lost: false };
  const small = Math.min(info.video.width, info.video.height) < 720;
  return { colours: /unknown/.test(stdout) && small ? "bt601" : "bt709", lost: false };
}
