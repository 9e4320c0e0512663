import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { type Ability, lacking, type Meaning, meaningOf, WORKS, withinTime } from "../ability.ts";
import type { FetchedSource } from "../stage.ts";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, type Tools } from "./ffmpeg.ts";

/** What decodes the source: NVDEC puts its pictures back into the machine's memory, so that the filters are the same for both. */
export type Decoder = "nvdec" | "cpu";

/**
 * Before `-i`. One thread: NVDEC gives each one pictures of its own to hold, and fails beyond 32 of them (ffmpeg's nvdec.c).
 * Codecs that the card does not know are decoded by the processor without a word.
 */
export const decodingArgs = (decoder: Decoder, threads: number): string[] =>
  decoder === "nvdec" ? ["-threads", "1", "-hwaccel", "cuda"] : ["-threads", `${threads}`];

const TRY_MS = 5000;
/** For what the processor does meanwhile, which says nothing of the card. */
const CPU_MS = 60_000;
/** Enough for pictures that are stored out of order. */
const FRAMES = 8;

/** Texts of ffmpeg's hwcontext_cuda.c, cuviddec/nvdec.c and of its loader. */
const NVDEC_MEANINGS: readonly Meaning[] = [
  [
    /Cannot load lib(cuda|nvcuvid)|Cannot load nvcuda|Cannot load nvcuvid|Failed loading nvcuvid/i,
    "NO_LIB",
    "no NVIDIA driver with video decoding here (a container needs the `video` capability)",
  ],
  [/DRIVER_MISMATCH|INSUFFICIENT_DRIVER/i, "DRIVER_OLD", "the NVIDIA driver is too old"],
  [
    /CUDA_ERROR_(?:NO_DEVICE|INVALID_DEVICE|UNKNOWN|ECC\w*|LAUNCH\w*|ILLEGAL\w*|NOT_PERMITTED)/i,
    "NO_DEVICE",
    "the driver gives no card, or has lost it",
  ],
  [/CUDA_ERROR_OUT_OF_MEMORY|out of memory/i, "OUT_OF_MEMORY", "the card has not enough memory left"],
  [
    /Unrecognized hwaccel|Unknown hwaccel|Device type .* not supported/i,
    "NOT_BUILT",
    "this ffmpeg was built without NVDEC",
  ],
  // the filter that takes pictures from the card was given one that never was there
  [
    /Impossible to convert between the formats|hardware frame reference|Error reinitializing filters|hwaccel initialisation returned error/i,
    "NO_ENGINE",
    "the card does not decode this kind of video",
  ],
];

/**
 * Really decodes a few frames of H.264 by NVDEC and compares them with what the processor makes of them, bit by bit: H.264 leaves a
 * decoder no choice. Takes half a second where it works, at most some 10 s.
 * @throws the abort's reason, nothing else
 */
export async function tryNvdec(tools: Tools, signal: AbortSignal): Promise<Ability> {
  const dir = await mkdtemp(join(tmpdir(), "kk-nvdec-"));
  try {
    const file = join(dir, "sample.mp4");
    const picture = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=30", "-frames:v", "12"];
    const encoding = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-threads", "1"];
    await runFfmpeg(tools, {
      args: [...picture, ...encoding, "-f", "mp4"],
      output: file,
      signal,
      timeoutMs: CPU_MS,
    });
    return await sameByBoth(tools, ["-i", file], signal);
  } catch (error) {
    signal.throwIfAborted();
    return nvdecFailure(error);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/**
 * What will decode a source: NVDEC where it gives the source's first pictures exactly as the processor does. HDR stays with the
 * processor, which has far more to do with it than decoding. `reason` is null where NVDEC does it.
 * @throws the abort's reason, nothing else
 */
export async function chooseDecoder(
  tools: Tools,
  { file, info }: Pick<FetchedSource, "file" | "info">,
  nvdec: Ability,
  signal: AbortSignal,
): Promise<{ decoder: Decoder; reason: string | null }> {
  if (nvdec.code !== WORKS.code) return { decoder: "cpu", reason: nvdec.reason };
  if (info.video.hdr)
    return { decoder: "cpu", reason: lacking("HDR", "HDR is decoded by the processor").reason };
  const input = [...LOCAL_INPUT, ...PIXEL_LIMIT, "-i", file, "-map", `0:${info.video.index}`];
  const { code, reason } = await sameByBoth(tools, input, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    return nvdecFailure(error);
  });
  return code === WORKS.code ? { decoder: "nvdec", reason: null } : { decoder: "cpu", reason };
}

async function sameByBoth(tools: Tools, input: string[], signal: AbortSignal): Promise<Ability> {
  const digests = async (before: string[], filter: string, gpu: boolean) => {
    let text = "";
    const args = [...before, ...input, "-frames:v", `${FRAMES}`, "-vf", filter, "-an", "-sn", "-dn"];
    await runFfmpeg(tools, {
      args: [...args, "-fps_mode", "passthrough", "-f", "framemd5", "pipe:1"],
      ...{ signal, timeoutMs: gpu ? TRY_MS : CPU_MS, threads: 1, gpu },
      onData: (chunk) => {
        text = (text + chunk).slice(0, 1 << 16);
      },
    });
    return text.split("\n").filter((line) => line && !line.startsWith("#"));
  };
  const onCard = ["-hwaccel", "cuda", "-hwaccel_output_format", "cuda", "-threads", "1"];
  const processor = digests(["-threads", "1"], "format=yuv420p", false);
  processor.catch(() => {}); // looked at below
  let card: string[] = [];
  const byCard = digests(onCard, "hwdownload,format=nv12,format=yuv420p", true).then((lines) => {
    card = lines;
    return WORKS;
  }, nvdecFailure);
  const found = await withinTime(TRY_MS + 2000, byCard, "NVDEC");
  signal.throwIfAborted();
  if (found.code !== WORKS.code) return found;
  return card.length > 0 && `${card}` === `${await processor}`
    ? WORKS
    : lacking("WRONG_PICTURE", "NVDEC gives other pictures than the processor");
}

/** Why NVDEC failed, for the receipt. */
export function nvdecFailure(error: unknown): Ability {
  if (!(error instanceof KangKlipError)) return lacking("UNKNOWN", String(error).slice(0, 200));
  if (error.code === "TIMED_OUT") return lacking("NO_ANSWER", "NVDEC did not answer in time");
  const { cause } = error;
  const all = cause instanceof Error && typeof cause.cause === "string" ? cause.cause : undefined;
  return meaningOf(all ?? (cause instanceof Error ? cause.message : error.message), NVDEC_MEANINGS);
}
