import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { squareSize } from "../media/probe.ts";
import type { Box } from "./picture.ts";
import { fillsFrame, largestWindow, type Subject, windowAround } from "./window.ts";

const target = { width: 1080, height: 1920 };
const fullHd: Box = { x: 0, y: 0, w: 1920, h: 1080 };
/** A face as the detector boxes it: brows to chin, eyes at a quarter. */
const subject = (middleX: number, top: number, faceWidth: number): Subject => ({
  box: { x: middleX - faceWidth / 2, y: top, w: faceWidth, h: faceWidth },
  faceWidth,
  eyeY: top + faceWidth * 0.27,
});
const eyesAt = ({ eyeY }: Subject, window: Box) => (eyeY - window.y) / window.h;
const middleAt = ({ box }: Subject, window: Box) => (box.x + box.w / 2 - window.x) / window.w;

describe("the window", () => {
  test("is 608 x 1080 of full HD, with a face of fair size in its middle", () => {
    const face = subject(900, 380, 260);
    expect(windowAround(face, fullHd, target)).toEqual({ x: 596, y: 0, w: 608, h: 1080 });
  });

  test("comes closer to a small face, 1.4 times at most in full HD, with the eyes above the middle", () => {
    const face = subject(1200, 500, 60);
    const window = windowAround(face, fullHd, target);
    expect(1080 / window.h).toBeGreaterThan(1.35);
    expect(1080 / window.h).toBeLessThanOrEqual(1.41);
    expect(eyesAt(face, window)).toBeCloseTo(0.36, 1);
    expect(middleAt(face, window)).toBeCloseTo(0.5, 1);
  });

  test("comes closer when a head sits low in the picture", () => {
    const face = subject(960, 560, 200);
    expect(eyesAt(face, { ...fullHd })).toBeGreaterThan(0.55);
    expect(eyesAt(face, windowAround(face, fullHd, target))).toBeLessThan(0.46);
  });

  test("keeps several faces in the middle", () => {
    const pair: Subject = { box: { x: 700, y: 400, w: 420, h: 120 }, faceWidth: 110, eyeY: 430 };
    const window = windowAround(pair, fullHd, target);
    for (const middle of [755, 1065]) {
      expect((middle - window.x) / window.w).toBeGreaterThan(0.2);
      expect((middle - window.x) / window.w).toBeLessThan(0.8);
    }
  });

  test("keeps the crown of a head that is near the picture's top", () => {
    const face = subject(960, 70, 100);
    const window = windowAround(face, fullHd, target);
    expect(window.y).toBeLessThanOrEqual(10);
  });

  test("lies inside any picture, on even pixels, in the target's shape, wherever the face is", () => {
    const side = fc.integer({ min: 2, max: 4096 });
    const shapes = fc.oneof(
      fc.constantFrom([16, 16], [321, 181], [3440, 1440], [720, 1280], [1000, 1000], [720, 576]),
      fc.tuple(side, side),
    );
    const sar = fc.constantFrom(1, 64 / 45, 8 / 9, 0.5, 2);
    const part = fc.double({ min: -0.5, max: 1.5, noNaN: true });
    const targets = fc.constantFrom(target, { width: 720, height: 1280 }, { width: 1080, height: 1350 });
    fc.assert(
      fc.property(
        shapes,
        sar,
        part,
        part,
        fc.double({ min: 0.001, max: 3, noNaN: true }),
        targets,
        (...made) => {
          const [[width = 0, height = 0], pixelShape, x, y, size, wanted] = made;
          const square = squareSize({ width, height, sar: pixelShape });
          const area = { x: 0, y: 0, w: square.width, h: square.height };
          const window = windowAround(subject(x * area.w, y * area.h, size * area.w), area, wanted);
          expect(window.x).toBeGreaterThanOrEqual(0);
          expect(window.y).toBeGreaterThanOrEqual(0);
          expect(window.x + window.w).toBeLessThanOrEqual(area.w);
          expect(window.y + window.h).toBeLessThanOrEqual(area.h);
          for (const value of Object.values(window)) expect(value % 2).toBe(0);
          expect(Math.min(window.w, window.h)).toBeGreaterThanOrEqual(2);
          // within the rounding to even pixels, as far as the picture has them
          const across = (window.h * wanted.width) / wanted.height;
          const down = (window.w * wanted.height) / wanted.width;
          expect(Math.min(Math.abs(window.w - across), Math.abs(window.h - down))).toBeLessThanOrEqual(2);
        },
      ),
    );
  });
});

