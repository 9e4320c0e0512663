import { rename, rm, stat } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { basename, dirname, join } from "node:path";
import { KangKlipError } from "@kangklip/contract";
import { ChildStopped, findProgram, runChild } from "../child.ts";

/**
 * Before every `-i` of a file that came from outside. The protocol list alone is not enough: a text file named .mp4 is
 * read as an HLS or concat list and pulls in other local files. With the format list it does not open.
 */
export const LOCAL_INPUT = [
  "-protocol_whitelist",
  "file,pipe",
  "-format_whitelist",
  "mov,matroska,mpegts,avi,flv,ogg,mp3,aac,wav,flac",
];
/** 8K UHD with some margin: a 32 kB file can claim 256 megapixels. Goes before `-i` as well. */
export const PIXEL_LIMIT = ["-max_pixels", "35389440"];
/**
 * Where the picture's size changes in the middle, ffmpeg would build the filters anew and count frames from 0 again. Goes before
 * `-i`; a scale filter further down has to take pictures of any size.
 */
export const SAME_GRAPH = ["-reinit_filter", "0"];

const NEEDED_FILTERS = "ass crop scale loudnorm silencedetect scdet overlay gblur showinfo".split(" ");
const NEEDED_ENCODERS = ["libx264", "aac"];
const STDERR_KEPT = 8192;
const KILL_AFTER_MS = 3000;
/**
 * ffmpeg tells twice a second how far it is; when it says nothing for this long it hangs. On a machine with ten times more to do than
 * cores it was seen silent for 30 s and well.
 */
const SILENT_MS = 60_000;
/**
 * What a child may write to in memory, by its threads, each of which holds pictures and a stack. Measured with a clip of three
 * stretches from 4K, HEVC 10 bit: 1.1 GB with 2 threads and one stretch, 5.4 GB with 16 threads and three (0.8 and 2.6 GB of them
 * in use). Never more than the machine has.
 */
const memoryFor = (threads: number) => Math.min(3 * 1024 ** 3 + threads * 256 * 1024 ** 2, MACHINE_BYTES);
/**
 * NVIDIA's driver maps its own memory into the process besides: how much is not measured; nothing met the limit on an H200
 * (141 GB, driver 580).
 */
const GPU_MEMORY_BYTES = 8 * 1024 ** 3;
/** constrainedMemory() is the container's limit; 0 or beyond all measure where there is none. */
export const MACHINE_BYTES = Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);
/** Far more than a minute of clip or its sound can take. */
const FILE_BYTES = 4 * 1024 ** 3;
/** ffprobe decodes a few pictures to know a stream: 0.3 GB for 8K, with room for many streams. */
const LOOK_MEMORY_BYTES = 2 * 1024 ** 3;
const LOOK_MS = 30_000;

/** The two programs and what they can do. */
export interface Tools {
  ffmpeg: string;
  ffprobe: string;
  version: string;
}

/**
 * The first usable ffmpeg: FFMPEG_PATH, then `ffmpeg` on PATH; 5.1 or newer with libass and libx264, and an ffprobe beside it.
 * @throws KangKlipError FFMPEG_MISSING that says what each candidate lacks.
 */
export async function findTools(env: { FFMPEG_PATH?: string | undefined }): Promise<Tools> {
  const rejected: string[] = [];
  for (const ffmpeg of [env.FFMPEG_PATH, "ffmpeg"]) {
    if (!ffmpeg) continue;
    const ffprobe = ffmpeg.includes("/") ? join(dirname(ffmpeg), "ffprobe") : "ffprobe";
    const both = `${await fileOf(ffmpeg)} ${await fileOf(ffprobe)}`;
    const before = usable.get(both);
    if (before) return before;
    const [found, probe] = await Promise.all([inspect(ffmpeg), answers(ffprobe, "-version")]);
    if ("lacks" in found) {
      rejected.push(`${ffmpeg} ${found.lacks}`);
      continue;
    }
    if (probe) {
      const tools = { ffmpeg, ffprobe, version: found.version };
      usable.set(both, tools);
      return tools;
    }
    rejected.push(`${ffmpeg} has no ffprobe beside it`);
  }
  throw new KangKlipError("FFMPEG_MISSING", `No usable ffmpeg: ${rejected.join("; ")}`);
}

/** Programs that were looked at in this process, by their files: a worker that stays for many jobs asks once. */
const usable = new Map<string, Tools>();

/** What tells a program's file from another one in its place; a name that leads nowhere stands for itself. */
async function fileOf(program: string): Promise<string> {
  try {
    const path = await findProgram(program);
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [path, dev, ino, size, mtimeMs, ctimeMs].join(" ");
  } catch {
    return program;
  }
}

