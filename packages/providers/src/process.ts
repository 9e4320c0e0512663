import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { checkLaunch, isLaunchKey, LOG_BYTES, tailOf } from "./launch.ts";
import { groupIsAlive, killGroup } from "./process-group.ts";
import { type ComputeProvider, type Observation, ProviderError } from "./provider.ts";
import { createWarmPool, type WarmPoolOptions } from "./warm-pool.ts";

export interface ProcessProviderOptions {
  /** One folder per launch is made in here; another installation has another folder. */
  dir: string;
  /** What to run: a program and its arguments. */
  command: readonly string[];
  /** What the worker gets of this machine's environment; never a secret. */
  machineEnv: Readonly<Record<string, string>>;
  /** Workers that stay after a launch for the next one (Linux); none where this is left out, or where all of them are at work. */
  warm?: Omit<WarmPoolOptions, "machineEnv"> | undefined;
}

/** What a launch that has reached its maximum run time gets to end by itself, before it is killed. */
const DEADLINE_GRACE_SECONDS = 5;
/**
 * What stands round the command: `sh -c WRAPPER sh SECONDS PROGRAM ARGUMENT…`, the leader of a process group. It writes down itself who it
 * is, so that a launch can be found and ended although the control plane died right after starting it; then the exit code, when the
 * command ends, and whatever the command has left behind ends with it. Each by a rename, so that a reader never sees half of it. The start
 * time is field 22 of /proc/PID/stat, counted behind the name in brackets.
 *
 * A request to end (SIGTERM to the group) is for the command: the shell waits for what comes of it, and the watcher is deaf to it, which ends
 * the group at its maximum run time whether or not a control plane is there by then. `cancel` is looked for after `pid` is there, and
 * written by `cancel()` before it looks for `pid`: one of them sees the other.
 */
const WRAPPER = `cd "$KK_LAUNCH_DIR" || exit 70
seconds=$1
shift
trap : TERM
if read -r stat 2>/dev/null </proc/$$/stat
then start=$(set -- \${stat##*) }; shift 19; echo "$1")
else start=$(ps -o lstart= -p $$)
fi
{ printf '{"pid":%s,"start":"%s"}' $$ "$start" >pid.own && mv pid.own pid; } || exit 74
(
  trap '' TERM
  sleep "$seconds"
  : >timeout
  kill -s TERM -- -$$
  sleep ${DEADLINE_GRACE_SECONDS}
  kill -s KILL -- -$$
) >/dev/null 2>&1 &
if [ -e cancel ]
then code=143
else
  "$@" >log 2>&1
  code=$?
fi
echo "$code" >exit.tmp && mv exit.tmp exit
kill -s KILL -- -$$`;
/** A launch that never wrote its pid: the control plane died between making the folder and starting the child. */
const UNBORN_AFTER_MS = 30_000;
/** How long a group that was killed may take to be gone. */
const KILLED_WITHIN_MS = 2000;

/** `warm`: a worker that does other launches too, so that nothing may be done to its group once `exit` is there. */
const Born = z.object({ pid: z.int(), start: z.string().trim(), warm: z.boolean().default(false) });
const Cancelled = z.object({ at: z.number() });

/**
 * Runs each launch as a local process group whose whole state is one folder, so that it outlives this process and is found
 * again by the next one. The folder's name is the launch key: making it is the exclusive claim.
 */
