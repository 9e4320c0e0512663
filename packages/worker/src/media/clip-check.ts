import { open, stat } from "node:fs/promises";
import { KangKlipError, type QcCheck } from "@kangklip/contract";
import { z } from "zod";
import { atMost } from "../qc/check.ts";
import type { ClipTimeline } from "./clip-timeline.ts";
import { runFfprobe, type Tools } from "./ffmpeg.ts";
import { assertWhole } from "./truncation.ts";

const Streams = z.object({
  streams: z.array(
    z.object({
      index: z.int(),
      codec_name: z.string(),
      codec_type: z.string(),
      profile: z.string().optional(),
      pix_fmt: z.string().optional(),
      color_space: z.string().optional(),
      color_primaries: z.string().optional(),
      color_transfer: z.string().optional(),
      color_range: z.string().optional(),
      width: z.int().optional(),
      height: z.int().optional(),
      sample_aspect_ratio: z.string().optional(),
      nb_frames: z.coerce.number().optional(),
      start_time: z.coerce.number().optional(),
      duration: z.coerce.number().optional(),
      sample_rate: z.string().optional(),
      channels: z.int().optional(),
      tags: z.record(z.string(), z.string()).default({}),
      side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).default([]),
    }),
  ),
  format: z.object({ tags: z.record(z.string(), z.string()).default({}) }),
  packets: z.array(
    z.object({ stream_index: z.int(), pts_time: z.coerce.number().optional(), flags: z.string() }),
  ),
});
const ENTRIES = "packet=stream_index,pts_time,flags:stream:stream_tags:stream_side_data:format:format_tags";

/** A platform takes at most this (quality reference V1): 30 MB per 45 s. */
const MOST_MB_PER_45_S = 30;
const LONGEST_GOP_SECONDS = 2;
const MOST_APART_SECONDS = 0.04;
/** Times in the file are whole ticks of its clock. */
const CLOCK_SECONDS = 0.002;

/**
 * Looks at a finished clip as a platform would (V1, A3): H.264 High, yuv420p, BT.709, the wanted size with square pixels, upright, a
 * constant rate with a key frame every 2 s, AAC 48 kHz stereo, both starting at 0 and ending within 40 ms of each other, moov
 * before mdat, no tags of the source, not too large. What fails is in the checks.
 * @throws KangKlipError where it is of no use at all: SOURCE_TRUNCATED where frames are missing at the end, RENDER_FAILED where it cannot
 * be opened, is too long, or lacks picture or sound.
 */
export async function fileChecks(
  tools: Tools,
  file: string,
  size: { width: number; height: number },
  timeline: ClipTimeline,
  signal: AbortSignal,
): Promise<QcCheck[]> {
  const { streams, format, packets } = await probed(tools, file, signal);
  const [video, audio] = ["video", "audio"].map((type) => streams.find((s) => s.codec_type === type));
  assertWhole(timeline, video?.nb_frames ?? 0);
  if (!video || !audio || streams.length !== 2)
    throw new KangKlipError("RENDER_FAILED", "The rendered clip lacks its picture or its sound");
  const ends = [video, audio].map(({ start_time = 0, duration = 0 }) => start_time + duration);
  const starts = [video, audio].map(({ start_time = 0 }) => Math.abs(start_time));
  const tags = [format.tags, video.tags, audio.tags].flatMap((own) => Object.entries(own));
  const colours = [video.color_space, video.color_primaries, video.color_transfer];
  const { unevenSeconds, gopSeconds } = paceOf(
    packets.filter(({ stream_index }) => stream_index === video.index),
    timeline,
  );
  const { size: bytes } = await stat(file);
  const faults = (id: string, ...isSo: boolean[]) =>
    atMost(id, isSo.filter((one) => !one).length, 0, "faults");
  return [
    atMost("V1.duration", Math.abs((video.duration ?? 0) - timeline.seconds), 0.1, "s"),
    faults("V1.codec", video.codec_name === "h264" && video.profile === "High", video.pix_fmt === "yuv420p"),
    faults("V1.colours", ...colours.map((one) => one === "bt709"), video.color_range === "tv"),
    faults("V1.size", video.width === size.width && video.height === size.height),
    faults("V1.pixel_shape", video.sample_aspect_ratio === "1:1"),
    faults(
      "V1.upright",
      video.side_data_list.every(({ rotation = 0 }) => rotation === 0),
    ),
    atMost("V1.rate", unevenSeconds, CLOCK_SECONDS, "s"),
    atMost("V1.keyframes", gopSeconds, LONGEST_GOP_SECONDS + CLOCK_SECONDS, "s"),
    faults("V1.sound", audio.codec_name === "aac", audio.sample_rate === "48000", audio.channels === 2),
    faults("V1.moov", await hasMoovFirst(file)),
    atMost("V1.tags", tags.filter(([key, text]) => !isPlainTag(key, text)).length, 0, "tags"),
    atMost("V1.bytes", ((bytes / timeline.seconds) * 45) / 1e6, MOST_MB_PER_45_S, "MB per 45 s"),
    atMost("A3.start", Math.max(...starts), CLOCK_SECONDS, "s"),
    atMost("A3.ends", Math.abs((ends[0] ?? 0) - (ends[1] ?? 0)), MOST_APART_SECONDS, "s"),
  ];
}

const NAMES: Readonly<Record<string, string>> = {
  "V1.duration": "its length",
  "V1.codec": "its codec",
  "V1.colours": "its colours",
  "V1.size": "its size",
  "V1.pixel_shape": "its pixel shape",
  "V1.upright": "its rotation",
  "V1.rate": "its frame rate",
  "V1.keyframes": "the distance of its key frames",
  "V1.sound": "its sound",
  "V1.moov": "the order of its boxes",
  "V1.tags": "its tags",
  "V1.bytes": "its size in bytes",
  "A3.start": "its start",
  "A3.ends": "the length of its sound",
  "V1.preview": "its preview",
  "V1.errors": "errors in its pictures or sound",
  "V1.black": "black pictures",
  "V1.frozen": "a picture that stands still",
};

/** What of a file is not as it should be, in words: "its codec, its tags"; empty where all is well. */
export const whatIsWrong = (checks: QcCheck[]): string =>
  checks.flatMap(({ id, pass }) => (pass ? [] : [NAMES[id] ?? id])).join(", ");

async function probed(tools: Tools, file: string, signal: AbortSignal) {
  const args = ["-show_entries", ENTRIES, "-of", "json=c=1", file];
  const stdout = await runFfprobe(tools, { args, signal }).catch((cause) => {
    if (!(cause instanceof KangKlipError) || cause.code !== "SOURCE_UNREADABLE") throw cause;
    throw new KangKlipError("RENDER_FAILED", "The rendered clip could not be opened", { cause });
  });
  return Streams.parse(JSON.parse(stdout));
}

/** How evenly the pictures follow each other and how far the key frames lie apart, from the packets alone. */
function paceOf(packets: z.infer<typeof Streams>["packets"], { rate, seconds }: ClipTimeline) {
  const most = (values: number[]) => values.reduce((a, b) => Math.max(a, b), 0);
  const times = packets.map(({ pts_time = 0 }) => pts_time).sort((a, b) => a - b); // they come in the order of decoding
  const keys = packets.flatMap(({ flags, pts_time = 0 }) => (flags.startsWith("K") ? [pts_time] : []));
  const uneven = times.map((time, i) => Math.abs(time - (times[0] ?? 0) - i / rate.fps));
  const ends = [...keys.slice(1), seconds];
  return { unevenSeconds: most(uneven), gopSeconds: most(ends.map((end, i) => end - (keys[i] ?? 0))) };
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