/** What a program says of itself, stderr first; undefined where it does not run. */
async function answers(program: string, ...args: string[]): Promise<string | undefined> {
  try {
    const { ended, stdout, stderr } = await runChild(program, args, {
      ...{ signal: new AbortController().signal, timeoutMs: LOOK_MS },
      ...{ memoryBytes: LOOK_MEMORY_BYTES, fileBytes: 0 },
    });
    return ended === 0 ? `${stderr}\n${stdout}` : undefined;
  } catch {
    return undefined;
  }
}

async function inspect(ffmpeg: string): Promise<{ version: string } | { lacks: string }> {
  // the list of filters comes with the banner
  const [filters, encoders] = await Promise.all([
    answers(ffmpeg, "-filters"),
    answers(ffmpeg, "-hide_banner", "-encoders"),
  ]);
  if (filters === undefined || encoders === undefined) return { lacks: "does not run" };
  // "ffmpeg version 5.1.9-0+deb12u1", "n7.1", "8.1-Jellyfin"; "N-47683-g…" is a snapshot, judged by its features alone
  const [, version = "snapshot"] = /^ffmpeg version (\S+)/m.exec(filters) ?? [];
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major && (Number(major) < 5 || (Number(major) === 5 && Number(minor) < 1)))
    return { lacks: `is ${version}, older than 5.1` };
  const lists = (text: string, name: string) => new RegExp(`^\\s*[A-Z.|]{2,6}\\s+${name}\\s`, "m").test(text);
  const missing = [
    ...NEEDED_FILTERS.filter((name) => !lists(filters, name)),
    ...NEEDED_ENCODERS.filter((name) => !lists(encoders, name)),
  ];
  return missing.length > 0 ? { lacks: `lacks ${missing.join(", ")}` } : { version };
}

/** Whether HDR pictures can be brought to BT.709. */
export async function canMapHdr({ ffmpeg }: Tools): Promise<boolean> {
  const filters = (await answers(ffmpeg, "-hide_banner", "-filters")) ?? "";
  return ["zscale", "tonemap"].every((name) => new RegExp(`\\s${name}\\s`).test(filters));
}

export interface RunOptions {
  /** Everything but the output. */
  args: string[];
  /** Written as a hidden part file and renamed after exit code 0: ffmpeg answers SIGTERM with a short but valid file. */
  output?: string;
  /** Names inside a filter graph are relative to it, so that no path has to be escaped. */
  cwd?: string;
  signal: AbortSignal;
  /** Seconds of output, for `onProgress` (0..1). */
  durationSeconds?: number;
  onProgress?: (fraction: number) => void;
  timeoutMs?: number;
  /** "info" where a filter prints its findings. */
  level?: "error" | "info";
  /** What to keep of stderr, in characters. */
  keepStderr?: number;
  /** The bytes of stdin, for an input "pipe:0". */
  input?: AsyncIterable<Buffer> | undefined;
  /** Takes the bytes of stdout (raw frames). */
  onData?: (chunk: Buffer) => void;
  /** Takes stderr as it comes, in pieces of any length; its end is returned all the same. */
  onError?: (text: string) => void;
  /** Longest time without a word on how far it is. */
  silentMs?: number;
  /** Longest file that it may write; Infinity where it only copies. */
  fileBytes?: number;
  /** How many threads the arguments ask for; by default as many as the machine has cores. */
  threads?: number;
  /** Bytes of memory that it may write to, instead of what the threads give. */
  memoryBytes?: number;
  /** Whether it uses the graphics card, whose driver wants memory of its own. */
  gpu?: boolean;
}

/**
 * Runs ffmpeg once. Aborting, running past `timeoutMs` and falling silent end the child and leave no output.
 * @returns the end of stderr. @throws the abort's reason, or KangKlipError with the end of stderr as its cause.
 */
