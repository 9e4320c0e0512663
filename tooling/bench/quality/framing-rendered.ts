import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EdlClip, ShotFrame } from "@kangklip/contract";
import { readSettings } from "../../../packages/worker/src/config.ts";
import type { Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import type { FetchedSource, StageContext } from "../../../packages/worker/src/stage.ts";
import { renderClips } from "../../../packages/worker/src/stages/render.ts";
import type { View } from "./framing-track.ts";
import { WALL } from "./scene-places.ts";
import { cutsOf, type Scene, takeAt } from "./scenes.ts";

const exec = promisify(execFile);

export const SMALL = { width: 270, height: 480 };

/** Renders a clip with its framing, as a job does, and gives its file to `look`; afterwards it is gone. */
export async function withClip<T>(
  tools: Tools,
  source: FetchedSource,
  clip: EdlClip,
  frames: ShotFrame[],
  look: (file: string) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "kangklip-framing-"));
  const settings = readSettings({
    RENDER_RESOLUTION: `${SMALL.width}x${SMALL.height}`,
    RENDER_PRESET: "ultrafast",
  });
  const context = {
    ...{ dir, tools, signal: AbortSignal.timeout(300_000) },
    settings: { ...settings, threads: 1, captionBurnIn: false, encoder: "libx264", gpu: "off" },
    ...{ progress: () => {}, notice: () => {}, log: () => {}, job: { preview: false } },
  } as unknown as StageContext; // a render asks for nothing else of a job
  const framing = {
    frames,
    shown: frames,
    shots: 1,
    detected: 1,
    backend: "blazeface",
    reason: null,
    error: null,
  };
  try {
    for await (const { files } of renderClips(context, source, [clip], async () => framing))
      return await look(join(dir, files.clip));
    throw new Error("No clip was rendered");
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Mean Y, Cb and Cr of a part of each frame. */
async function meansOf(
  tools: Tools,
  file: string,
  part: { x: number; y: number; w: number; h: number },
): Promise<[y: number, cb: number, cr: number][]> {
  const filter = `crop=${part.w}:${part.h}:${part.x}:${part.y},scale=1:1:flags=area,format=yuv444p`;
  const { stdout } = await exec(
    tools.ffmpeg,
    ["-v", "error", "-nostdin", "-i", file, "-map", "0:v:0", "-vf", filter, "-f", "rawvideo", "pipe:1"],
    { encoding: "buffer", maxBuffer: 1 << 24 },
  );
  return Array.from({ length: Math.floor(stdout.length / 3) }, (_, n) => [
    stdout[n * 3] ?? 0,
    stdout[n * 3 + 1] ?? 0,
    stdout[n * 3 + 2] ?? 0,
  ]);
}

/** How an mp4's picture is stored: `sar` as ffprobe says it, `turned` whether a matrix would turn it. */
export async function storedAs(
  tools: Tools,
  file: string,
): Promise<{ size: string; sar: string; turned: boolean }> {
  const args = ["-v", "error", "-select_streams", "v:0", "-show_streams", "-of", "json", file];
  const { stdout } = await exec(tools.ffprobe, args);
  const [stream] = JSON.parse(stdout).streams;
  return {
    size: `${stream.width}x${stream.height}`,
    sar: stream.sample_aspect_ratio ?? "1:1",
    turned: (stream.side_data_list ?? []).some((side: object) => "rotation" in side),
  };
}

/** Of the left upper corner of the output. */
const PATCH = { x: 8, y: 4, w: 24, h: 20 };
/** Frames around a cut that are compared. */
const AROUND = 8;
/** Pixels of the source: the wall's colours tell 8 of them apart. */
const SAME_WITHIN = 32;

/**
 * The greatest number of frames around a cut on which the clip's pixels show another camera than the source has there, or another part
 * of its wall than the framing says. Only cuts between two cropped rooms are told.
 */
export async function pixelsBesideCut(
  tools: Tools,
  file: string,
  scene: Scene,
  views: readonly View[],
  fps: number,
) {
  const colours = await meansOf(tools, file, PATCH);
  const beside = cutsOf(scene).flatMap((at) => {
    const cut = Math.round(at * fps);
    const frames = Array.from({ length: 2 * AROUND }, (_, i) => cut - AROUND + i);
    const places = frames.map(
      (n) => takeAt(scene, Math.floor((n * scene.fps) / fps + 1e-6) / scene.fps).place,
    );
    if (places.some((place) => place.kind !== "room")) return [];
    if (frames.some((n) => views[n]?.layout !== "crop")) return [];
    const wrong = frames.filter((n, i) => {
      const [place, view, colour] = [places[i], views[n], colours[n]];
      if (!view || !colour || place?.kind !== "room") return true;
      const window = view.windows[0] as View["windows"][number];
      const camera = Math.round((colour[2] - 128) / WALL.cr + 1.5);
      const at = window.x + (window.w * (PATCH.x + PATCH.w / 2)) / SMALL.width;
      const seen = ((colour[1] - 128) / WALL.cb / 2 + 0.5) * scene.width;
      return camera !== place.camera || Math.abs(seen - at) > SAME_WITHIN;
    });
    return [wrong.length];
  });
  return { cuts: beside.length, worst: Math.max(0, ...beside) };
}
