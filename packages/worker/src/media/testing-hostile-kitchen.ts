import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ffmpeg } from "../asr/testing.ts";

/** What the recipes have at hand. */
export interface Kitchen {
  folder: string;
  /** A whole MP4, its index at the end, and the same with the index in front. */
  base: Buffer;
  fast: Buffer;
  /** Files outside, which nobody may read (a transport stream and an MP4), and an address at which nobody may ask. */
  canary: { file: string; movie: string; url: string };
}

/** A recipe writes one file. */
export type Recipe = (file: string, kitchen: Kitchen) => Promise<unknown>;

/** Long enough for a clip of 30 s (0.8 of it), small enough for a hundred of them. */
const SECONDS = 26;
/** Of the clips' own shape: nobody looks for faces in it. Calm: what is tried is what is around it, and its clip needs one encode. */
export const PORTRAIT =
  "smptebars=size=90x160:rate=10,drawbox=x='mod(t*9,70)':y=60:w=20:h=40:color=white:t=fill";
/** Most of its bytes are pictures, so that damage is mostly theirs. */
const BUSY = "testsrc2=size=90x160:rate=10";
export const H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20"];
export const AAC = ["-c:a", "aac", "-b:a", "32k"];

interface Made {
  picture?: string | null;
  sound?: string | null;
  seconds?: number;
  output?: string[];
}

/** Encodes a synthetic picture and tone; `output` comes last and wins. */
export async function encode(
  file: string,
  { picture = PORTRAIT, sound = "sine=f=330:r=16000", ...more }: Made = {},
) {
  const { seconds = SECONDS, output = [] } = more;
  const inputs = [picture, sound].flatMap((graph) => (graph ? ["-f", "lavfi", "-i", graph] : []));
  await ffmpeg(
    ...inputs,
    "-t",
    `${seconds}`,
    ...(picture ? H264 : []),
    ...(sound ? AAC : []),
    ...output,
    file,
  );
}
export const made =
  (options: Made): Recipe =>
  (file) =>
    encode(file, options);
export const bytes =
  (content: (kitchen: Kitchen) => Buffer | string): Recipe =>
  (file, kitchen) =>
    writeFile(file, content(kitchen));
/** The whole MP4 again, its streams copied. */
export const copied =
  (...args: string[]): Recipe =>
  (file, { folder }) =>
    ffmpeg("-i", join(folder, "base.mp4"), "-c", "copy", ...args, file);

export const FTYP = Buffer.from("\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "latin1");
/** Bytes that look like noise and are the same every time. */
export const noise = (length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => Math.imul(index, 2654435761) >>> 24));

export function box(name: string, ...content: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(
    content.map((part) => (typeof part === "string" ? Buffer.from(part, "latin1") : part)),
  );
  const head = Buffer.alloc(8);
  head.writeUInt32BE(8 + body.length, 0);
  head.write(name, 4, "latin1");
  return Buffer.concat([head, body]);
}

/** Changes boxes of an MP4 wherever they are; what holds them is made to fit. */
export function rewritten(mp4: Buffer, change: (name: string, body: Buffer) => Buffer | undefined): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at + 8 <= mp4.length; ) {
    const size = mp4.readUInt32BE(at);
    const name = mp4.toString("latin1", at + 4, at + 8);
    const body = mp4.subarray(at + 8, at + size);
    const holds = ["moov", "trak", "mdia", "minf", "dinf", "stbl"].includes(name);
    parts.push(box(name, change(name, body) ?? (holds ? rewritten(body, change) : body)));
    at += Math.max(8, size);
  }
  return Buffer.concat(parts);
}

export function bitFlips(mp4: Buffer, count: number): Buffer {
  const flipped = Buffer.from(mp4);
  const from = flipped.indexOf("mdat") + 16;
  for (let i = 0; i < count; i++) {
    const at = from + ((i * 7919 * 31) % (flipped.length - from));
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (i % 8));
  }
  return flipped;
}

/** Every duration in the headers (version 0: 32 bits at a fixed place after the box's name). */
export function lying(mp4: Buffer, duration: number): Buffer {
  const lies = Buffer.from(mp4);
  for (const [name, offset] of [
    ["mvhd", 20],
    ["tkhd", 24],
    ["mdhd", 20],
  ] as const)
    for (let i = lies.indexOf(name); i !== -1; i = lies.indexOf(name, i + 4))
      lies.writeUInt32BE(duration, i + offset);
  return lies;
}

/** What in the canary's files must never come out: the name of their programme. */
export const CANARY = "KK-CANARY-7f3a";

/**
 * What many recipes begin with, and the canary's files in a folder of their own.
 * @param url at which nobody may ask
 */
export async function prepare(folder: string, outside: string, url: string): Promise<Kitchen> {
  const [base, fast] = [join(folder, "base.mp4"), join(folder, "fast.mp4")];
  const canary = { file: join(outside, "canary.ts"), movie: join(outside, "canary.mp4"), url };
  await encode(base);
  await encode(fast, { picture: BUSY, output: ["-movflags", "+faststart"] });
  await copyFile(base, canary.movie);
  await ffmpeg("-i", base, "-c", "copy", "-metadata", `service_name=${CANARY}`, canary.file);
  return { folder, canary, base: await readFile(base), fast: await readFile(fast) };
}
