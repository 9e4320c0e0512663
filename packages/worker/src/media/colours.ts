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
  const space = info.video.colourSpace ?? (await spaceOf(tools, file, info.video.index, signal));
  if (/bt470bg|smpte170m/.test(space)) return { colours: "bt601", lost: false };
  const small = Math.min(info.video.width, info.video.height) < 720;
  return { colours: /unknown/.test(space) && small ? "bt601" : "bt709", lost: false };
}

function spaceOf(tools: Tools, file: string, index: number, signal: AbortSignal): Promise<string> {
  const entries = ["-show_entries", "stream=color_space", "-of", "csv=p=0"];
  return runFfprobe(tools, { args: ["-select_streams", `${index}`, ...entries, file], signal });
}
