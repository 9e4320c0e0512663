import { type ChildProcess, type StdioOptions, spawn } from "node:child_process";
import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { childAccount } from "./children-cpu.ts";
import { childEnvironment } from "./config.ts";
import { machineWalls } from "./walls.ts";

/** What a child may take of the machine, where the machine can hold it to that. */
interface Limits {
  /** Its private memory in bytes (RLIMIT_DATA: what it writes to; reserved address space does not count). */
  memoryBytes: number;
  /** Longest file that it may write, in bytes; Infinity where the input itself is the limit. */
  fileBytes: number;
}

interface StartOptions extends Limits {
  stdio: StdioOptions;
  cwd?: string | undefined;
  /** Besides what every child gets (config.ts). */
  env?: Record<string, string> | undefined;
  /** Longest processor time, seconds. */
  cpuSeconds?: number | undefined;
  /** It needs the network and may start others, which end with it: yt-dlp. */
  family?: boolean | undefined;
}

/**
 * Starts a program; every child of the worker comes from here. No shell, none of our environment, and the walls that this machine
 * has: no network (but for a `family`), limits, death with the worker.
 * @throws Error with the code ENOENT where there is no such program
 */
export async function startChild(
  program: string,
  args: readonly string[],
  { stdio, cwd, env, memoryBytes, fileBytes, cpuSeconds, family = false }: StartOptions,
): Promise<ChildProcess> {
  const environment = { ...childEnvironment(), ...env };
  const [found, walls] = await Promise.all([findProgram(program, environment.PATH), machineWalls()]);
  const limit = (name: string, value: number | undefined) =>
    value !== undefined && Number.isFinite(value) ? [`--${name}=${Math.ceil(value)}`] : [];
  const command = [
    ...(family ? walls.family : walls.network),
    ...walls.cache,
    ...(walls.limits.length > 0
      ? [
          ...walls.limits,
          ...[...limit("data", memoryBytes), ...limit("fsize", fileBytes), ...limit("cpu", cpuSeconds)],
        ]
      : []),
    ...walls.parent,
    found,
    ...args,
  ];
  const [first = found, ...others] = command;
  const ended = childAccount();
  const child = spawn(first, others, { cwd, stdio, env: environment, detached: family, shell: false });
  child.once("exit", ended);
  return child;
}

/**
 * Where a program lies: a path as it is, a name on PATH. The walls would hide that a program is missing, so it is looked for here.
 * @throws Error with the code ENOENT where there is no such program
 */
export async function findProgram(program: string, path = childEnvironment().PATH ?? ""): Promise<string> {
  const candidates = program.includes("/")
    ? [program]
    : path.split(delimiter).flatMap((folder) => (folder ? [join(folder, program)] : []));
  for (const candidate of candidates) {
    const isThere = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return candidate;
  }
  throw Object.assign(new Error(`There is no ${program} on this machine`), { code: "ENOENT" });
}

/** A child was ended because it took too long, said nothing for too long, or said too much. */
export class ChildStopped extends Error {
  override readonly name = "ChildStopped";
  readonly why: "late" | "silent" | "loud";
  constructor(why: "late" | "silent" | "loud", message: string) {
    super(message);
    this.why = why;
  }
}

export interface RunOptions extends Omit<StartOptions, "stdio" | "cpuSeconds"> {
  signal: AbortSignal;
  timeoutMs?: number | undefined;
  /** Longest time without a sign of life on any of its pipes. */
  silentMs?: number | undefined;
  /** Takes stdout line by line, or as bytes; it is then not kept. */
  onLine?: ((line: string) => void) | undefined;
  onData?: ((chunk: Buffer) => void) | undefined;
  /** What it reads from stdin, as it comes; while there is nothing to read it need not give a sign of life. Left out: nothing. */
  input?: AsyncIterable<Buffer> | undefined;
  /** Takes the lines of file descriptor 3. */
  onSign?: ((line: string) => void) | undefined;
  /** Takes stderr as it comes, in pieces of any length; its end is kept all the same. */
  onError?: ((text: string) => void) | undefined;
  /** Most of stdout that is kept, in characters; more ends the child. */
  maxStdout?: number;
  /** How much of the end of stderr is kept, in characters. */
  keepStderr?: number;
  /** How long it may take to end by itself after SIGTERM, in ms; 0: it is killed at once. */
  graceMs?: number;
}

const TICK_MS = 1000;

