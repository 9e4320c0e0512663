import type { ClipTimeline, Piece } from "../media/clip-timeline.ts";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, SAME_GRAPH, type Tools } from "../media/ffmpeg.ts";
import type { FetchedSource } from "../stage.ts";
import type { Looked, Span } from "./look.ts";

/** Small pictures in which the clip and its source are compared, a few a second. */
const SMALL = { width: 36, height: 40, fps: 5 };
/** Of a suspected stretch this much is looked at, from its middle … */
const LOOK_SECONDS = 3;
/** … and of a clip with many of them the longest ones. */
const MOST_LOOKS = 6;
/** Luma of 255: no cell of a black picture is brighter; a cell that changes by more than the second figure moves. */
const BLACK_BELOW = 40;
const BRIGHT_ABOVE = 60;
const MOVES_BY = 10;

export interface CompareOptions {
  tools: Tools;
  source: FetchedSource;
  timeline: ClipTimeline;
  pieces: Piece[];
  /** The finished clip, and the part of its height that is compared, from the top. */
  file: string;
  above: number;
  signal: AbortSignal;
}

/**
 * Seconds of the clip that are black, or stand still, where its source is not and does not: a slide, a fade and a dark room are no fault.
 * Only what is suspected is looked at.
 */
export async function ownFaults(
  { black, frozen }: Pick<Looked, "black" | "frozen">,
  options: CompareOptions,
): Promise<{ black: number; frozen: number }> {
  const total = async (spans: Span[], isFault: (clip: Uint8Array[], source: Uint8Array[]) => boolean) => {
    const longest = spans.toSorted((a, b) => length(b) - length(a)).slice(0, MOST_LOOKS);
    let seconds = 0;
    for (const span of longest) {
      const [clip, source] = [await clipPictures(span, options), await sourcePictures(span, options)];
      if (clip && source && isFault(clip, source)) seconds += length(span);
    }
    return seconds;
  };
  return {
    black: await total(
      black,
      (clip, source) => brightest(clip) < BLACK_BELOW && brightest(source) > BRIGHT_ABOVE,
    ),
    frozen: await total(
      frozen,
      (clip, source) => movement(clip) < MOVES_BY && movement(source) > 2 * MOVES_BY,
    ),
  };
}

const length = ({ start, end }: Span) => end - start;

/** What is looked at of a stretch. */
function middleOf({ start, end }: Span): { at: number; seconds: number } {
  const seconds = Math.min(LOOK_SECONDS, end - start);
  return { at: (start + end - seconds) / 2, seconds };
}

async function clipPictures(span: Span, { tools, file, above, signal }: CompareOptions) {
  const { at, seconds } = middleOf(span);
  const input = ["-threads", "1", "-ss", `${at}`, "-t", `${seconds}`, "-i", file, "-map", "0:v"];
  return smallPictures(tools, input, `crop=iw:ih*${above.toFixed(4)}:0:0`, signal);
}

/** The same stretch of the source, cut as the clip is; undefined where it lies across two shots or stretches and is too short in each. */
async function sourcePictures(span: Span, options: CompareOptions): Promise<Uint8Array[] | undefined> {
  const { tools, source, timeline, pieces, above, signal } = options;
  const { at, seconds } = middleOf(span);
  const { fps } = timeline.rate;
  const middle = (at + seconds / 2) * fps;
  const piece = pieces.find(({ stretch, firstFrame, endFrame }) => {
    const offset = timeline.stretches[stretch]?.firstFrame ?? 0;
    return middle >= offset + firstFrame && middle < offset + endFrame;
  });
  const stretch = piece && timeline.stretches[piece.stretch];
  if (!stretch) return undefined;
  const start = stretch.start + Math.max(0, at - stretch.firstFrame / fps);
  const { video } = source.info;
  const { x, y, w, h } = piece.window;
  const cut =
    piece.layout === "crop" && !piece.way
      ? `scale=${video.width}:${video.height},crop=${w}:${Math.max(2, Math.floor(h * above))}:${x}:${y}`
      : `scale=${video.width}:${video.height}`;
  const input = [
    ...[
      "-threads",
      "1",
      ...LOCAL_INPUT,
      ...PIXEL_LIMIT,
      ...SAME_GRAPH,
      "-ss",
      `${start}`,
      "-t",
      `${seconds}`,
    ],
    ...["-i", source.file, "-map", `0:${video.index}`],
  ];
  return smallPictures(tools, input, cut, signal);
}

/** Undefined where there is nothing to be seen: a broken source is not the clip's fault either. */
async function smallPictures(tools: Tools, input: string[], cut: string, signal: AbortSignal) {
  const { width, height, fps } = SMALL;
  const chunks: Buffer[] = [];
  const filter = `${cut},fps=${fps}:start_time=0,scale=${width}:${height}:flags=area,format=gray`;
  try {
    await runFfmpeg(tools, {
      args: [...input, "-vf", filter, "-f", "rawvideo", "pipe:1"],
      ...{ signal, threads: 1, timeoutMs: 60_000, onData: (chunk) => void chunks.push(chunk) },
    });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  const all = Buffer.concat(chunks);
  const bytes = width * height;
  const pictures = Array.from({ length: Math.floor(all.length / bytes) }, (_, i) =>
    all.subarray(i * bytes, (i + 1) * bytes),
  );
  return pictures.length > 0 ? pictures : undefined;
}

const brightest = (pictures: Uint8Array[]) =>
  pictures.reduce(
    (most, picture) =>
      Math.max(
        most,
        picture.reduce((a, b) => Math.max(a, b), 0),
      ),
    0,
  );

/** The most that one cell changes from any picture to the first one: a mouth moves little of a picture, but that much. */
function movement([first, ...others]: Uint8Array[]): number {
  let most = 0;
  for (const picture of others)
    for (const [i, luma] of picture.entries()) most = Math.max(most, Math.abs(luma - (first?.[i] ?? luma)));
  return most;
}
