import { setTimeout as sleep } from "node:timers/promises";
import type { KangKlipError } from "@kangklip/contract";
import { type Ability, lacking, type Meaning, meaningOf, WORKS, withinTime } from "../ability.ts";
import { runFfmpeg, type Tools } from "./ffmpeg.ts";

export type Encoder = "h264_nvenc" | "libx264";

/** What will encode, and why it is not the graphics card; null where it is. */
interface EncoderChoice {
  encoder: Encoder;
  reason: string | null;
}

const TRY_MS = 5000;
/** A card whose sessions are all in use has one again when another clip is done. */
const SESSION_RETRIES = 2;
export const SESSION_WAIT_MS = 1500;

/** What NVENC says when it does not work, and what that means; texts of ffmpeg's nvenc.c, the telling ones first. */
const NVENC_MEANINGS: readonly Meaning[] = [
  [
    /Cannot load lib(cuda|nvidia-encode)|Cannot load nvcuda|Cannot load nvEncodeAPI/i,
    "NO_LIB",
    "no NVIDIA driver with video encoding here (a container needs the `video` capability)",
  ],
  [/Unknown encoder|Encoder not found/i, "NOT_BUILT", "this ffmpeg was built without h264_nvenc"],
  [
    /required nvenc API version|minimum required Nvidia driver|invalid version \(15\)|DRIVER_MISMATCH|INSUFFICIENT_DRIVER/i,
    "DRIVER_OLD",
    "the NVIDIA driver is too old",
  ],
  [
    /OpenEncodeSessionEx failed: (?:unsupported device|no encode device)|no NVENC capable|Codec not supported/i,
    "NO_ENGINE",
    "this card has no H.264 encoder",
  ],
  [
    /out of memory|incompatible client key|CUDA_ERROR_OUT_OF_MEMORY/i,
    "SESSION_LIMIT",
    "the card has no encoding session or no memory left",
  ],
  [
    /CUDA_ERROR_(?:NO_DEVICE|INVALID_DEVICE|UNKNOWN|ECC\w*|LAUNCH\w*|ILLEGAL\w*|NOT_PERMITTED)|device not exist|need re-init/i,
    "NO_DEVICE",
    "the driver gives no card, or has lost it",
  ],
  [/No capable devices found/i, "NO_ENGINE", "this card has no H.264 encoder"],
];

/**
 * Really encodes a few frames with h264_nvenc and the arguments that clips get, because being listed says nothing about the driver or
 * the card, and A100 and H100 have no such engine at all. Takes 0.2 s where there is no driver, at most 5 s a try; where all sessions
 * are in use it waits for one and tries again.
 * @throws the abort's reason, nothing else
 */
export async function tryNvenc(tools: Tools, signal: AbortSignal): Promise<Ability> {
  const frames = ["-f", "lavfi", "-i", "color=black:s=256x256:r=30:d=0.2", "-frames:v", "3"]; // smaller ones are refused
  const clip = { crf: 21, preset: "p4", width: 256, height: 256, fps: 30, threads: 1 };
  const args = [...frames, ...encodingArgs({ ...clip, encoder: "h264_nvenc" }), "-f", "null", "-"];
  for (let retries = SESSION_RETRIES; ; retries--) {
    const tried = runFfmpeg(tools, { args, signal, timeoutMs: TRY_MS, threads: 1, gpu: true }).then(
      () => WORKS,
      (error: KangKlipError) => nvencFailure(error),
    );
    const found = await withinTime(TRY_MS + 2000, tried, "h264_nvenc");
    signal.throwIfAborted();
    if (found.code !== "SESSION_LIMIT" || retries === 0) return found;
    await sleep(SESSION_WAIT_MS, undefined, { signal });
  }
}

/** Why NVENC failed, for the receipt. */
export function nvencFailure(error: KangKlipError): Ability {
  if (error.code === "TIMED_OUT") return lacking("NO_ANSWER", "h264_nvenc did not answer in time");
  const { cause } = error;
  const all = cause instanceof Error && typeof cause.cause === "string" ? cause.cause : undefined;
  return meaningOf(all ?? (cause instanceof Error ? cause.message : error.message), NVENC_MEANINGS);
}

