import { describe, expect, test } from "vitest";
import { findCuts } from "./cuts.ts";

/** A picture of a camera: its own pattern, brightened by `light`, with some noise. */
function thumb(camera: number, { light = 0, noise = 1, seed = 0 } = {}): Uint8Array {
  return Uint8Array.from({ length: 32 * 18 }, (_, i) => {
    const pattern = 90 + 50 * Math.sin(i * (0.11 + camera * 0.07) + camera);
    const random = (Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453) % 1;
    return Math.max(0, Math.min(255, pattern + light + noise * random));
  });
}
const run = (length: number, make: (n: number) => Uint8Array) => Array.from({ length }, (_, n) => make(n));
const still = (camera: number, length: number, noise = 1) =>
  run(length, (n) => thumb(camera, { seed: n, noise }));
const mix = (one: Uint8Array, other: Uint8Array, k: number) =>
  one.map((value, i) => value * (1 - k) + (other[i] ?? 0) * k);

describe("findCuts", () => {
  test("names the first frame of each new shot", () => {
    expect(findCuts([...still(1, 40), ...still(2, 7), ...still(3, 50)], 30)).toEqual([40, 47]);
  });

  test("finds a cut that a codec has smeared over one mixed frame", () => {
    const cuts = findCuts([...still(1, 40), mix(thumb(1), thumb(2), 0.35), ...still(2, 40)], 30);
    expect(cuts).toHaveLength(1);
    expect(Math.abs((cuts[0] ?? 0) - 41)).toBeLessThanOrEqual(1);
  });

  test("takes neither noise nor a flash nor a wink of another picture for a cut", () => {
    expect(findCuts(still(1, 90, 20), 30)).toEqual([]);
    const flash = run(90, (n) => thumb(1, { seed: n, light: n === 40 || n === 41 ? 90 : 0 }));
    expect(findCuts(flash, 30)).toEqual([]);
  });

  test("takes steady movement, however fast, for no cut", () => {
    const pan = run(90, (n) => thumb(1).map((_, i) => 90 + 60 * Math.sin((i + n * 3) * 0.3)));
    expect(findCuts(pan, 30)).toEqual([]);
  });

  test("places a dissolve in its middle and a fade through black inside it", () => {
    const dissolve = run(24, (n) => mix(thumb(1), thumb(2), (n + 1) / 25));
    const [cut = 0, ...others] = findCuts([...still(1, 60), ...dissolve, ...still(2, 60)], 30);
    expect(others).toEqual([]);
    expect(Math.abs(cut - 72)).toBeLessThanOrEqual(6);

    const fade = run(24, (n) => {
      const k = Math.abs(n - 12) / 12;
      return thumb(n < 12 ? 1 : 2).map((value) => value * k);
    });
    const cuts = findCuts([...still(1, 60), ...fade, ...still(2, 60)], 30);
    expect(cuts.length).toBeGreaterThan(0);
    for (const inside of cuts) expect(Math.abs(inside - 72)).toBeLessThanOrEqual(12);
  });

  test("frames that were not seen change nothing: the cut is the first one that was", () => {
    const repeated = (thumbs: Uint8Array[]) => thumbs.map((thumb, n) => thumbs[n - (n % 4)] ?? thumb);
    expect(findCuts([...repeated(still(1, 40)), ...repeated(still(2, 48))], 30)).toEqual([40]);
    const pan = run(88, (n) => thumb(1).map((_, i) => 90 + 60 * Math.sin((i + n * 3) * 0.3)));
    expect(findCuts(repeated(pan), 30)).toEqual([]);
  });

  test("has nothing to say about no, one and two frames", () => {
    expect(findCuts([], 30)).toEqual([]);
    expect(findCuts(still(1, 1), 30)).toEqual([]);
    expect(findCuts(still(1, 2), 30)).toEqual([]);
  });
});
