import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, type Tools } from "../media/ffmpeg.ts";
import type { MediaInfo } from "../media/probe.ts";

/** Most bytes of the picture, and the sides within which it is. */
const MOST_BYTES = 80_000;
/** From good to bad: the longest side in pixels, and ffmpeg's quality (2 is the best, 31 the worst). */
const TRIES = [
  [640, 4],
  [640, 9],
  [480, 14],
  [320, 20],
  [160, 31],
] as const;
const FRAME_MS = 6000;
/** One picture, decoded alone. */
const MEMORY_BYTES = 1024 ** 3;

interface Frame {
  tools: Tools;
  /** Where the picture may lie for a moment. */
  dir: string;
  signal: AbortSignal;
  /** All of ffmpeg's arguments up to the input's name. */
  input: string[];
  file: string;
  /** The shape, width / height; else as it is stored. */
  aspect?: number;
  /** The stream; else the first picture. */
  stream?: number;
}

/** A frame of a video file, from the key frame at or before a time (seconds, as `-ss` counts). */
export const frameAt = (
  context: Pick<Frame, "tools" | "dir" | "signal">,
  file: string,
  video: NonNullable<MediaInfo["video"]>,
  seconds: number,
): Promise<string | null> =>
  thumbnail({
    ...context,
    file,
    input: [
      // what lies behind the key frame may not be there, and then most of what is decoded is broken
      ...["-max_error_rate", "1"],
      ...[...LOCAL_INPUT, ...PIXEL_LIMIT, "-threads", "1", "-skip_frame", "nokey", "-noaccurate_seek"],
      ...["-ss", seconds.toFixed(3), "-t", "0.1"],
    ],
    aspect: (video.width * video.sar) / video.height,
    stream: video.index,
  });

const PICTURES: [magic: Buffer, format: string][] = [
  [Buffer.from("ffd8ff", "hex"), "jpeg_pipe"],
  [Buffer.from("89504e470d0a1a0a", "hex"), "png_pipe"],
  [Buffer.from("RIFF"), "webp_pipe"],
];

/** A picture of a page, made small and anew, so that nothing of what it was reaches a browser; null for what is none. */
export async function pictureOf(
  context: Pick<Frame, "tools" | "dir" | "signal">,
  file: string,
  head: Buffer,
): Promise<string | null> {
  const format = PICTURES.find(([magic]) => head.subarray(0, magic.length).equals(magic))?.[1];
  if (!format) return null;
  const walls = ["-protocol_whitelist", "file,pipe", "-format_whitelist", format, "-f", format];
  return thumbnail({ ...context, file, input: [...walls, ...PIXEL_LIMIT, "-threads", "1"] });
}

/** As "data:image/jpeg;base64,…"; null where there is no picture that can be read. @throws the abort's reason */
async function thumbnail(frame: Frame): Promise<string | null> {
  const { tools, dir, signal, input, file, aspect, stream } = frame;
  const output = join(dir, "thumbnail.jpg");
  for (const [side, quality] of TRIES) {
    const size =
      aspect !== undefined && aspect > 0.1 && aspect < 10
        ? sizeFor(aspect, side)
        : `'min(${side},iw)':'min(${side},ih)':force_original_aspect_ratio=decrease`;
    const args = [
      ...[...input, "-i", file, "-map", stream === undefined ? "0:v:0" : `0:${stream}`],
      ...["-frames:v", "1", "-vf", `scale=${size},setsar=1,format=yuvj420p`, "-threads", "1"],
      ...["-c:v", "mjpeg", "-q:v", String(quality), "-map_metadata", "-1", "-f", "image2", "-update", "1"],
    ];
    const limits = { timeoutMs: FRAME_MS, threads: 1, memoryBytes: MEMORY_BYTES, fileBytes: 4 << 20 };
    const jpeg = await runFfmpeg(tools, { args, output, signal, ...limits }).then(
      () => readFile(output),
      () => undefined,
    );
    signal.throwIfAborted();
    if (!jpeg || jpeg.length === 0) return null;
    if (jpeg.length <= MOST_BYTES) return `data:image/jpeg;base64,${jpeg.toString("base64")}`;
  }
  return null;
}

/** Even sides within a square. Pure. */
function sizeFor(aspect: number, side: number): string {
  const even = (length: number) => Math.max(2, 2 * Math.round(length / 2));
  return aspect >= 1 ? `${side}:${even(side / aspect)}` : `${even(side * aspect)}:${side}`;
}
