import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { copyFile, cp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Docker from "dockerode";

const programIn = (name: string) =>
  [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin"]
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));

/** Whether an engine of one's own can be started here: Linux, root, and Debian's docker.io or the like. */
export const hasDockerEngine: boolean =
  process.platform === "linux" &&
  process.getuid?.() === 0 &&
  ["dockerd", "containerd", "runc"].every(programIn);

export type TestEngine = Awaited<ReturnType<typeof startTestEngine>>;
const START_MS = 120_000;

export interface TestEngineOptions {
  /** A folder with programs that the engine finds before this machine's: a stand-in for NVIDIA's hook. */
  programs?: string;
}

/**
 * A Docker engine of one's own in a temporary folder, which leaves the network of this machine alone: its containers have `host`, `none`
 * or, as default, no network but their own loopback. `await using` ends it and removes all of it.
 */
export async function startTestEngine({ programs }: TestEngineOptions = {}) {
  const dir = mkdtempSync(join(tmpdir(), "kk-engine-"));
  const socketPath = join(dir, "d.sock");
  const containerdPid = join(dir, "exec/containerd/containerd.pid");
  const docker = new Docker({ socketPath, host: undefined, port: undefined, protocol: "http" } as object);
  let daemon: ChildProcess | undefined;

  async function start(): Promise<void> {
    // after a kill these make the next start wait for a containerd that is gone
    rmSync(join(dir, "d.pid"), { force: true });
    rmSync(containerdPid, { force: true });
    const log = openSync(join(dir, "log"), "a");
    const [program = "", ...args] = [
      ...(programIn("setpriv") ? ["setpriv", "--pdeathsig", "TERM"] : []), // it ends with a test run that is killed
      programIn("dockerd") ?? "dockerd",
      ...[
        "--host",
        `unix://${socketPath}`,
        "--data-root",
        join(dir, "data"),
        "--exec-root",
        join(dir, "exec"),
      ],
      ...[
        "--pidfile",
        join(dir, "d.pid"),
        "--bridge=none",
        "--iptables=false",
        "--ip-forward=false",
        "--ip-masq=false",
      ],
    ];
    const path = [...(programs ? [programs] : []), process.env.PATH ?? ""].join(delimiter);
    const started = spawn(program, args, {
      stdio: ["ignore", log, log],
      env: { ...process.env, PATH: path },
    });
    closeSync(log);
    daemon = started;
    const until = Date.now() + START_MS;
    while (!(await answers(docker))) {
      if (started.exitCode !== null || Date.now() > until)
        throw new Error(`dockerd did not start:\n${readFileSync(join(dir, "log"), "utf8").slice(-2000)}`);
      await sleep(100);
    }
  }

  async function kill(signal: NodeJS.Signals): Promise<void> {
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const ended = once(daemon, "exit");
    daemon.kill(signal);
    await ended;
  }

  await start();
  return {
    dir,
    socketPath,
    docker,
    start,
    /** SIGTERM: as when the machine shuts down; SIGKILL: the daemon alone, its containers go on. */
    kill,
    /** What a loss of power does: the daemon and all its containers end at once, and nothing is written down. */
    async losePower(): Promise<void> {
      const running = await docker.listContainers();
      const pids = await Promise.all(
        running.map(async ({ Id }) => (await docker.getContainer(Id).inspect()).State.Pid),
      );
      const containerd = Number(readFileSync(containerdPid, "utf8"));
      await kill("SIGKILL");
      for (const pid of [containerd, ...shimsOf(dir), ...pids]) killed(pid);
      await sleep(300);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      if (await answers(docker))
        for (const { Id } of await docker.listContainers({ all: true }))
          await docker.getContainer(Id).remove({ force: true, v: true });
      const containerd = existsSync(containerdPid) ? Number(readFileSync(containerdPid, "utf8")) : 0;
      await kill("SIGTERM");
      for (const pid of [containerd, ...shimsOf(dir)]) killed(pid);
      for (const mount of mountsBelow(dir)) spawnSync("umount", ["-l", mount]);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function answers(docker: Docker): Promise<boolean> {
  const ping = docker.ping().then(
    () => true,
    () => false,
  );
  return Promise.race([ping, sleep(5000, false, { ref: false })]);
}

function killed(pid: number): void {
  try {
    if (pid > 1) process.kill(pid, "SIGKILL");
  } catch {
    // it has ended
  }
}

/** The processes that stand between containerd and its containers: known by the socket in their command line. */
function shimsOf(dir: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => commandLine(pid).includes(`\0-address\0${join(dir, "exec/containerd")}`))
    .map(Number);
}
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has ended
  }
}

const mountsBelow = (dir: string): string[] =>
  readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path.startsWith(`${dir}/`))
    .reverse();

export interface TestImageOptions {
  tag?: string;
  /** Besides node, timeout and sleep: copied from this machine with the libraries they need. */
  programs?: readonly string[];
  /** Path in the image to file of this machine. */
  files?: Readonly<Record<string, string>>;
}

/**
 * Makes an image of this machine's own programs, without a registry: Node as its entry point, `timeout` and `sleep`, and the folder /scratch.
 * @returns its name
 */
export async function testImage(
  { docker }: Pick<TestEngine, "docker">,
  { tag = "kangklip/worker:test", programs = [], files = {} }: TestImageOptions = {},
): Promise<string> {
  const root = mkdtempSync(join(tmpdir(), "kk-image-"));
  try {
    for (const folder of ["tmp", "scratch"]) mkdirSync(join(root, folder), { recursive: true });
    execFileSync("chmod", ["1777", join(root, "tmp"), join(root, "scratch")]);
    await put(root, "/usr/local/bin/node", process.execPath);
    for (const program of ["timeout", "sleep", ...programs]) {
      const file = programIn(program);
      if (!file) throw new Error(`There is no ${program} on this machine`);
      await put(root, `/usr/local/bin/${basename(program)}`, file);
    }
    for (const name of ["libnss_files.so.2", "libnss_dns.so.2"]) {
      const library = `/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu/${name}`;
      if (existsSync(library)) await copyTo(root, library, library);
    }
    await mkdir(join(root, "etc"), { recursive: true });
    await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/:/bin/false\n");
    if (existsSync("/etc/ssl")) await cp("/etc/ssl", join(root, "etc/ssl"), { recursive: true });
    for (const [path, file] of Object.entries(files)) await copyTo(root, path, file);
    const tar = spawn("tar", ["-C", root, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
    const [repo, version] = tag.split(":");
    const answer = await docker.importImage(tar.stdout, {
      repo,
      tag: version,
      changes: 'ENTRYPOINT ["/usr/local/bin/node"]',
    });
    for await (const line of answer) if (String(line).includes('"error"')) throw new Error(String(line));
    return tag;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** A program with all libraries that it is linked to. */
async function put(root: string, path: string, file: string): Promise<void> {
  await copyTo(root, path, file);
  const { stdout } = spawnSync("ldd", [file], { encoding: "utf8" });
  for (const library of new Set((stdout ?? "").match(/\/[^ )]+/g) ?? []))
    await copyTo(root, library, library);
}

async function copyTo(root: string, path: string, file: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await copyFile(file, join(root, path));
}
