import type { ShotFrame } from "@kangklip/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { clipPieces, clipTimeline, outputRate, splitSpans } from "./clip-timeline.ts";

const size = { width: 1080, height: 1920 };
const video = {
  index: 0,
  codec: "h264",
  width: 1920,
  height: 1080,
  rotation: 0,
  sar: 1,
  fps: 30,
  hdr: false,
};
const shot = (start: number, end: number, over: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start, end, layout: "crop", x: 656, y: 0, w: 608, h: 1080, reason: "face" },
  ...over,
});
const segment = (start: number, end: number) => ({ start, end, text: "" });
const piecesOf = (framing: ShotFrame[], segments = [segment(10, 13)], source = video) =>
  clipPieces(clipTimeline(segments, { text: "30/1", fps: 30 }), framing, source, size);

test.each([
  ["the source's own rate", 25, 30, "25/1"],
  ["NTSC stays NTSC", 30000 / 1001, 30, "30000/1001"],
  ["film stays film", 23.976, 30, "24000/1001"],
  ["a rate measured a little off is the standard one", 29.98, 30, "30000/1001"],
  ["half of what is too fast", 60, 30, "60/2"],
  ["half of fast NTSC", 60000 / 1001, 30, "60000/2002"],
  ["half of 50, not 30, which would judder", 50, 30, "50/2"],
  ["a quarter of 120", 120, 30, "120/4"],
  ["the most that is allowed where its share would be too slow", 30, 24, "24/1"],
  ["an even multiple of a slow rate", 10, 30, "30000/1000"],
  ["an even multiple of a slide show", 1, 30, "24000/1000"],
  ["the next standard rate of a variable one", 27.3, 30, "30/1"],
  ["fast sources may stay fast", 60, 60, "60/1"],
  ["a broken header", 1000, 30, "30/1"],
  ["a very low limit", 30, 5, "5/1"],
])("frame rate: %s", (_title, source, most, expected) => {
  const rate = outputRate(source, most);
  expect(rate.text).toBe(expected);
  expect(rate.fps).toBeLessThanOrEqual(most);
});

test("segments lie end to end on whole frames and the rounding never adds up", () => {
  const odd = { text: "30000/1001", fps: 30000 / 1001 };
  const segments = Array.from({ length: 40 }, (_, i) => segment(i * 10, i * 10 + 1.017));
  const timeline = clipTimeline(segments, odd);
  expect(Math.abs(timeline.seconds - 40 * 1.017)).toBeLessThan(0.02);
  for (const [i, { firstFrame, frames }] of timeline.stretches.entries()) {
    expect(Math.abs(firstFrame / odd.fps - i * 1.017)).toBeLessThan(0.02);
    expect(timeline.stretches[i + 1]?.firstFrame ?? timeline.frames).toBe(firstFrame + frames);
  }
});

test("a shot begins on the frame that is nearest to its start", () => {
  expect(piecesOf([shot(0, 1.01), shot(1.01, 3, { x: 0 })])).toMatchObject([
    { firstFrame: 0, endFrame: 30, window: { x: 656, w: 608, y: 0, h: 1080 } },
    { firstFrame: 30, endFrame: 90, window: { x: 0 } },
  ]);
});

test("neighbours that are cut alike are one piece; a joint of segments always splits", () => {
  const framing = [shot(0, 1), shot(1, 2), shot(2, 3, { layout: "fit" })];
  expect(piecesOf(framing, [segment(0, 1.5), segment(7, 8.5)])).toMatchObject([
    { stretch: 0, firstFrame: 0, endFrame: 45 },
    { stretch: 1, firstFrame: 0, endFrame: 15 },
    { stretch: 1, firstFrame: 15, endFrame: 45, layout: "fit" },
  ]);
});

test("without framing the whole picture is shown", () => {
  expect(piecesOf([])).toMatchObject([{ endFrame: 90, layout: "fit", window: { x: 0, w: 1920, h: 1080 } }]);
});

test.each([
  ["a window over the edge is moved inside", {}, { x: 1800 }, { x: 1312, y: 0, w: 608, h: 1080 }],
  [
    "a window of another shape is narrowed, never stretched",
    {},
    { x: 0, w: 1080, h: 1080 },
    { x: 236, y: 0, w: 608, h: 1080 },
  ],
  ["anamorphic pixels", { width: 960, sar: 2 }, { x: 656 }, { x: 328, y: 0, w: 304, h: 1080 }],
  [
    "a fitted one keeps its shape",
    {},
    { layout: "fit" as const, x: 0, y: 140, w: 1920, h: 800 },
    { x: 0, y: 140, w: 1920, h: 800 },
  ],
  ["odd sizes", { width: 321, height: 181 }, { x: 100, w: 102, h: 182 }, { x: 100, y: 0, w: 102, h: 180 }],
  ["a tiny picture", { width: 16, height: 16 }, { x: 4, w: 10, h: 16 }, { x: 4, y: 0, w: 10, h: 16 }],
])("window: %s", (_title, over, frame, window) => {
  expect(piecesOf([shot(0, 3, frame)], undefined, { ...video, ...over })[0]?.window).toEqual(window);
});

