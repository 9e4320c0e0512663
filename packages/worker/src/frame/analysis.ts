import type { FrameRate } from "../media/clip-timeline.ts";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, SAME_GRAPH, type Tools } from "../media/ffmpeg.ts";
import { type MediaInfo, squareSize } from "../media/probe.ts";
import { findHardCuts } from "./cuts.ts";
import { type Picture, pictureBytes } from "./picture.ts";
import { createRoom, type Room } from "./picture-room.ts";

/** Pixels of an analysis picture: 480 x 270 of a 16:9 source. Large enough for a 30-pixel face, small enough for JavaScript. */
const ANALYSIS_PIXELS = 480 * 270;
const FACES_PER_SECOND = 5;
const MOUTHS_PER_SECOND = 10;
/** Columns and rows of a thumbnail. */
const THUMB = { width: 32, height: 18 };
/** More pictures are not left out in a row (16 is the most that x264 stores between two others); what lasts for longer stands still. */
const MOST_SKIPPED = 16;
/** Cuts that lie nearer to each other than a usual distance of key frames are placed by one decode. */
const TOGETHER_SECONDS = 5;
/** Pictures that are brought to less than half their size hide what the loop filter would have smoothed. */
const UNFILTERED_SCALE = 0.5;

/** One frame as a 32 x 18 grid of mean luma: enough to tell pictures apart, and blind to noise. */
export type Thumb = Uint8Array;

/** What one decode of a stretch leaves behind. Frame n is the picture at n / fps seconds of the stretch. */
export interface Watched {
  fps: number;
  frames: number;
  /** Analysis pixels per source pixel, and the size of the analysis picture. */
  scale: number;
  width: number;
  height: number;
  /** One per frame; the very same object as the one before where that picture was not decoded (see `watch`). */
  thumbs: Thumb[];
  /** Luma planes, about ten a second, each with the frame that it is. */
  lumas: { frame: number; luma: Uint8Array }[];
}

/** Disposed, it gives back the memory of its pictures (60 MB for 30 s), which else stays until something is collected: none of them may be read any more. */
type Seen = Watched & Disposable;

export interface WatchOptions {
  tools: Tools;
  file: string;
  video: NonNullable<MediaInfo["video"]>;
  /** Seconds as ffmpeg's `-ss` counts them: from the start of the file's earliest stream. */
  startSeconds: number;
  seconds: number;
  /** Seconds to begin decoding before the stretch (see `runUp`). */
  runUpSeconds?: number;
  /** What the renderer makes of the source: the frames that are looked at are the frames of the clip. */
  rate: FrameRate;
  threads: number;
  signal: AbortSignal;
  /** Called with about five pictures per second, to look for faces; the picture stays valid as long as what `watch` leaves behind. */
  onPicture: (picture: Picture, frame: number) => void;
}

/** Size of the upright, square-pixel picture that is looked at: the source's shape, even sides, never enlarged. */
export function analysisSize({ width, height }: { width: number; height: number }) {
  const scale = Math.min(1, Math.sqrt(ANALYSIS_PIXELS / (width * height)));
  const even = (length: number) => Math.max(2, Math.round((length * scale) / 2) * 2);
  return { width: even(width), height: even(height), scale };
}

/** Which pictures a decoder leaves out: none, those that no other one needs, or all that need a later one. */
export type Skipped = "none" | "noref" | "bidir";
/** So many pictures a second are enough to see who speaks. */
const ENOUGH_PER_SECOND = 6;
/** Seconds after which it is known how many there are. */
const TRIED_SECONDS = 2;
/** Codecs whose other pictures are enough for that; HEVC may write all of them as such that need two. */
const KNOWN_TO_SKIP = ["h264", "mpeg2video", "mpeg4"];

/** What may be left out, the most first. Pictures that are stored in the order in which they are shown are all needed. */
export function skippable({ codec, reordered = true }: WatchOptions["video"]): Skipped[] {
  if (!reordered) return ["none"];
  return KNOWN_TO_SKIP.includes(codec) ? ["bidir", "noref"] : ["noref"];
}

/**
 * The arguments of one decode: upright (ffmpeg rotates), square pixels. Each decoded picture comes once, on stdout, and on stderr the number
 * of the frame from which on it is shown, as the renderer's own filter of constant rate would round it (see clipGraph): frame n is the
 * clip's frame n, those before the stretch count below 0.
 */
export function watchArgs({
  file,
  video,
  startSeconds,
  seconds,
  rate,
  threads,
  runUpSeconds = 0,
  skipped,
}: Omit<WatchOptions, "tools" | "signal" | "onPicture"> & { skipped: Skipped }): string[] {
  const { width, height, scale } = analysisSize(squareSize(video));
  const shift = runUpSeconds > 0 ? `setpts=PTS-${runUpSeconds}/TB,` : "";
  return [
    ...(scale <= UNFILTERED_SCALE ? ["-skip_loop_filter", "all"] : []),
    ...(skipped === "none" ? [] : ["-skip_frame", skipped]),
    ...["-filter_threads", "1"], // pictures this small cost more to hand around than to scale
    ...["-threads", `${threads}`, ...LOCAL_INPUT, ...PIXEL_LIMIT, ...SAME_GRAPH],
    ...["-noaccurate_seek", "-ss", (startSeconds - runUpSeconds).toFixed(6), "-i", file],
    ...["-map", `0:${video.index}`],
    ...[
      "-vf",
      `${shift}settb=1/(${rate.text}),trim=end_pts=${frameCount({ seconds, rate })},` +
        `scale=${width}:${height}:flags=area,setsar=1,format=yuv420p,showinfo=checksum=0`,
    ],
    ...["-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"],
  ];
}