/**
 * Runs a program to its end. Abort, lateness and silence end it, a `family` with all that it has started.
 * @returns how it ended (exit code or signal) and what it said.
 * @throws the abort's reason, ChildStopped, what `startChild` throws, or what reading `input` throws
 */
export async function runChild(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ ended: number | string; stdout: string; stderr: string }> {
  const {
    signal,
    timeoutMs,
    silentMs,
    onLine,
    onData,
    onSign,
    onError,
    input,
    graceMs = 0,
    family = false,
  } = options;
  const { maxStdout = 16 << 20, keepStderr = 8192 } = options;
  signal.throwIfAborted();
  const child = await startChild(program, args, {
    ...options,
    stdio: [input ? "pipe" : "ignore", "pipe", "pipe", ...(onSign ? (["pipe"] as const) : [])],
    // never met before the time-out, unless this process cannot keep time any more
    cpuSeconds: timeoutMs === undefined ? undefined : 10 + (timeoutMs / 1000) * availableParallelism(),
  });
  const closed = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, killedBy) => resolve(code ?? killedBy ?? "unknown"));
  });
  closed.catch(() => {}); // looked at below
  const [, out, err, signs] = child.stdio as (Readable | null | undefined)[];
  let [stdout, stderr] = ["", ""];
  let stopped: unknown;
  let graceTimer: NodeJS.Timeout | undefined;
  const kill = (how: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      if (family) process.kill(-child.pid, how);
      else child.kill(how);
    } catch {
      // it is gone already
    }
  };
  const stop = (why: unknown) => {
    stopped ??= why;
    child.stdin?.destroy(); // it may be waiting for more
    const hangs = why instanceof ChildStopped && why.why === "silent";
    kill(graceMs > 0 && !hangs ? "SIGTERM" : "SIGKILL");
    if (graceMs > 0) graceTimer ??= setTimeout(kill, graceMs, "SIGKILL");
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort(); // while it was being started
  const late = () => stop(new ChildStopped("late", `It ran past ${(timeoutMs ?? 0) / 1000} s`));
  const limit = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);

  // counted in ticks of our own clock: a worker that was stopped or starved itself must not take it out on the child
  let quietTicks = 0;
  const sign = () => {
    quietTicks = 0;
  };
  let isFed = true; // false while it may be waiting for us
  const feeding = input && child.stdin ? feed(child.stdin, input, (now) => (isFed = now)) : undefined;
  feeding?.catch(stop);
  for (const pipe of [out, err, signs]) pipe?.on("data", sign);
  const watch =
    silentMs === undefined
      ? undefined
      : setInterval(() => {
          if (isFed && ++quietTicks * TICK_MS > silentMs)
            stop(new ChildStopped("silent", `It gave no sign of life for ${silentMs / 1000} s`));
        }, TICK_MS);

  if (onData) out?.on("data", onData);
  else if (onLine) lines(out, onLine);
  else
    out?.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (stdout.length > maxStdout) stop(new ChildStopped("loud", "It said more than can be kept"));
    });
  err?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-keepStderr); // a hostile file makes programs print without end
    onError?.(chunk);
  });
  if (onSign) lines(signs, onSign);
  if (family) child.once("exit", () => kill("SIGKILL")); // what it left behind would keep the pipes open
  try {
    const ended = await closed;
    if (stopped) throw stopped;
    return { ended, stdout, stderr };
  } finally {
    clearTimeout(limit);
    clearTimeout(graceTimer);
    clearInterval(watch);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Writes what comes into a child's stdin; a child that does not want it all has had enough. @throws what reading `input` throws */
async function feed(
  stdin: Writable,
  input: AsyncIterable<Buffer>,
  onFed: (isFed: boolean) => void,
): Promise<void> {
  const closed = new Promise<void>((resolve) => stdin.once("close", resolve));
  stdin.on("error", () => {}); // EPIPE: it is gone, and how it ended says why
  const chunks = input[Symbol.asyncIterator]();
  try {
    while (!stdin.destroyed) {
      onFed(false);
      const next = await Promise.race([chunks.next(), closed]);
      onFed(true);
      if (!next || next.done) break;
      if (!stdin.write(next.value))
        await Promise.race([new Promise((resolve) => stdin.once("drain", resolve)), closed]);
    }
  } finally {
    onFed(true);
    stdin.end();
    void chunks.return?.(undefined)?.catch(() => {}); // it may wait for more, which nobody will read
  }
}

function lines(pipe: Readable | null | undefined, onLine: (line: string) => void): void {
  if (pipe) createInterface({ input: pipe }).on("line", onLine);
}