test("every frame belongs to one piece, and every window is even and inside the picture", () => {
  const seconds = fc.double({ min: 0, max: 4, noNaN: true });
  const whole = fc.integer({ min: -50, max: 700 });
  const place = fc.double({ min: -50, max: 700, noNaN: true });
  const box = { x: whole, y: whole, w: whole, h: whole };
  const frame = fc.record({
    start: seconds,
    end: seconds,
    layout: fc.constantFrom("crop" as const, "fit" as const, "split" as const),
    ...box,
    lower: fc.option(fc.record(box), { nil: undefined }),
    path: fc.option(fc.array(fc.record({ at: seconds, x: place, y: place }), { maxLength: 6 }), {
      nil: undefined,
    }),
  });
  const side = fc.integer({ min: 2, max: 640 });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 12 }),
      side,
      side,
      fc.constantFrom(0.5, 1, 404 / 405, 1.333),
      (frames, width, height, sar) => {
        const source = { ...video, width, height, sar };
        const segments = [segment(5, 6.33), segment(2, 4.21)];
        const pieces = piecesOf(
          frames.map((one) => shot(one.start, one.end, one as Partial<ShotFrame>)),
          segments,
          source,
        );
        const covered = [40, 66].map((expected, stretch) => {
          const own = pieces.filter((piece) => piece.stretch === stretch);
          for (const [i, piece] of own.entries()) expect(piece.firstFrame).toBe(own[i - 1]?.endFrame ?? 0);
          return own.at(-1)?.endFrame === expected;
        });
        expect(covered).toEqual([true, true]);
        for (const { layout, window, lower, way, firstFrame, endFrame } of pieces) {
          expect(lower !== undefined).toBe(layout === "split");
          for (const { x, y, w, h } of [window, lower ?? window, way?.region ?? window]) {
            expect([x, y, w, h].every((n) => n % 2 === 0)).toBe(true);
            expect(x >= 0 && y >= 0 && w >= 2 && h >= 2 && x + w <= width && y + h <= height).toBe(true);
          }
          for (const { frame: at, x, y } of way?.keypoints ?? []) {
            expect(at >= 0 && at < endFrame - firstFrame).toBe(true);
            expect(x >= 0 && x + 1080 <= (way?.scaled.width ?? 0)).toBe(true);
            expect(y >= 0 && y + 1920 <= (way?.scaled.height ?? 0)).toBe(true);
          }
        }
      },
    ),
    { numRuns: 500 },
  );
});

const PATH = [
  { at: 1, x: 200, y: 0 },
  { at: 1.5, x: 700, y: 0 },
];

test("a window moves only while its path does: before and after it rests, which costs nothing", () => {
  const pieces = piecesOf([shot(0, 3, { x: 200, path: PATH })]);
  expect(pieces).toMatchObject([
    { firstFrame: 0, endFrame: 30, window: { x: 200, w: 608 } },
    { firstFrame: 30, endFrame: 46, way: { region: { x: 200, y: 0, w: 1108, h: 1080 } } },
    { firstFrame: 46, endFrame: 90, window: { x: 700, w: 608 } },
  ]);
  const [rest, move, after] = pieces;
  expect([rest?.way, after?.way]).toEqual([undefined, undefined]);
  // 608 pixels of the source are 1080 of the output
  const last = move?.way?.keypoints.at(-1);
  expect(last?.frame).toBe(15);
  expect(last?.x).toBeCloseTo((500 * 1080) / 608, 0);
  expect(move?.way?.scaled).toEqual({ width: 1968, height: 1920 });
});

test("a path goes on over a cut in its shot, and a joint of segments jumps", () => {
  const cut = piecesOf([shot(0, 1.25, { path: PATH }), shot(1.25, 3, { path: PATH })]);
  const ways = cut.flatMap(({ way }) => (way ? [way] : []));
  expect(ways).toHaveLength(2);
  const [one, other] = ways.map(({ region, keypoints, scaled }) => {
    const onSource = (x = 0) => region.x + (x * region.w) / scaled.width;
    return [onSource(keypoints[0]?.x), onSource(keypoints.at(-1)?.x)];
  });
  // the next frame is a frame's way further: 500 pixels in 15 frames
  expect((other?.[0] ?? 0) - (one?.[1] ?? 0)).toBeCloseTo(500 / 15, 0);
});

test("a very wide way is gone in parts, so that no picture becomes larger than three of the output", () => {
  const wide = { ...video, width: 7680, height: 1080 };
  const path = [
    { at: 0, x: 0, y: 0 },
    { at: 3, x: 7000, y: 0 },
  ];
  const pieces = piecesOf([shot(0, 3, { path })], undefined, wide);
  expect(pieces.length).toBeGreaterThan(3);
  for (const { way } of pieces)
    expect((way?.scaled.width ?? 0) * (way?.scaled.height ?? 0)).toBeLessThanOrEqual(3 * 1080 * 1920);
});

test("both halves of a split have the shape of half a frame, and it is known when there is one", () => {
  const lower = { x: 1100, y: 100, w: 700, h: 594 };
  const framing = [shot(0, 1), shot(1, 3, { layout: "split", x: 200, y: 60, w: 668, h: 594, lower })];
  const segments = [segment(0, 2), segment(7, 8)];
  const pieces = piecesOf(framing, segments);
  expect(pieces[1]).toMatchObject({ layout: "split", window: { x: 200, y: 60, w: 668, h: 594 } });
  expect(pieces[1]?.lower).toEqual({ x: 1116, y: 100, w: 668, h: 594 });
  const timeline = clipTimeline(segments, { text: "30/1", fps: 30 });
  expect(splitSpans(timeline, pieces)).toEqual([
    { start: 1, end: 2 },
    { start: 2, end: 3 },
  ]);
});
