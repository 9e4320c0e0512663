import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { EXIT_OK, KangKlipError, WorkerEnv } from "@kangklip/contract";
import { z } from "zod";

/**
 * A worker that stays after its job (`main.ts --warm`), loaded and with all that it has found out about its machine, and takes the next launch
 * of the process provider. One launch at a time, each with its own folder, token, log and end. The provider tells it of a launch with a line
 * on stdin, it answers with a line on stdout when it is free again, and it ends when stdin does.
 *
 * For a launch it writes into the folder what the provider's wrapper writes round a worker of its own: `pid`, `log`, `timeout`, `exit`.
 *
 * The recogniser is not among what stays: whisper.cpp seeds its random numbers when a model is loaded, and a half minute that comes out badly
 * is tried again with them, so that the words of a job would depend on the jobs before it. Its model stays in the page cache.
 */

/** What the provider writes, a line of JSON. */
const Order = z.strictObject({
  /** The launch's folder. */
  dir: z.string().min(1),
  /** Its maximum run time. */
  seconds: z.number().positive(),
  /** Its four variables, and nothing else. */
  env: WorkerEnv,
});
type Order = z.infer<typeof Order>;

/** What a launch that has reached its maximum run time gets to end by itself, before all that it has is killed: as the provider's wrapper. */
const DEADLINE_GRACE_MS = 5000;
/** Then another one takes its place, whatever has piled up in this one. */
const MOST_LAUNCHES = 20;
/** A launch that was told to stop and has not ended after this long ends as it is. */
const STOP_MS = 8000;
/** As a shell says of a program that SIGTERM has ended. */
const CANCELLED = 143;

interface Options {
  /** Does the launch in its folder, which is the working directory. @returns its exit code */
  work(launch: WorkerEnv, stop: AbortController, write: (text: string) => void): Promise<number>;
  input: NodeJS.ReadableStream;
  /** Told `free` when a launch has ended and the next one may come. */
  tell(line: string): void;
  /** Ends this process. */
  exit(code: number): never;
}

/** Takes launches until there will be no more. The caller ends the process then. */
export async function stayWarm({ work, input, tell, exit }: Options): Promise<void> {
  const home = process.cwd();
  /** The launch that is being done. */
  let now: { order: Order; stop: AbortController; write: (text: string) => void } | undefined;
  let asked = false;
  const end = (code: number): never => {
    if (now) leave(now.order.dir, code);
    return exit(code);
  };
  const stopped = () => {
    asked = true;
    if (!now) end(EXIT_OK);
    now?.stop.abort(new KangKlipError("CANCELLED", "cancelled"));
    setTimeout(() => end(CANCELLED), STOP_MS).unref();
  };
  process.on("SIGTERM", stopped).on("SIGINT", stopped);
  process.on("uncaughtException", (error) => {
    now?.write(`${error.stack}\n`);
    end(new KangKlipError("INTERNAL", "").exitCode);
  });
  let launches = 0;
  for await (const line of createInterface({ input })) {
    const order = Order.parse(JSON.parse(line));
    const log = openSync(join(order.dir, "log"), "a", 0o600);
    const stop = new AbortController();
    const write = (text: string) => unlessFull(() => writeSync(log, text));
    now = { order, stop, write };
    const deadline = setTimeout(
      () => {
        unlessFull(() => writeFileSync(join(order.dir, "timeout"), ""));
        asked = true;
        stop.abort(new KangKlipError("TIMED_OUT", "The launch has reached its maximum run time"));
        setTimeout(() => killOwnGroup(), DEADLINE_GRACE_MS);
      },
      Math.min(order.seconds * 1000, 2 ** 31 - 1),
    );
    process.chdir(order.dir);
    await writeWhole(
      join(order.dir, "pid"),
      JSON.stringify({ pid: process.pid, start: ownStart(), warm: true }),
    );
    // the provider writes `cancel` before it looks for `pid`: one of us sees the other
    const code = existsSync(join(order.dir, "cancel")) ? CANCELLED : await work(order.env, stop, write);
    clearTimeout(deadline);
    process.chdir(home);
    const left = endOthersOfGroup();
    // from here on the folder is the provider's: whoever sees `exit` may throw it away, and does not look for us any more
    await writeWhole(join(order.dir, "exit"), `${code}\n`);
    closeSync(log);
    now = undefined;
    // what went wrong once may go wrong again: only a good end is followed by another launch
    if (asked || left || code !== EXIT_OK || ++launches >= MOST_LAUNCHES) return;
    tell("free\n");
  }
}

/** A folder that is gone was released: nobody waits for what it would say. */
async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.own`, text, { mode: 0o600 })
    .then(() => rename(`${file}.own`, file))
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
}

/** The end of a launch whose process ends now. */
const leave = (dir: string, code: number) => unlessFull(() => writeFileSync(join(dir, "exit"), `${code}\n`));

/** What is only told to whoever looks must not end the work: on a full disk, or in a folder that was released. */
function unlessFull(write: () => unknown): void {
  try {
    write();
  } catch {
    // nobody can be told
  }
}

/** Fields of /proc/PID/stat behind the command's name. */
function statOf(pid: number | "self"): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    return text.slice(text.lastIndexOf(") ") + 2).split(" ");
  } catch {
    return [];
  }
}
const [STATE, GROUP, START] = [0, 2, 19];

const ownStart = () => statOf("self")[START] ?? "";

/** Ends what a launch has left behind in this process's group. @returns whether there was anything */
function endOthersOfGroup(): boolean {
  const own = statOf("self")[GROUP];
  if (own !== String(process.pid)) return false; // not started as a leader: by hand
  const left = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .map(Number)
    .filter((pid) => {
      const fields = statOf(pid);
      return fields[GROUP] === own && fields[STATE] !== "Z";
    });
  for (const pid of left)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // it has just ended
    }
  return left.length > 0;
}

function killOwnGroup(): void {
  if (statOf("self")[GROUP] === String(process.pid)) process.kill(-process.pid, "SIGKILL");
  process.kill(process.pid, "SIGKILL");
}
