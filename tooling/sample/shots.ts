import { drawPerson, SPEAKERS } from "./face.ts";
import {
  arc,
  between,
  box,
  createRaster,
  ellipse,
  everywhere,
  type Place,
  paint,
  type Raster,
  type Rgb,
  stroke,
} from "./paint.ts";
import type { Line, Shot } from "./script.ts";

export const WIDTH = 1920;
export const HEIGHT = 1080;
/** How far a mouth is open in each of its drawn states. */
const MOUTHS = [0, 0.3, 0.65, 1];

/** Part of a picture that replaces what is there. */
export interface Patch {
  x: number;
  y: number;
  raster: Raster;
}
/** One camera's picture with everybody's mouth shut, and the patches that move it. */
export interface ShotPictures {
  still: Raster;
  people: Partial<Record<Line["speaker"], { mouths: Patch[]; open: Patch; blink: Patch }>>;
}

type Seat = [speaker: Line["speaker"], place: Place];
const SEATS: Record<Shot, Seat[]> = {
  wide: [
    ["host", { x: 620, y: 480, scale: 150 }],
    ["guest", { x: 1310, y: 465, scale: 154 }],
  ],
  host: [["host", { x: 860, y: 460, scale: 262 }]],
  guest: [["guest", { x: 1070, y: 455, scale: 268 }]],
  slide: [],
};

/** Draws what one camera sees, WIDTH x HEIGHT times `scale`. */
export function drawShot(shot: Shot, scale = 1): ShotPictures {
  const still = createRaster(even(WIDTH * scale), even(HEIGHT * scale));
  const seats = SEATS[shot].map(([speaker, { x, y, scale: size }]): Seat => {
    return [speaker, { x: x * scale, y: y * scale, scale: size * scale }];
  });
  const paintAll = (
    raster: Raster,
    dx: number,
    dy: number,
    state: { mouth?: number; blink?: boolean; of?: string },
  ) => {
    const at: Place = { x: -dx, y: -dy, scale };
    if (shot === "slide") drawSlide(raster, at);
    else drawRoom(raster, shot, at);
    for (const [speaker, place] of seats) {
      const moved = { ...place, x: place.x - dx, y: place.y - dy };
      drawPerson(raster, moved, SPEAKERS[speaker], state.of === speaker ? state : {});
    }
    if (shot === "wide") drawTable(raster, at);
  };
  paintAll(still, 0, 0, {});
  const people: ShotPictures["people"] = {};
  for (const [speaker, place] of seats) {
    const patch = (
      around: [number, number, number, number],
      state: { mouth?: number; blink?: boolean },
    ): Patch => {
      const [left, top, right, bottom] = around;
      const [x, y] = [even(place.x + left * place.scale), even(place.y + top * place.scale)];
      const raster = createRaster(even((right - left) * place.scale), even((bottom - top) * place.scale));
      paintAll(raster, x, y, { ...state, of: speaker });
      return { x, y, raster };
    };
    people[speaker] = {
      mouths: MOUTHS.map((mouth) => patch([-0.42, 0.46, 0.42, 1.06], { mouth })),
      open: patch([-0.62, -0.2, 0.62, 0.2], {}),
      blink: patch([-0.62, -0.2, 0.62, 0.2], { blink: true }),
    };
  }
  return { still, people };
}

/** Chroma is kept for blocks of 2 x 2 pixels, so patches lie on even pixels. */
const even = (value: number) => Math.round(value / 2) * 2;

const WALLS: Record<Exclude<Shot, "slide">, { from: Rgb; to: Rgb; lamp: [number, number] }> = {
  wide: { from: [58, 66, 84], to: [34, 40, 54], lamp: [965, 210] },
  host: { from: [66, 62, 82], to: [36, 36, 52], lamp: [1480, 250] },
  guest: { from: [52, 70, 80], to: [28, 40, 52], lamp: [420, 240] },
};