export function createProcessProvider({
  dir,
  command,
  machineEnv,
  warm,
}: ProcessProviderOptions): ComputeProvider {
  const id = "process";
  const [program, ...args] = command;
  if (!program) throw new Error("The process provider needs a command");
  const pool = warm && process.platform === "linux" ? createWarmPool({ ...warm, machineEnv }) : undefined;
  /** The folder of a launch; undefined for what cannot be one, as for a reference that somebody else made up. */
  const folderOf = (ref: string) => (isLaunchKey(ref) ? join(dir, ref) : undefined);
  const unavailable = (message: string, cause: unknown) =>
    new ProviderError("UNAVAILABLE", id, `${message}: ${messageOf(cause)}`, { cause });

  /** What a launch wrote down about itself or was told; undefined where there is nothing (any more). */
  async function read<T>(
    file: string,
    schema: z.ZodType<T>,
  ): Promise<(T & { writtenAt: number }) | undefined> {
    try {
      const { mtimeMs } = await stat(file);
      return { ...schema.parse(JSON.parse(await readFile(file, "utf8"))), writtenAt: mtimeMs };
    } catch (error) {
      if (codeOf(error) === "ENOENT") return undefined;
      throw unavailable(`${file} cannot be read`, error);
    }
  }

  async function look(folder: string) {
    const [cancelled, born, exit] = await Promise.all([
      read(join(folder, "cancel"), Cancelled),
      read(join(folder, "pid"), Born),
      read(
        join(folder, "exit"),
        z.int().transform((exitCode) => ({ exitCode })),
      ),
    ]);
    const alive = born !== undefined && groupIsAlive(born);
    return { cancelled, born, exit, alive };
  }

  async function observe(folder: string | undefined): Promise<Observation> {
    const made = folder && (await stat(folder).catch(() => undefined));
    if (!folder || !made) return { phase: "lost" };
    const { cancelled, born, exit, alive } = await look(folder);
    const known = { node: "this machine", ...(born && { startedAt: born.writtenAt }) };
    const why = existsSync(join(folder, "timeout")) ? "timeout" : cancelled ? "cancelled" : undefined;
    if (exit) {
      const { exitCode, writtenAt: endedAt } = exit;
      const reason = exitCode === 0 ? "completed" : (why ?? "error");
      return { phase: "exited", ...known, exitCode, reason, endedAt };
    }
    if (alive) return { phase: why ? "stopping" : "running", ...known };
    if (!born && Date.now() - made.mtimeMs < UNBORN_AFTER_MS)
      return { phase: cancelled ? "stopping" : "starting" };
    // it may have ended, or been released, while it was looked at
    if (born && existsSync(join(folder, "exit"))) return observe(folder);
    if (!existsSync(folder)) return { phase: "lost" };
    return { phase: "exited", ...known, exitCode: null, reason: why ?? "lost" };
  }

  return {
    id,
    capabilities: {
      submit: "native",
      deadline: "native",
      logs: "live",
      envVisibleTo: "host",
      gpu: false,
      list: true,
    },

    async probe() {
      if (isWindows()) return { ok: false, detail: NO_WINDOWS };
      try {
        await mkdir(dir, { recursive: true });
        await (await open(join(dir, ".probe"), "w")).close();
        return { ok: true, detail: "runs on this machine" };
      } catch (error) {
        return { ok: false, detail: `${dir} cannot be written: ${messageOf(error)}` };
      }
    },

    async offers({ gpu, nvenc }) {
      if (gpu === "required" || nvenc === "required" || isWindows()) return [];
      return [
        {
          provider: id,
          offerId: "local",
          label: "this machine",
          usdPerHour: 0,
          availability: "available",
          expiresAt: Date.now() + 60_000,
        },
      ];
    },

    async submit(spec, signal) {
      const env = checkLaunch(id, spec);
      signal?.throwIfAborted();
      if (isWindows()) throw new ProviderError("UNSUPPORTED", id, NO_WINDOWS);
      const ref = { provider: id, ref: spec.launchKey };
      const folder = join(dir, spec.launchKey);
      try {
        mkdirSync(dir, { recursive: true });
        mkdirSync(folder, { mode: 0o700 });
      } catch (error) {
        if (codeOf(error) === "EEXIST" && existsSync(folder)) return ref;
        throw unavailable(`${folder} cannot be made`, error);
      }
      const wholeSeconds = Math.max(1, Math.ceil(spec.requirements.maxRuntimeSeconds));
      if (pool?.take({ dir: folder, seconds: wholeSeconds, env })) return ref;
      const seconds = String(wholeSeconds);
      const nothing = openSync("/dev/null", "r+");
      const child = spawn("/bin/sh", ["-c", WRAPPER, "sh", seconds, program, ...args], {
        detached: true, // a process group of its own: a signal to it reaches ffmpeg too
        stdio: [nothing, nothing, nothing],
        env: { NODE_ENV: "production", ...machineEnv, ...env, KK_LAUNCH_DIR: folder },
      });
      closeSync(nothing);
      const failed = new Promise<Error>((tell) => child.once("error", tell));
      if (child.pid === undefined) {
        await rm(folder, { recursive: true, force: true });
        throw unavailable("No process could be started on this machine", await failed);
      }
      child.unref();
      return ref;
    },

    async find(launchKey) {
      const folder = folderOf(launchKey);
      return folder && existsSync(folder) ? [{ provider: id, ref: launchKey }] : [];
    },

    observe: ({ ref }) => observe(folderOf(ref)),

    async cancel({ ref }, { graceSeconds }) {
      const folder = folderOf(ref);
      const { phase } = await observe(folder);
      if (!folder || phase === "lost") return "gone";
      if (phase === "exited") return (await endGroup(folder)) ? "gone" : "stopping";
      const asked = await read(join(folder, "cancel"), Cancelled);
      if (!asked && !(await writeWhole(join(folder, "cancel"), JSON.stringify({ at: Date.now() }))))
        return "gone";
      const born = await read(join(folder, "pid"), Born);
      if (!born) return "retry";
      const waited = asked ? Date.now() - asked.at : 0;
      // from here to the signal nothing is waited for: a warm worker cannot have been given another launch in between
      if (born.warm && existsSync(join(folder, "exit"))) return "gone";
      if (!asked) killGroup(born, "SIGTERM");
      else if (waited >= graceSeconds * 1000 || waited < 0) killGroup(born, "SIGKILL"); // below 0: a clock was put back
      return "stopping";
    },

    async logs({ ref }, { tail }) {
      const folder = folderOf(ref);
      if (!folder) return "";
      try {
        const file = await open(join(folder, "log"));
        try {
          const { size } = await file.stat();
          const length = Math.min(size, LOG_BYTES);
          const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length);
          return tailOf(buffer.subarray(0, bytesRead), tail);
        } finally {
          await file.close();
        }
      } catch (error) {
        if (codeOf(error) === "ENOENT") return "";
        throw unavailable(`The log of ${ref} cannot be read`, error);
      }
    },

    async release({ ref }) {
      const folder = folderOf(ref);
      if (!folder || !existsSync(folder)) return;
      if (!(await endGroup(folder)))
        throw new ProviderError("CONFLICT", id, `${ref} still runs: cancel it first`);
      await rm(folder, { recursive: true, force: true });
    },

    async *list() {
      for (const name of existsSync(dir) ? await readdir(dir) : []) {
        if (!name.startsWith("kk-") || !isLaunchKey(name)) continue;
        const createdAt = (await stat(join(dir, name)).catch(() => undefined))?.birthtimeMs;
        if (createdAt !== undefined) yield { ref: { provider: id, ref: name }, launchKey: name, createdAt };
      }
    },
  };

  /** Whether nothing of a launch runs any more; what a command that has ended left behind is killed. */
  async function endGroup(folder: string): Promise<boolean> {
    for (const deadline = Date.now() + KILLED_WITHIN_MS; ; await sleep(10)) {
      const { born, exit, alive } = await look(folder);
      if (!born || !alive || (born.warm && exit)) return true;
      if (!exit || Date.now() > deadline) return false;
      killGroup(born, "SIGKILL");
    }
  }
}

const NO_WINDOWS =
  "Workers run as processes on Linux and macOS: on Windows, start KangKlip inside WSL 2, or set COMPUTE=docker";
const isWindows = () => process.platform === "win32";

/** Whether it could be written: not where its folder is gone. */
async function writeWhole(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(`${file}.tmp`, text, { mode: 0o600 });
    await rename(`${file}.tmp`, file);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
