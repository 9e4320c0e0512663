import { KangKlipError } from "@kangklip/contract";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, type Tools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";

/** Size of the picture that is compared, and pictures per second: a cut is known to a tenth of a second. */
const WIDTH = 32;
const HEIGHT = 18;
const RATE = 10;
/** Mean difference of grey levels (of 255) from which on two key frames belong to different shots. */
const DIFFERENT = 22;
/** Cuts closer together than this are one, seconds. */
const SHORTEST_SHOT_SECONDS = 1;
/** It is a hint, not a measurement: what was found by then has to do. */
const TIMEOUT_MS = 60_000;

/**
 * Times of scene cuts, seconds from the start of the file, as far as key frames show them: encoders put one on most cuts, and
 * decoding nothing else is cheap (a minute of 1080p in half a second). A cut between two key frames is reported at the later one.
 * @returns what was found when the time ran out, else all. @throws the abort's reason, or KangKlipError SOURCE_UNREADABLE
 */
export async function keyFrameShots(options: {
  tools: Tools;
  file: string;
  /** Whether nothing but key frames may be in it. */
  isPartial?: boolean;
  /** Its length where that is known. */
  durationSeconds?: number;
  signal: AbortSignal;
  onProgress: (fraction: number) => void;
  timeoutMs?: number;
}): Promise<number[]> {
  const { tools, file, signal, onProgress, timeoutMs = TIMEOUT_MS } = options;
  const { durationSeconds } = options.durationSeconds ? options : await probeMedia(tools, file, signal);
  const compare = shotFinder((seconds) => onProgress(Math.min(1, seconds / (durationSeconds ?? 0) || 0)));
  const args = [
    ...["-skip_frame", "nokey", "-threads", "1", ...LOCAL_INPUT, ...PIXEL_LIMIT, "-i", file],
    ...["-map", "0:v:0", "-an", "-sn", "-dn"],
    // the frame rate comes last: a key frame shown again until the next one costs a copy, no work; "pass": the last one too
    ...[
      "-vf",
      `scale=${WIDTH}:${HEIGHT}:flags=area,format=gray,fps=${RATE}:eof_action=pass`,
      "-f",
      "rawvideo",
      "pipe:1",
    ],
  ];
  // not "-discard nokey": ffmpeg's MP4 reader then takes the times of other pictures (5.1)
  if (options.isPartial) args.unshift("-max_error_rate", "1");
  try {
    await runFfmpeg(tools, { args, signal, timeoutMs, onData: compare.add });
  } catch (error) {
    if (!(error instanceof KangKlipError && error.code === "TIMED_OUT")) throw error;
  }
  return compare.shots;
}

/** Compares grey pictures as their bytes come in. */
function shotFinder(onSeconds: (seconds: number) => void) {
  const size = WIDTH * HEIGHT;
  const shots: number[] = [];
  let previous: Buffer | undefined;
  let rest = Buffer.alloc(0);
  let count = 0;
  const add = (chunk: Buffer) => {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    let at = 0;
    for (; at + size <= bytes.length; at += size) {
      const picture = bytes.subarray(at, at + size);
      const seconds = count++ / RATE;
      const sinceLast = seconds - (shots.at(-1) ?? 0);
      if (previous && !previous.equals(picture) && sinceLast >= SHORTEST_SHOT_SECONDS)
        if (difference(previous, picture) >= DIFFERENT) shots.push(seconds);
      previous = Buffer.from(picture);
    }
    rest = Buffer.from(bytes.subarray(at));
    onSeconds(count / RATE);
  };
  return { add, shots };
}

function difference(a: Buffer, b: Buffer): number {
  let sum = 0;
  for (const [index, value] of a.entries()) sum += Math.abs(value - (b[index] ?? 0));
  return sum / a.length;
}
