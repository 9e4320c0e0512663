import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { KangKlipError } from "@kangklip/contract";

const MAX_STDOUT = 64 << 20;
const STDERR_KEPT = 8192;

export interface GroupOptions {
  signal: AbortSignal;
  cwd?: string;
  /** Address of the only way out, put into the environment as well. */
  proxy?: string;
  timeoutMs?: number;
  /** Takes stdout line by line; it is then not kept. */
  onLine?: (line: string) => void;
}

/** The program ended with another code than 0, or could not be started. */
export class GroupError extends Error {
  override readonly name = "GroupError";
  /** Its last words. */
  readonly stderr: string;
  constructor(message: string, stderr: string, options?: ErrorOptions) {
    super(message, options);
    this.stderr = stderr;
  }
}

/** Environment that leads around the proxy, or is nobody's business. */
const UNSET = ["no_proxy", "NO_PROXY", "KK_CLAIM_TOKEN"];
const PROXIES = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/**
 * Runs a program that may start others in a process group of its own; abort, time-out, too much output and its own end kill
 * the whole group.
 * @returns stdout. @throws the abort's reason, KangKlipError SOURCE_UNREACHABLE after `timeoutMs`, SOURCE_UNSUPPORTED for
 *   more than 64 MiB of output, GroupError otherwise.
 */
export async function runGroup(program: string, args: string[], options: GroupOptions): Promise<string> {
  const { signal, cwd, proxy, timeoutMs, onLine } = options;
  signal.throwIfAborted();
  const env = [
    ...UNSET.flatMap((name) => ["-u", name]),
    ...(proxy ? PROXIES.map((name) => `${name}=${proxy}`) : []),
  ];
  const child = spawn("env", [...env, program, ...args], {
    cwd,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  let stopped: unknown;
  const killAll = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // the group is gone already
    }
  };
  const stop = (why: unknown) => {
    stopped ??= why;
    killAll();
  };
  const onAbort = () => stop(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const late = () => stop(new KangKlipError("SOURCE_UNREACHABLE", "The page did not answer in time"));
  const limit = timeoutMs === undefined ? undefined : setTimeout(late, timeoutMs);
  if (onLine) createInterface({ input: child.stdout }).on("line", onLine);
  else
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      stdout += chunk;
      if (stdout.length > MAX_STDOUT)
        stop(new KangKlipError("SOURCE_UNSUPPORTED", "There is more to say about the page than can be read"));
    });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    stderr = (stderr + chunk).slice(-STDERR_KEPT);
  });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", (cause) => reject(new GroupError(`${program} cannot be started`, "", { cause })));
      child.once("exit", killAll); // what it left behind would keep the pipes open
      child.once("close", resolve);
    });
    if (stopped) throw stopped;
    if (code !== 0) throw new GroupError(`${program} ended with ${code}`, stderr);
    return stdout;
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", onAbort);
  }
}
