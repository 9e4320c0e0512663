import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import { PIXEL_LIMIT, runFfprobe, type Tools } from "./ffmpeg.ts";

/** What a media file is. Sizes are those of the upright picture with square pixels: what filters see after `squarePixels`. */
export interface MediaInfo {
  durationSeconds: number; // NaN where the file does not say
  /** Start of the earliest stream; `-ss` counts from here. */
  startSeconds: number;
  container: string;
  /** The title that the file carries, as it is there; null: none. */
  title?: string | null;
  video: {
    index: number;
    codec: string;
    /** Upright (rotation applied), pixels still as stored. */
    width: number;
    height: number;
    rotation: number;
    /** Pixel shape, width / height; 1 is square. */
    sar: number;
    fps: number;
    hdr: boolean;
    /** Whether pictures are stored in another order than they are shown in, as some that no other one needs are; undefined: not known. */
    reordered?: boolean;
    /** Its matrix as ffprobe names it, "bt709" …, "unknown" where the file does not say; undefined: probed by an older worker. */
    colourSpace?: string;
  } | null;
  audio: { index: number; codec: string; channels: number } | null;
}

const Probed = z.object({
  format: z.object({
    format_name: z.string().default(""),
    duration: z.string().optional(),
    start_time: z.string().optional(),
    tags: z.record(z.string(), z.string()).optional(),
  }),
  streams: z.array(
    z.object({
      index: z.int(),
      codec_type: z.string().optional(),
      codec_name: z.string().default("unknown"),
      width: z.int().optional(),
      height: z.int().optional(),
      channels: z.int().optional(),
      sample_aspect_ratio: z.string().optional(),
      avg_frame_rate: z.string().optional(),
      r_frame_rate: z.string().optional(),
      has_b_frames: z.int().optional(),
      color_space: z.string().default("unknown"),
      color_transfer: z.string().optional(),
      duration: z.string().optional(),
      disposition: z.record(z.string(), z.number()).optional(),
      side_data_list: z.array(z.looseObject({ rotation: z.number().optional() })).optional(),
    }),
  ),
});

/** Looks into a local media file. @throws KangKlipError SOURCE_UNREADABLE */
export async function probeMedia(tools: Tools, file: string, signal: AbortSignal): Promise<MediaInfo> {
  const args = [...PIXEL_LIMIT, "-show_format", "-show_streams", "-of", "json", file];
  const probed = Probed.safeParse(parsed(await runFfprobe(tools, { args, signal })));
  if (!probed.success)
    throw new KangKlipError("SOURCE_UNREADABLE", "The file is not a video that can be read", {
      cause: probed.error,
    });
  const { format, streams } = probed.data;
  const byDefault = (a: (typeof streams)[number], b: (typeof streams)[number]) =>
    (b.disposition?.default ?? 0) - (a.disposition?.default ?? 0);
  const video = streams
    .filter((s) => s.codec_type === "video" && !s.disposition?.attached_pic && s.width && s.height)
    .sort(byDefault)[0];
  const audio = streams.filter((s) => s.codec_type === "audio" && (s.channels ?? 0) > 0).sort(byDefault)[0];
  const rotation = video?.side_data_list?.find((side) => side.rotation !== undefined)?.rotation ?? 0;
  const swapped = Math.abs(rotation) % 180 === 90;
  const [width = 0, height = 0] = [video?.width, video?.height];
  return {
    durationSeconds: Number(format.duration ?? video?.duration ?? Number.NaN),
    startSeconds: Number(format.start_time ?? 0) || 0,
    container: format.format_name,
    title: format.tags?.title ?? format.tags?.TITLE ?? null,
    video: video
      ? {
          index: video.index,
          codec: video.codec_name,
          width: swapped ? height : width,
          height: swapped ? width : height,
          rotation,
          sar: pixelShape(video.sample_aspect_ratio, swapped),
          fps: rate(video.avg_frame_rate) || rate(video.r_frame_rate) || 30,
          colourSpace: video.color_space,
          hdr: ["smpte2084", "arib-std-b67"].includes(video.color_transfer ?? ""),
          ...(video.has_b_frames !== undefined && { reordered: video.has_b_frames > 0 }),
        }
      : null,
    audio: audio ? { index: audio.index, codec: audio.codec_name, channels: audio.channels ?? 0 } : null,
  };
}

/** A tag with bytes that are no text can break the JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The picture's size once its pixels are square and its sides even. */
export function squareSize({ width, height, sar }: { width: number; height: number; sar: number }) {
  const even = (length: number) => Math.max(2, Math.round(length / 2) * 2);
  return { width: even(width * sar), height: even(height) };
}

/** The longest pixels in use are 2:1 (two views side by side). */
const MOST_STRETCHED = 4;

function pixelShape(text: string | undefined, swapped: boolean): number {
  const [x = 0, y = 0] = (text ?? "1:1").split(":").map(Number);
  if (!(x > 0 && y > 0)) return 1; // "0:1" means unknown
  if (x > y * MOST_STRETCHED || y > x * MOST_STRETCHED) return 1; // a header that lies
  return swapped ? y / x : x / y;
}

function rate(text: string | undefined): number {
  const [a = 0, b = 0] = (text ?? "0/0").split("/").map(Number);
  return b ? a / b : 0;
}
