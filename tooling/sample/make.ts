import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { composeMusic } from "./music.ts";
import { countPictures, drawTalk, PICTURES_PER_SECOND } from "./pictures.ts";
import { HEIGHT, WIDTH } from "./shots.ts";
import { findSpeech, RATE, speakTalk, type Talk } from "./speech.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The same talk, made by `small.ts`, for machines that cannot speak. */
export const KEPT = join(HERE, "talk-small.mp4");
/** What a making that was killed has left behind is removed after this time; none takes that long. */
const LEFTOVER_MS = 3_600_000;

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
 * Made once (about 35 s on two cores), and again when the code that makes it has changed; two makings with the same flite
 * and ffmpeg give the same bytes. A making that fails or is aborted leaves nothing behind.
 * @returns the video's path: where nothing on this machine can speak, that of the small one kept with the code.
 * @throws Error with ffmpeg's last words; the signal's reason.
 */
export async function ensureSample({ dir, ffmpeg, signal, onProgress }: SampleOptions): Promise<string> {
  const file = join(dir, `talk-${await hashOfSources()}.mp4`);
  if (await stat(file).catch(() => undefined)) return file;
  const speak = await findSpeech(ffmpeg);
  if (!speak) return KEPT;
  await mkdir(dir, { recursive: true });
  await removeLeftovers(dir);
  const work = await mkdtemp(join(dir, ".making-"));
  try {
    const talk = await speakTalk(speak, work, signal);
    await writeFile(join(work, "speech.pcm"), talk.samples);
    await writeFile(join(work, "music.pcm"), composeMusic(talk));
    await encode({ ffmpeg, work, talk, signal, ...(onProgress && { onProgress }) });
    await rename(join(work, "talk.mp4"), file);
    return file;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function hashOfSources(): Promise<string> {
  const names = (await readdir(HERE)).filter((name) => /^[a-z]+\.ts$/.test(name)).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(await readFile(join(HERE, name)));
  return hash.digest("hex").slice(0, 8);
}

async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    if (!name.startsWith(".making-")) continue;
    const { mtimeMs } = await stat(join(dir, name));
    if (Date.now() - mtimeMs > LEFTOVER_MS) await rm(join(dir, name), { recursive: true, force: true });
  }
}

interface Encode {
  ffmpeg: string;
  /** Holds speech.pcm and music.pcm; gets talk.mp4. */
  work: string;
  talk: Talk;
  signal: AbortSignal;
  onProgress?: (fraction: number) => void;
}

async function encode({ ffmpeg, work, talk, signal, onProgress }: Encode): Promise<void> {
  const child = spawn(ffmpeg, encodeArgs(), { cwd: work, stdio: ["pipe", "ignore", "pipe"] });
  const stop = () => child.kill("SIGKILL");
  signal.addEventListener("abort", stop, { once: true });
  const ended = new Promise<number | Error | null>((resolve) => {
    child.once("error", resolve).once("close", resolve);
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr = (stderr + chunk).slice(-2000);
  });
  child.stdin.on("error", () => {}); // ffmpeg's own message says more than EPIPE
  try {
    let drawn = 0;
    for (const picture of drawTalk(talk)) {
      if (child.exitCode !== null || child.stdin.destroyed || signal.aborted) break;
      await new Promise<void>((resolve) => child.stdin.write(picture, () => resolve()));
      onProgress?.(++drawn / countPictures(talk));
    }
    child.stdin.end();
    const result = await ended;
    signal.throwIfAborted();
    if (result !== 0)
      throw new Error(`ffmpeg could not make the sample: ${stderr.trim()}`, { cause: result ?? undefined });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function encodeArgs(): string[] {
  const pcm = ["-f", "s16le", "-ar", `${RATE}`, "-ac", "1"];
  const picture = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", `${WIDTH}x${HEIGHT}`];
  const bt709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"];
  return [
    ...["-v", "error", "-nostdin", "-y", ...picture, "-r", `${PICTURES_PER_SECOND}`, "-i", "pipe:0"],
    ...[...pcm, "-i", "speech.pcm", ...pcm, "-i", "music.pcm"],
    "-filter_complex",
    "[1][2]amix=inputs=2:normalize=0,aresample=48000,volume=1.6,alimiter=limit=0.9[sound]",
    // drawn pictures hardly move: the fastest preset costs few bytes and saves a third of the time
    ...["-map", "0:v", "-map", "[sound]", "-r", "30", "-c:v", "libx264", "-preset", "ultrafast"],
    ...["-x264-params", "cabac=1:8x8dct=1:aq-mode=1:deblock=0,0", "-crf", "20", "-g", "150"],
    ...["-threads", "4", ...bt709, "-color_range", "tv"], // the result depends on how many threads there are
    ...["-c:a", "aac", "-b:a", "128k", "-ac", "2", "-metadata", "title=The carpenter and the sea"],
    ...["-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4", "talk.mp4"],
  ];
}