const frameCount = ({ seconds, rate }: Pick<WatchOptions, "seconds" | "rate">) =>
  Math.max(1, Math.round(seconds * rate.fps));

/**
 * Looks through a stretch of a local file in one sequential decode that leaves out what it can. A cut that lies in a gap between two
 * pictures is placed to the frame by decoding those of the gap; encoders begin a shot with a picture that is not left out, so that there
 * is rarely one. Measured: 20 s of 1080p30 H.264 take 1.7 s of processor time, decoded whole 3.8 s. The same stretch gives the same each time.
 * Where a file ends early its last picture stays; one that shows no picture at all gives no frames, without an error.
 * @throws what `runFfmpeg` throws
 */
export async function watch(options: WatchOptions): Promise<Seen> {
  const ways = skippable(options.video);
  let given = -1;
  const give = (picture: Picture, frame: number) => {
    if (frame > given) options.onPicture(picture, frame);
    given = Math.max(given, frame);
  };
  for (const [i, skipped] of ways.entries()) {
    const watched = await look(options, { skipped, isLast: i === ways.length - 1, give });
    if (!watched) continue;
    for (const gap of gapsAtCuts(watched)) await fill(watched, gap, options);
    return watched;
  }
  throw new Error("There is no last way to decode");
}

interface Look {
  skipped: Skipped;
  /** Whether its pictures count however few they are. */
  isLast: boolean;
  give: WatchOptions["onPicture"];
}

/** One decode; undefined where it shows too few pictures. */
async function look(options: WatchOptions, { skipped, isLast, give }: Look): Promise<Seen | undefined> {
  const { fps } = options.rate;
  const { width, height, scale } = analysisSize(squareSize(options.video));
  const faceStep = Math.max(1, Math.round(fps / FACES_PER_SECOND));
  const mouthStep = Math.max(1, Math.round(fps / MOUTHS_PER_SECOND));
  const isMouth = (frame: number) => frame % mouthStep === 0;
  const isFace = (frame: number) => frame % faceStep === 0;
  let kept = 2; // one that is shown, one that is read
  for (let frame = 0; frame < frameCount(options); frame++) if (isMouth(frame) || isFace(frame)) kept++;
  const room = createRoom(pictureBytes(width, height), kept);
  const watched: Seen = {
    ...{ fps, frames: 0, scale, width, height, thumbs: [], lumas: [] },
    [Symbol.dispose]: room[Symbol.dispose],
  };
  const tried = Math.round(fps * TRIED_SECONDS);
  const enough = isLast ? 0 : (Math.min(ENOUGH_PER_SECOND, fps / 2) * tried) / fps;

  let seen = 0;
  const stop = new AbortController();
  const show = (data: Uint8Array, _: number, end: number) => {
    if (stop.signal.aborted) return false;
    let stays = false;
    const first = watched.frames; // the first picture may come late: it stands for what is before it, as in the clip
    let thumb = thumbnail(data, width, height);
    /** Which frame this one is like, as far as the decoder is known to have left pictures out. */
    let since = first;
    seen++;
    for (let frame = first; frame < end; frame++) {
      if (frame > first && (skipped === "none" || frame - since > MOST_SKIPPED)) {
        since = frame;
        thumb = thumb.slice();
      }
      watched.thumbs.push(thumb);
      watched.frames++;
      if (frame === tried && seen < enough) stop.abort();
      if (stop.signal.aborted) return stays; // however much has come by then, the next way is given the same
      if (isMouth(frame) && watched.lumas.at(-1)?.frame !== since)
        watched.lumas.push({ frame: since, luma: data.subarray(0, width * height) });
      if (isFace(frame)) give({ width, height, data }, since);
      stays ||= isMouth(frame) || isFace(frame);
    }
    return stays;
  };
  const signal = AbortSignal.any([options.signal, stop.signal]);
  try {
    await eachPicture({ ...options, signal }, { skipped, room, show });
  } catch (error) {
    if (!stop.signal.aborted || options.signal.aborted) throw error;
  }
  return stop.signal.aborted ? undefined : watched;
}

/** Frames that were not decoded; `end` was. */
interface Gap {
  first: number;
  end: number;
}

