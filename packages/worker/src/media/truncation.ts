import { KangKlipError } from "@kangklip/contract";
import type { FetchedSource } from "../stage.ts";
import type { ClipTimeline } from "./clip-timeline.ts";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, type Tools } from "./ffmpeg.ts";

/** A clip may differ from its EDL by this much (quality reference, damaged inputs). */
const TOLERANCE_SECONDS = 0.1;

/**
 * A damaged file renders short without any error: only the number of frames tells.
 * @throws KangKlipError SOURCE_TRUNCATED that says where the picture ends, RENDER_FAILED where there are too many frames.
 */
export function assertWhole({ rate, frames, stretches }: ClipTimeline, made: number): void {
  const allowed = TOLERANCE_SECONDS * rate.fps;
  if (made > frames + allowed)
    throw new KangKlipError("RENDER_FAILED", "The rendered clip is longer than planned");
  if (made >= frames - allowed) return;
  const missing = stretches.find(({ firstFrame, frames: own }) => made < firstFrame + own);
  const seconds = (missing?.start ?? 0) + (made - (missing?.firstFrame ?? 0)) / rate.fps;
  throw endsAt(seconds);
}

const endsAt = (seconds: number, cause?: unknown) =>
  new KangKlipError(
    "SOURCE_TRUNCATED",
    `The video's picture ends at about ${Math.round(seconds)} s, before the clip does`,
    { cause },
  );

/**
 * Does work that reads the clip's stretches; where it fails because there is no picture any more at the end of one of them, the
 * error says so. All other errors pass as they are.
 */
export async function explainFailure<T>(
  { tools, signal }: { tools: Tools; signal: AbortSignal },
  source: FetchedSource,
  { stretches }: ClipTimeline,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof KangKlipError && ["RENDER_FAILED", "SOURCE_UNREADABLE"].includes(error.code)))
      throw error;
    for (const { start, end } of stretches)
      if (!(await hasPictureAt(tools, source, Math.max(start, end - 2), signal))) throw endsAt(end, error);
    throw error;
  }
}

async function hasPictureAt(tools: Tools, source: FetchedSource, seconds: number, signal: AbortSignal) {
  let found = "";
  const input = [...LOCAL_INPUT, ...PIXEL_LIMIT, "-ss", `${seconds}`, "-i", source.file];
  const args = [...input, "-map", `0:${source.info.video.index}`, "-frames:v", "1", "-f", "framemd5", "-"];
  const onData = (chunk: Buffer) => {
    found += chunk.toString();
  };
  await runFfmpeg(tools, { args, signal, timeoutMs: 60_000, onData }).catch(() => signal.throwIfAborted());
  return /^\d/m.test(found);
}