/** What encodes the clips of a job. `wanted` is the operator's word; NVENC that does not work is never an error. */
export function chooseEncoder(wanted: "auto" | Encoder, nvenc: Ability): EncoderChoice {
  if (wanted === "libx264") return { encoder: "libx264", reason: lacking("OFF", "ENCODER=libx264").reason };
  return nvenc.code === WORKS.code
    ? { encoder: "h264_nvenc", reason: null }
    : { encoder: "libx264", reason: nvenc.reason };
}

/** No card is known to have more engines than this that a job of five clips could feed. */
const MOST_NVENC_CLIPS = 3;
/** More clips than a job has. */
const MOST_X264_RUNS = 5;
/** Bytes that an ffmpeg takes that makes 1080x1920 of 1920x1080 (365 MB measured, by one thread), and the worker, its detector and one analysis beside them. */
const [RUN_BYTES, BESIDE_BYTES] = [450e6, 450e6];
/** x264 hardly gains from more threads than this on one clip of 1080x1920. */
const X264_THREADS = 8;

/** What a machine has for clips: threads that the worker may use, and bytes of memory. */
export interface Room {
  threads: number;
  memoryBytes: number;
}

/**
 * How many clips are encoded at the same time, once the first is done: that one has the machine for itself, as somebody waits to see it. One encode never uses more than one engine of a card, and decoding, cutting and drawing
 * captions take about two cores for each (media reference, section 10). By the processor as many clips as it has cores and memory for: threads that share
 * a clip cost up to a tenth more (performance reference, 4.3), and parts of one begin a decoder each.
 */
export function clipsAtOnce(encoder: Encoder, { threads, memoryBytes }: Room): number {
  const [fed, most] =
    encoder === "h264_nvenc"
      ? [Math.floor(threads / 2), MOST_NVENC_CLIPS]
      : [threads, Math.min(MOST_X264_RUNS, Math.floor((memoryBytes - BESIDE_BYTES) / RUN_BYTES))];
  return Math.max(1, Math.min(most, fed));
}

/** What one clip has of the machine: threads, and into how many parts it may be cut so that each is encoded by some of them (`partsOf`). */
export interface Share {
  threads: number;
  parts: number;
}

/**
 * The share of each of so many clips: all for the first, equal parts for the others, one thread at least; those that are rendered last, when fewer
 * are left than cores, share what the others leave. x264 gives other bytes with other threads and parts, so they depend on a clip's place and on
 * nothing that may differ by chance.
 */
export function clipShares(encoder: Encoder, room: Room, clips: number): Share[] {
  const runs = clipsAtOnce(encoder, room);
  const others = clips - 1;
  const atOnce = Math.min(runs, others);
  const left = others % Math.max(1, atOnce);
  const share = (among: number): Share => {
    const threads = Math.max(1, Math.min(X264_THREADS, Math.floor(room.threads / among)));
    const parts = encoder === "h264_nvenc" ? 1 : Math.max(1, Math.min(threads, Math.floor(runs / among)));
    return { threads, parts };
  };
  return Array.from({ length: clips }, (_, i) => share(i === 0 ? 1 : i < clips - left ? atOnce : left));
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
  /** x264's scale, 10..35. */
  crf: number;
  preset: string;
  /** x264's own parameters in place of those that go with the preset (`X264_TUNING`). */
  params?: string | undefined;
  width: number;
  height: number;
  fps: number;
  threads: number;
}

/** NVENC's quality that looks like a crf of x264 (measured by others on an RTX 4000 Ada). Both go to 51. */
export const nvencQuality = (crf: number): number => Math.min(51, crf + 7);

/**
 * superfast with the macroblock tree costs about half of veryfast at the same quality (measured, performance reference 4.2). It has one reference picture, so that
 * a strict pyramid gives the same pictures for the same bits, and keeps one picture less: 12 MB of 1080x1920.
 * ultrafast would leave the High profile without these two. Deblocked it is nearer to most pictures, but colours linger on after a cut (R4.pixels of `bench:quality`).
 */