describe("a face in its window (R6)", () => {
  const sources = fc.constantFrom(
    [1920, 1080],
    [1280, 720],
    [640, 360],
    [3440, 1440],
    [720, 576],
    [1000, 1000],
    [1080, 1350],
  );
  /** Faces as people are filmed: not over the edge, the crown in the picture, eyes in the upper two thirds. */
  const part = (from: number, to: number) =>
    fc.integer({ min: 0, max: 1000 }).map((thousandths) => from + ((to - from) * thousandths) / 1000);
  const filmed = fc.noBias(fc.tuple(sources, part(0.02, 0.98), part(0, 1), part(0.07, 0.42)));
  function seen([[w = 0, h = 0], at, down, size]: [readonly number[], number, number, number]) {
    const area = { x: 0, y: 0, w, h };
    const face = Math.min(size * h, w / 2);
    // from the crown at the picture's top to eyes at two thirds
    const top = 0.6 * face + down * (0.66 * h - 0.27 * face - 0.6 * face);
    const of = subject(face / 2 + at * (w - face), top, face);
    const window = windowAround(of, area, target);
    const [middle, eyes] = [middleAt(of, window), eyesAt(of, window)];
    return {
      ...{ area, window },
      centre: middle >= 0.2 && middle <= 0.8,
      eyes: eyes >= 0.25 && eyes <= 0.45,
      head: top - 0.6 * face >= window.y - 2 && top + face <= window.y + window.h + 2,
      sides: of.box.x >= window.x - 2 && of.box.x + face <= window.x + window.w + 2,
      atSide: window.x === 0 || window.x + window.w === w,
      atFoot: window.y + window.h === h,
      atTop: window.y === 0,
      share: face / window.w,
      eyesOfPicture: of.eyeY / h,
    };
  }

  test("is centred but at the picture's own edge, with its eyes in the upper half and its head whole wherever the picture has it", () => {
    fc.assert(
      fc.property(filmed, (made) => {
        const { centre, eyes, head, sides, atSide, atFoot, atTop, share } = seen(made);
        expect(head).toBe(true);
        expect(centre || atSide).toBe(true);
        expect(sides || share > 1).toBe(true);
        // only where the picture ends above or below it can the window not be moved
        expect(eyes || atFoot || atTop).toBe(true);
      }),
      { numRuns: 2000, seed: 6 },
    );
  });

  test("98 % of faces lie as they should, where the camera itself left room: eyes at 25 to 58 % of the picture's height, no extreme close-up", () => {
    const usual = fc
      .sample(filmed, { numRuns: 8000, seed: 6 })
      .filter(([, at, , size]) => at > 0.12 && at < 0.88 && size < 0.27)
      .map(seen)
      .filter(({ eyesOfPicture }) => eyesOfPicture >= 0.25 && eyesOfPicture <= 0.58);
    expect(usual.length).toBeGreaterThan(1500);
    const good = usual.filter(({ centre, eyes, head }) => centre && eyes && head);
    expect(good.length / usual.length).toBeGreaterThanOrEqual(0.98);
  });
});

test("a portrait source fills the frame, anything wider or much taller does not", () => {
  const fills = (w: number, h: number) => fillsFrame({ w, h }, target);
  expect([fills(1080, 1920), fills(720, 1280), fills(606, 1080)]).toEqual([true, true, true]);
  expect([fills(1080, 1080), fills(1920, 1080), fills(1080, 2340), fills(1080, 1350)]).toEqual(
    Array(4).fill(false),
  );
});

test("the largest window of a square is a slice, of a tall picture a part of its height", () => {
  expect(largestWindow({ w: 1000, h: 1000 }, target)).toEqual({ w: 562, h: 1000 });
  expect(largestWindow({ w: 1080, h: 2340 }, target)).toEqual({ w: 1080, h: 1920 });
  expect(largestWindow({ w: 16, h: 16 }, target)).toEqual({ w: 10, h: 16 });
});
