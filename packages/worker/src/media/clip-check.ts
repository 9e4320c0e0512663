import { open } from "node:fs/promises";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import type { ClipTimeline } from "./clip-timeline.ts";
import { runFfprobe, type Tools } from "./ffmpeg.ts";
import { assertWhole } from "./truncation.ts";

const Streams = z.object({
  streams: z.array(
    z.object({
      codec_name: z.string(),
      codec_type: z.string(),
      profile: z.string().optional(),
      pix_fmt: z.string().optional(),
      color_space: z.string().optional(),
      width: z.int().optional(),
      height: z.int().optional(),
      sample_aspect_ratio: z.string().optional(),
      r_frame_rate: z.string().optional(),
      avg_frame_rate: z.string().optional(),
      nb_frames: z.coerce.number().optional(),
      start_time: z.coerce.number().optional(),
      duration: z.coerce.number().optional(),
      sample_rate: z.string().optional(),
      channels: z.int().optional(),
      tags: z.record(z.string(), z.string()).default({}),
    }),
  ),
  format: z.object({ tags: z.record(z.string(), z.string()).default({}) }),
});

/**
 * Looks at a finished clip as a platform would: H.264 High, yuv420p, BT.709, the wanted size with square pixels, a constant rate,
 * AAC 48 kHz stereo, both starting at 0 and ending within 40 ms of each other, moov before mdat, no tags of the source.
 * @throws KangKlipError SOURCE_TRUNCATED where frames are missing at the end, RENDER_FAILED that names what else is wrong.
 */
export async function checkClip(
  tools: Tools,
  file: string,
  size: { width: number; height: number },
  timeline: ClipTimeline,
  signal: AbortSignal,
): Promise<void> {
  const args = ["-show_streams", "-show_format", "-of", "json", file];
  const stdout = await runFfprobe(tools, { args, signal }).catch((cause) => {
    if (!(cause instanceof KangKlipError) || cause.code !== "SOURCE_UNREADABLE") throw cause;
    throw new KangKlipError("RENDER_FAILED", "The rendered clip could not be opened", { cause });
  });
  const { streams, format } = Streams.parse(JSON.parse(stdout));
  const [video, audio] = ["video", "audio"].map((type) => streams.find((s) => s.codec_type === type));
  assertWhole(timeline, video?.nb_frames ?? 0);
  if (!video || !audio || streams.length !== 2)
    throw new KangKlipError("RENDER_FAILED", "The rendered clip lacks its picture or its sound");
  const ends = [video, audio].map(({ start_time = 0, duration = 0 }) => start_time + duration);
  const tags = [format.tags, video.tags, audio.tags].flatMap((own) => Object.entries(own));
  const facts: [fact: string, isSo: boolean][] = [
    ["its codec", video.codec_name === "h264" && video.profile === "High" && video.pix_fmt === "yuv420p"],
    ["its colours", video.color_space === "bt709"],
    ["its size", video.width === size.width && video.height === size.height],
    ["its pixel shape", video.sample_aspect_ratio === "1:1"],
    ["its frame rate", video.r_frame_rate === video.avg_frame_rate],
    ["its sound", audio.codec_name === "aac" && audio.sample_rate === "48000" && audio.channels === 2],
    ["its start", Math.abs(video.start_time ?? 0) < 0.002 && Math.abs(audio.start_time ?? 0) < 0.002],
    ["the length of its sound", Math.abs((ends[0] ?? 0) - (ends[1] ?? 0)) <= 0.04],
    ["the order of its boxes", await hasMoovFirst(file)],
    ["its tags", tags.every(([key, text]) => isPlainTag(key, text))],
  ];
  const wrong = facts.filter(([, isSo]) => !isSo).map(([fact]) => fact);
  if (wrong.length > 0)
    throw new KangKlipError("RENDER_FAILED", `The rendered clip is not as it should be: ${wrong.join(", ")}`);
}

/** What the MP4 writer itself puts there; anything else came from the source. */
function isPlainTag(key: string, text: string): boolean {
  if (key === "handler_name") return ["VideoHandler", "SoundHandler"].includes(text);
  if (key === "encoder") return /^Lavc (libx264|h264_nvenc)$/.test(text);
  return ["major_brand", "minor_version", "compatible_brands", "language", "vendor_id"].includes(key);
}

/** Whether a player can start before it has the whole file (ISO 14496-12: top-level boxes are size, type, content). */
async function hasMoovFirst(file: string): Promise<boolean> {
  await using handle = await open(file);
  const head = Buffer.alloc(16);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(head, 0, 16, at);
    if (bytesRead < 8) return false;
    const type = head.toString("latin1", 4, 8);
    if (type === "moov") return true;
    if (type === "mdat") return false;
    const short = head.readUInt32BE(0);
    const size = short === 1 ? Number(head.readBigUInt64BE(8)) : short;
    if (size < 8) return false;
    at += size;
  }
}
