import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { globSync } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = [
  "packages/web/**/*.{ts,tsx,css,mjs,json,svg,png,jpg,woff2}",
  "packages/contract/src/**/*.ts",
  "package-lock.json",
];
const NO_SOURCES = /\/(node_modules|\.next|e2e)\/|\.test\.tsx?$|next-env\.d\.ts$|\.tsbuildinfo$/;
const BUILD_MS = 10 * 60_000;
const WAIT_MS = 300;

export interface WebBuildOptions {
  log: (line: string) => void;
  signal: AbortSignal;
  /** The repository; tests use one of their own. */
  root?: string;
  /** What makes `packages/web/.next`; tests use something quicker. */
  command?: readonly string[];
}

/**
 * Builds the page where it was never built or its sources have changed since; about half a minute on two cores.
 * Two starts at once build once: the second one waits.
 * @throws Error with the end of what the build said; the signal's reason.
 */
export async function ensureWebBuild({
  log,
  signal,
  root = ROOT,
  command = [process.execPath, nextProgram(), "build", "packages/web"],
}: WebBuildOptions): Promise<void> {
  const mark = join(root, "packages/web/.next/kangklip-sources");
  const sources = await hashOfSources(root);
  const isBuilt = async () => (await readFile(mark, "utf8").catch(() => "")) === sources;
  if (await isBuilt()) return;
  const release = await lock(join(root, "node_modules/.cache/kangklip-web-build"), signal);
  try {
    if (await isBuilt()) return;
    log("Building the page, once; this takes about half a minute");
    await rm(mark, { force: true });
    await build(command, root, signal).catch(async (error) => {
      // what failed is kept in its cache, and would fail again after its cause is gone
      await rm(dirname(mark), { recursive: true, force: true });
      throw error;
    });
    await writeFile(mark, sources);
  } finally {
    await release();
  }
}

const nextProgram = () =>
  createRequire(join(ROOT, "packages/web/package.json")).resolve("next/dist/bin/next");

async function hashOfSources(root: string): Promise<string> {
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: root, exclude: isFolderOfOthers }));
  const hash = createHash("sha256");
  for (const file of files.filter((name) => !NO_SOURCES.test(name)).sort())
    hash.update(file).update(await readFile(join(root, file)));
  // Next writes these into the page's scripts
  for (const name of Object.keys(process.env).sort())
    if (name.startsWith("NEXT_PUBLIC_")) hash.update(`${name}=${process.env[name]}`);
  return hash.digest("hex");
}

const isFolderOfOthers = (name: string) => /(^|\/)(node_modules|\.next)$/.test(name);

/** Takes the lock that the file stands for; one that is very old or whose process is gone counts as free. @returns what gives it back */
async function lock(file: string, signal: AbortSignal): Promise<() => Promise<void>> {
  await mkdir(dirname(file), { recursive: true });
  for (;;) {
    signal.throwIfAborted();
    try {
      await writeFile(file, String(process.pid), { flag: "wx" });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      const owner = Number(await readFile(file, "utf8").catch(() => ""));
      const { mtimeMs = Date.now() } = (await stat(file).catch(() => undefined)) ?? {};
      if ((owner && !isRunning(owner)) || Date.now() - mtimeMs > 2 * BUILD_MS)
        await rm(file, { force: true });
      else await sleep(WAIT_MS, undefined, { signal });
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function build(command: readonly string[], root: string, signal: AbortSignal): Promise<void> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      // the build starts `node` by name for its style sheets; the machine's own may be too old
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
      NEXT_TELEMETRY_DISABLED: "1",
      NODE_ENV: "production",
    },
    detached: process.platform !== "win32", // a group of its own: the build has workers, which end with it
  });
  let said = "";
  const hear = (chunk: Buffer) => {
    said = (said + chunk).slice(-4000);
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  const stop = () => {
    if (child.pid && process.platform !== "win32") process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  };
  const limit = setTimeout(stop, BUILD_MS);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`The page could not be built:\n${said.trim()}`);
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", stop);
  }
}
