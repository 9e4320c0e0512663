import type { FetchedSource } from "../stage.ts";
import type { Colours } from "./clip-args.ts";
import { canMapHdr, runFfprobe, type Tools } from "./ffmpeg.ts";

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
    const mappable = await canMapHdr(tools);
    return { colours: mappable ? "hdr" : "bt709", lost: !mappable };
  }
  const entries = ["-show_entries", "stream=color_space", "-of", "csv=p=0"];
  const args = ["-select_streams", `${info.video.index}`, ...entries, file];
  const stdout = await runFfprobe(tools, { args, signal });
  if (/bt470bg|smpte170m/.test(stdout)) return { colours: "bt601", lost: false };
  const small = Math.min(info.video.width, info.video.height) < 720;
  return { colours: /unknown/.test(stdout) && small ? "bt601" : "bt709", lost: false };
}
