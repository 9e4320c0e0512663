import type { ShotFrame } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { keptFraming } from "./kept.ts";

const picture = { w: 1920, h: 1080 };
const frame = (start: number, end: number, made: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start, end, layout: "crop", x: 656, y: 0, w: 608, h: 1080, reason: "face", ...made },
});
const lower = { x: 1100, y: 100, w: 608, h: 540 };
const kept = (...frames: ShotFrame[]) => keptFraming(frames, 10, picture);

test("a framing that covers the clip is used as it is, whatever it holds", () => {
  const path = [
    { at: 4, x: 656, y: 0 },
    { at: 5, x: 900.5, y: 0 },
  ];
  const frames = [
    frame(0, 4),
    frame(4, 6, { path }),
    frame(6, 8, { layout: "split", w: 608, h: 540, lower }),
    frame(8, 10, { layout: "fit", x: 0, w: 1920, focus: { x: 0.3, y: 0.5 } }),
  ];
  expect(keptFraming(frames, 10, picture)).toEqual(frames);
  expect(keptFraming(frames.toReversed(), 10, picture)).toEqual(frames);
});

test("what is a little off is put right: borders that do not quite meet, windows over the edge", () => {
  expect(kept(frame(0.1, 4.05), frame(4, 9.9))).toEqual([frame(0, 4), frame(4, 10)]);
  expect(kept(frame(0, 10, { x: 1500 }))).toEqual([frame(0, 10, { x: 1312 })]);
  const path = [{ at: 2, x: 5000, y: -7 }];
  expect(kept(frame(0, 10, { path }))).toEqual([frame(0, 10, { path: [{ at: 2, x: 1312, y: 0 }] })]);
});

test.each<[string, ShotFrame[]]>([
  ["nothing", []],
  ["another length", [frame(0, 7)]],
  ["a longer clip", [frame(0, 14)]],
  ["a gap", [frame(0, 4), frame(6, 10)]],
  ["an overlap", [frame(0, 6), frame(4, 10)]],
  ["the same range twice", [frame(0, 10), frame(0, 10)]],
  ["a late start", [frame(2, 10)]],
  ["a window outside the picture", [frame(0, 10, { x: 4000 })]],
  ["a window much larger than the picture", [frame(0, 10, { w: 9000, h: 16000 })]],
  ["a window without a size", [frame(0, 10, { w: 0 })]],
  ["a negative size", [frame(0, 10, { h: -1080 })]],
  ["no numbers", [frame(0, 10, { x: Number.NaN })]],
  ["times that are no numbers", [frame(0, Number.NaN)]],
  ["a split without its lower half", [frame(0, 10, { layout: "split" })]],
  ["a lower half without a split", [frame(0, 10, { lower })]],
  ["a path to nowhere", [frame(0, 10, { path: [{ at: 1, x: Number.POSITIVE_INFINITY, y: 0 }] })]],
  ["a path of a whole picture", [frame(0, 10, { layout: "fit", path: [{ at: 1, x: 0, y: 0 }] })]],
  ["thousands of ranges", Array.from({ length: 1000 }, (_, i) => frame(i / 100, (i + 1) / 100))],
])("a framing that was made for something else is not used: %s", (_title, frames) => {
  expect(keptFraming(frames, 10, picture)).toBeNull();
});

test("whatever an EDL holds, what is kept covers the clip and lies inside the picture", () => {
  const number = fc.oneof(fc.integer({ min: -3000, max: 5000 }), fc.constantFrom(Number.NaN, 1e300, -0));
  const time = fc.oneof(fc.double({ min: -1, max: 12, noNaN: true }), fc.constantFrom(0, 5, 10, Number.NaN));
  const box = { x: number, y: number, w: number, h: number };
  const any = fc.record({
    ...{ start: time, end: time, ...box, reason: fc.string() },
    layout: fc.constantFrom("crop" as const, "fit" as const, "split" as const),
    lower: fc.option(fc.record(box), { nil: undefined }),
    path: fc.option(fc.array(fc.record({ at: time, x: number, y: number }), { maxLength: 5 }), {
      nil: undefined,
    }),
  });
  fc.assert(
    fc.property(fc.array(any, { maxLength: 3 }), (frames) => {
      const result = keptFraming(frames as ShotFrame[], 10, picture);
      if (!result) return;
      expect([result[0]?.start, result.at(-1)?.end]).toEqual([0, 10]);
      for (const { lower: below, path, ...upper } of result) {
        for (const { x, y, w, h } of below ? [upper, below] : [upper])
          expect(x >= 0 && y >= 0 && w >= 2 && h >= 2 && x + w <= 1920 && y + h <= 1080).toBe(true);
        for (const { x, y } of path ?? [])
          expect(x >= 0 && y >= 0 && x + upper.w <= 1920 && y + upper.h <= 1080).toBe(true);
      }
    }),
    { numRuns: 1000, seed: 6 },
  );
});
