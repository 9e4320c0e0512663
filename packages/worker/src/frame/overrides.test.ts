import { ShotFrame, type ShotOverride } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { withOverrides } from "./overrides.ts";

const picture = { w: 1920, h: 1080 };
const target = { width: 1080, height: 1920 };
const clip = (
  overrides: Partial<ShotOverride>[],
  segments: [start: number, end: number][] = [[100, 110]],
) => ({
  segments: segments.map(([start, end]) => ({ start, end, text: "" })),
  overrides: overrides.map((wish) => ({ from: 0, to: 1e6, layout: "auto" as const, ...wish })),
});
const crop = (start: number, end: number, x: number, made: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start, end, layout: "crop", x, y: 0, w: 608, h: 1080, reason: "speaker", ...made },
});
const fit = (start: number, end: number, made: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start, end, layout: "fit", x: 0, y: 0, w: 1920, h: 1080, reason: "wide", ...made },
});
const TALK = [crop(0, 4, 316), crop(4, 10, 1006)];
const shown = (frames: ShotFrame[], ...given: Parameters<typeof clip>) =>
  withOverrides(frames, clip(...given), picture, target);

describe("withOverrides", () => {
  test("leaves what nobody has a wish for, and a wish without anything in it, as planned", () => {
    expect(shown(TALK, [])).toBe(TALK);
    expect(shown(TALK, [{}])).toEqual(TALK);
    expect(shown(TALK, [{ from: 50, to: 99, layout: "fit" }])).toEqual(TALK);
    expect(shown(TALK, [{ from: 108, to: 103, layout: "fit" }])).toEqual(TALK);
  });

  test("cuts a shot where the wish begins and ends, in seconds of the source", () => {
    expect(shown(TALK, [{ from: 101, to: 103, layout: "fit" }])).toEqual([
      crop(0, 1, 316),
      fit(1, 3, { reason: "override" }),
      crop(3, 4, 316),
      crop(4, 10, 1006),
    ]);
  });

  test("finds a moment of the source in each segment that shows it", () => {
    const segments: [number, number][] = [
      [200, 203],
      [100, 103],
    ];
    const frames = [crop(0, 6, 316)];
    expect(shown(frames, [{ from: 101, to: 202, layout: "fit" }], segments)).toMatchObject([
      { start: 0, end: 2, layout: "fit" },
      { start: 2, end: 4, layout: "crop" },
      { start: 4, end: 6, layout: "fit" },
    ]);
  });

  test("takes a border near a planned one for that one: no window flashes up for a frame or two", () => {
    const frames = shown(TALK, [{ from: 100.04, to: 104.08, layout: "fit" }]);
    expect(frames.map(({ start, end }) => [start, end])).toEqual([
      [0, 4],
      [4, 10],
    ]);
  });

  test("centres on the focus: the layout stays, the window does not leave the picture", () => {
    expect(shown(TALK, [{ to: 104, focus: { x: 0.75, y: 0.5 } }])).toEqual([
      crop(0, 4, 1136, { reason: "override" }),
      crop(4, 10, 1006),
    ]);
    expect(shown(TALK, [{ to: 104, focus: { x: 1, y: 0 } }])[0]).toMatchObject({ x: 1312, y: 0 });
    const near = [crop(0, 10, 600, { y: 100, w: 304, h: 540 })];
    expect(shown(near, [{ focus: { x: 0.5, y: 0.5 } }])).toEqual([
      crop(0, 10, 808, { y: 270, w: 304, h: 540, reason: "override" }),
    ]);
  });

  test("stops a window that moves where somebody says where to look, and only there", () => {
    const path = [
      { at: 1, x: 200, y: 0 },
      { at: 9, x: 900, y: 0 },
    ];
    const frames = shown([crop(0, 10, 200, { path })], [{ from: 104, to: 106, focus: { x: 0.5, y: 0.5 } }]);
    expect(frames).toEqual([
      crop(0, 4, 200, { path }),
      crop(4, 6, 656, { reason: "override" }),
      crop(6, 10, 200, { path }),
    ]);
  });

  test("cuts a window out of a whole picture: at the focus, else where there is most to see, inside black bars", () => {
    const boxed = { y: 140, h: 800, focus: { x: 0.25, y: 0.4 } };
    const wish = { layout: "crop" as const };
    expect(shown([fit(0, 10, boxed)], [wish])).toEqual([
      crop(0, 10, 256, { y: 140, w: 450, h: 800, reason: "override" }),
    ]);
    expect(shown([fit(0, 10, boxed)], [{ ...wish, focus: { x: 0.75, y: 0.5 } }])).toMatchObject([
      { x: 1216 },
    ]);
    expect(shown([fit(0, 10)], [wish])).toMatchObject([{ x: 656, w: 608 }]);
  });

  test("splits: at the two foci, else at the two people who are shown by turns, the left one above", () => {
    const wish = { layout: "split" as const };
    const [first] = shown(TALK, [{ ...wish, to: 104 }]);
    expect(first).toMatchObject({
      layout: "split",
      x: 316,
      w: 608,
      h: 540,
      lower: { x: 1006, w: 608, h: 540 },
    });
    const [asked] = shown(TALK, [{ ...wish, focus: { x: 0.8, y: 0.4 }, lower_focus: { x: 0.2, y: 0.4 } }]);
    expect((asked?.x ?? 0) + 304).toBe(0.8 * 1920);
    expect((asked?.lower?.x ?? 0) + 304).toBe(0.2 * 1920);
    const [half] = shown(TALK, [{ ...wish, to: 104, focus: { x: 0.7, y: 0.4 } }]);
    expect(half?.lower?.x).toBe(316);
    const [unknown] = shown([fit(0, 10)], [wish]);
    expect(unknown?.x).toBeLessThan(unknown?.lower?.x ?? 0);
  });

  test("shows of a split the upper one, or the whole picture, where that is wished for", () => {
    const split = crop(0, 10, 200, {
      layout: "split",
      w: 668,
      h: 594,
      lower: { x: 1100, y: 100, w: 668, h: 594 },
    });
    expect(shown([split], [{ layout: "crop" }])).toMatchObject([{ layout: "crop", x: 230, w: 608, h: 1080 }]);
    expect(shown([split], [{ layout: "fit" }])).toEqual([fit(0, 10, { reason: "override" })]);
    expect(shown([split], [{ layout: "split" }])).toEqual([split]);
  });

  test("the later one of two wishes for the same moment counts", () => {
    const frames = shown(TALK, [
      { layout: "fit" },
      { from: 102, to: 103, focus: { x: 0.5, y: 0.5 }, layout: "crop" },
    ]);
    expect(frames.map(({ layout }) => layout)).toEqual(["fit", "crop", "fit", "fit"]);
  });

  test("whatever is wished: no gap, no overlap, even windows inside the picture, valid for the contract", () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const focus = fc.option(fc.record({ x: part, y: part }), { nil: undefined });
    const wish = fc
      .record({
        ...{
          from: fc.double({ min: 0, max: 130, noNaN: true }),
          to: fc.double({ min: 0, max: 130, noNaN: true }),
        },
        layout: fc.constantFrom("auto" as const, "crop" as const, "fit" as const, "split" as const),
        ...{ focus, lower_focus: focus },
      })
      .map(({ focus, lower_focus, ...rest }) => ({
        ...rest,
        ...(focus && { focus }),
        ...(lower_focus && { lower_focus }),
      }));
    const sizes = fc.constantFrom([16, 16], [322, 182], [202, 360], [3440, 1440], [1920, 1080], [1000, 1000]);
    const layouts = fc.array(fc.tuple(fc.constantFrom("crop", "fit", "split"), part), {
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(fc.array(wish, { maxLength: 8 }), sizes, layouts, (wishes, [w = 0, h = 0], made) => {
        const size = { w: Math.min(w, 2 * Math.round((h * 9) / 32)), h };
        const frames = made.map(([layout, at], i): ShotFrame => {
          const x = 2 * Math.floor((at * (w - size.w)) / 2);
          const half = { w: size.w, h: Math.max(2, 2 * Math.floor(size.w / 2.25)) };
          const times = { start: i * 2, end: i * 2 + 2, reason: "face" };
          if (layout === "fit") return { ...times, layout, x: 0, y: 0, w, h };
          if (layout === "crop") return { ...times, layout, x, y: 0, ...size };
          return { ...times, layout: "split", x, y: 0, ...half, lower: { x: 0, y: 0, ...half } };
        });
        const seconds = made.length * 2;
        const result = withOverrides(
          frames,
          clip(wishes, [
            [60, 60 + seconds / 2],
            [90, 90 + seconds / 2],
          ]),
          { w, h },
          target,
        );
        expect(result[0]?.start).toBe(0);
        expect(result.at(-1)?.end).toBe(seconds);
        for (const [i, frame] of result.entries()) {
          expect(() => ShotFrame.parse(frame)).not.toThrow();
          expect(frame.end).toBeGreaterThan(frame.start);
          if (i > 0) expect(frame.start).toBe(result[i - 1]?.end);
          expect(frame.layout === "split").toBe(frame.lower !== undefined);
          for (const box of [frame, frame.lower ?? frame]) {
            expect([box.x, box.y, box.w, box.h].every((side) => side % 2 === 0 && side >= 0)).toBe(true);
            expect(Math.min(box.w, box.h)).toBeGreaterThanOrEqual(2);
            expect(box.x + box.w).toBeLessThanOrEqual(w);
            expect(box.y + box.h).toBeLessThanOrEqual(h);
          }
        }
      }),
      { numRuns: 300, seed: 6 },
    );
  });
});
