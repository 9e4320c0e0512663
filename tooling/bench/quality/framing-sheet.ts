import { execFileSync } from "node:child_process";
import type { ShotFrame } from "@kangklip/contract";
import { both, box, createRaster, outside, paint, type Raster } from "../../sample/paint.ts";
import { type View, viewsOf } from "./framing-track.ts";
import { drawScene } from "./scene-video.ts";
import type { Box, Scene } from "./scenes.ts";

/** A scene and how it was framed. */
interface FramedScene {
  scene: Scene;
  frames: ShotFrame[];
  originalFrames: ShotFrame[];
}

const HIGH = 180;
const COLUMNS = 6;
const CLIP_WIDTH = (HIGH * 9) / 16;

/**
 * Draws what was framed: a row per scene; of six moments the source with our window (white) and that of 1.x (red), and what our clip shows
 * (a whole picture without its blur).
 * @param file where the PNG goes
 */
export function framingSheet(ffmpeg: string, framed: readonly FramedScene[], file: string): void {
  const cell = 320 + CLIP_WIDTH + 10;
  const sheet = createRaster(Math.ceil(cell * COLUMNS), (HIGH + 6) * framed.length);
  sheet.data.fill(255);
  for (const [row, { scene, frames, originalFrames }] of framed.entries()) {
    const count = Math.round(scene.seconds * scene.fps);
    const [views, before] = [viewsOf(frames, scene.fps, count), viewsOf(originalFrames, scene.fps, count)];
    const wanted = Array.from({ length: COLUMNS }, (_, i) => Math.floor(((i + 0.5) * count) / COLUMNS));
    let n = 0;
    for (const picture of drawScene(scene)) {
      const column = wanted.indexOf(n);
      const [view, theirs] = [views[n], before[n]];
      n++;
      if (column < 0 || !view || !theirs) continue;
      const [x, y] = [Math.round(column * cell), row * (HIGH + 6)];
      const down = scene.storage?.bars ?? 0;
      const raised = (windows: Box[]) => windows.map((window) => ({ ...window, y: window.y - down }));
      copyClip(picture, { ...view, windows: raised(view.windows) }, sheet, x + 322, y);
      outline(picture, raised(theirs.windows), [255, 60, 60]);
      outline(picture, raised(view.windows), [255, 255, 255]);
      const wide = Math.min(320, (HIGH * picture.width) / picture.height);
      const high = (wide * picture.height) / picture.width;
      copyPart(picture, { x: 0, y: 0, w: picture.width, h: picture.height }, sheet, {
        x,
        y,
        w: wide,
        h: high,
      });
    }
  }
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", `${sheet.width}x${sheet.height}`, "-i", "pipe:0"];
  execFileSync(ffmpeg, ["-v", "error", "-y", ...raw, "-frames:v", "1", file], { input: sheet.data });
}

function outline(picture: Raster, windows: readonly Box[], colour: [number, number, number]): void {
  for (const { x, y, w, h } of windows) {
    const [middleX, middleY] = [x + w / 2, y + h / 2];
    const frame = both(
      box(middleX, middleY, w / 2, h / 2),
      outside(box(middleX, middleY, w / 2 - 3, h / 2 - 3)),
    );
    paint(picture, { x: 0, y: 0, scale: 1 }, frame, colour);
  }
}

function copyClip(picture: Raster, { layout, windows }: View, sheet: Raster, x: number, y: number): void {
  const [first, second] = windows;
  if (!first) return;
  if (layout === "split" && second) {
    copyPart(picture, first, sheet, { x, y, w: CLIP_WIDTH, h: HIGH / 2 });
    copyPart(picture, second, sheet, { x, y: y + HIGH / 2, w: CLIP_WIDTH, h: HIGH / 2 });
    return;
  }
  const high = layout === "fit" ? (CLIP_WIDTH * first.h) / first.w : HIGH;
  copyPart(picture, first, sheet, { x, y: y + (HIGH - high) / 2, w: CLIP_WIDTH, h: high });
}

function copyPart(from: Raster, part: Box, to: Raster, place: Box): void {
  for (let row = 0; row < Math.floor(place.h); row++) {
    const y = Math.round(part.y + ((row + 0.5) * part.h) / place.h - 0.5);
    for (let column = 0; column < Math.floor(place.w); column++) {
      const x = Math.round(part.x + ((column + 0.5) * part.w) / place.w - 0.5);
      if (x < 0 || y < 0 || x >= from.width || y >= from.height) continue;
      const at = (y * from.width + x) * 4;
      const target = ((Math.round(place.y) + row) * to.width + Math.round(place.x) + column) * 4;
      to.data.set(from.data.subarray(at, at + 3), target);
    }
  }
}
