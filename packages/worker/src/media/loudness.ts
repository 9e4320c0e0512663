import { rm } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import type { FetchedSource } from "../stage.ts";
import type { ClipTimeline } from "./clip-timeline.ts";
import { LOCAL_INPUT, runFfmpeg, type Tools } from "./ffmpeg.ts";

/** EBU R128 figures of a piece of sound. */
export interface Loudness {
  /** LUFS; -Infinity for silence. */
  integrated: number;
  /** dBTP, on the decoded AAC. */
  truePeak: number;
}

/** What platforms play at, and the most that may be left above it (quality reference A1). */
const TARGET_LUFS = -14;
const HIGHEST_PEAK = -1;
/** AAC raises peaks by up to a decibel and a half, so the limiter aims lower than what is allowed. */
const FIRST_PEAK_AIM = -2;
const TOLERANCE_LU = 0.8;
/** Below this it is room noise: made louder it would only hiss. */
const SILENCE_LUFS = -60;
const REPAIRS = 2;
/** More than this out of a limiter would distort. */
const MOST_BOOST_DB = 8;
const FADE_SECONDS = 0.01;
const AAC = ["-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2"];
const SCRUBBED = "-map_metadata -1 -map_chapters -1 -fflags +bitexact -flags:a +bitexact".split(" ");

export interface SoundOptions {
  tools: Tools;
  source: FetchedSource;
  timeline: ClipTimeline;
  /** Scratch folder; the finished sound is left in it as sound.m4a. */
  dir: string;
  signal: AbortSignal;
}

/**
 * The clip's finished sound: AAC 48 kHz stereo of exactly the timeline's length, 10 ms fades at both ends of every stretch, -14 LUFS
 * and at most -1 dBTP as measured on the AAC itself. Two passes of loudnorm, and at most two more tries when the peak or the level
 * misses. Silence, or a source without sound, gives a silent track that is not amplified.
 */
export async function clipSound({ tools, source, timeline, dir, signal }: SoundOptions): Promise<Loudness> {
  const limits = { cwd: dir, signal, timeoutMs: 60_000 + timeline.seconds * 10_000 };
  const encode = (args: string[]) =>
    runFfmpeg(tools, {
      ...limits,
      args: [...args, ...AAC, ...SCRUBBED, "-f", "mp4"],
      output: join(dir, "sound.m4a"),
    });
  if (!source.info.audio) {
    await encode(["-f", "lavfi", "-t", `${timeline.seconds}`, "-i", "anullsrc=r=48000:cl=stereo"]);
    return { integrated: Number.NEGATIVE_INFINITY, truePeak: Number.NEGATIVE_INFINITY };
  }

  const measured = parseLoudnorm(
    await runFfmpeg(tools, {
      ...limits,
      args: collectArgs(source, timeline),
      output: join(dir, "sound.wav"),
      level: "info",
    }),
  );
  let [peak, boostDb] = [FIRST_PEAK_AIM, 0];
  for (let repairs = 0; ; repairs++) {
    const silent = !(Number(measured.input_i) > SILENCE_LUFS);
    const chain = [
      // what loudnorm leaves too soft, because of single peaks, is made up for by a limiter; both work at 192 kHz
      ...(silent ? [] : [`${loudnorm(peak)}:${knowing(measured)}:linear=true`, ...limited(boostDb, peak)]),
      `aresample=48000,apad=whole_dur=${timeline.seconds},atrim=end=${timeline.seconds}`,
    ];
    await encode(["-i", "sound.wav", "-af", chain.join(",")]);
    const loudness = parseEbur128(
      await runFfmpeg(tools, {
        ...limits,
        args: ["-i", "sound.m4a", "-af", "ebur128=peak=true", "-f", "null", "-"],
        level: "info",
      }),
    );
    const over = loudness.truePeak - HIGHEST_PEAK;
    const off = TARGET_LUFS - loudness.integrated;
    const good = over <= 0 && Math.abs(off) <= TOLERANCE_LU;
    if (silent || good || repairs === REPAIRS) {
      await rm(join(dir, "sound.wav"));
      return loudness;
    }
    if (over > 0) peak -= over + 0.3;
    if (Math.abs(off) > TOLERANCE_LU) boostDb = Math.min(MOST_BOOST_DB, boostDb + off);
  }
}

