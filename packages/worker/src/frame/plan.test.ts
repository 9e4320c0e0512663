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
