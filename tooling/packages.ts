import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import type { ProgramId } from "./programs.ts";

const exec = promisify(execFile);

const APT: Record<ProgramId, string[]> = {
  ffmpeg: ["ffmpeg"],
  speech: ["flite"],
  pocketsphinx: ["pocketsphinx", "pocketsphinx-en-us"],
  "yt-dlp": ["python3-venv"], // yt-dlp itself is too old there; pip brings it
};
/** Package names by installer; programs without an entry are not to be had there. */
const OTHERS: { found: () => boolean; command: string; names: Partial<Record<ProgramId, string>> }[] = [
  {
    found: () => process.platform === "darwin",
    command: "brew install",
    names: { ffmpeg: "ffmpeg", speech: "flite", "yt-dlp": "yt-dlp" },
  },
  {
    found: () => process.platform === "win32",
    command: "winget install",
    names: { ffmpeg: "Gyan.FFmpeg", "yt-dlp": "yt-dlp.yt-dlp" },
  },
  {
    // Fedora's own ffmpeg-free cannot write H.264; RPM Fusion has the whole one
    found: () => existsSync("/usr/bin/dnf"),
    command: "sudo dnf install --enablerepo=rpmfusion-free",
    names: { ffmpeg: "ffmpeg", speech: "flite", "yt-dlp": "yt-dlp" },
  },
  {
    found: () => existsSync("/usr/bin/pacman"),
    command: "sudo pacman -S",
    names: { ffmpeg: "ffmpeg", speech: "flite", "yt-dlp": "yt-dlp" },
  },
];

const hasApt = () => existsSync("/usr/bin/apt-get");
/** Whether packages can be installed without asking anybody: root, and apt. */
export const canApt = () => hasApt() && process.getuid?.() === 0;

/** What a person types on this machine to get these programs, as a sentence. */
export function howToGet(ids: ProgramId[]): string {
  if (hasApt()) {
    const sudo = process.getuid?.() === 0 ? "" : "sudo ";
    const packages = ids.flatMap((id) => APT[id]).join(" ");
    const line = `${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends ${packages}`;
    return `To get it: ${line}${ids.includes("yt-dlp") ? " (then start KangKlip again)" : ""}`;
  }
  const installer = OTHERS.find(({ found }) => found());
  const names = ids.flatMap((id) => installer?.names[id] ?? []);
  if (installer && names.length > 0) return `To get it: ${installer.command} ${names.join(" ")}`;
  return "We know of no package of it for this system";
}

/** Installs what it can of these programs, and tells what it could not. Only for where `canApt` says so. */
export async function installWithApt(ids: ProgramId[], log: (line: string) => void): Promise<void> {
  const names = ids.flatMap((id) => APT[id]);
  log(`Installing ${names.join(", ")} with apt, once; this takes about a minute`);
  const begun = performance.now();
  await aptGet(["update"], 180_000).catch((error) => log(`apt-get update failed: ${lastWords(error)}`));
  const install = (packages: string[]) =>
    aptGet(["install", "-y", "--no-install-recommends", ...packages], 600_000);
  try {
    await install(names);
  } catch {
    // one name that apt does not know spoils the whole line
    for (const name of names)
      await install([name]).catch((error) => log(`${name} could not be installed: ${lastWords(error)}`));
  }
  log(`apt ended after ${Math.round((performance.now() - begun) / 1000)} s`);
}

const aptGet = (args: string[], timeout: number) =>
  exec("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=120", ...args], {
    timeout,
    maxBuffer: 16 << 20,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C" },
  });

const lastWords = (error: { stderr?: string; message?: string }) =>
  (error.stderr || error.message || "").trim().split("\n").slice(-2).join(" ");
