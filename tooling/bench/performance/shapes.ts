import type { Window } from "../../../packages/worker/src/media/clip-timeline.ts";
import { encodingArgs } from "../../../packages/worker/src/media/encoder.ts";
import type { WorkerSettings } from "../../../packages/worker/src/stage.ts";
import { originalArgs } from "../quality/original.ts";

// The work that each kind of clip maker does, as ffmpeg commands of our own: how often the picture is decoded, encoded and written, and at
// which settings (performance reference, section 1; no code of theirs). No detector, speech model or language model runs in any of them, so
// each is a lower bound of what it stands for.

/** One ffmpeg command, or two of which the first one's output is the second one's input. */
export type Step = readonly string[] | readonly [readonly string[], readonly string[]];

/** What a shape makes a clip of. Paths; seconds; pixels of the source. */
export interface Order {
  source: string;
  start: number;
  seconds: number;
  /** The window of the source that is shown. */
  window: Window;
  /** The source's size. */
  stored: { width: number; height: number };
  /** Size of the finished clip. */
  width: number;
  height: number;
  /** captions.ass; fonts lie in fonts/ beside it. Everything is made in this folder. */
  dir: string;
  threads: number;
  /** The point of x264 that the worker itself uses. */
  encoding: Pick<WorkerSettings, "renderCrf" | "renderPreset" | "renderMaxFps">;
}

export interface Shape {
  name: string;
  /** For people: whose work this is. */
  what: string;
  steps(order: Order): Step[];
  /** The finished clip: a name in the order's folder. */
  clip: string;
  /** The filters between the source and the clip, in one go: what the clip would be if nothing were ever encoded. */
  picture(order: Order): string;
}

const AAC = ["-c:a", "aac", "-b:a", "128k"];
const FAST_START = ["-movflags", "+faststart"];
const CAPTIONS = "ass=captions.ass:fontsdir=fonts";
const CLIP = "clip.mp4";
const x264 = (preset: string, crf: number) => [
  ...["-c:v", "libx264", "-preset", preset, "-crf", `${crf}`, "-pix_fmt", "yuv420p"],
];
const windowOf = ({ source, start, seconds }: Order) => [
  ...["-ss", `${start}`, "-t", `${seconds}`, "-i", source],
];
const portrait = ({ window: { w, h, x, y }, width, height }: Order, flags: string) =>
  `crop=${w}:${h}:${x}:${y},scale=${width}:${height}:flags=${flags}`;
const cropped = ({ window: { w, h, x, y } }: Order) => `crop=${w}:${h}:${x}:${y}`;
/** 608x1080 of 1080x1920, on even pixels. */
const smaller = (length: number) => 2 * Math.round((length * 0.5625) / 2);
const raw = (filter: string) => ["-an", "-vf", filter, "-pix_fmt", "bgr24", "-f", "rawvideo", "/dev/null"];

const original = (order: Order, segments: readonly { start: number; end: number }[]) =>
  originalArgs({
    ...{ file: order.source, segments, windows: segments.map(() => order.window) },
    ...{ hasSound: true, captioned: true, width: order.width, height: order.height },
  });
const whole = ({ start, seconds }: Order) => [{ start, end: start + seconds }];
const subtitled = (order: Order) => `${portrait(order, "lanczos")},subtitles=captions.ass:fontsdir=fonts`;

/** 1.x at another point of x264. */
const atPoint = (args: readonly string[], preset: string, crf: number) =>
  args.flatMap((arg) => (arg === "veryfast" ? [preset, "-crf", `${crf}`] : [arg]));
/** Its up to 20 seeks for faces, each decoding up to a group of pictures, as one decode of the clip, which is less. */
const looked = (order: Order) => [...windowOf(order), "-an", "-f", "null", "-"];

const LOUD = (peak: string) => ["-af", `loudnorm=I=-14:TP=${peak}:LRA=11`];

