import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { InspectAnswer } from "@kangklip/contract";
import { expect } from "vitest";
import { findProgram } from "../child.ts";

export const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));
export const hasTools = await Promise.all(
  ["ffmpeg", "ffprobe"].map((name) => findProgram(name, process.env.PATH)),
).then(
  () => true,
  () => false,
);
/** A machine may be busy; what is given in production is 12 s. */
const WITHIN_MS = 60_000;
/** The program, really started in a folder of its own; `env` besides PATH. */
export async function asked(
  url: string,
  {
    policy = {},
    env = {},
    withinMs = WITHIN_MS,
  }: { policy?: object; env?: Record<string, string>; withinMs?: number } = {},
) {
  const cwd = await mkdtemp(join(tmpdir(), "kk-inspect-"));
  const fetch_policy = {
    allow_private: true,
    allow_origins: [],
    max_bytes: 1e9,
    max_seconds: 3600,
    ...policy,
  };
  const child = spawn(process.execPath, [MAIN], {
    cwd,
    stdio: ["pipe", "pipe", "inherit"],
    env: {
      NODE_ENV: "production",
      PATH: process.env.PATH ?? "",
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...env,
    },
  });
  try {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (more: string) => {
      said += more;
    });
    child.stdin.write(`${JSON.stringify({ url, fetch_policy, within_ms: withinMs })}\n`);
    await once(child, "close");
    expect(said.split("\n")).toHaveLength(2);
    return { answer: InspectAnswer.parse(JSON.parse(said)) };
  } finally {
    child.kill("SIGKILL");
    await rm(cwd, { recursive: true, force: true });
  }
}

export const preview = (found: object) => ({ ok: true, preview: expect.objectContaining(found) });
export const refusal = (code: string) => expect.objectContaining({ ok: false, code });
export const JPEG = expect.stringMatching(/^data:image\/jpeg;base64,\/9j\//);

/** The size of a picture, as ffprobe sees it. */
export async function sizeOf(thumbnail: string | null | undefined) {
  const jpeg = Buffer.from((thumbnail ?? "").split(",")[1] ?? "", "base64");
  expect(jpeg.length).toBeGreaterThan(500);
  expect(jpeg.length).toBeLessThanOrEqual(80_000);
  const dir = await mkdtemp(join(tmpdir(), "kk-inspect-"));
  try {
    await writeFile(join(dir, "seen.jpg"), jpeg);
    const entries = ["-show_entries", "stream=width,height", "-of", "csv=p=0"];
    const { stdout } = await run("ffprobe", ["-v", "error", ...entries, join(dir, "seen.jpg")]);
    return stdout.trim().split(",").map(Number);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
