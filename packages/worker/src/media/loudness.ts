import { rm } from "node:fs/promises";
import { join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { z } from "zod";
import type { FetchedSource } from "../stage.ts";
import type { ClipTimeline } from "./clip-timeline.ts";
import { LOCAL_INPUT, type RunOptions, runFfmpeg, type Tools } from "./ffmpeg.ts";

/** EBU R128 figures of a piece of sound. */
export interface Loudness {
  /** LUFS; -Infinity for silence. */
  integrated: number;
  /** dBTP, on the decoded AAC. */
  truePeak: number;
  /** From soft to loud, LU (EBU Tech 3342); 0 for silence. */
  range: number;
}

/** What platforms play at, and the most that may be left above it (quality reference A1). */
export const TARGET_LUFS = -14;
export const HIGHEST_PEAK = -1;
/** From soft to loud: more is not heard on a phone in the street. */
export const WIDEST_RANGE = 11;
/** AAC raises peaks by up to a decibel and a half, so the limiter aims lower than what is allowed. */
const FIRST_PEAK_AIM = -2;
const TOLERANCE_LU = 0.8;
/** The range is measured in windows of 3 s, of which the first ones are not full: it means nothing in a shorter clip. */
export const RANGE_SECONDS = 20;
/** What a sound with too wide a range is brought to; a compressor takes a little less than it should. */
const RANGE_AIM = 9;
/** Below this it is room noise: made louder it would only hiss. */
export const SILENCE_LUFS = -60;
const REPAIRS = 2;
/** More than this out of a limiter would distort. */
const MOST_BOOST_DB = 8;
/** Single peaks that are this much too high go into a limiter at once; what is further off is for loudnorm, which costs ten times as much. */
const MOST_LIMITED_DB = 6;
/** How far ahead a limiter looks; the sound comes so much later out of it. */
const ATTACK_SECONDS = 0.005;
const FADE_SECONDS = 0.01;
const AAC = ["-c:a", "aac", "-b:a", "160k", "-ar", "48000", "-ac", "2"];
const SCRUBBED = "-map_metadata -1 -map_chapters -1 -fflags +bitexact -flags:a +bitexact".split(" ");

/** The finished sound, and how it came about. */
export interface ClipSound extends Loudness {
  /** LUFS of the sound as it was cut out of the source. */
  cut: number;
  /** How often it was made again because the first try missed. */
  regains: number;
}

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
 * and at most -1 dBTP as measured on the AAC itself. Where it only has to be louder or softer it is; where peaks would then be too high
 * they are limited; only sound with far too high ones or too wide a range goes through two passes of loudnorm. At most two more tries
 * when the peak or the level misses. Silence, or a source without sound, gives a silent track that is not amplified.
 */
export async function clipSound({ tools, source, timeline, dir, signal }: SoundOptions): Promise<ClipSound> {
  const limits = { cwd: dir, signal, timeoutMs: 60_000 + timeline.seconds * 10_000 };
  const encode = (args: string[]) =>
    runFfmpeg(tools, {
      ...limits,
      args: [...args, ...AAC, ...SCRUBBED, "-f", "mp4"],
      output: join(dir, "sound.m4a"),
    });
  if (!source.info.audio) {
    await encode(["-f", "lavfi", "-t", `${timeline.seconds}`, "-i", "anullsrc=r=48000:cl=stereo"]);
    const none = Number.NEGATIVE_INFINITY;
    return { integrated: none, truePeak: none, range: 0, cut: none, regains: 0 };
  }

  const cut = parseEbur128(
    await runFfmpeg(tools, {
      ...limits,
      args: collectArgs(source, timeline),
      output: join(dir, "sound.wav"),
      level: "info",
    }),
  );
  const silent = !(cut.integrated > SILENCE_LUFS);
  let [peak, boostDb, ratio] = [FIRST_PEAK_AIM, 0, 1];
  if (timeline.seconds >= RANGE_SECONDS && cut.range > WIDEST_RANGE) ratio = cut.range / RANGE_AIM;
  let measured: z.infer<typeof Measured> | undefined;
  /** What leads from sound.wav to the wanted level. */
  const levelled = async (): Promise<string[]> => {
    if (silent) return [];
    const gain = TARGET_LUFS - cut.integrated;
    const over = cut.truePeak + gain;
    if (ratio === 1 && !measured && over - FIRST_PEAK_AIM <= MOST_LIMITED_DB)
      return lifted(gain + boostDb, over + boostDb - peak, peak);
    measured ??= await measureForLoudnorm(tools, limits);
    return [
      ...squeezed(ratio, measured),
      // what it leaves too soft, because of single peaks, is made up for by a limiter; both work at 192 kHz
      ...[`${loudnorm(peak)}:${knowing(measured)}:linear=true`, ...limited(boostDb, peak)],
    ];
  };
  for (let repairs = 0; ; repairs++) {
    const chain = [
      ...(await levelled()),
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
    const isWide = timeline.seconds >= RANGE_SECONDS && loudness.range > WIDEST_RANGE;
    const good = over <= 0 && Math.abs(off) <= TOLERANCE_LU && !isWide;
    if (silent || good || repairs === REPAIRS) {
      await rm(join(dir, "sound.wav"));
      return { ...loudness, cut: cut.integrated, regains: repairs };
    }
    if (over > 0) peak -= over + 0.3;
    if (isWide) ratio *= (loudness.range + 1) / RANGE_AIM;
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
  const graph = [...parts, joined, "[heard]ebur128=peak=true:framelog=verbose[measured]"];
  return [
    ...inputs,
    ...["-filter_complex", graph.join(";"), "-map", "[measured]", "-f", "null", "-"],
    ...["-map", "[sound]", "-t", `${seconds}`, "-c:a", "pcm_f32le", "-f", "wav"],
  ];
}

/** The first pass of loudnorm. */
async function measureForLoudnorm(tools: Tools, limits: Pick<RunOptions, "cwd" | "signal" | "timeoutMs">) {
  const args = ["-i", "sound.wav", "-af", `${loudnorm(FIRST_PEAK_AIM)}:print_format=json`, "-f", "null", "-"];
  return parseLoudnorm(await runFfmpeg(tools, { ...limits, args, level: "info" }));
}

/** The same sound, so much louder or softer; at 192 kHz, where true peaks are seen, with the peaks that would be `over` limited. */
function lifted(gainDb: number, over: number, peak: number): string[] {
  const gain = `volume=${gainDb.toFixed(2)}dB:precision=double`;
  if (over <= 0) return [gain];
  const limiter = `alimiter=limit=${(10 ** (peak / 20)).toFixed(4)}:level=disabled:attack=${ATTACK_SECONDS * 1000}`;
  const early = `atrim=start=${ATTACK_SECONDS},asetpts=PTS-STARTPTS`;
  return [gain, "aresample=192000", `apad=pad_dur=${ATTACK_SECONDS}`, limiter, early];
}

const loudnorm = (peak: number) =>
  `loudnorm=I=${TARGET_LUFS}:TP=${Math.max(-9, peak).toFixed(2)}:LRA=${WIDEST_RANGE}`; // -9 is the lowest that it takes

/**
 * Loud parts brought nearer to soft ones, and all of it as loud as before: everything above the soft ones' level rises a `ratio` times
 * more slowly. Peaks that are too short for it stay under the highest one that there was.
 */
function squeezed(ratio: number, { input_i, input_lra, input_tp }: z.infer<typeof Measured>): string[] {
  if (ratio <= 1) return [];
  const [soft, most] = [Number(input_i) - Number(input_lra), Number(input_tp)];
  const gain = Number(input_lra) * (1 - 1 / ratio);
  const linear = (db: number, low: number) => Math.min(1, Math.max(low, 10 ** (db / 20))).toFixed(5);
  return [
    `acompressor=threshold=${linear(soft, 0.000977)}:ratio=${Math.min(20, ratio).toFixed(2)}:attack=20:release=300`,
    `volume=${gain.toFixed(2)}dB,alimiter=limit=${linear(most, 0.0625)}:level=disabled`,
  ];
}

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
    range: Math.max(0, figure(/LRA:\s+([\d.]+) LU/)),
  };
}