export const X264_TUNING: Record<string, string> = {
  ultrafast: "8x8dct=1:cabac=1",
  superfast: "mbtree=1:rc-lookahead=20:b-pyramid=strict",
};
/** Bits per second of 1080x1920 at 30 fps that a clip's pictures keep under: 30 MB per 45 s with its sound. */
const FULL_SIZE_BITRATE = 5_000_000;

/** The most bits per second that a clip of this size and rate takes. */
export function highestBitrate({ width, height, fps }: Pick<EncodingOptions, "width" | "height" | "fps">) {
  return Math.round(
    FULL_SIZE_BITRATE * ((width * height) / (1080 * 1920)) * Math.max(1, Math.sqrt(fps / 30)),
  );
}

/** An encode of a clip: with which quality, and how many bits per second its pictures took. */
export interface Tried {
  crf: number;
  bitrate: number;
}

/** Steps of crf that halve a clip. Of footage over the limit two to four do (measured; the more bits, the fewer steps), of calm footage six. */
const [HALVING, CALM_HALVING] = [3, 6];
const WORST_CRF = 48;

/**
 * The quality with which a clip that became too large will be small enough, with a step to be sure: by how many steps halve such clips, and after a
 * second encode by how many halved this one.
 * x264 could hold the limit by itself (VBV), but with several threads it then gives other bytes every time, and with one, colours linger for frames after a
 * cut, for which no bits are left (R4.pixels of `bench:quality`).
 * @param limit bits per second @param last the encode that was too large @param before the one before it, if any
 */
export function smallerCrf(limit: number, last: Tried, before?: Tried): number {
  let halving = HALVING;
  if (before) {
    const halvings = Math.log2(before.bitrate / last.bitrate);
    const measured = halvings > 0 ? (last.crf - before.crf) / halvings : CALM_HALVING;
    halving = Math.min(CALM_HALVING, Math.max(HALVING, measured));
  }
  return Math.min(WORST_CRF, last.crf + Math.ceil(halving * Math.log2(last.bitrate / limit)) + 1);
}

/** Frames from one key frame to the next at most: two seconds. */
export const keyFrameEvery = (fps: number): number => Math.max(1, Math.floor(fps * 2));

/**
 * H.264 High, 4:2:0, BT.709, a key frame every two seconds at least. With x264 equal threads give equal bytes: as long as its lookahead has
 * no thread of its own, which writes the macroblock tree of pictures that are being encoded (at hard cuts some encodes
 * of the same pictures differed, at its own presets too). Without that thread a clip by two threads takes 30 MB less and no longer (measured).
 */
export function encodingArgs(options: EncodingOptions): string[] {
  const { encoder, crf, fps, threads } = options;
  const preset = ["-preset", presetFor(encoder, options.preset)];
  const common = [
    ...["-profile:v", "high", "-pix_fmt", "yuv420p", "-g", `${keyFrameEvery(fps)}`],
    ...["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"],
    ...["-flags:v", "+bitexact"],
  ];
  if (encoder === "h264_nvenc") {
    const bitrate = highestBitrate(options);
    return [
      ...[
        "-c:v",
        "h264_nvenc",
        ...preset,
        "-tune",
        "hq",
        "-rc",
        "vbr",
        "-cq",
        `${nvencQuality(crf)}`,
        "-b:v",
        "0",
      ],
      ...["-maxrate", `${bitrate}`, "-bufsize", `${2 * bitrate}`, "-spatial-aq", "1", "-temporal-aq", "1"],
      ...common,
    ];
  }
  const tuning = options.params ?? X264_TUNING[preset[1] ?? ""];
  return [
    ...["-c:v", "libx264", ...preset, "-crf", `${crf}`, "-threads", `${threads}`],
    ...["-x264-params", ["sync-lookahead=0", ...(tuning ? [tuning] : [])].join(":")],
    ...common,
  ];
}
