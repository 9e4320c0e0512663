import { KangKlipError } from "@kangklip/contract";
import { ChildStopped, runChild } from "../child.ts";

const MAX_STDOUT = 64 << 20;
/** A page's description of 64 MB, in Python's objects; and the ffmpeg that puts tracks together. */
const MEMORY_BYTES = 2 * 1024 ** 3;

export interface GroupOptions {
  signal: AbortSignal;
  cwd?: string;
  /** Address of the only way out, put into the environment as well. */
  proxy?: string;
  timeoutMs?: number;
  /** Longest file that it may write, in bytes. */
  fileBytes?: number;
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

const PROXIES = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/**
 * Runs a program that needs the network and may start others; abort, time-out, too much output and its own end kill all of them,
 * and so does the end of this process where the machine can see to that.
 * @returns stdout. @throws the abort's reason, KangKlipError SOURCE_UNREACHABLE after `timeoutMs`, SOURCE_UNSUPPORTED for
 *   more than 64 MiB of output, GroupError otherwise.
 */
export async function runGroup(program: string, args: string[], options: GroupOptions): Promise<string> {
  const { proxy, fileBytes = Number.POSITIVE_INFINITY, ...given } = options;
  try {
    const { ended, stdout, stderr } = await runChild(program, args, {
      ...given,
      ...{ family: true, maxStdout: MAX_STDOUT, memoryBytes: MEMORY_BYTES, fileBytes },
      env: Object.fromEntries(proxy ? PROXIES.map((name) => [name, proxy]) : []),
    });
    if (ended !== 0) throw new GroupError(`${program} ended with ${ended}`, stderr);
    return stdout;
  } catch (error) {
    options.signal.throwIfAborted();
    if (error instanceof ChildStopped && error.why === "loud")
      throw new KangKlipError("SOURCE_UNSUPPORTED", "There is more to say about the page than can be read");
    if (error instanceof ChildStopped)
      throw new KangKlipError("SOURCE_UNREACHABLE", "The page did not answer in time");
    if (error instanceof GroupError) throw error;
    throw new GroupError(`${program} cannot be started`, "", { cause: error });
  }
}
