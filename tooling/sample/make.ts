import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { composeMusic } from "./music.ts";
import type { Line, Shot } from "./script.ts";
import { drawShot, HEIGHT, WIDTH } from "./shots.ts";
import { findSpeech, loudnessAt, RATE, speakTalk, type Talk } from "./speech.ts";
import { stamp, toYuv, type Yuv } from "./yuv.ts";

/** Raised when the sample itself changes, so that an old one on disk is made again. */
const VERSION = 1;
/** Pictures drawn per second; the video holds each one twice. */
const PICTURES_PER_SECOND = 15;
/** The same talk, made by this code, kept for machines that cannot speak. */
const KEPT = fileURLToPath(new URL("talk-small.mp4", import.meta.url));

export interface SampleOptions {
  /** Where the video is kept; made when it is missing. */
  dir: string;
  ffmpeg: string;
  signal: AbortSignal;
  /** Called with 0..1 while the video is made. */
  onProgress?: (fraction: number) => void;
}

/**
 * The demo's own talk: about four minutes, 1920x1080, 30 pictures per second, H.264 and AAC, two speakers in several shots.
 * Made once; the same on every machine that has the same flite and ffmpeg. Where nothing can speak, the small kept one.
 * @returns the video's path.
 */
export async function ensureSample({ dir, ffmpeg, signal, onProgress }: SampleOptions): Promise<string> {
  const file = join(dir, `talk-v${VERSION}.mp4`);
  if (await stat(file).catch(() => undefined)) return file;
  await mkdir(dir, { recursive: true });
  const speak = await findSpeech(ffmpeg);
  if (!speak) {
    await copyFile(KEPT, `${file}.part`);
    await rename(`${file}.part`, file);
    return file;
  }
  const work = await mkdtemp(join(tmpdir(), "kangklip-sample-"));
  try {
    const talk = await speakTalk(speak, work, signal);
    await writeFile(join(work, "speech.pcm"), talk.samples);
    await writeFile(join(work, "music.pcm"), composeMusic(talk));
    await encode({ ffmpeg, work, talk, signal, output: `${file}.part`, ...(onProgress && { onProgress }) });
    await rename(`${file}.part`, file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(`${file}.part`, { force: true });
  }
}

interface Encode {
  ffmpeg: string;
  work: string;
  talk: Talk;
  signal: AbortSignal;
  output: string;
  onProgress?: (fraction: number) => void;
}

async function encode({ ffmpeg, work, talk, signal, output, onProgress }: Encode): Promise<void> {
  const pcm = (name: string) => ["-f", "s16le", "-ar", `${RATE}`, "-ac", "1", "-i", join(work, name)];
  const picture = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${WIDTH}x${HEIGHT}`];
  const colours = [
    "-colorspace",
    "bt709",
    "-color_primaries",
    "bt709",
    "-color_trc",
    "bt709",
    "-color_range",
    "tv",
  ];
  const args = [
    ...["-v", "error", "-nostdin", "-y", ...picture, "-r", `${PICTURES_PER_SECOND}`, "-i", "pipe:0"],
    ...[...pcm("speech.pcm"), ...pcm("music.pcm")],
    ...[
      "-filter_complex",
      "[1][2]amix=inputs=2:normalize=0,aresample=48000,volume=1.6,alimiter=limit=0.9[sound]",
    ],
    ...["-map", "0:v", "-map", "[sound]", "-r", "30", "-c:v", "libx264", "-preset", "veryfast", "-crf", "21"],
    ...["-g", "150", ...colours, "-c:a", "aac", "-b:a", "128k", "-ac", "2"],
    ...["-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4", output],
  ];
  const child = spawn(ffmpeg, args, { stdio: ["pipe", "ignore", "pipe"], signal, killSignal: "SIGKILL" });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-2000);
  });
  const ended = once(child, "close");
  child.stdin.on("error", () => {}); // ffmpeg's own message says more than EPIPE
  const pictures = Math.ceil(talk.seconds * PICTURES_PER_SECOND);
  let index = 0;
  for (const data of drawTalk(talk, pictures)) {
    if (child.exitCode !== null || signal.aborted) break;
    await new Promise<void>((resolve) => child.stdin.write(data, () => resolve()));
    onProgress?.(++index / pictures);
  }
  child.stdin.end();
  const [code] = await ended;
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`ffmpeg could not make the sample: ${stderr.trim()}`);
}

/** Every picture of the talk in order; each buffer may be changed after the next one was asked for. */
function* drawTalk(talk: Talk, pictures: number): Generator<Uint8Array> {
  const shots = new Map<Shot, ReturnType<typeof loadShot>>();
  let current: { shot: Shot; picture: Yuv } | undefined;
  for (let index = 0; index < pictures; index++) {
    const seconds = index / PICTURES_PER_SECOND;
    const line = lineAt(talk, seconds);
    const shot = shots.get(line.shot) ?? loadShot(line.shot);
    shots.set(line.shot, shot);
    if (current?.shot !== line.shot) {
      current = { shot: line.shot, picture: { ...shot.still, data: shot.still.data.slice() } };
    }
    for (const [speaker, { mouths, blink }] of shot.people) {
      const open = speaker === line.speaker ? loudnessAt(talk, seconds) : 0;
      const mouth = mouths[Math.min(mouths.length - 1, Math.round(open * (mouths.length - 1)))];
      if (mouth) stamp(current.picture, mouth.yuv, mouth.x, mouth.y);
      // everybody blinks for a seventh of a second, each at their own pace
      const beat = speaker === "host" ? 57 : 71;
      const eyes = index % beat < 2 ? blink : shot.open.get(speaker);
      if (eyes) stamp(current.picture, eyes.yuv, eyes.x, eyes.y);
    }
    yield current.picture.data;
  }
}

/** The line that is spoken at a time, or the one before it; a shot changes in the middle of the pause. */
function lineAt({ lines }: Talk, seconds: number): Line {
  const found = lines.findLast(({ startSeconds }, i) => {
    const before = lines[i - 1]?.endSeconds ?? 0;
    return seconds >= (before + startSeconds) / 2;
  });
  return found ?? lines[0] ?? { speaker: "host", shot: "wide", text: "", pauseSeconds: 0 };
}

function loadShot(shot: Shot) {
  const { still, people } = drawShot(shot);
  const yuv = ({ x, y, raster }: { x: number; y: number; raster: Parameters<typeof toYuv>[0] }) => ({
    x,
    y,
    yuv: toYuv(raster),
  });
  const speakers = Object.entries(people) as [Line["speaker"], NonNullable<(typeof people)["host"]>][];
  return {
    still: toYuv(still),
    people: speakers.map(
      ([speaker, { mouths, blink }]) => [speaker, { mouths: mouths.map(yuv), blink: yuv(blink) }] as const,
    ),
    open: new Map(speakers.map(([speaker, { open }]) => [speaker, yuv(open)] as const)),
  };
}