export const SHAPES: readonly Shape[] = [
  {
    name: "floor",
    what: "one seek, decode, crop, scale, captions and encode at our own point of x264; nothing else",
    clip: CLIP,
    picture: (order) => `${portrait(order, "bicubic")},setsar=1,${CAPTIONS}`,
    steps: (order) => {
      const { width, height, threads, encoding } = order;
      const video = { width, height, fps: encoding.renderMaxFps, threads, encoder: "libx264" as const };
      return [
        [
          ...["-threads", "1", ...windowOf(order)],
          ...["-vf", `${portrait(order, "bicubic")},setsar=1,${CAPTIONS}`],
          ...encodingArgs({ ...video, crf: encoding.renderCrf, preset: encoding.renderPreset }),
          ...[...AAC, ...FAST_START, CLIP],
        ],
      ];
    },
  },
  {
    name: "original",
    what: "1.x with its defaults: x264 veryfast, crf 23",
    clip: CLIP,
    picture: subtitled,
    steps: (order) => [looked(order), [...original(order, whole(order)), CLIP]],
  },
  {
    name: "original-medium",
    what: "1.x at medium, crf 18, as its README says",
    clip: CLIP,
    picture: subtitled,
    steps: (order) => [looked(order), [...atPoint(original(order, whole(order)), "medium", 18), CLIP]],
  },
  {
    name: "original-montage",
    what: "1.x with a clip of two segments: everything from the video's beginning is decoded",
    clip: CLIP,
    picture: subtitled,
    steps: (order) => {
      const { start, seconds } = order;
      const halves = [
        { start: start / 2, end: start / 2 + seconds / 2 },
        { start, end: start + seconds / 2 },
      ];
      return [[...original(order, halves), CLIP]];
    },
  },
  {
    name: "supoclip",
    what: "the SupoClip shape: cut by encoding, analysed at 3 pictures a second, encoded again",
    clip: CLIP,
    picture: (order) => `${portrait(order, "lanczos")},${CAPTIONS}`,
    steps: (order) => [
      [...windowOf(order), ...x264("veryfast", 16), ...AAC, "cut.mp4"],
      ["-i", "cut.mp4", ...raw("fps=3,scale=480:270")],
      [
        ...["-i", "cut.mp4", "-vf", `${portrait(order, "lanczos")},${CAPTIONS}`, ...x264("medium", 19)],
        ...[...LOUD("-1.5"), ...AAC, "-ar", "48000", ...FAST_START, CLIP],
      ],
    ],
  },
  {
    name: "openshorts",
    what: "the OpenShorts shape: cut, scene scan, a scan of every picture, reframed, joined, captions burnt in",
    clip: CLIP,
    picture: (order) => `${portrait(order, "bicubic")},${CAPTIONS}`,
    steps: (order) => [
      [...windowOf(order), ...x264("fast", 18), ...LOUD("-2"), ...AAC, "cut.mp4"],
      ["-i", "cut.mp4", ...raw("scale=256:-2")],
      ["-i", "cut.mp4", ...raw("scale=640:360")],
      ["-i", "cut.mp4", "-an", "-vf", portrait(order, "bicubic"), ...x264("fast", 18), "scene.mp4"],
      ["-i", "scene.mp4", "-i", "cut.mp4", "-map", "0:v", "-map", "1:a", "-c", "copy", "joined.mp4"],
      ["-i", "joined.mp4", "-vf", CAPTIONS, ...x264("medium", 18), "-c:a", "copy", ...FAST_START, CLIP],
    ],
  },
  {
    name: "frame-pipes",
    what: "every picture through a program, twice, with two rewrites between; without captions, and smaller",
    clip: CLIP,
    picture: (order) =>
      `${cropped(order)},scale=${smaller(order.width)}:${smaller(order.height)}:flags=bicubic`,
    steps: (order) => {
      const { width, height, stored } = order;
      const small = `${smaller(width)}x${smaller(height)}`;
      const rgb = (size: string) => [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-s",
        size,
        "-r",
        "30",
        "-i",
        "-",
      ];
      const toRgb = (filter: string) => ["-an", "-vf", filter, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"];
      const full = `${stored.width}x${stored.height}`;
      const encoded = ["-c:v", "libx264", "-preset", "medium", "-pix_fmt", "yuv420p"];
      return [
        [
          [...windowOf(order), ...toRgb(`scale=${full.replace("x", ":")}`)],
          [...rgb(full), ...encoded, "cut.mp4"],
        ],
        ["-i", "cut.mp4", "-c:v", "mpeg4", "scanned.mp4"],
        ["-i", "cut.mp4", "-vf", cropped(order), "-c:v", "mpeg4", "cropped.mp4"],
        [
          ["-i", "cropped.mp4", ...toRgb(`scale=${small.replace("x", ":")}`)],
          [...rgb(small), ...encoded, "-b:v", "3000k", CLIP],
        ],
      ];
    },
  },
];
