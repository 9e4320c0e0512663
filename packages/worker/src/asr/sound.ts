import { writeSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { KangKlipError } from "@kangklip/contract";
import { failureOf } from "../fetch/failure.ts";
import { LOCAL_INPUT, PIXEL_LIMIT, runFfmpeg, type Tools } from "../media/ffmpeg.ts";
import type { MediaInfo } from "../media/probe.ts";
import type { SoundMap } from "../stage.ts";
import { BYTES_PER_SECOND, RATE } from "./pcm.ts";
import { createSilenceFinder, FLOOR_DBFS } from "./silences.ts";

const FINE_SECONDS = 0.02; // borders of silences are this exact
const STEP_SECONDS = 0.1;
const FINE_PER_STEP = Math.round(STEP_SECONDS / FINE_SECONDS);
const DECODE_TIMEOUT_MS = 60 * 60_000;
/** Sound that still arrives takes as long as its server likes; the job's own deadline ends it before. */
const ARRIVAL_TIMEOUT_MS = 7 * 24 * 3600_000;

/** The sound as raw samples on disk, and what can be told from its loudness alone. */
export interface DecodedSound {
  /** Signed 16 bit, mono, `RATE`; sample 0 is second 0 of the source's timeline. */
  pcmFile: string;
  /** More is put at the end of its lists while it grows, and nothing else changes. */
  sound: SoundMap;
  /** Length of the video, or of the sound where the file does not say. */
  durationSeconds: number;
  /** Left out: all of it is here. */
  growth?: Growth;
}

/** How far a sound is decoded. */
export interface Growth {
  /** Up to which second the samples are on disk and every silence is on the map. */
  knownSeconds(): number;
  isWhole(): boolean;
  /** What decoding has failed with. */
  failure(): unknown;
  /** Fulfilled when more is known than now. @throws what decoding failed with */
  next(): Promise<void>;
  /** Decoding is given up. Fulfilled when nothing writes any more. */
  close(): Promise<void>;
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
 * The ffmpeg arguments that write the sound to stdout.
 * `-copyts` and an offset of one second keep ffmpeg from moving the sound itself: in an MPEG-TS file it counts from the first of
 * the streams in use (here the sound), not of all, and closes gaps of more than 10 s (ffmpeg_demux.c: ts_fixup, ts_discont_process).
 */
function decodeArgs(input: string, stream: number, startSeconds: number, limitSeconds: number): string[] {
  const graph = `[0:${stream}]${timelineFilter(startSeconds, limitSeconds)}[sound]`;
  return [
    ...["-copyts", "-itsoffset", "1", ...LOCAL_INPUT, ...PIXEL_LIMIT, "-i", input, "-filter_complex", graph],
    ...["-map", "[sound]", "-f", "s16le", "pipe:1"],
  ];
}

export interface DecodeOptions {
  tools: Tools;
  file: string;
  info: MediaInfo;
  dir: string;
  /** Longest sound that is kept where the file does not say how long it is. */
  limitSeconds: number;
  signal: AbortSignal;
  /** The sound by itself as its bytes come, for ffmpeg to read instead of `file`: its only stream, with the times of the file. */
  arriving?: AsyncIterable<Buffer> | undefined;
  onProgress?: (fraction: number) => void;
}

/**
 * Decodes the source's sound once, in constant memory.
 * @returns when all of it is decoded; undefined where the source has no sound
 */
export async function decodeSound(options: DecodeOptions): Promise<DecodedSound | undefined> {
  const sound = await openSound(options);
  if (sound?.growth) await wholeOf(sound).finally(sound.growth.close);
  return sound;
}

/** Waits until all of a sound is decoded. @throws what decoding failed with */
export async function wholeOf({ growth }: Pick<DecodedSound, "growth">): Promise<void> {
  while (growth && !growth.isWhole()) await growth.next();
}

/**
 * Begins to decode the source's sound, in constant memory. What is known of it at any moment is the beginning of what will be known.
 * @returns the sound while it grows, once its length is known; undefined where the source has no sound. Whoever opens it closes it.
 */
export async function openSound(
  options: DecodeOptions,
): Promise<(DecodedSound & { growth: Growth }) | undefined> {
  const { info, dir, signal } = options;
  if (!info.audio) return undefined;
  const isKnown = Number.isFinite(info.durationSeconds) && info.durationSeconds > 0;
  const pcmFile = join(dir, "sound.pcm");
  const meter = createMeter();
  const stop = new AbortController();
  let isWhole = false;
  let failed: { cause: unknown } | undefined;
  let waiting = Promise.withResolvers<void>();
  const rise = () => {
    const { resolve } = waiting;
    waiting = Promise.withResolvers();
    resolve();
  };
  const limitSeconds = isKnown ? info.durationSeconds : options.limitSeconds;
  const output = await open(pcmFile, "w");
  const decode = async () => {
    const bytes = await decodeInto(options, { output, limitSeconds, meter, onMore: rise, stop }).finally(() =>
      output.close(),
    );
    const durationSeconds = isKnown ? info.durationSeconds : bytes / BYTES_PER_SECOND;
    await meter.end(durationSeconds);
    return durationSeconds;
  };
  const running = decode().then(
    (durationSeconds) => {
      isWhole = true;
      rise();
      return durationSeconds;
    },
    (cause) => {
      failed = { cause };
      rise();
      throw cause;
    },
  );
  running.catch(() => {}); // whoever waits for more is told
  const growth: Growth = {
    knownSeconds: meter.knownSeconds,
    isWhole: () => isWhole,
    failure: () => failed?.cause,
    async next() {
      if (!isWhole && !failed) await waiting.promise;
      if (failed) throw failed.cause;
    },
    async close() {
      stop.abort(signal.reason ?? new Error("The sound was closed while it was being decoded"));
      await running.catch(() => {});
    },
  };
  const durationSeconds = isKnown ? info.durationSeconds : await running;
  return { pcmFile, sound: meter.map, durationSeconds, growth };
}

/** @returns how many bytes of samples there are */
async function decodeInto(
  { tools, file, info, signal, arriving, onProgress }: DecodeOptions,
  into: {
    output: FileHandle;
    limitSeconds: number;
    meter: Meter;
    onMore: () => void;
    stop: AbortController;
  },
): Promise<number> {
  const { output, limitSeconds, meter, onMore, stop } = into;
  let bytes = 0;
  let known = 0;
  const take = (chunk: Buffer) => {
    if (stop.signal.aborted) return;
    // what is on the map is on the disk: readers of parts go by the map
    for (let done = 0; done < chunk.length; ) done += writeSync(output.fd, chunk, done);
    meter.push(chunk);
    bytes += chunk.length;
    if (bytes > (limitSeconds + 60) * BYTES_PER_SECOND) throw new KangKlipError("SOURCE_TOO_LARGE", TOO_LONG);
    onProgress?.(Math.min(1, bytes / BYTES_PER_SECOND / limitSeconds));
    if (meter.knownSeconds() > known) {
      known = meter.knownSeconds();
      onMore();
    }
  };
  const stream = arriving ? 0 : (info.audio?.index ?? 0);
  await runFfmpeg(tools, {
    args: decodeArgs(arriving ? "pipe:0" : file, stream, info.startSeconds, limitSeconds),
    input: arriving,
    signal: AbortSignal.any([signal, stop.signal]),
    timeoutMs: arriving ? ARRIVAL_TIMEOUT_MS : DECODE_TIMEOUT_MS,
    fileBytes: 0,
    onData(chunk) {
      try {
        take(chunk);
      } catch (cause) {
        stop.abort(failureOf(cause, "the disk")?.error ?? cause);
      }
    },
  });
  return bytes;
}

const TOO_LONG = "The video's content takes more room than it may";

type Meter = ReturnType<typeof createMeter>;

/** Measures loudness from raw samples (signed 16 bit, little endian) as they come, in chunks of any length. */
export function createMeter() {
  const windowSamples = Math.round(RATE * FINE_SECONDS);
  const finder = createSilenceFinder(FINE_SECONDS);
  const dbfs: number[] = [];
  let windows = 0;
  let power = 0; // of the step that is not full yet
  let rest = Buffer.alloc(0); // low byte of a sample that two chunks share
  let sum = 0;
  let count = 0;
  const closeStep = () => {
    dbfs.push(Math.round(decibels(power / FINE_PER_STEP) * 10) / 10);
    power = 0;
  };
  const keep = (level: number) => {
    finder.push(level);
    if (++windows % FINE_PER_STEP === 0) closeStep();
  };
  return {
    map: { silences: finder.silences, levels: { step: STEP_SECONDS, dbfs } } satisfies SoundMap,
    knownSeconds: finder.knownSeconds,
    push(chunk: Buffer) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      const aligned = bytes.byteOffset % 2 === 0 ? bytes : Buffer.from(bytes);
      const samples = new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1);
      for (const sample of samples) {
        sum += sample * sample;
        if (++count < windowSamples) continue;
        const own = Math.fround(sum / count / 2 ** 30);
        power += own;
        keep(decibels(own));
        sum = count = 0;
      }
      rest = Buffer.from(bytes.subarray(2 * samples.length));
    },
    /** There are no more samples: silence up to `durationSeconds`. */
    async end(durationSeconds: number): Promise<void> {
      const length = Math.ceil(durationSeconds / FINE_SECONDS - 0.5 - 1e-9);
      while (windows < length) {
        keep(FLOOR_DBFS);
        if (windows % PAUSE_EVERY === 0) await setImmediate();
      }
      if (windows % FINE_PER_STEP !== 0) closeStep();
      finder.end();
    },
  };
}

/** Hours of silence are seconds of work, and the heartbeat must not wait for it. */
const PAUSE_EVERY = 30_000;

const decibels = (power: number) => Math.max(FLOOR_DBFS, 10 * Math.log10(power || 1e-12));