/** The gaps in which a new shot may begin, those near to each other as one. */
function gapsAtCuts({ thumbs, fps }: Watched): Gap[] {
  const gaps: Gap[] = [];
  for (const end of findHardCuts(thumbs)) {
    let first = end;
    while (first > 1 && thumbs[first - 1] === thumbs[first - 2]) first--;
    const last = gaps.at(-1);
    if (first === end) continue;
    if (last && first - last.end < TOGETHER_SECONDS * fps) last.end = end;
    else gaps.push({ first, end });
  }
  return gaps;
}

/** Puts the thumbnails of a gap's own pictures into their places; a seek may land behind some of them. */
async function fill(watched: Watched, { first, end }: Gap, options: WatchOptions): Promise<void> {
  const { rate, startSeconds, runUpSeconds = 0 } = options;
  const after = first / rate.fps;
  const part = {
    ...{ startSeconds: startSeconds + after, seconds: (end - first) / rate.fps },
    // from where the stretch's own decode began
    ...(runUpSeconds > 0 && { runUpSeconds: runUpSeconds + after }),
  };
  const show = (data: Uint8Array, from: number, to: number) => {
    for (let frame = from; frame < to; frame++)
      watched.thumbs[first + frame] = thumbnail(data, watched.width, watched.height);
    return false;
  };
  using room = createRoom(pictureBytes(watched.width, watched.height), 2);
  await eachPicture({ ...options, ...part }, { skipped: "none", room, show });
}

/** Characters of a line that has not ended which are kept: what is looked for stands at its beginning. */
const LONGEST_TOLD = 1000;
/** What the showinfo filter prints of each picture; whatever a file makes ffmpeg print stands further right or behind another name. */
const SHOWN = /^\[Parsed_showinfo\S* @ \S+ n: *(\d+) pts: *(-?\d+) /;

interface Decode {
  skipped: Skipped;
  room: Room;
  /**
   * Takes each picture and the frames that show it: one picture's begin where the last one's ended, and the last one's end with the stretch.
   * Says whether the picture has to stay as it is. Pictures that no frame shows are left out.
   */
  show(data: Uint8Array, first: number, end: number): boolean;
}

/** Runs one decode. */
async function eachPicture(options: WatchOptions, { skipped, room, show }: Decode): Promise<void> {
  const { tools, signal, video, threads } = options;
  const { width, height } = analysisSize(squareSize(video));
  const total = frameCount(options);
  /** Pictures that wait for their frame, and the frames that were told, both by the picture's number. */
  const pictures = new Map<number, Uint8Array>();
  const frames = new Map<number, number>();
  let [arrived, next] = [0, 0];
  let held: { data: Uint8Array; frame: number } | undefined;
  let shown = 0;
  /** Ends the picture that is shown. */
  const showUpTo = (end: number) => {
    if (!held) return;
    const stays = end > shown && show(held.data, Math.max(shown, held.frame), end);
    if (!stays) room.giveBack(held.data);
    shown = Math.max(shown, end);
    held = undefined;
  };
  const pair = () => {
    for (; next < arrived && frames.size > 0; next++) {
      const [data, frame] = [pictures.get(next), frames.get(next)];
      if (frame === undefined && Math.max(...frames.keys()) < next) return;
      pictures.delete(next);
      frames.delete(next);
      if (!data) continue;
      if (frame === undefined) {
        room.giveBack(data); // another line ran into the one that told of it
        continue;
      }
      showUpTo(Math.min(frame, total));
      held = { data, frame };
    }
  };

  const size = pictureBytes(width, height);
  let [picture, filled] = [room.take(), 0];
  const onData = (chunk: Buffer) => {
    for (let from = 0; from < chunk.length; ) {
      const copied = chunk.copy(picture, filled, from);
      [filled, from] = [filled + copied, from + copied];
      if (filled < size) return;
      pictures.set(arrived++, picture);
      [picture, filled] = [room.take(), 0];
    }
    pair();
  };
  let told = "";
  const onError = (text: string) => {
    const lines = (told + text).split("\n");
    told = (lines.pop() ?? "").slice(0, LONGEST_TOLD); // a hostile tag may be one long line
    for (const line of lines) {
      const [, number, frame] = SHOWN.exec(line) ?? [];
      if (number !== undefined) frames.set(Number(number), Number(frame));
    }
    pair();
  };
  const args = watchArgs({ ...options, skipped });
  await runFfmpeg(tools, { args, signal, onData, onError, threads, level: "info" });
  showUpTo(total);
}

/** Mean luma of each cell of a 32 x 18 grid. */
function thumbnail(luma: Uint8Array, width: number, height: number): Thumb {
  const thumb = new Uint8Array(THUMB.width * THUMB.height);
  for (let row = 0; row < THUMB.height; row++) {
    const top = Math.floor((row * height) / THUMB.height);
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / THUMB.height));
    for (let column = 0; column < THUMB.width; column++) {
      const left = Math.floor((column * width) / THUMB.width);
      const right = Math.max(left + 1, Math.floor(((column + 1) * width) / THUMB.width));
      let sum = 0;
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++) sum += luma[y * width + x] ?? 0;
      }
      thumb[row * THUMB.width + column] = sum / ((bottom - top) * (right - left));
    }
  }
  return thumb;
}
