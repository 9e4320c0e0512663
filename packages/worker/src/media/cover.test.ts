import { expect, test } from "vitest";
import { makeFace } from "../frame/blazeface.ts";
import { clipTimeline, type Piece } from "./clip-timeline.ts";
import { bestCover, type Candidate, coverCandidates, type Luma } from "./cover.ts";

const timeline = clipTimeline([{ start: 0, end: 30, text: "" }], { text: "30/1", fps: 30 });
const video = { width: 1920, height: 1080, sar: 1 } as Parameters<typeof coverCandidates>[0]["video"];
const piece = (firstFrame: number, endFrame: number, reason = "face"): Piece => ({
  ...{ stretch: 0, firstFrame, endFrame, layout: "crop", reason },
  window: { x: 600, y: 0, w: 608, h: 1080 },
});

/** A face of a width whose middle is at x, five looks a second. */
const look = (time: number, x: number, w: number) => {
  const at = { x: x - w / 2, y: 300, w, h: w * 1.3, score: 0.9, eyeY: 360, mouthX: x, mouthY: 450 };
  return { time, faces: [makeFace((key) => at[key])] };
};
const looks = (seconds: number, of: (time: number) => [x: number, w: number]) =>
  Array.from({ length: seconds * 5 }, (_, i) => look(i / 5, ...of(i / 5)));

function framesOf(pieces: Piece[], faces?: ReturnType<typeof looks>, isSaid = (_: number) => false) {
  return coverCandidates({ timeline, pieces, video, faces, isSaid });
}
const numbers = (all: Candidate[]) => all.map(({ frame }) => frame);

test("candidates are frames with a large face that is inside the window, away from cuts, from the clip's first part", () => {
  const pieces = [piece(0, 300), piece(300, 900)];
  const faces = looks(30, (time) => {
    if (time < 4) return [904, 80]; // small
    if (time < 8) return [620, 200]; // half outside
    if (time > 20) return [904, 300]; // large, but late
    return [904, 160];
  });
  const chosen = framesOf(pieces, faces, (time) => time < 12);
  expect(chosen).toHaveLength(8);
  for (const { frame, face, speaking } of chosen) {
    expect(frame).toBeGreaterThanOrEqual(240);
    expect(frame).toBeLessThan(540);
    expect(Math.abs(frame - 300)).toBeGreaterThanOrEqual(9);
    expect(face).toMatchObject({ x: expect.closeTo(0.5, 2), w: expect.closeTo(160 / 608, 2) });
    expect(speaking).toBe(frame < 360);
  }
  expect(numbers(chosen)).toEqual(numbers(chosen).toSorted((a, b) => a - b));
});

test("where it is not known whose face is where, they are looked for in the first shot about somebody", () => {
  const [first = 0, ...others] = numbers(
    framesOf([piece(0, 90, "wide"), piece(90, 300, "speaker"), piece(300, 900)]),
  );
  expect(first).toBe(99);
  expect(others.at(-1)).toBeLessThan(99 + 120);
});

test("without anybody it is looked for in the longest early shot", () => {
  const pieces = [piece(0, 60, "wide"), piece(60, 500, "detail"), piece(500, 900, "wide")];
  expect(numbers(framesOf(pieces))[0]).toBe(69);
});

test("a clip of one short shot still has a cover, inside the clip", () => {
  const short = clipTimeline([{ start: 0, end: 0.1, text: "" }], { text: "30/1", fps: 30 });
  const pieces = [piece(0, 3)];
  const chosen = coverCandidates({ timeline: short, pieces, video, faces: undefined, isSaid: () => false });
  expect(chosen.length).toBeGreaterThanOrEqual(1);
  for (const { frame } of chosen) expect(frame).toBeLessThan(3);
});

/** What a drawn picture is like. */
interface Drawing {
  eyes: "open" | "closed";
  /** Width of the box blur, pixels. */
  blur?: number;
  /** Busy background, which makes files large and pictures "sharp". */
  busy?: boolean;
  /** What all luma is moved by. */
  light?: number;
}

const [WIDTH, HEIGHT] = [180, 320];
const FACE = { x: 0.5, y: 0.4, w: 0.44, h: 0.33, eyeY: 0.36 };

