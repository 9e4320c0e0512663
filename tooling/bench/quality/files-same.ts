import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { runChild } from "../../../packages/worker/src/child.ts";
import { runFfmpeg, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { probeMedia } from "../../../packages/worker/src/media/probe.ts";
import { aClip, createRenderBench } from "../../../packages/worker/src/stages/testing-render.ts";
import { renderOriginal } from "./original.ts";
import { makeSource } from "./sources.ts";

interface Kitchen {
  tools: Tools;
  dir: string;
  signal: AbortSignal;
}

/** Frames that differ (framemd5 of the decoded picture) between two renderings of one clip. */
export interface Same {
  frames: number;
  /** Two processes with the same number of threads. */
  ours: number;
  original: number;
  /** One thread in place of two. */
  otherThreads: number;
}

const SEGMENTS: [number, number][] = [
  [0.51, 2.013],
  [3.1, 4.2],
];
const THIS = import.meta.filename;

/** Renders the same EDL in several processes and compares what comes out, frame by frame (V2). */
export async function sameFrames({ tools, dir, signal }: Kitchen): Promise<Same> {
  const { file } = await makeSource("fps-24", { tools, dir, signal });
  const inProcess = async (threads: number): Promise<string[]> => {
    const { ended, stdout, stderr } = await runChild(process.execPath, [THIS, file, `${threads}`], {
      ...{
        signal,
        timeoutMs: 600_000,
        memoryBytes: Number.POSITIVE_INFINITY,
        fileBytes: Number.POSITIVE_INFINITY,
      },
    });
    if (ended !== 0) throw new Error(`The clip could not be rendered: ${stderr.slice(-500)}`);
    return stdout.trim().split("\n");
  };
  const { video, ...info } = await probeMedia(tools, file, signal);
  if (!video) throw new Error("The source has no picture");
  const original = async () => {
    const own = await mkdtemp(join(dir, "same"));
    const segments = SEGMENTS.map(([start, end]) => ({ start, end }));
    const source = { tools, signal, file, info: { ...info, video }, segments };
    const made = await renderOriginal({
      ...{ ...source, dir: own, transcript: null, finder: null, size: { width: 540, height: 960 } },
    });
    return digestsOf(tools, made.file, signal);
  };
  const [first, second, single] = [await inProcess(2), await inProcess(2), await inProcess(1)];
  return {
    ...{ frames: first.length, ours: differing(first, second), otherThreads: differing(first, single) },
    original: differing(await original(), await original()),
  };
}

const differing = (one: string[], other: string[]) =>
  Array.from({ length: Math.max(one.length, other.length) }, (_, i) => one[i] !== other[i]).filter(Boolean)
    .length;

async function digestsOf(tools: Tools, file: string, signal: AbortSignal): Promise<string[]> {
  let text = "";
  const args = ["-i", file, "-map", "0:v", "-f", "framemd5", "-"];
  await runFfmpeg(tools, {
    ...{ args, signal },
    onData: (chunk) => {
      text += chunk;
    },
  });
  return text.split("\n").flatMap((line) => (/^\d/.test(line) ? [line.split(",").at(-1)?.trim() ?? ""] : []));
}

if (import.meta.main) {
  const [file = "", threads = "2"] = process.argv.slice(2);
  await using bench = await createRenderBench();
  const words = ["the", "same", "words"].map((word, i) => ({ word, start: 0.7 + i * 0.4, end: 1 + i * 0.4 }));
  const made = await bench.render(file, {
    clips: [aClip(SEGMENTS, { words })],
    size: [540, 960],
    settings: { threads: Number(threads), renderPreset: "superfast", gpu: "off" },
  });
  if (made.failure) throw made.failure;
  const digests = await bench.decode("-i", made.clip, "-map", "0:v", "-f", "framemd5", "-");
  for (const line of `${digests}`.split("\n"))
    if (/^\d/.test(line)) console.log(line.split(",").at(-1)?.trim());
}
