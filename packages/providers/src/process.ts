import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { WorkerEnv } from "@kangklip/contract";
import { z } from "zod";
import { groupIsAlive, killGroup } from "./process-group.ts";
import { type ComputeProvider, type Observation, ProviderError } from "./provider.ts";

export interface ProcessProviderOptions {
  /** One folder per launch is made in here. */
  dir: string;
  /** What to run: a program and its arguments. */
  command: readonly string[];
  /** What the worker gets of this machine's environment; never a secret. */
  machineEnv: Readonly<Record<string, string>>;
}

/**
 * What stands round the command. It writes down itself who it is, so that a launch can be found and ended although the control plane died
 * right after starting it; then the exit code, when the command ends. Both by a rename, so that a reader never sees half of it. The
 * start time is field 22 of /proc/PID/stat, counted behind the name in brackets.
 */
const WRAPPER = `cd "$KK_LAUNCH_DIR" || exit 70
if read -r stat 2>/dev/null </proc/$$/stat
then start=$(set -- \${stat##*) }; shift 19; echo "$1")
else start=$(ps -o lstart= -p $$)
fi
printf '{"pid":%s,"start":"%s"}' $$ "$start" >pid.own && mv pid.own pid
"$@" >log 2>&1
code=$?
echo "$code" >exit.tmp
mv exit.tmp exit
exit "$code"`;
/** A launch that never wrote its pid: the control plane died between making the folder and starting the child. */
const UNBORN_AFTER_MS = 30_000;
const LOG_BYTES_READ = 1 << 20;

const Born = z.object({ pid: z.int(), start: z.string().trim() });
const Cancelled = z.object({ at: z.number() });

/**
 * Runs each launch as a local process group whose whole state is one folder, so that it outlives this process and is found
 * again by the next one. The folder's name is the launch key: making it is the exclusive claim.
 */
export function createProcessProvider({ dir, command, machineEnv }: ProcessProviderOptions): ComputeProvider {
  const id = "process";
  const folderOf = (ref: string) => {
    if (!/^[a-z0-9-]{1,60}$/.test(ref)) throw new ProviderError("INVALID", id, `"${ref}" is no launch key`);
    return join(dir, ref);
  };
  const [program, ...args] = command;
  if (!program) throw new Error("The process provider needs a command");

  async function observe(ref: string): Promise<Observation> {
    const folder = folderOf(ref);
    if (!existsSync(folder)) return { phase: "lost" };
    const cancelled = await readJson(join(folder, "cancel"), Cancelled);
    const born = await readJson(join(folder, "pid"), Born);
    const alive = born !== undefined && groupIsAlive(born);
    const exitCode = await readExit(folder);
    if (exitCode !== undefined) {
      if (alive) killGroup(born, "SIGKILL"); // the worker died and left children behind
      return {
        phase: "exited",
        exitCode,
        reason: exitCode === 0 ? "completed" : cancelled ? "cancelled" : "error",
        endedAt: (await stat(join(folder, "exit"))).mtimeMs,
      };
    }
    if (alive) return { phase: cancelled ? "stopping" : "running", node: "this machine" };
    if (!born && Date.now() - (await stat(folder)).mtimeMs < UNBORN_AFTER_MS) return { phase: "starting" };
    return { phase: "exited", exitCode: null, reason: cancelled ? "cancelled" : "lost" };
  }

  return {
    id,
    capabilities: {
      submit: "native",
      deadline: "none",
      logs: "live",
      envVisibleTo: "host",
      gpu: false,
      list: true,
    },

    async probe() {
      try {
        await mkdir(dir, { recursive: true });
        await (await open(join(dir, ".probe"), "w")).close();
        return { ok: true, detail: "runs on this machine" };
      } catch (error) {
        return { ok: false, detail: `${dir} cannot be written: ${messageOf(error)}` };
      }
    },

    async offers(requirements) {
      if (requirements.gpu === "required") return [];
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

    async submit(spec) {
      const env = WorkerEnv.parse(spec.env);
      const ref = { provider: id, ref: spec.launchKey };
      const folder = folderOf(spec.launchKey);
      mkdirSync(dir, { recursive: true });
      try {
        mkdirSync(folder, { mode: 0o700 });
      } catch (error) {
        if (codeOf(error) === "EEXIST") return ref;
        throw new ProviderError("UNAVAILABLE", id, `${folder} cannot be made: ${messageOf(error)}`, {
          cause: error,
        });
      }
      const nothing = openSync("/dev/null", "r+");
      const child = spawn("/bin/sh", ["-c", WRAPPER, "sh", program, ...args], {
        detached: true, // a process group of its own: a signal to it reaches ffmpeg too
        stdio: [nothing, nothing, nothing],
        env: { NODE_ENV: "production", ...machineEnv, ...env, KK_LAUNCH_DIR: folder },
      });
      closeSync(nothing);
      if (child.pid === undefined) {
        await rm(folder, { recursive: true, force: true });
        throw new ProviderError("UNAVAILABLE", id, "No process could be started on this machine");
      }
      child.unref();
      return ref;
    },

    async find(launchKey) {
      return existsSync(folderOf(launchKey)) ? [{ provider: id, ref: launchKey }] : [];
    },

    observe: ({ ref }) => observe(ref),

    async cancel({ ref }, { graceSeconds }) {
      const folder = folderOf(ref);
      const seen = await observe(ref);
      if (seen.phase === "exited" || seen.phase === "lost") return "gone";
      const born = await readJson(join(folder, "pid"), Born);
      if (!born) return "retry";
      const asked = await readJson(join(folder, "cancel"), Cancelled);
      if (!asked) {
        await writeWhole(join(folder, "cancel"), JSON.stringify({ at: Date.now() }));
        killGroup(born, "SIGTERM");
      } else {
        const waited = Date.now() - asked.at;
        if (waited >= graceSeconds * 1000 || waited < 0) killGroup(born, "SIGKILL"); // below 0: a clock was put back
      }
      return "stopping";
    },

    async logs({ ref }, { tail }) {
      try {
        const file = await open(join(folderOf(ref), "log"));
        try {
          const { size } = await file.stat();
          const length = Math.min(size, LOG_BYTES_READ);
          const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
          return buffer.toString("utf8").trimEnd().split("\n").slice(-tail).join("\n");
        } finally {
          await file.close();
        }
      } catch (error) {
        if (codeOf(error) === "ENOENT") return "";
        throw error;
      }
    },

    async release({ ref }) {
      const folder = folderOf(ref);
      const born = await readJson(join(folder, "pid"), Born);
      if (born && groupIsAlive(born))
        throw new ProviderError("CONFLICT", id, `${ref} still runs: cancel it first`);
      await rm(folder, { recursive: true, force: true });
    },

    async *list() {
      for (const name of existsSync(dir) ? await readdir(dir) : []) {
        if (!/^kk-/.test(name)) continue;
        const createdAt = (await stat(join(dir, name)).catch(() => undefined))?.birthtimeMs;
        if (createdAt !== undefined) yield { ref: { provider: id, ref: name }, launchKey: name, createdAt };
      }
    },
  };
}

async function writeWhole(file: string, text: string): Promise<void> {
  await writeFile(`${file}.tmp`, text, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}

async function readJson<T>(file: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.parse(JSON.parse(await readFile(file, "utf8")));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

async function readExit(folder: string): Promise<number | undefined> {
  try {
    return Number.parseInt(await readFile(join(folder, "exit"), "utf8"), 10);
  } catch {
    return undefined;
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code;
const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
