import type { KangKlipError } from "@kangklip/contract";
import { runFfmpeg, type Tools } from "./ffmpeg.ts";

export type Encoder = "h264_nvenc" | "libx264";

/** What will encode, and why it is not the graphics card; null where it is. */
export interface EncoderChoice {
  encoder: Encoder;
  reason: string | null;
}

/** What NVENC says when it does not work, and what that means. Texts of ffmpeg's nvenc.c. */
const NVENC_REASONS: [pattern: RegExp, reason: string][] = [
  [
    /Cannot load lib(cuda|nvidia-encode)|Cannot load nvcuda|Cannot load nvEncodeAPI/i,
    "NO_LIB: no NVIDIA driver with video encoding here (a container needs the `video` capability)",
  ],
  [
    /unsupported device|No capable devices found|no NVENC capable/i,
    "NO_ENGINE: this card has no H.264 encoder",
  ],
  [/out of memory|OpenEncodeSessionEx failed/i, "SESSION_LIMIT: the card has no encoding session left"],
  [/required nvenc API version|minimum required Nvidia driver/i, "DRIVER_OLD: the NVIDIA driver is too old"],
  [/Unknown encoder|Encoder not found/i, "NOT_BUILT: this ffmpeg was built without h264_nvenc"],
];

/**
 * Really encodes a few frames with h264_nvenc, because being listed says nothing about the driver or the card, and A100 and H100
 * have no such engine at all. Takes 0.2 s where there is no driver, at most 5 s.
 * @returns libx264 with the reason wherever NVENC does not work. @throws the abort's reason, nothing else.
 */
export async function chooseEncoder(tools: Tools, signal: AbortSignal): Promise<EncoderChoice> {
  const frames = ["-f", "lavfi", "-i", "color=black:s=256x256:r=30:d=0.2", "-frames:v", "3"]; // smaller ones are refused
  const args = [...frames, "-pix_fmt", "yuv420p", "-c:v", "h264_nvenc", "-f", "null", "-"];
  try {
    await runFfmpeg(tools, { args, signal, timeoutMs: 5000 });
    return { encoder: "h264_nvenc", reason: null };
  } catch (error) {
    signal.throwIfAborted();
    return { encoder: "libx264", reason: nvencReason(error as KangKlipError) };
  }
}

/** Why NVENC failed, in one line for the receipt. */
export function nvencReason(error: KangKlipError): string {
  if (error.code === "TIMED_OUT") return "NO_ANSWER: h264_nvenc did not answer in time";
  const said = error.cause instanceof Error ? error.cause.message : error.message;
  const known = NVENC_REASONS.find(([pattern]) => pattern.test(said));
  return known?.[1] ?? `UNKNOWN: ${said.slice(0, 200)}`;
}

const X264_PRESETS = [
  "ultrafast",
  "superfast",
  "veryfast",
  "faster",
  "fast",
  "medium",
  "slow",
  "slower",
  "veryslow",
];
const NVENC_PRESETS = ["p1", "p2", "p3", "p4", "p4", "p5", "p6", "p7", "p7"];

/** RENDER_PRESET may name either family's preset; each encoder gets its own nearest one. Unknown names mean "veryfast" or "p4". */
export function presetFor(encoder: Encoder, preset: string): string {
  const [own, other, fallback] =
    encoder === "h264_nvenc"
      ? [NVENC_PRESETS, X264_PRESETS, "p4"]
      : [X264_PRESETS, NVENC_PRESETS, "veryfast"];
  if (own.includes(preset)) return preset;
  return own[other.indexOf(preset)] ?? fallback;
}

export interface EncodingOptions {
  encoder: Encoder;
  /** x264's scale, 10..35; NVENC's is about 7 higher for the same quality (measured by others on an RTX 4000 Ada). */
  crf: number;
  preset: string;
  width: number;
  height: number;
  fps: number;
  threads: number;
}

/**
 * superfast with the macroblock tree costs about half of veryfast at the same quality (measured, performance reference 4.2).
 * ultrafast would leave the High profile without these two.
 */
const X264_TUNING: Record<string, string> = {
  ultrafast: "8x8dct=1:cabac=1",
  superfast: "mbtree=1:rc-lookahead=20",
};
/** Bits per second of 1080x1920 at 30 fps that a clip keeps under: 30 MB per 45 s with its sound. */
const FULL_SIZE_BITRATE = 5_000_000;

/** The most bits per second that a clip of this size and rate takes. */
export function highestBitrate({ width, height, fps }: Pick<EncodingOptions, "width" | "height" | "fps">) {
  return Math.round(
    FULL_SIZE_BITRATE * ((width * height) / (1080 * 1920)) * Math.max(1, Math.sqrt(fps / 30)),
  );
}

/**
 * The quality with which a clip that became too large will be small enough: six steps of crf halve it, and one to be sure.
 * x264 could hold the limit by itself (VBV), but with several threads it then gives other bytes every time (measured).
 */
export const smallerCrf = (crf: number, timesTooLarge: number): number =>
  Math.min(48, crf + Math.ceil(6 * Math.log2(timesTooLarge)) + 1);

/** H.264 High, 4:2:0, BT.709, a key frame every two seconds at least. With x264 equal threads give equal bytes. */
export function encodingArgs(options: EncodingOptions): string[] {
  const { encoder, crf, fps, threads } = options;
  const preset = ["-preset", presetFor(encoder, options.preset)];
  const common = [
    ...["-profile:v", "high", "-pix_fmt", "yuv420p", "-g", `${Math.max(1, Math.floor(fps * 2))}`],
    ...["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"],
    ...["-flags:v", "+bitexact"],
  ];
  if (encoder === "h264_nvenc") {
    const bitrate = highestBitrate(options);
    return [
      ...["-c:v", "h264_nvenc", ...preset, "-tune", "hq", "-rc", "vbr", "-cq", `${crf + 7}`, "-b:v", "0"],
      ...["-maxrate", `${bitrate}`, "-bufsize", `${2 * bitrate}`, "-spatial-aq", "1", "-temporal-aq", "1"],
      ...common,
    ];
  }
  const tuning = X264_TUNING[preset[1] ?? ""];
  return [
    ...["-c:v", "libx264", ...preset, "-crf", `${crf}`, "-threads", `${threads}`],
    ...(tuning ? ["-x264-params", tuning] : []),
    ...common,
  ];
}
