import { open } from "node:fs/promises";
import { SEEN_SECONDS, watching } from "../media/clip-args.ts";
import { runFfmpeg, type Tools } from "../media/ffmpeg.ts";
import { type Loudness, parseEbur128 } from "../media/loudness.ts";

/** Seconds of the clip. */
export interface Span {
  start: number;
  end: number;
}

export interface LookOptions {
  tools: Tools;
  file: string;
  signal: AbortSignal;
  seconds: number;
  /** Part of the height, from the top, in which no caption stands: what moves there is the picture itself. */
  above: number;
  /** Frames whose pictures are wanted, in order, and the size in which they are … */
  frames: number[];
  picture: { width: number; height: number };
  /** … beside other pictures of the same frames: a pattern of image files ("cover_%02d.jpg") in the folder `cwd`. */
  beside: {
    pattern: string;
    cwd: string;
    /** Whether they are at least twice as large as they are wanted: JPEG is then decoded at half its size, which costs a third. */
    halved?: boolean;
  };
}

/** What the pictures of a clip show. */
export interface SeenPictures {
  black: Span[];
  frozen: Span[];
  /** Luma (0..255) of the wanted frames, and of the pictures beside them; fewer where the clip has not so many. */
  pairs: { own: Uint8Array; beside: Uint8Array }[];
}

/** What one decode of a finished clip shows. */
export interface Looked extends SeenPictures {
  /** Lines in which the decoder complains. */
  errors: string[];
  loudness: Loudness;
}

const STILL_ENCODED_DB = -60;
/** What to keep of stderr where `watching` tells of much, characters. */
export const KEPT_OF_STDERR = 1 << 18;

/**
 * What is known of a clip's pictures from the run that encoded them, before they were encoded.
 * @param said its stderr at level "info" @param lumas its stdout: pairs of pictures of `size`, one below the other
 */
export function seenPictures(
  said: string,
  lumas: Buffer,
  { seconds, size }: { seconds: number; size: LookOptions["picture"] },
): SeenPictures {
  const bytes = size.width * size.height;
  return {
    black: spansOf(said, /black_start:([\d.]+) black_end:([\d.]+)/g),
    frozen: frozenSpans(said, seconds),
    pairs: Array.from({ length: Math.floor(lumas.length / bytes / 2) }, (_, i) => ({
      own: lumas.subarray(2 * i * bytes, (2 * i + 1) * bytes),
      beside: lumas.subarray((2 * i + 1) * bytes, (2 * i + 2) * bytes),
    })),
  };
}

/** What is known of a clip out of that of its parts, which tell of shorter spans: those that meet are one. Pure. */
export function joinedSeen(parts: readonly SeenPictures[], fps: number): SeenPictures {
  const frame = 1 / fps + 1e-3;
  const spans = (of: "black" | "frozen", seconds: number) => {
    const united: Span[] = [];
    for (const span of parts.flatMap((part) => part[of])) {
      const last = united.at(-1);
      // black that lasts to the end is told of up to the last picture's beginning
      if (last && span.start <= last.end + frame) last.end = span.end;
      else united.push({ ...span });
    }
    return united.filter(({ start, end }) => end - start >= seconds - 1e-4);
  };
  return {
    black: spans("black", SEEN_SECONDS.black),
    // from its first picture to the last one that is like it
    frozen: spans("frozen", SEEN_SECONDS.frozen + 1 / fps),
    pairs: parts.flatMap(({ pairs }) => pairs),
  };
}

/**
 * Decodes a finished clip once, with all measurements on that decode. The loop filter is left out: it costs a third of the decoding,
 * and neither errors nor black nor stillness depend on it. Measured: 0.05 (a still talk) to 0.1 s (noise at 3 Mbit) of processor time per second of 1080x1920, 5 to 8 % of the rendering.
 * @throws what `runFfmpeg` throws
 */