function drawRoom(raster: Raster, shot: Exclude<Shot, "slide">, at: Place): void {
  const { from, to, lamp } = WALLS[shot];
  paint(raster, at, everywhere, (x, y) =>
    between(from, to, (y / HEIGHT) * 0.8 + Math.abs(x / WIDTH - 0.5) * 0.6),
  );
  const [lampX, lampY] = lamp;
  paint(raster, at, ellipse(lampX, lampY, 330, 300), [255, 206, 140], { alpha: 0.2, soft: 420 });
  for (let shelf = 0; shelf < 2; shelf++) {
    const left = lampX > WIDTH / 2 ? 90 : 1330;
    const y = 250 + shelf * 250;
    if (shot === "wide") break;
    paint(raster, at, box(left + 250, y, 260, 8, 3), [96, 74, 58], { soft: 3 });
    for (let book = 0; book < 9; book++) {
      const tall = 84 + ((book * 37 + shelf * 53) % 60);
      const colour = BOOKS[(book * 2 + shelf) % BOOKS.length] ?? [90, 90, 90];
      paint(raster, at, box(left + 40 + book * 42, y - 8 - tall / 2, 16, tall / 2, 4), colour, { soft: 4 });
    }
  }
  // seen by all of the room's cameras but the wide one, where it would hang on the edge between the two speakers
  if (shot !== "wide") paint(raster, at, ellipse(lampX, lampY, 46, 46), [255, 232, 190], { soft: 6 });
}
const BOOKS: Rgb[] = [
  [128, 74, 62],
  [72, 92, 110],
  [142, 118, 72],
  [84, 106, 84],
  [110, 84, 112],
];

function drawTable(raster: Raster, at: Place): void {
  paint(raster, at, box(965, 1010, 900, 110, 40), (x, y) =>
    between([122, 86, 60], [70, 48, 36], (y - 900) / 180 + Math.abs(x - 965) / 3000),
  );
  for (const x of [760, 1165]) {
    paint(raster, at, box(x, 860, 7, 70, 6), [40, 42, 48]);
    paint(raster, at, box(x, 770, 26, 44, 24), (px) =>
      between([92, 96, 104], [40, 42, 48], (px - x + 26) / 52),
    );
  }
}

/** A globe beside a clock: one hour is fifteen degrees. */
function drawSlide(raster: Raster, at: Place): void {
  const ink: Rgb = [240, 234, 220];
  const amber: Rgb = [244, 176, 84];
  paint(raster, at, everywhere, (x, y) => between([24, 42, 66], [14, 24, 44], y / HEIGHT + x / WIDTH / 3));
  const [gx, gy, radius] = [600, 500, 300];
  paint(raster, at, ellipse(gx, gy, radius, radius), (x, y) =>
    between([64, 128, 156], [24, 60, 92], Math.hypot(x - gx + 90, y - gy + 90) / 480),
  );
  for (let degrees = -75; degrees <= 75; degrees += 15) {
    const bulge = Math.sin((degrees * Math.PI) / 180) * radius;
    const line = Array.from({ length: 33 }, (_, i) => {
      const angle = ((i / 32) * 2 - 1) * (Math.PI / 2);
      return [gx + bulge * Math.cos(angle), gy + radius * Math.sin(angle)] as const;
    });
    const marked = degrees === 0 || degrees === 15;
    paint(raster, at, stroke(line, marked ? 5 : 2), marked ? amber : ink, { alpha: marked ? 1 : 0.45 });
  }
  for (const y of [-200, -100, 0, 100, 200]) {
    const half = Math.sqrt(radius ** 2 - y ** 2);
    paint(raster, at, arc(gx, gy + y, half, 0, 2), ink, { alpha: 0.35 });
  }
  const [cx, cy] = [1320, 500];
  paint(raster, at, ellipse(cx, cy, 300, 300), ink);
  paint(raster, at, ellipse(cx, cy, 276, 276), [20, 36, 58]);
  for (let hour = 0; hour < 12; hour++) {
    const [sin, cos] = [Math.sin((hour * Math.PI) / 6), Math.cos((hour * Math.PI) / 6)];
    const mark = stroke(
      [
        [cx + sin * 222, cy - cos * 222],
        [cx + sin * 252, cy - cos * 252],
      ],
      hour % 3 === 0 ? 9 : 5,
    );
    paint(raster, at, mark, hour === 1 || hour === 0 ? amber : ink);
  }
  const hand = (angle: number, length: number, thick: number, colour: Rgb) =>
    paint(
      raster,
      at,
      stroke(
        [
          [cx, cy],
          [cx + Math.sin(angle) * length, cy - Math.cos(angle) * length],
        ],
        thick,
      ),
      colour,
    );
  hand(Math.PI / 6, 150, 12, amber);
  hand(0, 210, 8, ink);
  paint(raster, at, ellipse(cx, cy, 20, 20), amber);
  paint(raster, at, box(960, 930, 420, 5, 5), amber, { alpha: 0.8 });
}
