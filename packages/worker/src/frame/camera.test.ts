import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Keypoint, planCamera, STEP_SECONDS } from "./camera.ts";
import { valueAt } from "./follow.ts";

/** A 608-pixel window in a picture of 1920. */
const WINDOW = 608;
const MOST = 1312;
const room = { free: 0.14, furthest: 0.27 };
const plan = (seconds: number, wanted: (second: number) => number) => {
  const count = Math.round(seconds / STEP_SECONDS);
  const places = Array.from({ length: count }, (_, i) => wanted((i + 0.5) * STEP_SECONDS));
  return planCamera(places, { window: WINDOW, most: MOST, start: 0, room });
};
/** Where the window is on each frame of 30 a second. */
const frames = (keypoints: Keypoint[], seconds: number) =>
  Array.from({ length: Math.round(seconds * 30) }, (_, n) => valueAt(keypoints, n / 30));
/** Output pixels a second, from frame to frame. */
const speeds = (places: number[]) =>
  places.slice(1).map((place, i) => ((place - (places[i] ?? place)) * 30 * 1080) / WINDOW);
const still = (places: number[]) =>
  speeds(places).filter((speed) => Math.abs(speed) < 1).length / places.length;
function reversals(places: number[]): number {
  const ways = speeds(places)
    .filter((speed) => Math.abs(speed) > 1)
    .map(Math.sign);
  return ways.filter((way, i) => i > 0 && way !== ways[i - 1]).length;
}

describe("the camera", () => {
  test("rests on whoever sits, however they sway, on an even pixel", () => {
    const sway = fc.tuple(
      fc.integer({ min: 100, max: 1200 }),
      fc.double({ min: 0.3, max: 9, noNaN: true }),
      fc.double({ min: 0, max: 0.13, noNaN: true }),
    );
    fc.assert(
      fc.property(sway, ([place, rate, size]) => {
        const { keypoints, out } = plan(6, (at) => place + WINDOW * size * Math.sin(at * rate));
        expect(keypoints).toHaveLength(1);
        expect((keypoints[0]?.value ?? 1) % 2).toBe(0);
        expect(out).toBe(0);
      }),
      { numRuns: 12, seed: 6 },
    );
  });

  test("goes with somebody who walks: one move, eased at both ends, straight in between, and rests again", () => {
    const walk = (at: number) => Math.min(1250, Math.max(50, 50 + (at - 3) * 220));
    const { keypoints, out } = plan(12, walk);
    const places = frames(keypoints, 12);
    expect(out).toBe(0);
    expect(reversals(places)).toBe(0);
    expect(still(places)).toBeGreaterThan(0.5);
    for (const [n, place] of places.entries())
      expect(Math.abs(place - walk(n / 30))).toBeLessThan(0.3 * WINDOW);
    // from rest to full speed and back in steps that nobody sees as a jerk
    const fast = speeds(places);
    const jerks = fast.slice(1).map((speed, i) => Math.abs(speed - (fast[i] ?? speed)));
    expect(Math.max(...fast)).toBeGreaterThan(300);
    expect(Math.max(...jerks)).toBeLessThan(Math.max(...fast) / 4);
    const straight = fast.filter((speed) => speed > 0.9 * Math.max(...fast));
    expect(straight.length).toBeGreaterThan(45);
  });

  test("does not follow one wrong place, and says where it would lose somebody who jumps", () => {
    const glimpse = plan(6, (at) => (at > 3 && at < 3.2 ? 1300 : 400));
    expect(glimpse.keypoints).toHaveLength(1);
    const jumps = plan(12, (at) => (Math.floor(at / 2) % 2 ? 1300 : 0));
    expect(jumps.out).toBeGreaterThan(0.05);
  });

  test("pays for a slow drift with few moves, not with creeping", () => {
    const places = frames(plan(20, (at) => at * 40).keypoints, 20);
    const moving = speeds(places).filter((speed) => Math.abs(speed) > 1);
    expect(still(places)).toBeGreaterThan(0.5);
    expect(moving.filter((speed) => speed < 20).length / moving.length).toBeLessThan(0.2);
  });

  test("whatever is wanted: few keypoints in order, inside the picture, and no move where a rest would do", () => {
    const walk = fc.array(
      fc.tuple(fc.double({ min: 0.4, max: 3, noNaN: true }), fc.integer({ min: -200, max: 1600 })),
      {
        minLength: 1,
        maxLength: 5,
      },
    );
    fc.assert(
      fc.property(walk, fc.constantFrom(0, 2, 700, MOST), (stops, most) => {
        const seconds = stops.reduce((sum, [length]) => sum + length, 0);
        const wanted = (at: number) => {
          let from = 0;
          for (const [i, [length, place]] of stops.entries()) {
            const next = stops[i + 1]?.[1] ?? place;
            if (at < from + length) return place + ((next - place) * (at - from)) / length;
            from += length;
          }
          return stops.at(-1)?.[1] ?? 0;
        };
        const places = Array.from({ length: Math.max(1, Math.round(seconds / STEP_SECONDS)) }, (_, i) =>
          wanted((i + 0.5) * STEP_SECONDS),
        );
        const { keypoints } = planCamera(places, { window: WINDOW, most, start: 5, room });
        expect(keypoints.length).toBeGreaterThan(0);
        expect(keypoints.length).toBeLessThanOrEqual(48);
        for (const [i, { at, value }] of keypoints.entries()) {
          expect(value >= 0 && value <= most).toBe(true);
          expect(at).toBeGreaterThan(keypoints[i - 1]?.at ?? 4.9);
        }
        const aims = places.map((place) => Math.min(most, Math.max(0, place)));
        if (Math.max(...aims) - Math.min(...aims) < 0.25 * WINDOW) expect(keypoints).toHaveLength(1);
      }),
      { numRuns: 15, seed: 6 },
    );
  });
});