export async function lookThrough(options: LookOptions): Promise<Looked> {
  const { tools, file, signal, seconds, picture, beside } = options;
  const chunks: Buffer[] = [];
  const said = await runFfmpeg(tools, {
    args: [
      ...["-v", "level+info", "-threads", "1", "-skip_loop_filter", "all", "-i", file],
      ...(beside.halved ? ["-lowres", "1"] : []),
      ...["-f", "image2", "-i", beside.pattern],
      ...["-filter_complex", lookGraph(options)],
      ...["-map", "[watched]", "-f", "null", "-", "-map", "[heard]", "-f", "null", "-"],
      ...["-map", "[pictures]", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
    ],
    ...{ cwd: beside.cwd, signal, level: "info", keepStderr: KEPT_OF_STDERR, threads: 1 },
    timeoutMs: 60_000 + seconds * 10_000,
    onData: (chunk) => void chunks.push(chunk),
  });
  return {
    ...seenPictures(said, Buffer.concat(chunks), { seconds, size: picture }),
    errors: errorsIn(said),
    loudness: parseEbur128(said),
  };
}

const errorsIn = (said: string) => said.split("\n").filter((line) => /\[(error|fatal)\]/.test(line));

/** So many zeros in a row are a hole: H.264 has never more than two, AAC none worth mentioning (ITU-T H.264, 7.4.1). */
const HOLE = Buffer.alloc(256);
const CHUNK_BYTES = 1 << 20;

/**
 * Whether a clip that the processor has encoded lies whole in its file, for a hundredth of what its decoding costs: its key frames are
 * decoded, and its bytes have no holes. What the pictures show is known before they are encoded.
 * @throws what `runFfmpeg` throws
 */
export async function isSound({
  tools,
  file,
  signal,
  seconds,
}: Pick<LookOptions, "tools" | "signal" | "seconds"> & { file: string }): Promise<boolean> {
  if (await hasHole(file)) return false;
  const said = await runFfmpeg(tools, {
    args: [
      ...[
        "-v",
        "level+info",
        "-threads",
        "1",
        "-skip_frame",
        "nokey",
        "-skip_loop_filter",
        "all",
        "-i",
        file,
      ],
      ...["-map", "0:v", "-fps_mode", "passthrough", "-f", "null", "-"],
    ],
    ...{ signal, level: "info", threads: 1, timeoutMs: 60_000 + seconds * 10_000 },
  });
  return errorsIn(said).length === 0;
}

async function hasHole(file: string): Promise<boolean> {
  await using handle = await open(file);
  const buffer = Buffer.alloc(CHUNK_BYTES + HOLE.length);
  for (let at = 0; ; at += CHUNK_BYTES) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (buffer.subarray(0, bytesRead).includes(HOLE)) return true;
    if (bytesRead < buffer.length) return false;
  }
}

/** Only numbers and fixed names enter it. */
function lookGraph({ above, frames, picture }: LookOptions): string {
  const watched = [`crop=iw:ih*${above.toFixed(4)}:0:0,${watching(STILL_ENCODED_DB)}[watched]`].join(",");
  const heard = "[0:a]ebur128=peak=true:framelog=verbose[heard]";
  const chosen = frames.map((frame) => `eq(n,${frame})`).join("+");
  // numbered from 0, so that each stands over its like
  const even = `scale=${picture.width}:${picture.height}:flags=area,format=gray,setsar=1,settb=1/25,setpts=N`;
  return [
    `[0:v]split[all][some];[all]${watched};[some]select='${chosen}',${even}[own]`,
    `[1:v]${even}[beside];[own][beside]vstack=shortest=1[pictures];${heard}`,
  ].join(";");
}

function spansOf(said: string, pattern: RegExp): Span[] {
  return [...said.matchAll(pattern)].map(([, start, end]) => ({ start: Number(start), end: Number(end) }));
}

/** freezedetect tells of an end only where the picture moves again. */
function frozenSpans(said: string, seconds: number): Span[] {
  const events = said.matchAll(/freezedetect\.freeze_(start|end): ([\d.]+)/g);
  const spans: Span[] = [];
  for (const [, what, time] of events) {
    const last = spans.at(-1);
    if (what === "start") spans.push({ start: Number(time), end: seconds });
    else if (last) last.end = Number(time);
  }
  return spans;
}
