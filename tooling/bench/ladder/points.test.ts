import { expect, test } from "vitest";
import { atQuality, best, isOnFrontier, type Measured, nameOf, pointsOf } from "./points.ts";

const point = (preset: string, crf: number, cpu: number, kbits: number, ssimDb: number): Measured => ({
  ...{ preset, params: "", crf, cpu, kbits, ssimDb, psnrDb: 45, vmaf: null },
});

test("a point is on the frontier unless another one is as good in everything and better in something", () => {
  const [fast, slow, worse] = [
    point("superfast", 21, 1, 3000, 20),
    point("medium", 21, 4, 2000, 20),
    point("fast", 21, 4.1, 2000, 20),
  ];
  const all = [fast, slow, worse];
  expect(all.map((one) => isOnFrontier(one, all))).toEqual([true, true, false]);
  expect(isOnFrontier(fast, [fast, { ...fast }])).toBe(true);
});

test("kinds are compared at the same quality, which lies between two of their points", () => {
  const all = [point("superfast", 19, 2, 4000, 21), point("superfast", 23, 1, 1000, 19)];
  expect(atQuality(all, 20)).toEqual([
    { kind: "superfast", crf: 21, cpu: 1.5, kbits: expect.closeTo(2000, 6) },
  ]);
  expect(atQuality(all, 21)).toEqual([
    { kind: "superfast", crf: 19, cpu: 2, kbits: expect.closeTo(4000, 6) },
  ]);
  expect(atQuality(all, 22)).toEqual([]);
  expect(atQuality(all, 18)).toEqual([]);
});

test("the best kind takes least time at today's quality, with no more bits", () => {
  const today = point("veryfast", 20, 3, 3000, 20);
  const cheapButLarge = [point("ultrafast", 16, 1, 9000, 21), point("ultrafast", 20, 0.8, 7000, 19)];
  const cheap = [point("superfast", 19, 2, 2900, 20.5), point("superfast", 21, 1.6, 2500, 19.5)];
  expect(best([today, ...cheapButLarge, ...cheap], today)).toMatchObject({ kind: "superfast", crf: 20 });
  expect(best([today, ...cheapButLarge], today)).toMatchObject({ kind: "veryfast", crf: 20 });
});

test("today's point is measured, and no point twice", () => {
  const today = { preset: "superfast", params: "mbtree=1:rc-lookahead=20", crf: 21 };
  for (const quick of [true, false]) {
    const names = pointsOf(quick, today).map((one) => `${nameOf(one)} ${one.crf}`);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toContain("superfast mbtree=1:rc-lookahead=20 21");
  }
});
