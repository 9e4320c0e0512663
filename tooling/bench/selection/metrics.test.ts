import { describe, expect, test } from "vitest";
import { heatOf } from "./labelled.ts";
import { judgeOf } from "./measure.ts";
import { averagePrecision, f1, hit, partsOf, precision, recall, runsOf, truthOf } from "./metrics.ts";

describe("figures on sets of parts, by hand", () => {
  const truth = [4, 5, 6, 20];

  test("three of four predicted parts are right, of four that were to be found", () => {
    const predicted = [5, 7, 4, 20];
    expect(hit(truth, predicted)).toBe(1);
    expect(precision(truth, predicted)).toBe(0.75);
    expect(recall(truth, predicted)).toBe(0.75);
    expect(f1(truth, predicted)).toBe(0.75);
    // found at ranks 1, 3 and 4: (1/1 + 2/3 + 3/4) / 4
    expect(averagePrecision(truth, predicted)).toBeCloseTo((1 + 2 / 3 + 3 / 4) / 4, 12);
  });

  test("the order counts for average precision alone", () => {
    expect(averagePrecision(truth, [7, 8, 5])).toBeCloseTo(1 / 3 / 4, 12);
    expect(averagePrecision(truth, [5, 7, 8])).toBeCloseTo(1 / 4, 12);
    expect(f1(truth, [7, 8, 5])).toBe(f1(truth, [5, 7, 8]));
    expect(f1(truth, [5, 7, 8])).toBeCloseTo((2 * (1 / 3) * (1 / 4)) / (1 / 3 + 1 / 4), 12);
  });

  test("nothing right is zero", () => {
    for (const figure of [hit, precision, recall, f1, averagePrecision])
      expect(figure(truth, [1, 2])).toBe(0);
  });

  test("nothing to find: naming nothing is right, naming anything is wrong; naming nothing otherwise is wrong", () => {
    for (const figure of [hit, precision, recall, f1, averagePrecision]) {
      expect(figure([], [])).toBe(1);
      expect(figure([], [3])).toBe(0);
      expect(figure([3], [])).toBe(0);
    }
  });
});

describe("labels", () => {
  test("the first score is replaced by the second: everybody has seen the start", () => {
    const { graph } = heatOf([1, 0.2, 0.7, 0.1], 100);
    expect(graph).toEqual([0.2, 0.2, 0.7, 0.1]);
    expect(truthOf(graph)).toEqual([2]);
    expect(truthOf(heatOf([0, 0.9, 0.1], 100).graph)).toEqual([0, 1]);
  });

  test("highlights are above a half, best first, and twenty at most", () => {
    expect(truthOf([0.5, 0.51, 0.9, 0.1])).toEqual([2, 1]);
    const many = Array.from({ length: 100 }, (_, index) => 0.6 + index / 1000);
    expect(truthOf(many)).toEqual(Array.from({ length: 20 }, (_, index) => 99 - index));
  });

  test("neighbours make one moment", () => {
    expect(runsOf([7, 3, 4, 9, 8])).toEqual([
      [3, 4],
      [7, 8, 9],
    ]);
  });

  test("the mean heat of a stretch counts parts by the time they share with it", () => {
    const heat = heatOf([0, 0.2, 0.4, 1], 40);
    expect(heat.mean(10, 20)).toBeCloseTo(0.2, 12);
    expect(heat.mean(15, 25)).toBeCloseTo(0.3, 12);
    expect(heat.mean(0, 40)).toBeCloseTo((0.2 + 0.2 + 0.4 + 1) / 4, 12);
    expect(heat.mean(38, 60)).toBeCloseTo(2 / 22, 12); // no heat behind the end
  });
});

describe("clips as parts of a video", () => {
  test("a part belongs to a clip that holds half of it", () => {
    expect(partsOf({ start: 15, end: 44 }, 1000, 100)).toEqual([2, 3].toSpliced(0, 0, 1));
    expect(partsOf({ start: 16, end: 44 }, 1000, 100)).toEqual([2, 3]);
    expect(partsOf({ start: 960, end: 1000 }, 1000, 100)).toEqual([96, 97, 98, 99]);
  });

  test("a clip shorter than half of a part stands for the one with most of it", () => {
    expect(partsOf({ start: 95, end: 125 }, 10_000, 100)).toEqual([1]);
    expect(partsOf({ start: 70, end: 110 }, 10_000, 100)).toEqual([0]);
  });

  test("all measures of two clips, by hand", () => {
    // ten parts of 100 s: highlights are part 2 (200 to 300 s) and part 7
    const heat = heatOf([0, 0, 0.9, 0, 0, 0, 0, 0.8, 0, 0], 1000);
    const clips = [
      { start: 500, end: 600 },
      { start: 200, end: 300 },
    ];
    const measures = judgeOf(heat).measure(clips, 2);
    expect(measures).toMatchObject({
      "hit@1": 0,
      "hit@k": 1,
      AP: 0.25, // found at rank 2, of two: (1/2) / 2
      precision: 0.5,
      recall: 0.5,
      F1: 0.5,
      coverage: 0.5,
      diversity: 1, // one middle in each half
    });
    // of 901 stretches of 100 s (one a second) the hot one is the best: 900 below it and itself counts half;
    // the cold one shares its zero with all that touch neither hot part: starts 0-100, 300-600 and 800-900
    const best = 900.5 / 901;
    const cold = (101 + 301 + 101) / 2 / 901;
    expect(measures.percentile).toBeCloseTo((best + cold) / 2, 9);
  });
});