/** Cuts the stretches, joins them with fades, writes them as PCM and measures them, in one pass. */
function collectArgs(source: FetchedSource, { stretches, rate, seconds }: ClipTimeline): string[] {
  const inputs = stretches.flatMap(({ start, end }) => [
    ...LOCAL_INPUT,
    ...["-ss", `${start}`, "-t", `${end - start + 1}`, "-vn", "-i", source.file],
  ]);
  const parts = stretches.map(({ frames }, i) => {
    const length = frames / rate.fps;
    const fades = `afade=d=${FADE_SECONDS},afade=t=out:st=${length - FADE_SECONDS}:d=${FADE_SECONDS}`;
    // async fills the gaps of broken streams; first_pts keeps sound that starts late in its place
    const even = "aresample=48000:async=1:first_pts=0,aformat=sample_fmts=fltp:channel_layouts=stereo";
    return `[${i}:${source.info.audio?.index}]${even},apad=whole_dur=${length},atrim=end=${length},${fades}[s${i}]`;
  });
  const joined = `${stretches.map((_, i) => `[s${i}]`).join("")}concat=n=${stretches.length}:v=0:a=1,asplit[sound][heard]`;
  const graph = [...parts, joined, `[heard]${loudnorm(FIRST_PEAK_AIM)}:print_format=json[measured]`];
  return [
    ...inputs,
    ...["-filter_complex", graph.join(";"), "-map", "[measured]", "-f", "null", "-"],
    ...["-map", "[sound]", "-t", `${seconds}`, "-c:a", "pcm_f32le", "-f", "wav"],
  ];
}

const loudnorm = (peak: number) => `loudnorm=I=${TARGET_LUFS}:TP=${Math.max(-9, peak).toFixed(2)}:LRA=11`; // -9 is the lowest that it takes

const limited = (boostDb: number, peak: number) =>
  boostDb === 0
    ? []
    : [`volume=${boostDb.toFixed(2)}dB`, `alimiter=limit=${(10 ** (peak / 20)).toFixed(4)}:level=disabled`];

const Measured = z.object({
  input_i: z.string(),
  input_tp: z.string(),
  input_lra: z.string(),
  input_thresh: z.string(),
  target_offset: z.string(),
});

const knowing = (measured: z.infer<typeof Measured>) =>
  `measured_I=${Number(measured.input_i)}:measured_TP=${Number(measured.input_tp)}:measured_LRA=${Number(measured.input_lra)}` +
  `:measured_thresh=${Number(measured.input_thresh)}:offset=${Number(measured.target_offset)}`;

/** loudnorm prints one JSON object, the last braces of stderr. */
function parseLoudnorm(stderr: string): z.infer<typeof Measured> {
  const json = stderr.slice(stderr.lastIndexOf("{"), stderr.lastIndexOf("}") + 1);
  try {
    return Measured.parse(JSON.parse(json));
  } catch (cause) {
    throw new KangKlipError("RENDER_FAILED", "The sound's loudness could not be measured", { cause });
  }
}

/** Reads the summary that the ebur128 filter prints at its end. */
export function parseEbur128(stderr: string): Loudness {
  const summary = stderr.slice(stderr.lastIndexOf("Summary:"));
  const figure = (pattern: RegExp) => {
    const [, text] = pattern.exec(summary) ?? [];
    return text === undefined || text === "-inf" ? Number.NEGATIVE_INFINITY : Number(text);
  };
  return {
    integrated: figure(/I:\s+(-?[\d.]+|-inf) LUFS/),
    truePeak: figure(/Peak:\s+(-?[\d.]+|-inf) dBFS/),
  };
}
