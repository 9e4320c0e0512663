import {
  between,
  box,
  createRaster,
  ellipse,
  everywhere,
  paint,
  type Raster,
  type Rgb,
  type Place as Spot,
  stroke,
} from "../../sample/paint.ts";
import { randomFor } from "../selection/random.ts";
import { layOver, spriteOf } from "./scene-cast.ts";
import type { Box, Place, Scene } from "./scenes.ts";

type Size = Pick<Scene, "width" | "height">;

/** How far the wall's Cb goes to both sides from left to right, and Cr per camera: pixels of a clip tell where its window lies. */
export const WALL = { cb: 26, cr: 9 };

/** Draws an empty place. */
export function drawPlace(place: Place, { width, height }: Size): Raster {
  const raster = createRaster(width, height);
  const spot: Spot = { x: 0, y: 0, scale: height / 360 };
  const right = width / spot.scale;
  if (place.kind === "black") paint(raster, spot, everywhere, [0, 0, 0]);
  if (place.kind === "slide") drawSlide(raster, spot, right);
  if (place.kind === "screencast") drawScreencast(raster, spot, right);
  if (place.kind === "landscape") drawLandscape(raster, spot, right);
  if (place.kind === "room" || place.kind === "stage") drawWall(raster, place.camera);
  if (place.kind === "room") drawFurniture(raster, spot, right, place);
  if (place.kind === "stage") drawStage(raster, spot, right);
  return raster;
}

/** What stands before the people; undefined: nothing. */
export function drawFront(raster: Raster, place: Place): void {
  if (place.kind !== "room" || !place.desk) return;
  const spot: Spot = { x: 0, y: 0, scale: raster.height / 360 };
  const right = raster.width / spot.scale;
  paint(raster, spot, box(right / 2, 350, right * 0.48, 34, 10), (x, y) =>
    between([126, 90, 62], [72, 50, 38], (y - 316) / 60 + Math.abs(x / right - 0.5) * 0.5),
  );
}

function drawWall(raster: Raster, camera: number): void {
  const { width, height, data } = raster;
  for (let y = 0; y < height; y++) {
    const luma = 104 - (46 * y) / height;
    for (let x = 0; x < width; x++) {
      const [cb, cr] = [(x / width - 0.5) * 2 * WALL.cb, (camera - 1.5) * WALL.cr];
      const at = (y * width + x) * 4;
      data[at] = luma + 1.5748 * cr;
      data[at + 1] = luma - 0.1873 * cb - 0.4681 * cr;
      data[at + 2] = luma + 1.8556 * cb;
      data[at + 3] = 255;
    }
  }
}

const BOOKS: Rgb[] = [
  [128, 74, 62],
  [72, 92, 110],
  [142, 118, 72],
  [84, 106, 84],
  [110, 84, 112],
];

function drawFurniture(raster: Raster, spot: Spot, right: number, place: Place & { kind: "room" }): void {
  const random = randomFor(place.camera, "furniture");
  const side = place.camera % 2 === 0 ? right - 120 : 20;
  for (let shelf = 0; shelf < 2; shelf++) {
    const y = 120 + shelf * 76;
    paint(raster, spot, box(side + 50, y, 56, 2.5), [92, 72, 58]);
    for (let book = 0; book < 9; book++) {
      const tall = random.whole(22, 40);
      paint(raster, spot, box(side + 2 + book * 12, y - 2.5 - tall / 2, 4.5, tall / 2, 1), random.of(BOOKS));
    }
  }
  const plant = place.camera % 2 === 0 ? 44 : right - 48;
  paint(raster, spot, box(plant, 250, 15, 18, 5), [150, 96, 70]);
  for (let leaf = 0; leaf < 7; leaf++) {
    const angle = -1.2 + leaf * 0.4;
    const [x, y] = [plant + Math.sin(angle) * 30, 222 - Math.cos(angle) * 34];
    paint(raster, spot, ellipse(x, y, 6, 24, angle), between([58, 104, 62], [96, 140, 80], leaf / 7));
  }
  if (!place.poster) return;
  paint(raster, spot, box(right * 0.8, 150, 66, 86, 2), [236, 232, 222]);
  paint(raster, spot, box(right * 0.8, 150, 60, 80), [120, 148, 164]);
  const photo = createRaster(raster.width, raster.height);
  const middle = { x: right * 0.8 * spot.scale, y: 136 * spot.scale, size: 44 * spot.scale };
  photo.data.set(raster.data);
  layOver(photo, spriteOf(place.poster, middle.size, 0, false), middle);
  const [left, top, w, h] = [right * 0.8 - 60, 70, 120, 160].map((n) => Math.round(n * spot.scale)) as [
    number,
    number,
    number,
    number,
  ];
  for (let y = top; y < top + h; y++) {
    const from = (y * raster.width + left) * 4;
    raster.data.set(photo.data.subarray(from, from + w * 4), from);
  }
}

