import { copyFile, mkdir, open, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { ShotFrame } from "@kangklip/contract";
import { z } from "zod";
import { analysisSize } from "../../../packages/worker/src/frame/analysis.ts";
import { type Face, makeFace } from "../../../packages/worker/src/frame/blazeface.ts";
import type { FaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import { pictureBytes } from "../../../packages/worker/src/frame/picture.ts";
import { runFfmpeg, runFfprobe, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { type MediaInfo, squareSize } from "../../../packages/worker/src/media/probe.ts";
import type { Stretch } from "./original.ts";

// Looks at finished files with ffprobe, ffmpeg and the bytes themselves, and with nothing of what made or checked them: the same look for
// our clips and for those in the way of 1.x.

interface Looking {
  tools: Tools;
  signal: AbortSignal;
}

/** What a platform, or a player, meets in a clip. */
export interface ClipLook {
  bytes: number;
  width: number;
  height: number;
  /** Of the picture. */
  seconds: number;
  /** How far apart picture and sound end, and the later of both starts. */
  endsApart: number;
  startsAt: number;
  isSquare: boolean;
  isTagged: boolean;
  isMoovFirst: boolean;
  /** LUFS, dBTP and LU; NaN where there is no sound. */
  integrated: number;
  truePeak: number;
  range: number;
  /** Longest time between two key frames. */
  keyframeGap: number;
}

const Probed = z.object({
  streams: z.array(
    z.object({
      codec_type: z.string(),
      width: z.int().optional(),
      height: z.int().optional(),
      sample_aspect_ratio: z.string().optional(),
      color_space: z.string().optional(),
      color_transfer: z.string().optional(),
      color_primaries: z.string().optional(),
      start_time: z.coerce.number().default(0),
      duration: z.coerce.number().default(0),
    }),
  ),
});

export async function lookAtClip({ tools, signal }: Looking, file: string): Promise<ClipLook> {
  const ask = (args: string[]) => runFfprobe(tools, { args: [...args, file], signal });
  const { streams } = Probed.parse(JSON.parse(await ask(["-show_streams", "-of", "json"])));
  const [video, audio] = ["video", "audio"].map((type) => streams.find((one) => one.codec_type === type));
  if (!video) throw new Error(`${basename(file)} has no picture`);
  const colours = [video.color_space, video.color_transfer, video.color_primaries];
  const ends = [video, audio].flatMap((one) => (one ? [one.start_time + one.duration] : []));
  const keys = (
    await ask([
      "-select_streams",
      "v",
      "-skip_frame",
      "nokey",
      "-show_entries",
      "frame=pts_time",
      "-of",
      "csv=p=0",
    ])
  )
    .split("\n")
    .flatMap((line) => (/\d/.test(line) ? [Number.parseFloat(line)] : []));
  const gaps = [...keys, video.start_time + video.duration].slice(1).map((at, i) => at - (keys[i] ?? 0));
  return {
    ...{ bytes: (await stat(file)).size, width: video.width ?? 0, height: video.height ?? 0 },
    ...{ seconds: video.duration, startsAt: Math.max(video.start_time, audio?.start_time ?? 0) },
    endsApart: Math.max(...ends) - Math.min(...ends),
    isSquare: video.sample_aspect_ratio === "1:1",
    isTagged: colours.every((colour) => colour === "bt709"),
    isMoovFirst: await isMoovFirst(file),
    ...(audio ? await loudnessOf({ tools, signal }, file) : NO_SOUND),
    keyframeGap: Math.max(...gaps, 0),
  };
}

const NO_SOUND = { integrated: Number.NaN, truePeak: Number.NaN, range: Number.NaN };

async function loudnessOf({ tools, signal }: Looking, file: string) {
  const args = ["-i", file, "-vn", "-af", "ebur128=peak=true", "-f", "null", "-"];
  const said = await runFfmpeg(tools, { args, signal, level: "info" });
  const summary = said.slice(said.lastIndexOf("Summary:"));
  const figure = (pattern: RegExp) => Number(pattern.exec(summary)?.[1] ?? Number.NaN);
  return {
    integrated: figure(/I:\s+(-?[\d.]+) LUFS/),
    truePeak: figure(/Peak:\s+(-?[\d.]+) dBFS/),
    range: figure(/LRA:\s+([\d.]+) LU/),
  };
}

/** ISO 14496-12: a file is boxes of 4 bytes of size, 4 of type, and 8 more of size where the first says 1. */
async function isMoovFirst(file: string): Promise<boolean> {
  await using handle = await open(file);
  const head = Buffer.alloc(16);
  for (let at = 0; ; ) {
    const { bytesRead } = await handle.read(head, 0, 16, at);
    const type = head.toString("latin1", 4, 8);
    if (bytesRead < 8 || type === "mdat") return false;
    if (type === "moov") return true;
    const size = head.readUInt32BE(0);
    at += size === 1 ? Number(head.readBigUInt64BE(8)) : Math.max(8, size);
  }
}

/** Where captions may be drawn, of 1080x1920: what apps put over a picture leaves this free. */
const CAPTION_BOX = { left: 65, right: 930, bottom: 1440 };
const LOOKS_PER_SECOND = 5;

/**
 * Draws a subtitle file over black and measures what is bright. @param dir a folder of its own @param fonts files that it needs
 * @returns how far the farthest pixel lies outside of the box (of 1080x1920), and in which part of the pictures with text that is so
 */
export async function captionsOutside(
  { tools, signal }: Looking,
  { ass, dir, fonts, seconds }: { ass: string; dir: string; fonts: readonly string[]; seconds: number },
): Promise<{ pixels: number; share: number; seen: number }> {
  await mkdir(join(dir, "fonts"), { recursive: true });
  for (const font of fonts) await copyFile(font, join(dir, "fonts", basename(font)));
  await copyFile(ass, join(dir, "drawn.ass"));
  const source = `color=black:s=1080x1920:r=${LOOKS_PER_SECOND}:d=${seconds.toFixed(3)}`;
  const graph = "ass=drawn.ass:fontsdir=fonts,bbox=min_val=70,metadata=mode=print:file=-";
  const chunks: Buffer[] = [];
  await runFfmpeg(tools, {
    args: ["-f", "lavfi", "-i", source, "-vf", graph, "-f", "null", "-"],
    ...{ cwd: dir, signal, onData: (chunk) => void chunks.push(chunk) },
  });
  const told = Buffer.concat(chunks).toString();
  const outside = Array.from(
    told.matchAll(/bbox\.x1=(\d+)\n.*bbox\.x2=(\d+)\n.*bbox\.y1=\d+\n.*bbox\.y2=(\d+)/g),
    ([, x1, x2, y2]) =>
      Math.max(
        0,
        CAPTION_BOX.left - Number(x1),
        Number(x2) - CAPTION_BOX.right,
        Number(y2) - CAPTION_BOX.bottom,
      ),
  );
  const share = outside.filter((pixels) => pixels > 0).length / Math.max(1, outside.length);
  return { pixels: Math.max(0, ...outside), share: 100 * share, seen: outside.length };
}

/** A look for faces at a second of the clip, pixels of the upright, square picture. */
export interface FaceLook {
  at: number;
  faces: Face[];
}

/** Looks for faces five times a second over the stretches of a clip, with the detector that the framing uses. */
export async function lookForFaces(
  { tools, signal, finder }: Looking & { finder: FaceFinder },
  {
    file,
    video,
    segments,
  }: { file: string; video: NonNullable<MediaInfo["video"]>; segments: readonly Stretch[] },
): Promise<FaceLook[]> {
  const square = squareSize(video);
  const { width, height } = analysisSize(square);
  const looks: FaceLook[] = [];
  let offset = 0;
  for (const { start, end } of segments) {
    const chunks: Buffer[] = [];
    const graph = `fps=${LOOKS_PER_SECOND}:start_time=0,scale=${width}:${height}:flags=area,setsar=1,format=yuv420p`;
    await runFfmpeg(tools, {
      args: [
        "-ss",
        `${start}`,
        "-t",
        `${end - start}`,
        "-i",
        file,
        "-map",
        `0:${video.index}`,
        "-vf",
        graph,
        "-f",
        "rawvideo",
        "pipe:1",
      ],
      ...{ signal, onData: (chunk) => void chunks.push(chunk) },
    });
    const bytes = Buffer.concat(chunks);
    const size = pictureBytes(width, height);
    for (let i = 0; (i + 1) * size <= bytes.length; i++) {
      const found = await finder.find({ width, height, data: bytes.subarray(i * size, (i + 1) * size) });
      const scale = square.width / width;
      const faces = (found ?? []).map((face) => makeFace((key) => face[key] * (key === "score" ? 1 : scale)));
      looks.push({ at: offset + i / LOOKS_PER_SECOND, faces });
    }
    offset += end - start;
  }
  return looks;
}

/** The parts of the source that are seen at a second of the clip. Pure. */
export function seenAt(
  frames: readonly ShotFrame[],
  at: number,
): { x: number; y: number; w: number; h: number }[] {
  const frame = frames.findLast(({ start }) => start <= at + 1e-6) ?? frames[0];
  if (!frame) return [];
  const { x, y, w, h, lower, path } = frame;
  const upper = { x, y, w, h };
  if (lower) return [upper, lower];
  const after = path?.findIndex((point) => point.at >= at) ?? -1;
  if (!path || path.length === 0) return [upper];
  const to = path[after === -1 ? path.length - 1 : after];
  const from = path[after === -1 ? path.length - 1 : Math.max(0, after - 1)];
  if (!to || !from) return [upper];
  const k = to.at > from.at ? (at - from.at) / (to.at - from.at) : 0;
  return [{ ...upper, x: from.x + (to.x - from.x) * k, y: from.y + (to.y - from.y) * k }];
}

/** R1: the part of the looks, in per cent, with a face in the source and none whose middle is in the picture. Pure. */
export function emptyShare(looks: readonly FaceLook[], frames: readonly ShotFrame[]): number {
  const withFaces = looks.filter(({ faces }) => faces.length > 0);
  const isSeen = ({ x, y, w, h }: Face, at: number) =>
    seenAt(frames, at).some(
      (box) =>
        x + w / 2 >= box.x && x + w / 2 <= box.x + box.w && y + h / 2 >= box.y && y + h / 2 <= box.y + box.h,
    );
  const empty = withFaces.filter(({ at, faces }) => !faces.some((face) => isSeen(face, at)));
  return (100 * empty.length) / Math.max(1, withFaces.length);
}
