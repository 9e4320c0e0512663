import { chmod, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { findProgram } from "../child.ts";
import type { Tools } from "./ffmpeg.ts";

/** Pictures of one video stream that an ffmpeg decoded or encoded. */
export interface Pass {
  /** Name of the file, without its folder. */
  file: string;
  codec: string;
  width: number;
  height: number;
  frames: number;
}

/** What went through decoders and encoders; raw pictures and those that a filter makes are neither. */
export interface Passes {
  decodes: Pass[];
  encodes: Pass[];
}

/** Codecs of ffmpeg that only carry pictures. */
const CARRIERS = ["rawvideo", "wrapped_avframe"];

/**
 * Tools whose every ffmpeg leaves its own count of pictures in a folder: what it says of its streams, and at its end of their frames
 * ("Input stream #0:0 (video): 50 packets read (918793 bytes); 47 frames decoded"). A decoder that leaves out pictures does not count those.
 * @param dir made where it is missing; nothing else may lie in it
 */
export async function countingTools(
  tools: Tools,
  dir: string,
): Promise<{ tools: Tools; passes: () => Promise<Passes> }> {
  const [programs, reports] = [join(dir, "bin"), join(dir, "reports")];
  await mkdir(programs, { recursive: true });
  await mkdir(reports, { recursive: true });
  const [real, probe] = [await findProgram(tools.ffmpeg), await findProgram(tools.ffprobe)];
  // only where there is something to count: a program that is asked for its version may write no file
  const script = [
    "#!/bin/sh",
    `case " $* " in *" -i "*) FFREPORT="file='${reports}/$$.log':level=40"; export FFREPORT;; esac`,
    `exec '${real}' "$@"`,
  ];
  const ffmpeg = join(programs, "ffmpeg");
  await writeFile(ffmpeg, `${script.join("\n")}\n`);
  await chmod(ffmpeg, 0o755);
  await symlink(probe, join(programs, "ffprobe"));
  const passes = async (): Promise<Passes> => {
    const all: Passes = { decodes: [], encodes: [] };
    for (const name of (await readdir(reports)).sort()) {
      const { decodes, encodes } = passesOf(await readFile(join(reports, name), "utf8"));
      all.decodes.push(...decodes);
      all.encodes.push(...encodes);
    }
    return all;
  };
  return { tools: { ...tools, ffmpeg, ffprobe: join(programs, "ffprobe") }, passes };
}

/** Reads what ffmpeg reports with `level=40`. */
export function passesOf(report: string): Passes {
  const found: Passes = { decodes: [], encodes: [] };
  const streams = new Map<string, Omit<Pass, "frames">>();
  let side: { way: "Input" | "Output"; file: string } | undefined;
  for (const line of report.replaceAll(/^\[[a-z]+\] /gm, "").split("\n")) {
    const [, way, index, file = ""] = /^(Input|Output) #(\d+), .* (?:from|to) '(.*)':/.exec(line) ?? [];
    if (way === "Input" || way === "Output") side = { way, file: basename(file).replace(/^\.part-/, "") };
    const [, stream, codec = "", size] =
      /^\s+Stream #(\d+:\d+)\S*: Video: (\w+).*? (\d{2,}x\d{2,})\b/.exec(line) ?? [];
    const [width = 0, height = 0] = (size ?? "").split("x").map(Number);
    if (stream && side) streams.set(`${side.way} ${stream}`, { file: side.file, codec, width, height });
    if (index !== undefined) continue;
    const [, of, at, frames, done] =
      /^\s+(Input|Output) stream #(\d+:\d+) \(video\):.*?(\d+) frames (decoded|encoded)/.exec(line) ?? [];
    const about = streams.get(`${of} ${at}`);
    if (!about || CARRIERS.includes(about.codec)) continue;
    found[done === "decoded" ? "decodes" : "encodes"].push({ ...about, frames: Number(frames) });
  }
  return found;
}

/** How often a clip's pictures were decoded, whatever for, as shares of its own number of frames; and how often encoded at a width. */
export function sharesOf({ decodes, encodes }: Passes, frames: number, width: number) {
  const sum = (passes: Pass[]) => passes.reduce((total, pass) => total + pass.frames, 0) / frames;
  return {
    decodes: sum(decodes),
    encodes: sum(encodes.filter((pass) => pass.width >= width && pass.codec !== "mjpeg")),
    smallEncodes: sum(encodes.filter((pass) => pass.width < width && pass.codec !== "mjpeg")),
  };
}
