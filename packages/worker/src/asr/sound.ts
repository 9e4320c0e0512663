import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, type Tools } from "../media/ffmpeg.ts";
import type { MediaInfo } from "../media/probe.ts";
import type { SoundMap } from "../stage.ts";
import { BYTES_PER_SECOND, RATE } from "./pcm.ts";

const FINE_SECONDS = 0.02; // borders of silences are this exact
const STEP_SECONDS = 0.1;
const FINE_PER_STEP = Math.round(STEP_SECONDS / FINE_SECONDS);
const FLOOR_DBFS = -100; // digital silence, as a number that JSON can hold
const MIN_SILENCE_SECONDS = 0.25;
const INAUDIBLE_DBFS = -60;
const MIN_AUDIBLE_SECONDS = 0.2;
const CLICK_SECONDS = 0.04; // a click this short does not end a silence
const DECODE_TIMEOUT_MS = 60 * 60_000;

/** The whole sound as raw samples on disk, and what can be told from its loudness alone. */
export interface DecodedSound {
  /** Signed 16 bit, mono, `RATE`; sample 0 is second 0 of the source's timeline. */
  pcmFile: string;
  sound: SoundMap;
  /** Length of the video, or of the sound where the file does not say. */
  durationSeconds: number;
}

/** A sound map of a source that has no sound. */
export const NO_SOUND: SoundMap = { silences: [], levels: { step: STEP_SECONDS, dbfs: [] } };

/**
 * The filters that put the sound onto the source's own timeline, on which `-ss` counts: second 0 is the start of the earliest
 * stream. `startSeconds` is that start as the file has it; a later start of the sound, and gaps in it, become silence.
 * `limitSeconds` ends the sound, for a hostile gap would be filled for years.
 */
function timelineFilter(startSeconds: number, limitSeconds: number): string {
  return `asetpts=PTS-(${startSeconds.toFixed(6)}+1)/TB,aresample=${RATE}:async=1:first_pts=0,atrim=end=${limitSeconds.toFixed(3)},aformat=sample_fmts=s16:channel_layouts=mono`;
}

/**
 * The ffmpeg arguments that write the sound twice, to stdout and to the run's output file.
 * `-copyts` and an offset of one second keep ffmpeg from moving the sound itself: in an MPEG-TS file it counts from the first of
 * the streams in use (here the sound), not of all, and closes gaps of more than 10 s (ffmpeg_demux.c: ts_fixup, ts_discont_process).
 */
function decodeArgs(file: string, info: MediaInfo, limitSeconds: number): string[] {
  const graph = `[0:${info.audio?.index ?? 0}]${timelineFilter(info.startSeconds, limitSeconds)},asplit[stream][file]`;
  return [
    ...["-copyts", "-itsoffset", "1", ...LOCAL_INPUT, ...PIXEL_LIMIT, "-i", file, "-filter_complex", graph],
    ...["-map", "[stream]", "-f", "s16le", "pipe:1", "-map", "[file]", "-f", "s16le"],
  ];
}

/**
 * Decodes the source's sound once, in constant memory.
 * @param limitSeconds longest sound that is kept where the file does not say how long it is
 * @returns undefined where the source has no sound.
 */
export async function decodeSound(options: {
  tools: Tools;
  file: string;
  info: MediaInfo;
  dir: string;
  limitSeconds: number;
  signal: AbortSignal;
  onProgress?: (fraction: number) => void;
}): Promise<DecodedSound | undefined> {
  const { tools, file, info, dir, signal, onProgress } = options;
  if (!info.audio) return undefined;
  const known = Number.isFinite(info.durationSeconds) && info.durationSeconds > 0;
  const limitSeconds = known ? info.durationSeconds : options.limitSeconds;
  const pcmFile = join(dir, "sound.pcm");
  const meter = createMeter();
  let bytes = 0;
  await runFfmpeg(tools, {
    args: decodeArgs(file, info, limitSeconds),
    output: pcmFile,
    signal,
    timeoutMs: DECODE_TIMEOUT_MS,
    fileBytes: (limitSeconds + 60) * BYTES_PER_SECOND,
    onData: (chunk) => {
      meter.push(chunk);
      bytes += chunk.length;
      onProgress?.(Math.min(1, bytes / BYTES_PER_SECOND / limitSeconds));
    },
  });
  const durationSeconds = known ? info.durationSeconds : bytes / BYTES_PER_SECOND;
  return { pcmFile, sound: await meter.map(durationSeconds), durationSeconds };
}

