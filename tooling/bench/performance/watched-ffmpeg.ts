import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../../../packages/worker/src/child.ts";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";

/** What an ffmpeg in the worker's place has seen. */
export interface Seen {
  /** One per ffmpeg that read something: its arguments, and pictures by the names of the files they came from and went to. */
  runs: {
    args: string[];
    decoded: { file: string; frames: number }[];
    encoded: { file: string; frames: number }[];
  }[];
}

/**
 * An ffmpeg that tells how many pictures it decoded and encoded, and makes each clip once more without loss beside the real one. It is for
 * one run of the worker that is not measured otherwise: FFMPEG_PATH of that run.
 * @param reference the folder for what is made without loss, under the names that the worker gives its files; null: nothing is
 */
export async function watchFfmpeg(
  dir: string,
  { ffmpeg, ffprobe }: Pick<Tools, "ffmpeg" | "ffprobe">,
  reference: string | null,
): Promise<{ path: string; seen(): Promise<Seen> }> {
  for (const folder of [dir, ...(reference === null ? [] : [reference])])
    await mkdir(folder, { recursive: true });
  const path = join(dir, "ffmpeg");
  const log = join(dir, "seen.jsonl");
  await symlink(await findProgram(ffprobe), join(dir, "ffprobe"));
  await writeFile(log, "");
  const real = await findProgram(ffmpeg);
  await writeFile(path, `#!${process.execPath}\n(${proxy})(${JSON.stringify({ real, log, reference })});\n`);
  await chmod(path, 0o755);
  return {
    path,
    seen: async () => {
      const lines = (await readFile(log, "utf8")).split("\n").filter((line) => line !== "");
      return { runs: lines.map((line) => seenIn(JSON.parse(line))) };
    },
  };
}

/** Goes into a file as its text: nothing from outside may be used. */
function proxy({ real, log, reference }: { real: string; log: string; reference: string | null }): void {
  const { spawn, spawnSync } = require("node:child_process");
  const { appendFileSync } = require("node:fs");
  const args: string[] = process.argv.slice(2);
  if (!args.includes("-i")) {
    const { status } = spawnSync(real, args, { stdio: "inherit" });
    process.exit(status ?? 1);
  }
  const last = args.at(-1) ?? "";
  if (reference !== null && args.includes("-crf") && last.endsWith("clip.mp4")) {
    const lossless = args.map((arg, i) =>
      args[i - 1] === "-crf"
        ? "0"
        : arg === "-crf"
          ? "-qp"
          : args[i - 1] === "-profile:v"
            ? "high444"
            : args[i - 1] === "-preset"
              ? "ultrafast"
              : arg,
    );
    const output = `${reference}/${last.split("/").at(-1)}`;
    spawnSync(real, [...lossless.slice(0, -1), output], { stdio: ["ignore", "ignore", "ignore", 3] });
  }
  // all that it says is asked for, each line with its level, and only what was wanted is passed on
  const at = args.indexOf("-v");
  const wanted = at < 0 ? "info" : (args[at + 1] ?? "info");
  const loud = at < 0 ? ["-v", "level+verbose", ...args] : args.toSpliced(at + 1, 1, "level+verbose");
  const child = spawn(real, loud, { stdio: ["inherit", "inherit", "pipe", 3] });
  const levels = ["panic", "fatal", "error", "warning", "info"];
  const counters: string[] = [];
  let rest = "";
  const hear = (line: string) => {
    const [mark = "", level = "info"] = /\[(panic|fatal|error|warning|info|verbose)\] /.exec(line) ?? [];
    const plain = line.replace(mark, "");
    if (/^ {0,2}(Input|Output) (file|stream) #/.test(plain)) counters.push(plain);
    const rank = levels.indexOf(level);
    if (rank >= 0 && rank <= levels.indexOf(wanted)) process.stderr.write(`${plain}\n`);
  };
  child.stderr.on("data", (data: Buffer) => {
    const lines = (rest + data.toString()).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) hear(line);
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill(signal));
  child.on("close", (code: number | null) => {
    if (rest !== "") hear(rest);
    appendFileSync(log, `${JSON.stringify({ args, lines: counters })}\n`);
    process.exitCode = code ?? 1;
  });
}

/** Reads ffmpeg's own counters, as `-v verbose` prints them at the end. Pure. */
export function seenIn({ args, lines }: { args: string[]; lines: string[] }): Seen["runs"][number] {
  const run: Seen["runs"][number] = { args, decoded: [], encoded: [] };
  let file = "";
  for (const line of lines) {
    const [, name] = /^(?:Input|Output) file #\d+ \((.*)\):$/.exec(line) ?? [];
    if (name !== undefined) file = name;
    const [, frames, what] = /\(video\): .*?(\d+) frames (decoded|encoded)/.exec(line) ?? [];
    if (what === "decoded" || what === "encoded") run[what].push({ file, frames: Number(frames) });
  }
  return run;
}
