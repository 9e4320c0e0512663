import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";

/** Linux counts processor time in hundredths of a second, whatever its clock is (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;
const SAMPLE_MS = 100;
/** What is kept of what a program says. */
const KEPT_CHARACTERS = 100_000;

/** What one run took. */
export interface Took {
  /** Processor seconds, user and system, of the program and all below it that were waited for. */
  cpuSeconds: number;
  /**
   * Of these, what was seen of programs that neither decode nor encode nor recognise: everything but ffmpeg and recognisers. From samples:
   * the last tenth of a second of each is not in it.
   */
  restSeconds: number;
  /** Most memory in use at one time by all of them together, bytes; sampled ten times a second. */
  peakRss: number;
  wallSeconds: number;
  /** The machine's load when it began (1 minute). */
  load: number;
  stdout: string;
}

export interface Program {
  command: string;
  args: readonly string[];
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Called with each line on stdout. */
  onLine?: (line: string) => void;
}

/** Only one at a time: what children took is known as a sum. */
let running: Promise<unknown> = Promise.resolve();

/**
 * Runs steps that start programs, in a turn of its own, and says what their programs took. This process's own work does not count, so that
 * the server of a source may live in it.
 */
export function measured<T>(work: (started: (child: ChildProcess) => void) => Promise<T>): Promise<T & Took> {
  const turn = running.then(async () => {
    const roots = new Set<number>();
    const seen = new Map<number, Process>();
    let peakRss = 0;
    const sampling = setInterval(() => {
      peakRss = Math.max(peakRss, lookBelow(roots, seen));
    }, SAMPLE_MS);
    const [load = 0] = loadavg();
    const [cpu, begun] = [childrenSeconds(), performance.now()];
    try {
      const result = await work(({ pid }) => void (pid !== undefined && roots.add(pid)));
      const took = { cpuSeconds: childrenSeconds() - cpu, wallSeconds: (performance.now() - begun) / 1000 };
      let restSeconds = 0;
      for (const { isMedia, seconds } of seen.values()) restSeconds += isMedia ? 0 : seconds;
      return { stdout: "", ...result, ...took, restSeconds, peakRss, load };
    } finally {
      clearInterval(sampling);
    }
  });
  running = turn.catch(() => {});
  return turn;
}

/** One program and what it took. @throws Error with its last words where it does not end with 0 */
export const runMeasured = (program: Program, signal: AbortSignal): Promise<Took> =>
  measured(async (started) => ({ stdout: await ran(program, signal, started) })) as Promise<Took>;

/** ffmpeg with the usual quiet options. @throws Error with its last words where it does not end with 0 */
export const runPlain = (ffmpeg: string, args: readonly string[], signal: AbortSignal): Promise<string> =>
  ran({ command: ffmpeg, args: [...QUIET, ...args] }, signal);

export const QUIET = ["-hide_banner", "-nostdin", "-v", "error", "-y"];

/** A program in a process group of its own, which is killed with the signal. @returns stdout */
export async function ran(
  { command, args, cwd, env, onLine }: Program,
  signal: AbortSignal,
  started: (child: ChildProcess) => void = () => {},
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(command, args, {
    ...(cwd && { cwd }),
    ...(env && { env }),
    ...{ detached: true, stdio: ["ignore", "pipe", "pipe"] as const },
  });
  started(child);
  const stop = () => killGroup(child);
  signal.addEventListener("abort", stop, { once: true });
  const said = { stdout: "", stderr: "" };
  let line = "";
  for (const name of ["stdout", "stderr"] as const)
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      said[name] = (said[name] + text).slice(-KEPT_CHARACTERS);
      if (name !== "stdout" || !onLine) return;
      const lines = (line + text).split("\n");
      line = lines.pop() ?? "";
      for (const one of lines) onLine(one);
    });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    signal.throwIfAborted();
    if (code === 0) return said.stdout;
    throw new Error(
      `${command} ${args.join(" ").slice(0, 200)} ended with ${code}: ${lastWords(said.stderr)}`,
    );
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** The error that a program named, else the end of what it said; in one line. Pure. */
export function lastWords(stderr: string): string {
  const named = stderr.split("\n").find((line) => /^\w*Error(: | \[)/.test(line));
  return (named ?? stderr.trim().slice(-600)).replace(/\s+/g, " ");
}

/** A program and all that it started in its group. */
export function killGroup({ pid }: Pick<ChildProcess, "pid">): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // it has just ended
  }
}

/** Behind a process's name, which may hold anything: fields 3 and up of /proc/<pid>/stat (proc(5)). */
const fieldsOf = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ");

/** Processor seconds of the children of this process that have ended, with theirs (cutime and cstime, fields 16 and 17). */
export function childrenSeconds(): number {
  const fields = fieldsOf(readFileSync("/proc/self/stat", "utf8"));
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND;
}

const PAGE = 4096;

/** One of the processes below a root, as it was when it was last seen. */
interface Process {
  name: string;
  isMedia: boolean;
  seconds: number;
}

/** Decoders, encoders and recognisers, by the names of their programs; one recogniser is a script of ours. */
const MEDIA = /^(ffmpeg|pocketsphinx|whisper)/;
const MEDIA_SCRIPT = /whisper-child/;

function isMedia(name: string, pid: number): boolean {
  if (MEDIA.test(name)) return true;
  try {
    return MEDIA_SCRIPT.test(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  } catch {
    return false;
  }
}

/**
 * Looks at processes and all below them. @param seen keeps what was found, also of those that have ended
 * @returns memory in use by those that live, bytes
 */
function lookBelow(roots: ReadonlySet<number>, seen: Map<number, Process>): number {
  const all = new Map<number, { parent: number; bytes: number; name: string; seconds: number }>();
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = fieldsOf(stat);
      all.set(Number(pid), {
        ...{ parent: Number(fields[1]), bytes: Number(fields[21]) * PAGE },
        name: stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")")),
        seconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      });
    } catch {
      // it has just ended
    }
  }
  const below = new Set(Array.from(all.keys()).filter((pid) => roots.has(pid) || seen.has(pid)));
  for (let before = -1; before < below.size; ) {
    before = below.size;
    for (const [pid, { parent }] of all) if (below.has(parent)) below.add(pid);
  }
  let bytes = 0;
  for (const pid of below) {
    const now = all.get(pid);
    if (!now) continue;
    bytes += now.bytes;
    const known = seen.get(pid);
    const media = known?.name === now.name ? known.isMedia : isMedia(now.name, pid);
    seen.set(pid, { name: now.name, isMedia: media, seconds: now.seconds });
  }
  return bytes;
}
