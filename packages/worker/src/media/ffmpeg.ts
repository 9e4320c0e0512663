import { execFile, spawn } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { KangKlipError } from "@kangklip/contract";

const exec = promisify(execFile);

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

const NEEDED_FILTERS = ["ass", "crop", "scale", "loudnorm", "silencedetect", "scdet", "overlay", "gblur"];
const NEEDED_ENCODERS = ["libx264", "aac"];
const STDERR_KEPT = 8192;
const KILL_AFTER_MS = 3000;

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
    const found = await inspect(ffmpeg);
    if ("lacks" in found) {
      rejected.push(`${ffmpeg} ${found.lacks}`);
      continue;
    }
    const ffprobe = ffmpeg.includes("/") ? join(dirname(ffmpeg), "ffprobe") : "ffprobe";
    try {
      await exec(ffprobe, ["-version"], { timeout: 10_000 });
      return { ffmpeg, ffprobe, version: found.version };
    } catch {
      rejected.push(`${ffmpeg} has no ffprobe beside it`);
    }
  }
  throw new KangKlipError("FFMPEG_MISSING", `No usable ffmpeg: ${rejected.join("; ")}`);
}

async function inspect(ffmpeg: string): Promise<{ version: string } | { lacks: string }> {
  const ask = async (...args: string[]) =>
    (await exec(ffmpeg, args, { timeout: 10_000, maxBuffer: 4 << 20 })).stdout;
  try {
    const [banner, filters, encoders] = await Promise.all([
      ask("-version"),
      ask("-hide_banner", "-filters"),
      ask("-hide_banner", "-encoders"),
    ]);
    // "ffmpeg version 5.1.9-0+deb12u1", "n7.1", "8.1-Jellyfin"; "N-47683-g…" is a snapshot, judged by its features alone
    const [, version = "snapshot"] = /^ffmpeg version (\S+)/.exec(banner) ?? [];
    const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
    if (major && (Number(major) < 5 || (Number(major) === 5 && Number(minor) < 1)))
      return { lacks: `is ${version}, older than 5.1` };
    const lists = (text: string, name: string) =>
      new RegExp(`^\\s*[A-Z.|]{2,6}\\s+${name}\\s`, "m").test(text);
    const missing = [
      ...NEEDED_FILTERS.filter((name) => !lists(filters, name)),
      ...NEEDED_ENCODERS.filter((name) => !lists(encoders, name)),
    ];
    return missing.length > 0 ? { lacks: `lacks ${missing.join(", ")}` } : { version };
  } catch {
    return { lacks: "does not run" };
  }
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
  /** Takes the bytes of stdout (raw frames); progress is then not read. */
  onData?: (chunk: Buffer) => void;
}

/**
 * Runs ffmpeg once. Aborting or running past `timeoutMs` ends the child and leaves no output.
 * @returns the end of stderr. @throws the abort's reason, or KangKlipError with the end of stderr as its cause.
 */
export async function runFfmpeg(tools: Tools, options: RunOptions): Promise<string> {
  const { args, output, cwd, signal, durationSeconds, onProgress, onData } = options;
  const { timeoutMs = 15 * 60_000, level = "error", keepStderr = STDERR_KEPT } = options;
  signal.throwIfAborted();
  const part = output && join(dirname(output), `.part-${basename(output)}`);
  const progress = onData ? [] : ["-progress", "pipe:1"];
  const child = spawn(
    tools.ffmpeg,
    [
      "-hide_banner",
      "-nostdin",
      "-y",
      "-v",
      level,
      ...progress,
      "-nostats",
      ...args,
      ...(part ? [part] : []),
    ],
    { cwd, stdio: ["ignore", "pipe", "pipe"] },
  );
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-keepStderr); // a hostile file makes ffmpeg print without end
  });
  if (onData) child.stdout.on("data", onData);
  else
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, microseconds] = /^out_time_us=(\d+)$/.exec(line) ?? []; // N/A and negative values come first
      if (microseconds && durationSeconds)
        onProgress?.(Math.min(1, Number(microseconds) / 1e6 / durationSeconds));
    });

  let stopped: unknown;
  let killTimer: NodeJS.Timeout | undefined;
  const stop = (why: unknown) => {
    stopped ??= why;
    child.kill("SIGTERM");
    killTimer ??= setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const limit = setTimeout(
    () => stop(new KangKlipError("TIMED_OUT", `ffmpeg ran past ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  try {
    const ended = await new Promise<string | number>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, killedBy) => resolve(code ?? killedBy ?? "unknown"));
    });
    if (stopped) throw stopped;
    if (ended !== 0) throw ffmpegFailure(ended, stderr);
    if (part && output) await rename(part, output);
    return stderr;
  } catch (error) {
    if (part) await rm(part, { force: true });
    throw error;
  } finally {
    clearTimeout(limit);
    clearTimeout(killTimer);
    signal.removeEventListener("abort", onAbort);
  }
}

function ffmpegFailure(ended: string | number, stderr: string): KangKlipError {
  const cause = new Error(`ffmpeg ended with ${ended}: ${stderr.trim().split("\n").slice(-3).join(" | ")}`);
  if (/No space left on device/i.test(stderr))
    return new KangKlipError("DISK_FULL", "The disk is full", { cause });
  if (/Cannot allocate memory/i.test(stderr))
    return new KangKlipError("OUT_OF_MEMORY", "There was not enough memory", { cause });
  if (
    /moov atom not found|Invalid data found|Format .* not on whitelist|could not find codec parameters/i.test(
      stderr,
    )
  )
    return new KangKlipError("SOURCE_UNREADABLE", "The video could not be read", { cause });
  return new KangKlipError("RENDER_FAILED", "The media tool failed", { cause });
}
