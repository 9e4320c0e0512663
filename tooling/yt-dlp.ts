import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { isFirstTimeToday } from "./once-a-day.ts";
import { howToGet } from "./packages.ts";

const exec = promisify(execFile);

/** From this version on it can use Node for the scripts of YouTube's pages (yt-dlp/yt-dlp#15012). */
export const OLDEST_YT_DLP = "2025.11.12";
/** For pip as a whole; what is not there by then is told as missing. */
const PIP_MS = 90_000;

export interface YtDlpOptions {
  /** Absolute; our own copy lies in `tools/yt-dlp` in it. */
  dataDir: string;
  env: Record<string, string | undefined>;
}
export interface FoundYtDlp {
  program: string;
  version: string;
  old: boolean;
}

/** The first that runs: YTDLP_PATH, our own copy, the one on PATH; one that is too old only where there is no other. */
export async function findYtDlp({ dataDir, env }: YtDlpOptions): Promise<FoundYtDlp | undefined> {
  if (env.YTDLP_PATH) return look(env.YTDLP_PATH);
  const found = await Promise.all([look(ownProgram(dataDir, "yt-dlp")), look("yt-dlp")]);
  const running = found.filter((each) => each !== undefined);
  return running.find(({ old }) => !old) ?? running[0];
}

/**
 * Finds yt-dlp, or installs it with pip into a folder of our own (Python 3.10 or newer); that copy is renewed once a day, since
 * sites change weekly. Takes 90 s at most; a failure is told and is no error.
 */
export async function ensureYtDlp({
  dataDir,
  env,
  log,
}: YtDlpOptions & { log: (line: string) => void }): Promise<FoundYtDlp | undefined> {
  const found = await findYtDlp({ dataDir, env });
  const own = ownProgram(dataDir, "yt-dlp");
  if (env.YTDLP_PATH || (found && !found.old && found.program !== own)) return found;
  const python = found?.program === own ? ownProgram(dataDir, "python") : await findPython();
  if (!(await isFirstTimeToday(dataDir, python ? "pip" : "python"))) return found;
  try {
    if (!python) throw new Error("there is no Python 3.10 or newer with its venv module");
    if (found?.program !== own) {
      log("Installing yt-dlp with pip, for pages that are no video files themselves");
      await rm(ownFolder(dataDir), { recursive: true, force: true });
      await exec(python, ["-m", "venv", ownFolder(dataDir)], { timeout: PIP_MS });
    }
    await pipInstall(ownProgram(dataDir, "python"));
  } catch (error) {
    const why = error instanceof Error ? error.message.trim().split("\n").at(-1) : error;
    if (!found) log(`yt-dlp could not be installed: ${why}. ${howToGet(["yt-dlp"])}`);
  }
  return findYtDlp({ dataDir, env });
}

/** A Python that can make a folder of packages; Debian's cannot before its package python3-venv is there. */
export async function findPython(): Promise<string | undefined> {
  for (const python of ["python3", "python"]) {
    const question = "import ensurepip, sys, venv; print(sys.version_info >= (3, 10))";
    const asked = await exec(python, ["-c", question], { timeout: 30_000 }).catch(() => undefined);
    if (asked?.stdout.trim() === "True") return python;
  }
  return undefined;
}

const pipInstall = (python: string) => {
  const quiet = ["--quiet", "--no-input", "--disable-pip-version-check", "--retries", "1", "--timeout", "10"];
  const args = ["-m", "pip", "install", "--upgrade", ...quiet, "yt-dlp[default]"];
  return exec(python, args, { timeout: PIP_MS, maxBuffer: 16 << 20 });
};

async function look(program: string): Promise<FoundYtDlp | undefined> {
  const asked = await exec(program, ["--version"], { timeout: 30_000 }).catch(() => undefined);
  const version = asked?.stdout.trim();
  return version ? { program, version, old: version < OLDEST_YT_DLP } : undefined;
}

const ownFolder = (dataDir: string) => join(dataDir, "tools", "yt-dlp");
const ownProgram = (dataDir: string, name: string) =>
  process.platform === "win32"
    ? join(ownFolder(dataDir), "Scripts", `${name}.exe`)
    : join(ownFolder(dataDir), "bin", name);
