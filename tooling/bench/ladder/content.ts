import { execFile } from "node:child_process";
import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { captionsAss } from "../../../packages/worker/src/captions/ass.ts";
import { captionCues } from "../../../packages/worker/src/captions/cues.ts";
import { captionStyle } from "../../../packages/worker/src/captions/style.ts";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { KEPT } from "../../sample/make.ts";

const exec = promisify(execFile);

export const SIZE = { width: 1080, height: 1920, fps: 30 };

/** Vertical pictures as they enter the encoder: raw, captions and all. */
export interface Content {
  name: string;
  file: string;
  seconds: number;
}

interface Kitchen {
  ffmpeg: string;
  dir: string;
  signal: AbortSignal;
}

/** A photograph of many people, 1280 x 1158 pixels, that comes with the face detector's package, which only tells where its program lies. */
const PHOTOGRAPH = join(
  dirname(
    createRequire(import.meta.resolve("../../../packages/worker/src/frame/faces.ts")).resolve(
      "@vladmandic/human",
    ),
  ),
  "../assets/samples.jpg",
);

/**
 * What the points are tried on: a talk with its cuts (drawn), photographed people under a camera that is held by hand, both with a camera's
 * noise, stored as a video site stores them and captioned; or a video of the caller's. Written raw, so that only the tried encoder stands between it and what is measured.
 * @param video its first seconds are taken; null: the two of ours
 */
export async function makeContent(
  kitchen: Kitchen,
  seconds: number,
  video: string | null,
): Promise<Content[]> {
  if (video !== null) return [await content(kitchen, "own", seconds, ["-i", video])];
  const noise = "noise=alls=7:allf=t+u:all_seed=11";
  const talk = ["-ss", "40", "-t", `${seconds}`, "-i", KEPT];
  const shake = "x='iw/2-ow/2+240*sin(t*0.7)+6*sin(t*9.1)':y='ih/2-oh/2+8*sin(t*6.3)'";
  const walk = `crop=1280:900:0:220,scale=2880:-2,crop=1920:1080:${shake}`;
  const still = ["-loop", "1", "-framerate", `${SIZE.fps}`, "-t", `${seconds}`, "-i", PHOTOGRAPH];
  const stored = async (name: string, input: string[], filter: string) => {
    const file = join(kitchen.dir, `${name}.mp4`);
    const coding = "-c:v libx264 -preset veryfast -b:v 4M -maxrate 6M -bufsize 8M -g 150".split(" ");
    await run(kitchen, [...input, "-an", "-vf", `${filter},${noise},format=yuv420p`, ...coding, file]);
    return content(kitchen, name, seconds, ["-i", file]);
  };
  return [await stored("talk", talk, `scale=1920:1080,fps=${SIZE.fps}`), await stored("people", still, walk)];
}

async function content(kitchen: Kitchen, name: string, seconds: number, input: string[]): Promise<Content> {
  const { dir } = kitchen;
  const file = join(dir, `${name}.yuv`);
  await writeCaptions(dir, seconds);
  const { width, height, fps } = SIZE;
  const vertical = `crop=ih*9/16:ih,scale=${width}:${height}:flags=bicubic,setsar=1,fps=${fps},ass=captions.ass:fontsdir=fonts,format=yuv420p`;
  await run(kitchen, [...input, "-an", "-t", `${seconds}`, "-vf", vertical, "-f", "rawvideo", file]);
  return { name, file, seconds };
}

const WORDS = "Most people never ask the one question that would save them years of work".split(" ");

/** Captions in the look that clips have by default, two and a half words a second. */
async function writeCaptions(dir: string, seconds: number): Promise<void> {
  const style = await captionStyle(readSettings({}));
  const words = Array.from({ length: Math.floor(seconds * 2.5) }, (_, i) => ({
    ...{ text: WORDS[i % WORDS.length] ?? "", start: i / 2.5, end: (i + 0.9) / 2.5 },
    ...{ glued: false, afterCut: false },
  }));
  const cues = captionCues(words, { clipSeconds: seconds, maxLines: style.maxLines, fits: style.fits });
  await writeFile(join(dir, "captions.ass"), captionsAss(cues, style, SIZE.fps, []));
  await mkdir(join(dir, "fonts"), { recursive: true });
  for (const font of style.fontFiles) await copyFile(font, join(dir, "fonts", basename(font)));
}

/** @throws Error with ffmpeg's last words */
export async function run({ ffmpeg, dir, signal }: Kitchen, args: readonly string[]): Promise<string> {
  const quiet = ["-hide_banner", "-nostdin", "-y", "-nostats"];
  return (await exec(ffmpeg, [...quiet, ...args], { cwd: dir, signal, maxBuffer: 64 << 20 })).stderr;
}
