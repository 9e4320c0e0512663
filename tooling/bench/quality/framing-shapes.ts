import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { ShotFrame } from "@kangklip/contract";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { createFramer, type Framer } from "../../../packages/worker/src/frame/framer.ts";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { squareSize } from "../../../packages/worker/src/media/probe.ts";
import { clipOf, openSource } from "./framing-clip.ts";
import { SMALL, storedAs, withClip } from "./framing-rendered.ts";
import { row } from "./framing-rows.ts";
import { isUpright, ORIENTATIONS, withOriginalClip, writeArrow } from "./framing-upright.ts";
import { originalFrames } from "./original.ts";
import type { QualityRow } from "./report.ts";

const exec = promisify(execFile);

interface Size {
  width: number;
  height: number;
}
interface Shape extends Size {
  sar?: string;
}

/** Sizes as files have them, tiny, odd, tall, flat and stretched among them. */
const SHAPES: readonly Shape[] = [
  { width: 16, height: 16 },
  { width: 321, height: 181 },
  { width: 181, height: 321 },
  { width: 180, height: 320 },
  { width: 202, height: 360 },
  { width: 300, height: 300 },
  { width: 499, height: 501 },
  { width: 860, height: 360 },
  { width: 640, height: 200 },
  { width: 90, height: 400 },
  { width: 426, height: 240 },
  { width: 360, height: 288, sar: "64/45" },
  { width: 360, height: 288, sar: "16/15" },
  { width: 320, height: 240, sar: "4/3" },
];
const RENDERED = [0, 1, 2, 6, 8, 11];

/** R7 over sizes and over all framings of the scenes, R8 over the eight ways in which a picture can lie in its file. */
export async function measureShapes(
  tools: Tools,
  dir: string,
  scenes: readonly { frames: ShotFrame[]; originalFrames: ShotFrame[]; size: Size }[],
  quick: boolean,
): Promise<QualityRow[]> {
  const signal = AbortSignal.timeout(600_000);
  const settings = { ...readSettings({}), renderWidth: 1080, renderHeight: 1920, threads: 1 };
  await using framer = createFramer({ dir, tools, signal, settings, notice: () => {} });
  const bad = { ours: 0, original: 0, ranges: 0 };
  const stretched = { ours: 0, original: 0, clips: 0 };
  for (const [i, shape] of SHAPES.entries()) {
    if (quick && i % 4 > 0) continue;
    const source = await openSource(tools, await writeShape(tools, dir, shape), signal);
    const size = squareSize(source.info.video);
    const clip = clipOf({ seconds: 1, turns: [] });
    const { shown: frames } = await framer.frame(clip, source);
    bad.ranges += frames.length;
    bad.ours += frames.filter((frame) => !isInside(frame, size)).length;
    const [before] = originalFrames(source.info.video, [{ start: 0, end: 1 }], [null]) as [ShotFrame];
    bad.original += Number(!isInside(before, source.info.video));
    if (!RENDERED.includes(i)) continue;
    stretched.clips++;
    const { size: made, sar } = await withClip(tools, source, clip, frames, (file) => storedAs(tools, file));
    if (sar !== "1:1" || made !== `${SMALL.width}x${SMALL.height}`) stretched.ours++;
    // it told ffmpeg nothing of the pixels' shape, so the clip kept that of its window
    const pixels = (before.w * source.info.video.sar) / before.h / (9 / 16);
    if (Math.abs(pixels - 1) > 1e-6) stretched.original++;
  }
  for (const { frames, originalFrames, size } of scenes) {
    bad.ranges += frames.length;
    bad.ours += frames.filter((frame) => !isInside(frame, size)).length;
    bad.original += originalFrames.filter((frame) => !isInside(frame, size)).length;
  }
  const inside = `windows that are not inside the picture or not on even pixels (${bad.ranges} ranges)`;
  const square = `clips whose pixels are not square or whose size is wrong (${stretched.clips} sources)`;
  return [
    row("R7.inside", inside, "", { value: bad.ours, original: bad.original, most: 0 }),
    row("R7.square", square, "", { value: stretched.ours, original: stretched.original, most: 0 }),
    await uprightRow(tools, dir, signal, framer),
  ];
}

const isEven = ({ x, y, w, h, lower }: ShotFrame) =>
  [x, y, w, h, lower?.x, lower?.y, lower?.w, lower?.h].every((length) => (length ?? 0) % 2 === 0);

/** Whether a window lies inside a picture, all along its path, and on even pixels. */
export function isInside(frame: ShotFrame, { width, height }: Size): boolean {
  const corners = [frame, ...(frame.path ?? []), ...(frame.lower ? [frame.lower] : [])];
  const holds = corners.every((corner) => {
    const { w, h } = "w" in corner ? corner : frame;
    return (
      corner.x >= 0 && corner.y >= 0 && corner.x + w <= width && corner.y + h <= height && w > 0 && h > 0
    );
  });
  return holds && isEven(frame);
}

/** A second of the first scene's kind of picture in some size. */
async function writeShape(tools: Tools, dir: string, { width, height, sar = "1" }: Shape): Promise<string> {
  const file = join(dir, `shape_${width}x${height}_${sar.replace("/", "-")}.mp4`);
  const picture = `testsrc2=s=640x360:r=25:d=1,scale=${width}:${height},setsar=${sar},format=yuv444p`;
  const args = [
    "-v",
    "error",
    "-y",
    "-f",
    "lavfi",
    "-i",
    picture,
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    file,
  ];
  await exec(tools.ffmpeg, args);
  return file;
}

async function uprightRow(
  tools: Tools,
  dir: string,
  signal: AbortSignal,
  framer: Pick<Framer, "frame">,
): Promise<QualityRow> {
  const upright = { ours: 0, original: 0 };
  const look = async (made: string) => {
    const { turned } = await storedAs(tools, made);
    return Number(!turned && (await isUpright(tools, made)));
  };
  for (const orientation of ORIENTATIONS) {
    const file = await writeArrow(tools, dir, orientation);
    const source = await openSource(tools, file, signal);
    const clip = clipOf({ seconds: 1, turns: [] });
    const { shown } = await framer.frame(clip, source);
    upright.ours += await withClip(tools, source, clip, shown, look);
    upright.original += await withOriginalClip(tools, file, look);
  }
  const what = "of the eight ways in which a picture can lie in its file those that come out upright";
  return row("R8.upright", what, "", { value: upright.ours, original: upright.original, least: 8 });
}