export async function runFfmpeg(tools: Tools, options: RunOptions): Promise<string> {
  const { args, output, cwd, signal, durationSeconds, onProgress, onData } = options;
  const {
    timeoutMs = 15 * 60_000,
    level = "error",
    keepStderr = STDERR_KEPT,
    silentMs = SILENT_MS,
  } = options;
  const { threads = availableParallelism(), fileBytes = FILE_BYTES } = options;
  const ownMemory = options.memoryBytes ?? memoryFor(Math.max(threads, availableParallelism()));
  const memoryBytes = ownMemory + (options.gpu ? GPU_MEMORY_BYTES : 0);
  const part = output && join(dirname(output), `.part-${basename(output)}`);
  // on a pipe of its own, for stdout may hold frames
  const told = ["-hide_banner", "-nostdin", "-y", "-v", level, "-progress", "pipe:3", "-nostats"];
  try {
    const { ended, stderr } = await runChild(tools.ffmpeg, [...told, ...args, ...(part ? [part] : [])], {
      ...{ cwd, signal, timeoutMs, silentMs, keepStderr, memoryBytes, fileBytes, input: options.input },
      graceMs: KILL_AFTER_MS,
      ...{ onData: onData ?? (() => {}), onError: options.onError },
      onSign: (line) => {
        const [, microseconds] = /^out_time_us=(\d+)$/.exec(line) ?? []; // N/A and negative values come first
        if (microseconds && durationSeconds)
          onProgress?.(Math.min(1, Number(microseconds) / 1e6 / durationSeconds));
      },
    });
    if (ended !== 0) throw ffmpegFailure(ended, stderr);
    if (part && output) await rename(part, output);
    return stderr;
  } catch (error) {
    if (part) await rm(part, { force: true });
    if (error instanceof ChildStopped) {
      const what = error.why === "silent" ? "ffmpeg gave no sign of life for" : "ffmpeg ran past";
      const limit = (error.why === "silent" ? silentMs : timeoutMs) / 1000;
      throw new KangKlipError("TIMED_OUT", `${what} ${limit} s`, { cause: error });
    }
    throw error;
  }
}

/**
 * Runs ffprobe on a file that came from outside. @returns its stdout, unless `onLine` takes it.
 * @throws the abort's reason, or KangKlipError SOURCE_UNREADABLE with the end of stderr as its cause, OUT_OF_MEMORY, TIMED_OUT
 */
export async function runFfprobe(
  tools: Tools,
  {
    args,
    signal,
    onLine,
    timeoutMs = LOOK_MS,
  }: { args: string[]; signal: AbortSignal; onLine?: (line: string) => void; timeoutMs?: number },
): Promise<string> {
  try {
    const { ended, stdout, stderr } = await runChild(
      tools.ffprobe,
      ["-v", "error", ...LOCAL_INPUT, ...args],
      {
        ...{ signal, timeoutMs, onLine, memoryBytes: LOOK_MEMORY_BYTES, fileBytes: 0 },
        ...(onLine && { silentMs: SILENT_MS }),
      },
    );
    if (ended === 0) return stdout;
    const failure = ffmpegFailure(ended, stderr);
    if (failure.code !== "RENDER_FAILED") throw failure;
    throw unreadable(failure.cause);
  } catch (error) {
    if (!(error instanceof ChildStopped)) throw error;
    if (error.why === "loud") throw unreadable(error);
    throw new KangKlipError("TIMED_OUT", "The video could not be looked into in time", { cause: error });
  }
}

const unreadable = (cause: unknown) =>
  new KangKlipError("SOURCE_UNREADABLE", "The file is not a video that can be read", { cause });

/** What the end of ffmpeg or ffprobe means: the exit code, the signal, or what it said last. */
function ffmpegFailure(ended: string | number, stderr: string): KangKlipError {
  const last = stderr.trim().split("\n").slice(-3).join(" | ");
  const cause = new Error(`ffmpeg ended with ${ended}: ${last}`, { cause: stderr });
  const failure = (code: KangKlipError["code"], message: string) =>
    new KangKlipError(code, message, { cause });
  if (/No space left on device|Disk quota exceeded/i.test(stderr))
    return failure("DISK_FULL", "The disk is full");
  if (ended === "SIGXFSZ" || ended === 153 || /File too large/i.test(stderr))
    return failure("SOURCE_TOO_LARGE", "The video's content takes more room than it may");
  if (ended === "SIGXCPU") return failure("TIMED_OUT", "The media tool took more processor time than it may");
  if (OUT_OF_MEMORY.test(stderr)) return failure("OUT_OF_MEMORY", "There was not enough memory");
  if (UNREADABLE.test(stderr)) return failure("SOURCE_UNREADABLE", "The video could not be read");
  return failure("RENDER_FAILED", "The media tool failed");
}

/** ffmpeg's own words, x264's, C++'s (x265, libvpx), the dynamic loader's, and what comes of a thread that gets no stack. */
const OUT_OF_MEMORY =
  /Cannot allocate memory|malloc of size \d+ failed|std::bad_alloc|failed to map segment|Failed to allocate|Resource temporarily unavailable|frame_thread_encoder_init failed/i;
const UNREADABLE =
  /moov atom not found|Invalid data found|Format .* not on whitelist|could not find codec parameters/i;
