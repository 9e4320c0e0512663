import { runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { BEEP } from "./sources.ts";

interface Kitchen {
  tools: Tools;
  signal: AbortSignal;
}

const RATE = 48_000;

/** The left side of a clip's sound, as a player gets it: from its second 0. */
async function samplesOf({ tools, signal }: Kitchen, file: string): Promise<Float32Array> {
  const bytes = await outputOf({ tools, signal }, [
    ...[
      "-i",
      file,
      "-vn",
      "-af",
      `aresample=${RATE}:async=1:first_pts=0,pan=mono|c0=c0`,
      "-f",
      "f32le",
      "pipe:1",
    ],
  ]);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}

async function outputOf({ tools, signal }: Kitchen, args: string[]): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await runFfmpeg(tools, { args, signal, threads: 2, onData: (chunk) => void chunks.push(chunk) });
  const all = Buffer.concat(chunks);
  return Buffer.from(new Uint8Array(all).buffer); // aligned, for samples of four bytes
}

/** Steps in which the flash is looked for, a second. */
const LOOKS = 1000;
const WINDOW = Math.round(RATE * 0.004);

/** Milliseconds by which the beep comes after the flash. @throws Error where one of them is missing */
export async function avOffset(kitchen: Kitchen, file: string): Promise<number> {
  // each picture is shown until the next one comes, so that those of a variable rate stand as long as they do for a viewer
  const filter = `crop=iw/4:ih/8,scale=1:1:flags=area,fps=${LOOKS}:start_time=0,format=gray`;
  const lumas = await outputOf(kitchen, ["-i", file, "-an", "-vf", filter, "-f", "rawvideo", "pipe:1"]);
  const brightest = lumas.reduce((most, luma) => Math.max(most, luma), 0);
  const flash = lumas.findIndex(
    (luma, i) => i > 0 && luma > 0.85 * brightest && luma - (lumas[i - 1] ?? 0) > 25,
  );
  const beep = beepAt(await samplesOf(kitchen, file));
  if (flash < 0 || beep === null) throw new Error(`${file} has no flash or no beep`);
  return beep * 1000 - (flash * 1000) / LOOKS;
}

/** Second at which the beep begins (Goertzel's algorithm on windows of 4 ms); null: there is none. Pure. */
export function beepAt(samples: Float32Array): number | null {
  const step = RATE / 1000;
  const coefficient = 2 * Math.cos((2 * Math.PI * BEEP) / RATE);
  const powers: number[] = [];
  for (let from = 0; from + WINDOW <= samples.length; from += step) {
    let [before, last] = [0, 0];
    for (let i = from; i < from + WINDOW; i++)
      [before, last] = [last, (samples[i] ?? 0) + coefficient * last - before];
    powers.push(before * before + last * last - coefficient * before * last);
  }
  const most = powers.reduce((a, b) => Math.max(a, b), 0);
  if (most < 1e-3) return null;
  const first = powers.findIndex((power) => power > most / 4);
  // a quarter of the power is there when half of the window is full
  return (first * step + WINDOW / 2) / RATE;
}

/** The largest step from one sample to the next within 20 ms of a join, dBFS. */
export async function joinStep(kitchen: Kitchen, file: string, joins: readonly number[]): Promise<number> {
  return 20 * Math.log10(largestStep(await samplesOf(kitchen, file), joins));
}

/** Pure. @param joins seconds */
export function largestStep(samples: Float32Array, joins: readonly number[]): number {
  let most = 1e-6;
  for (const join of joins) {
    const [from, to] = [join - 0.02, join + 0.02].map((seconds) => Math.round(seconds * RATE)) as [
      number,
      number,
    ];
    for (let i = Math.max(1, from); i < Math.min(samples.length, to); i++)
      most = Math.max(most, Math.abs((samples[i] ?? 0) - (samples[i - 1] ?? 0)));
  }
  return most;
}
