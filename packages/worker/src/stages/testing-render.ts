import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { EdlClip, type ShotFrame } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { findTools, type Tools } from "../media/ffmpeg.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, Framing, RenderedClip, StageContext, WorkerSettings } from "../stage.ts";
import { renderClips } from "./render.ts";

const exec = promisify(execFile);

/** The machine's ffmpeg; null where there is none, and then these tests are skipped. */
export const tools = await findTools({}).catch(() => null);

/** Each picture tells its own number by its luma, 50 of them in a row. */
export const RAMP =
  "nullsrc=s=16x16:r=30,geq=lum='20+4*mod(N,50)':cb=128:cr=128,scale=320:180:flags=neighbor";
/** White on the left, black on the right. */
export const HALVES = "color=black:s=320x180:r=30,drawbox=x=0:y=0:w=160:h=180:color=white:t=fill";
export const BLACK = "color=black:s=320x180:r=30";

/** A shot of a 320x180 source, cut to its full height at `x`. */
export const crop = (start: number, end: number, x: number, over: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start, end, layout: "crop", x, y: 0, w: 102, h: 180, reason: "face" },
  ...over,
});

export const aClip = (segments: [start: number, end: number][], over: Partial<EdlClip> = {}): EdlClip =>
  EdlClip.parse({
    ...{ index: 1, title: "t", hook: "h" },
    segments: segments.map(([start, end]) => ({ start, end, text: "" })),
    ...over,
  });

interface SourceOptions {
  name: string;
  /** lavfi graph of the picture. */
  picture: string;
  seconds: number;
  /** lavfi graph of the sound; null: none. */
  sound?: string | null;
  /** Output options after the usual ones. */
  output?: string[];
}

interface Rendering {
  clips?: EdlClip[];
  frames?: ShotFrame[];
  tools?: Tools;
  signal?: AbortSignal;
  size?: [width: number, height: number];
  settings?: Partial<WorkerSettings>;
  /** Default: true. */
  preview?: boolean;
  onProgress?: StageContext["progress"];
  /** Brings the pictures of the file where they are not in it. */
  need?: FetchedSource["need"];
  /** Called before a clip is framed. */
  onFrame?: (clip: EdlClip) => void;
}

/** A folder in which sources are made and clips of them are rendered, small and fast; gone with its dispose. */
export async function createRenderBench() {
  const folder = await mkdtemp(join(tmpdir(), "kangklip-render-"));
  const ffmpeg = (args: string[]) =>
    exec(tools?.ffmpeg ?? "ffmpeg", ["-v", "error", ...args], { encoding: "buffer", maxBuffer: 1 << 26 });

  return {
    folder,
    /** stdout of one ffmpeg. */
    decode: async (...args: string[]) => (await ffmpeg(args)).stdout,

    /** Makes a source file; by default H.264 with a tone. */
    async source({ name, picture, seconds, sound = "sine=f=440:r=48000", output = [] }: SourceOptions) {
      const file = join(folder, name);
      const inputs = [picture, ...(sound ? [sound] : [])].flatMap((graph) => ["-f", "lavfi", "-i", graph]);
      const encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60"];
      await ffmpeg([
        ...inputs,
        "-t",
        `${seconds}`,
        ...encoding,
        "-movflags",
        "+faststart",
        ...output,
        "-y",
        file,
      ]);
      return file;
    },

    /** Renders clips into an attempt's folder of their own; `failure` is what was thrown, `left` what lies in the folder then. */
    async render(
      file: string,
      { clips = [aClip([[0, 2]])], frames = [crop(0, 60, 0)], ...rendering }: Rendering = {},
    ) {
      const used = rendering.tools ?? tools;
      if (!used) throw new Error("needs ffmpeg");
      const signal = rendering.signal ?? new AbortController().signal;
      const [renderWidth, renderHeight] = rendering.size ?? [270, 480];
      const dir = await mkdtemp(join(folder, "attempt-"));
      const notes: string[] = [];
      const settings = { ...SETTINGS, renderWidth, renderHeight, ...rendering.settings };
      const context = {
        ...{ dir, tools: used, signal, settings, progress: rendering.onProgress ?? (() => {}) },
        job: aJobSpec({ preview: rendering.preview ?? true }),
        notice: (text: string) => void notes.push(text),
        log: (event: string, fields?: object) => void notes.push(`${event} ${JSON.stringify(fields)}`),
      } as StageContext;
      const { need } = rendering;
      const info = await probeMedia(used, file, signal);
      const source = { file, info, ...(need && { need }) } as FetchedSource;
      const seen = { shots: 1, detected: 1, backend: "test", reason: null, error: null };
      const framing: Framing = { frames, shown: frames, ...seen };
      const made: RenderedClip[] = [];
      let failure: unknown;
      try {
        const frame = async (clip: EdlClip) => {
          rendering.onFrame?.(clip);
          return framing;
        };
        for await (const clip of renderClips(context, source, clips, frame)) made.push(clip);
      } catch (error) {
        failure = error;
      }
      return { dir, made, failure, notes, clip: join(dir, "clip_01.mp4"), left: (await readdir(dir)).sort() };
    },

    /** Mean or highest luma of a part of each frame, 0 (black) to 255 (white). */
    async lumas(file: string, part = "iw:ih:0:0", figure: "YAVG" | "YMAX" = "YAVG"): Promise<number[]> {
      const filter = `crop=${part},signalstats,metadata=mode=print:key=lavfi.signalstats.${figure}:file=-`;
      const { stdout } = await ffmpeg(["-i", file, "-map", "0:v", "-vf", filter, "-f", "null", "-"]);
      const levels = stdout.toString().matchAll(/=([\d.]+)/g);
      return Array.from(levels, ([, level]) => Math.round(((Number(level) - 16) * 255) / 219));
    },

    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const SETTINGS = {
  ...{ renderCrf: 20, renderPreset: "ultrafast", renderMaxFps: 30, captionFont: "Roboto", threads: 2 },
  ...{ gpu: "auto", encoder: "auto", transcriber: "auto" },
} as WorkerSettings;