/** Measures loudness from raw samples (signed 16 bit, little endian) as they come, in chunks of any length; 4 bytes per 20 ms are kept. */
export function createMeter() {
  const windowSamples = Math.round(RATE * FINE_SECONDS);
  let powers = new Float32Array(1 << 16);
  let known = 0;
  let rest = Buffer.alloc(0); // low byte of a sample that two chunks share
  let sum = 0;
  let count = 0;
  const keep = (power: number) => {
    if (known === powers.length) {
      const more = new Float32Array(2 * known);
      more.set(powers);
      powers = more;
    }
    powers[known++] = power;
  };
  return {
    push(chunk: Buffer) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const aligned = bytes.byteOffset % 2 === 0 ? bytes : Buffer.from(bytes);
      const samples = new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1);
      for (const sample of samples) {
        sum += sample * sample;
        if (++count < windowSamples) continue;
        keep(sum / count / 2 ** 30);
        sum = count = 0;
      }
      rest = Buffer.from(bytes.subarray(2 * samples.length));
    },
    /** Levels and silences of what was pushed, with silence up to `durationSeconds`. */
    async map(durationSeconds: number): Promise<SoundMap> {
      const length = Math.max(known, Math.ceil(durationSeconds / FINE_SECONDS - 0.5 - 1e-9));
      const fine = new Float32Array(length).fill(FLOOR_DBFS);
      const dbfs: number[] = [];
      for (let at = 0; at < length; at += FINE_PER_STEP) {
        let total = 0;
        for (let step = at; step < at + FINE_PER_STEP && step < known; step++) {
          const power = powers[step] ?? 0;
          total += power;
          fine[step] = decibels(power);
        }
        dbfs.push(Math.round(decibels(total / FINE_PER_STEP) * 10) / 10);
      }
      return {
        silences: await unhurried(silenceSteps(fine, FINE_SECONDS)),
        levels: { step: STEP_SECONDS, dbfs },
      };
    },
  };
}

const decibels = (power: number) => Math.max(FLOOR_DBFS, 10 * Math.log10(power || 1e-12));

/**
 * Stretches of at least 0.25 s that are quiet for the place they are in. What is quiet is told from the minute around it:
 * 35 dB under its loudest second, or just over its noise where that is louder, but always 15 dB under the loudest second, so that
 * a steady bed of music is not silence. A minute with nothing in it is measured against the whole sound.
 * The figures are our own, tried on synthetic speech with and without noise and on tones.
 * @param dbfs level per `step` seconds
 */
export function silencesOf(dbfs: Levels, step: number): SoundMap["silences"] {
  const steps = silenceSteps(dbfs, step);
  let taken = steps.next();
  while (!taken.done) taken = steps.next();
  return taken.value;
}

/** Twelve hours of sound are seconds of work, and the heartbeat must not wait for it. */
async function unhurried<T>(steps: Generator<void, T>): Promise<T> {
  let taken = steps.next();
  while (!taken.done) {
    await setImmediate();
    taken = steps.next();
  }
  return taken.value;
}

/** Levels, dBFS. */
type Levels = number[] | Float32Array;

/** Pauses after every ten minutes of sound. */
const PAUSE_BLOCKS = 60;

function* silenceSteps(dbfs: Levels, step: number): Generator<void, SoundMap["silences"]> {
  const audible = sorted(dbfs.filter((level) => level > INAUDIBLE_DBFS));
  const nothing = audible.length * step < MIN_AUDIBLE_SECONDS;
  const usual = percentile(audible, 0.8);
  const block = Math.max(1, Math.round(10 / step));
  const around = Math.round(30 / step);
  const silences: SoundMap["silences"] = [];
  let from = -1;
  let clicks = 0;
  const end = (at: number) => {
    if (from >= 0 && (at - from) * step >= MIN_SILENCE_SECONDS - 1e-9)
      silences.push({ start: milliseconds(from * step), end: milliseconds(at * step) });
    from = -1;
    clicks = 0;
  };
  let threshold = 0;
  for (let at = 0; at < dbfs.length; at++) {
    if (at % (block * PAUSE_BLOCKS) === 0) yield;
    if (at % block === 0 && !nothing)
      threshold = quietBelow(dbfs.slice(Math.max(0, at - around), at + block + around), usual, step);
    if ((dbfs[at] ?? FLOOR_DBFS) < threshold) {
      if (from < 0) from = at;
      clicks = 0;
    } else if (from >= 0 && ++clicks * step > CLICK_SECONDS + 1e-9) end(at - clicks + 1);
  }
  end(dbfs.length - clicks);
  return silences;
}

/** Below this level (dBFS) a place is silent. `near`: levels around it; `usual`: what is loud in the whole sound. */
function quietBelow(near: Levels, usual: number, step: number): number {
  const ordered = sorted(near);
  const loudest = ordered[Math.max(0, ordered.length - Math.round(1 / step))] ?? FLOOR_DBFS;
  const loud = Math.max(loudest, usual - 20);
  return Math.max(loud - 35, Math.min(percentile(ordered, 0.1) + 6, loud - 15));
}

const sorted = (values: Levels) => Float32Array.from(values).sort();

const percentile = (ordered: Float32Array, share: number) =>
  ordered[Math.min(ordered.length - 1, Math.floor(ordered.length * share))] ?? FLOOR_DBFS;

const milliseconds = (seconds: number) => Math.round(seconds * 1000) / 1000;