function drawStage(raster: Raster, spot: Spot, right: number): void {
  for (let i = 0; i * 26 < right; i++)
    paint(raster, spot, box(i * 26 + 13, 150, 11, 118, 6), [70, 34, 40], { alpha: 0.35, soft: 8 });
  paint(raster, spot, box(right / 2, 330, right, 60), (_, y) =>
    between([104, 84, 66], [66, 50, 40], (y - 270) / 90),
  );
  for (const x of [0.25, 0.6, 0.85])
    paint(raster, spot, ellipse(right * x, 250, 110, 130), [255, 236, 200], { alpha: 0.1, soft: 90 });
}

function drawLandscape(raster: Raster, spot: Spot, right: number): void {
  paint(raster, spot, everywhere, (_, y) => between([96, 150, 206], [226, 214, 190], y / 230));
  paint(raster, spot, ellipse(right * 0.72, 90, 26, 26), [255, 244, 206], { soft: 6 });
  const random = randomFor(3, "mountains");
  for (let range = 0; range < 3; range++) {
    const colour = between([124, 136, 160], [46, 78, 58], range / 2);
    for (let i = 0; i < 9; i++) {
      const [x, high] = [random.next() * right, 40 + random.next() * 60];
      const foot = 200 + range * 34;
      paint(raster, spot, ellipse(x, foot + 10, 80 + random.next() * 60, high), colour, { soft: 2 });
    }
    paint(raster, spot, box(right / 2, 290 + range * 34, right, 90), colour);
  }
  for (let tree = 0; tree < 60; tree++) {
    const [x, y] = [random.next() * right, 270 + random.next() * 80];
    const tall = 8 + (y - 260) / 5;
    paint(
      raster,
      spot,
      ellipse(x, y - tall, tall * 0.4, tall),
      between([30, 58, 40], [70, 104, 58], random.next()),
    );
  }
}

/** Text of a slide as blocks of words. */
function drawText(raster: Raster, spot: Spot, area: Box, high: number, colours: Rgb[], seed: string): void {
  const random = randomFor(5, seed);
  for (let y = area.y; y + high <= area.y + area.h; y += high * 2.1) {
    let x = area.x + (random.chance(0.3) ? high * 2 : 0);
    const end = area.x + area.w * (0.55 + 0.45 * random.next());
    const colour = random.of(colours);
    while (x < end) {
      const letters = random.whole(2, 8);
      for (let i = 0; i < letters && x < area.x + area.w; i++, x += high * 0.62) {
        const tall = random.chance(0.3) ? high : high * 0.7;
        paint(raster, spot, box(x, y + high - tall / 2, high * 0.2, tall / 2, high * 0.1), colour);
      }
      x += high * 0.6;
    }
  }
}

/** Boxes of text (units of 1/360 of the height, of a picture `right` wide) that must not be cut. */
const slideTexts = (right: number): Box[] => [
  { x: right * 0.06, y: 30, w: right * 0.7, h: 36 },
  { x: right * 0.06, y: 100, w: right * 0.42, h: 190 },
];

/** The same in pixels of the scene's picture. */
export function slideTextBoxes({ width, height }: Size): Box[] {
  const scale = height / 360;
  return slideTexts(width / scale).map(({ x, y, w, h }) => ({
    ...{ x: x * scale, y: y * scale, w: w * scale, h: h * scale },
  }));
}

function drawSlide(raster: Raster, spot: Spot, right: number): void {
  paint(raster, spot, everywhere, [246, 244, 238]);
  const [title, body] = slideTexts(right) as [Box, Box];
  drawText(raster, spot, title, 24, [[28, 44, 74]], "title");
  drawText(raster, spot, body, 11, [[60, 64, 72]], "body");
  for (const [i, tall] of [60, 110, 84, 150, 170].entries()) {
    const x = right * (0.58 + i * 0.08);
    paint(
      raster,
      spot,
      box(x, 290 - tall / 2, right * 0.026, tall / 2),
      between([66, 120, 176], [226, 120, 70], i / 4),
    );
  }
  paint(
    raster,
    spot,
    stroke(
      [
        [right * 0.54, 292],
        [right * 0.95, 292],
      ],
      1.5,
    ),
    [40, 44, 52],
  );
  paint(raster, spot, box(right / 2, 346, right * 0.46, 1.5), [190, 120, 60]);
}

function drawScreencast(raster: Raster, spot: Spot, right: number): void {
  paint(raster, spot, everywhere, [30, 32, 40]);
  paint(raster, spot, box(right / 2, 9, right, 9), [54, 56, 66]);
  paint(raster, spot, box(right * 0.09, 190, right * 0.09, 172), [38, 40, 50]);
  const code: Rgb[] = [
    [156, 200, 240],
    [226, 150, 110],
    [150, 204, 140],
    [210, 210, 216],
  ];
  drawText(raster, spot, { x: right * 0.02, y: 30, w: right * 0.14, h: 300 }, 7, [[150, 154, 166]], "tree");
  drawText(raster, spot, { x: right * 0.22, y: 30, w: right * 0.5, h: 320 }, 8, code, "code");
}
