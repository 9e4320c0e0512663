import { ShotFrame } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planFrames, type SeenShot } from "./plan.ts";

const area = { x: 0, y: 0, w: 1920, h: 1080 };
const target = { width: 1080, height: 1920 };
const subject = (middle: number, faceWidth = 260) => ({
  box: { x: middle - faceWidth / 2, y: 300, w: faceWidth, h: faceWidth },
  faceWidth,
  eyeY: 400,
});
const picture = (value: number) => new Uint8Array(32 * 18).fill(value);
/** Detail everywhere, or only around a part (0..1) of the width. */
const columns = (around?: number) =>
  Array.from({ length: 480 }, (_, i) =>
    around === undefined || Math.abs(i / 480 - around) < 0.1 ? 20 : 0.5,
  );

function shot(start: number, end: number, made: Partial<SeenShot> & { middle?: number } = {}): SeenShot {
  const { middle, ...rest } = made;
  const scenes = middle === undefined ? [] : [{ start, end, subject: subject(middle), reason: "face" }];
  return { start, end, scenes, columns: columns(), movement: 0.1, thumb: picture(start * 20), ...rest };
}

describe("planFrames", () => {
  test("jumps with the cut and rests in between", () => {
    const frames = planFrames([shot(0, 4, { middle: 620 }), shot(4, 9, { middle: 1310 })], area, target);
    expect(frames).toEqual([
      { start: 0, end: 4, layout: "crop", x: 316, y: 0, w: 608, h: 1080, reason: "face" },
      { start: 4, end: 9, layout: "crop", x: 1006, y: 0, w: 608, h: 1080, reason: "face" },
    ]);
  });

  test("joins neighbours whose windows are the same to the eye", () => {
    const frames = planFrames([shot(0, 4, { middle: 620 }), shot(4, 9, { middle: 626 })], area, target);
    expect(frames).toMatchObject([{ start: 0, end: 9 }]);
  });

  test("shows a slide whole, and a picture whose detail is in one place through a window there", () => {
    expect(planFrames([shot(0, 4)], area, target)).toMatchObject([
      { layout: "fit", x: 0, y: 0, w: 1920, h: 1080, reason: "wide" },
    ]);
    const [frame] = planFrames([shot(0, 4, { columns: columns(0.75) })], area, target);
    expect(frame).toMatchObject({ layout: "crop", w: 608, reason: "detail" });
    expect((frame?.x ?? 0) + 304).toBeCloseTo(0.75 * 1920, -2);
    expect(planFrames([shot(0, 4, { columns: new Array(480).fill(0) })], area, target)).toMatchObject([
      { layout: "crop", x: 656, reason: "plain" },
    ]);
  });

  test("does not cut text that it would let run out of a moving picture", () => {
    const spread = Array.from({ length: 480 }, (_, i) => (i > 150 && i < 330 ? 20 : 3));
    expect(planFrames([shot(0, 4, { columns: spread, movement: 0.1 })], area, target)[0]?.layout).toBe("fit");
    expect(planFrames([shot(0, 4, { columns: spread, movement: 2 })], area, target)[0]?.layout).toBe("crop");
  });

  test("shows a screencast whole although a small face is in its corner, and a speaker on a stage close", () => {
    const small = { scenes: [{ start: 0, end: 4, subject: subject(1700, 110), reason: "face" }] };
    expect(planFrames([shot(0, 4, small)], area, target)).toMatchObject([{ layout: "fit", reason: "inset" }]);
    const onStage = { ...small, columns: columns(1700 / 1920) };
    for (const made of [onStage, { ...small, movement: 1.5 }])
      expect(planFrames([shot(0, 4, made)], area, target)).toMatchObject([
        { layout: "crop", reason: "face" },
      ]);
  });

  test("holds the window where the face turned away, and through a glimpse of something else", () => {
    const turnedAway = shot(4, 8, { thumb: picture(2) });
    const frames = planFrames([shot(0, 4, { middle: 620 }), turnedAway], area, target);
    expect(frames).toMatchObject([{ start: 0, end: 8, x: 316 }]);
    const before = planFrames(
      [shot(0, 3, { thumb: picture(61) }), shot(3, 8, { middle: 620 })],
      area,
      target,
    );
    expect(before).toMatchObject([{ start: 0, end: 8, x: 316, reason: "held" }]);
    const glimpse = planFrames([shot(0, 4, { middle: 620 }), shot(4, 4.8)], area, target);
    expect(glimpse).toMatchObject([{ start: 0, end: 4.8, x: 316 }]);
  });

  const pair = (left: number, right: number, start = 0, end = 5): Partial<SeenShot> => ({
    scenes: [{ start, end, subject: subject(left), lower: subject(right), reason: "split_exchange" }],
  });

  test("shows two people one above the other, each alone in a window of half a frame, both heads whole, the lower one below the seam's captions", () => {
    const [frame] = planFrames([shot(0, 5, pair(500, 1420))], area, target);
    expect(frame).toMatchObject({ layout: "split", reason: "split_exchange" });
    const windows = [frame, frame?.lower].map((box) => box ?? area);
    for (const [i, { x, y, w, h }] of windows.entries()) {
      expect(w / h).toBeCloseTo(1080 / 960, 1);
      const middle = [500, 1420][i] ?? 0;
      expect((middle - x) / w).toBeCloseTo(0.5, 1);
      const crown = (300 - 0.6 * 260 - y) / h;
      expect(crown).toBeGreaterThanOrEqual(i === 0 ? -0.01 : 0.08);
      expect((300 + 260 - y) / h).toBeLessThan(0.9);
      const other = [1420, 500][i] ?? 0;
      expect(other - 130 > x + w || other + 130 < x).toBe(true);
    }
  });

  test("joins equal splits, and holds one through a glimpse of something else", () => {
    const twice = planFrames([shot(0, 5, pair(500, 1420)), shot(5, 9, pair(504, 1424, 5, 9))], area, target);
    expect(twice).toMatchObject([{ start: 0, end: 9 }]);
    const moved = planFrames([shot(0, 5, pair(500, 1420)), shot(5, 9, pair(500, 1200, 5, 9))], area, target);
    expect(moved).toHaveLength(2);
    const glimpse = planFrames([shot(0, 5, pair(500, 1420)), shot(5, 5.6)], area, target);
    expect(glimpse).toMatchObject([{ start: 0, end: 5.6, layout: "split" }]);
  });

  test("lets a window move, never joins one on its way with its neighbour, and holds the place where it came to rest", () => {
    const path = [
      { at: 1, x: 200, y: 0 },
      { at: 2, x: 901.004, y: 0 },
    ];
    const walk = { scenes: [{ start: 0, end: 5, subject: subject(504), path, reason: "face" }] };
    const frames = planFrames([shot(0, 5, walk), shot(5, 5.8), shot(6, 9, { middle: 504 })], area, target);
    expect(frames).toEqual([
      {
        ...{ start: 0, end: 5, layout: "crop", x: 200, y: 0, w: 608, h: 1080, reason: "face" },
        path: [path[0], { at: 2, x: 901, y: 0 }],
      },
      { start: 5, end: 5.8, layout: "crop", x: 902, y: 0, w: 608, h: 1080, reason: "held" },
      { start: 6, end: 9, layout: "crop", x: 200, y: 0, w: 608, h: 1080, reason: "face" },
    ]);
  });

  test("a window on its way is a range of its own even beside a rest at the same place", () => {
    const path = [
      { at: 1, x: 316, y: 0 },
      { at: 2, x: 700, y: 0 },
      { at: 3, x: 316, y: 0 },
    ];
    const walk = { scenes: [{ start: 4, end: 8, subject: subject(620), path, reason: "face" }] };
    const frames = planFrames(
      [shot(0, 4, { middle: 620 }), shot(4, 8, walk), shot(8, 9, { middle: 620 })],
      area,
      target,
    );
    expect(frames.map(({ start, path: way }) => [start, way !== undefined])).toEqual([
      [0, false],
      [4, true],
      [8, false],
    ]);
  });

  test("remembers of a picture that is shown whole where a window would lie", () => {
    const [slide] = planFrames([shot(0, 4)], area, target);
    expect(slide?.focus).toEqual({ x: 0.5, y: 0.5 });
    const small = { scenes: [{ start: 0, end: 4, subject: subject(1700, 110), reason: "face" }] };
    const [inset] = planFrames([shot(0, 4, small)], area, target);
    expect((inset?.focus?.x ?? 0) * 1920).toBeCloseTo(1700, -1);
  });

  test("shows a screencast whole whose larger face has hardly anything else around it, but not a room with a picture on the wall", () => {
    const corner = (share: number, edges: number) =>
      Array.from({ length: 480 }, (_, i) => (i > 350 ? share : 1) * edges);
    const face = { scenes: [{ start: 0, end: 4, subject: subject(1750, 170), reason: "face" }] };
    const layoutOf = (share: number, edges: number) =>
      planFrames([shot(0, 4, { ...face, columns: corner(share, edges) })], area, target)[0]?.layout;
    expect([layoutOf(0.02, 12), layoutOf(0.02, 1), layoutOf(0.9, 12)]).toEqual(["fit", "crop", "crop"]);
  });

  test("covers any row of shots without gap or overlap, inside the area, as the contract wants it", () => {
    const length = fc.double({ min: 0.2, max: 9, noNaN: true });
    const middle = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined });
    const boxes = fc.constantFrom(
      area,
      { x: 240, y: 0, w: 1440, h: 1080 },
      { x: 0, y: 138, w: 1920, h: 804 },
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(length, middle), { minLength: 1, maxLength: 20 }),
        boxes,
        (made, within) => {
          let at = 0;
          const shots = made.map(([seconds, face]) => {
            const start = at;
            at += seconds;
            return shot(start, at, face === undefined ? {} : { middle: within.x + (face / 1000) * within.w });
          });
          const frames = planFrames(shots, within, target);
          expect(frames[0]?.start).toBe(0);
          expect(frames.at(-1)?.end).toBeCloseTo(at, 5);
          for (const [i, frame] of frames.entries()) {
            expect(() => ShotFrame.parse(frame)).not.toThrow();
            if (i > 0) expect(frame.start).toBe(frames[i - 1]?.end);
            expect(frame.end).toBeGreaterThan(frame.start);
            expect(frame.x).toBeGreaterThanOrEqual(within.x);
            expect(frame.y).toBeGreaterThanOrEqual(within.y);
            expect(frame.x + frame.w).toBeLessThanOrEqual(within.x + within.w);
            expect(frame.y + frame.h).toBeLessThanOrEqual(within.y + within.h);
          }
        },
      ),
    );
  });
});