/** An oval head with eyes and a mouth before a wall. */
function draw({ eyes, blur = 0, busy = false, light = 0 }: Drawing): Luma {
  const data = new Uint8Array(WIDTH * HEIGHT);
  const set = (x: number, y: number, luma: number) => {
    data[Math.round(y) * WIDTH + Math.round(x)] = Math.min(255, Math.max(0, luma + light));
  };
  const [cx, cy, rx, ry] = [FACE.x * WIDTH, FACE.y * HEIGHT, (FACE.w * WIDTH) / 2, (FACE.h * HEIGHT) / 2];
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const inside = ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 < 1;
      set(x, y, inside ? 150 : busy ? 60 + 120 * (((x >> 1) % 2) ^ ((y >> 1) % 2)) : 90);
    }
  const eyeY = FACE.eyeY * HEIGHT;
  for (const side of [-1, 1]) {
    const middle = cx + side * 0.21 * FACE.w * WIDTH;
    for (let dx = -8; dx <= 8; dx++) {
      if (eyes === "closed") for (const dy of [0, 1]) set(middle + dx, eyeY + dy, 60);
      else
        for (let dy = -4; dy <= 4; dy++) {
          if ((dx / 8) ** 2 + (dy / 4) ** 2 < 1)
            set(middle + dx, eyeY + dy, Math.hypot(dx, dy) < 4 ? 30 : 230);
        }
    }
  }
  for (let dx = -14; dx <= 14; dx++) for (let dy = 0; dy < 3; dy++) set(cx + dx, cy + ry * 0.55 + dy, 80);
  return { width: WIDTH, height: HEIGHT, data: blur > 1 ? blurred(data, blur) : data };
}

function blurred(data: Uint8Array, width: number): Uint8Array {
  const half = width >> 1;
  const along = (from: Uint8Array, step: number) =>
    from.map((_, i) => {
      let sum = 0;
      for (let k = -half; k <= half; k++) sum += from[i + k * step] ?? 0;
      return sum / (2 * half + 1);
    });
  return along(along(data, 1), WIDTH);
}

/** What was done before: the picture with the most detail. */
function mostDetailed(pictures: Luma[]): number {
  const detail = pictures.map(({ data }) =>
    data.reduce((sum, luma, i) => sum + Math.abs(luma - (data[i + 1] ?? luma)), 0),
  );
  return detail.indexOf(Math.max(...detail));
}

const candidates = (count: number, speaking = (_: number) => false): Candidate[] =>
  Array.from({ length: count }, (_, i) => ({ frame: i, face: FACE, speaking: speaking(i) }));

test.each<[string, Drawing[], number]>([
  [
    "open eyes before a calm wall, not closed ones before a busy one",
    [{ eyes: "closed", busy: true }, { eyes: "open" }],
    1,
  ],
  ["a sharp face, not a blurred one", [{ eyes: "open", blur: 7 }, { eyes: "open" }], 1],
  [
    "open eyes, not the blink that is as sharp",
    [{ eyes: "open" }, { eyes: "closed" }, { eyes: "closed" }],
    0,
  ],
  [
    "a well exposed one, not a bright or a dark one",
    [{ eyes: "open", light: 100 }, { eyes: "open" }, { eyes: "open", light: -80 }],
    1,
  ],
])("of the candidates this is taken: %s", (_what, drawings, expected) => {
  expect(bestCover(candidates(drawings.length), drawings.map(draw))).toBe(expected);
});

test("the naive choice is another one", () => {
  const pictures = [draw({ eyes: "closed", busy: true }), draw({ eyes: "open" })];
  expect(mostDetailed(pictures)).toBe(0);
});

test("of equal ones a mouth at rest is taken, else the first", () => {
  const pictures = [draw({ eyes: "open" }), draw({ eyes: "open" }), draw({ eyes: "open" })];
  expect(
    bestCover(
      candidates(3, (i) => i !== 1),
      pictures,
    ),
  ).toBe(1);
  expect(bestCover(candidates(3), pictures)).toBe(0);
});

test("without faces the sharpest well exposed picture is taken", () => {
  const none = candidates(3).map((one) => ({ ...one, face: null }));
  const black = { width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT) };
  expect(bestCover(none, [black, draw({ eyes: "open", blur: 9 }), draw({ eyes: "open" })])).toBe(2);
  expect(bestCover(none, [black, black, black])).toBe(0);
});
