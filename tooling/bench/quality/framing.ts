import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ShotFrame } from "@kangklip/contract";
import { readSettings } from "../../../packages/worker/src/config.ts";
import { createFaceFinder, type FaceFinder } from "../../../packages/worker/src/frame/faces.ts";
import { createFramer, type Framer } from "../../../packages/worker/src/frame/framer.ts";
import { outputRate } from "../../../packages/worker/src/media/clip-timeline.ts";
import { findTools, type Tools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { clipOf, openSource } from "./framing-clip.ts";
import { countScene } from "./framing-figures.ts";
import { countEmpty, LOOKS_PER_SECOND, lookAtSource, type SourceLook } from "./framing-looks.ts";
import { pixelsBesideCut, withClip } from "./framing-rendered.ts";
import { type MeasuredScene, row, sceneRows } from "./framing-rows.ts";
import { measureShapes } from "./framing-shapes.ts";
import { framingSheet } from "./framing-sheet.ts";
import { viewsOf } from "./framing-track.ts";
import { originalCentre, originalFrames, originalLooks } from "./original.ts";
import { judge, type QualityRow } from "./report.ts";
import { allScenes } from "./scene-list.ts";
import { writeScene } from "./scene-video.ts";
import type { Scene } from "./scenes.ts";

const MAX_FPS = 30;
const SHAPE = { renderWidth: 1080, renderHeight: 1920, renderMaxFps: MAX_FPS, threads: 1 };
/** Scenes that are measured at once; each has a detector of its own. */
const AT_ONCE = 2;

export interface FramingFigures {
  rows: QualityRow[];
  /** Framings in pixels of the upright source, whose size is given. */
  scenes: (MeasuredScene & {
    frames: ShotFrame[];
    originalFrames: ShotFrame[];
    size: { width: number; height: number };
  })[];
}

export interface FramingOptions {
  /** Only a few scenes of each kind. */
  quick?: boolean;
  /** Turns and cuts are drawn from it. */
  seed?: number;
  /** Ends everything when it is aborted. */
  signal?: AbortSignal;
  /** Only scenes whose name holds this. */
  only?: string | undefined;
  /** Keeps the scenes' files here instead of throwing them away. */
  keep?: string | undefined;
  onProgress?: (done: number, total: number, name: string) => void;
}

const QUICK = ["seated", "walking slowly", "two seats", "cameras", "slide", "landscape", "turned by 90"];

/**
 * Draws scenes of which everything is known, frames them as a job does and in the way of 1.x, and compares both with what is known
 * (quality checks R1 to R9). Takes about two minutes on two cores.
 * @throws KangKlipError FFMPEG_MISSING, or Error where the face detector does not work
 */
export async function measureFraming(options: FramingOptions = {}): Promise<FramingFigures> {
  const { quick = false, seed = 6, only, keep, onProgress } = options;
  const signal = options.signal ?? new AbortController().signal;
  const tools = await findTools({ FFMPEG_PATH: process.env.FFMPEG_PATH });
  const dir = keep ?? (await mkdtemp(join(tmpdir(), "kangklip-scenes-")));
  const chosen = allScenes(seed)
    .filter(({ name }) => !quick || QUICK.includes(name))
    .filter(({ name }) => only === undefined || name.includes(only));
  const waiting = [...chosen.entries()];
  const measured: FramingFigures["scenes"] = [];
  const beside: { cuts: number; worst: number }[] = [];
  let done = 0;
  try {
    const lane = async () => {
      await using bench = await createBench(tools, dir, signal);
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        signal.throwIfAborted();
        const [index, scene] = next;
        const { rendered, ...figures } = await bench.measure(scene, index);
        measured[index] = figures;
        if (rendered && rendered.cuts > 0) beside.push(rendered);
        onProgress?.(++done, chosen.length, scene.name);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    const rows = sceneRows(measured);
    if (beside.length > 0) {
      const worst = Math.max(...beside.map((one) => one.worst));
      const cuts = beside.reduce((sum, one) => sum + one.cuts, 0);
      const what = `frames beside a cut that the rendered clip shows otherwise (${cuts} cuts)`;
      const told = row("R4.pixels", what, "frames", { value: worst, original: null, most: 1 });
      rows.push({ ...told, originalWhy: "its window rests" });
    }
    if (only === undefined) rows.push(...(await measureShapes(tools, dir, measured, quick)));
    return { rows: rows.sort((a, b) => a.id.localeCompare(b.id)), scenes: measured };
  } finally {
    if (keep === undefined) await rm(dir, { recursive: true, force: true });
  }
}

async function createBench(tools: Tools, dir: string, outer: AbortSignal) {
  const stop = new AbortController();
  const signal = AbortSignal.any([outer, stop.signal]);
  const settings = { ...readSettings({}), ...SHAPE };
  const framer: Framer = createFramer({ dir, tools, signal, settings, notice: () => {} });
  const finder: FaceFinder = await createFaceFinder({ signal });
  return {
    async measure(scene: Scene, index: number) {
      const file = join(dir, `scene_${String(index + 1).padStart(2, "0")}.mp4`);
      await writeScene(tools.ffmpeg, scene, file);
      const source = await openSource(tools, file, signal);
      const clip = clipOf(scene);
      const { fps } = outputRate(source.info.video.fps, MAX_FPS);
      const { shown: frames, backend, error } = await framer.frame(clip, source);
      if (backend === "unavailable") throw new Error(`Faces cannot be looked for: ${error}`);
      const looks = await lookAtSource(tools, source, finder, signal);
      const { width, height } = looks[0]?.picture ?? scene;
      const theirs = originalFraming(looks, scene.seconds, { width, height });
      const count = Math.round(scene.seconds * fps);
      const [views, originalViews] = [viewsOf(frames, fps, count), viewsOf(theirs, fps, count)];
      const rendered = scene.traits.includes("rendered")
        ? await withClip(tools, source, clip, frames, (made) =>
            pixelsBesideCut(tools, made, scene, views, fps),
          )
        : null;
      return {
        ...{ scene, frames, originalFrames: theirs, size: { width, height }, rendered },
        ours: { ...countScene(scene, views, fps), pixels: await countEmpty(looks, views, fps, finder) },
        original: {
          ...countScene(scene, originalViews, fps),
          pixels: await countEmpty(looks, originalViews, fps, finder),
        },
      };
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all([framer[Symbol.asyncDispose](), finder[Symbol.asyncDispose]()]);
    },
  };
}

/**
 * The framing of 1.x: one window that rests per segment, without a track that would name a reason. It is given our detector's faces; its
 * own (OpenCV's SSD on 300 x 300 pixels) finds fewer small ones.
 */
function originalFraming(
  looks: readonly SourceLook[],
  seconds: number,
  size: { width: number; height: number },
): ShotFrame[] {
  const whole = { start: 0, end: seconds };
  const centre = originalCentre(
    originalLooks(whole).map((at) => looks[Math.round(at * LOOKS_PER_SECOND)]?.faces ?? []),
  );
  return originalFrames(size, [whole], [centre]).map((frame) => ({ ...frame, reason: "" }));
}

if (import.meta.main) {
  const [only] = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
  const begun = performance.now();
  const sheet = process.argv.find((argument) => argument.startsWith("--sheet="))?.slice("--sheet=".length);
  const seed = process.argv.find((argument) => argument.startsWith("--seed="))?.slice("--seed=".length);
  const { rows, scenes } = await measureFraming({
    seed: Number(seed ?? 6),
    quick: process.argv.includes("--quick"),
    only,
    onProgress: (done, total, name) => console.error(`${done} of ${total}: ${name}`),
  });
  for (const { scene, frames, ours, original } of scenes) {
    const ranges = frames.map(
      ({ start, layout, reason, x, w, path }) =>
        `${start.toFixed(1)} ${layout} ${reason} ${x}+${w}${path ? "~" : ""}`,
    );
    console.log(`${scene.name}: ${ranges.join("; ")}`);
    if (process.argv.includes("--counts")) console.log(JSON.stringify({ ours, original }));
  }
  if (sheet) framingSheet("ffmpeg", scenes, sheet);
  for (const measured of rows) {
    const { id, what, value, unit, original, target, pass } = measured;
    const before = original === null ? "" : ` (1.x: ${Number(original.toFixed(2))})`;
    const { outcome } = judge(measured);
    console.log(
      `${pass ? "ok  " : "FAIL"} ${id.padEnd(17)} ${Number(value?.toFixed(3))} ${unit}${before} ${outcome}, ${target}: ${what}`,
    );
  }
  console.log(`${Math.round((performance.now() - begun) / 1000)} s`);
}
