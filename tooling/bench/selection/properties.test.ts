import { describe, expect, test } from "vitest";
import { placesIn } from "./places.ts";
import { brokenRules, tryTranscripts } from "./properties.ts";
import { checkClips, type Made, piecesFaults } from "./rules.ts";

test("the rules hold on random transcripts of every shape; the bench tries ten thousand", async () => {
  const result = await tryTranscripts({ seed: 1, transcripts: 60 });
  expect(brokenRules(result)).toEqual([]);
  expect(result.clips).toBeGreaterThan(100);
}, 60_000);

describe("the rules see what is wrong", () => {
  // a word of 0.4 s every half second, but for a pause from 30 to 33 s
  const words = Array.from({ length: 200 }, (_, at) => 500 * at + (at >= 60 ? 3000 : 0)).map((startMs) => ({
    ...{ text: "word", startMs, endMs: startMs + 400 },
  }));
  const clip = (...pieces: [startMs: number, endMs: number][]): Made => {
    const spans = pieces.map(([startMs, endMs]) => ({ startMs, endMs }));
    return {
      pieces: spans,
      words: words
        .filter((word) => spans.some((one) => one.startMs <= word.startMs && word.endMs <= one.endMs))
        .map(({ startMs, endMs }) => ({ startMs, endMs })),
    };
  };
  const faults = (...made: Made[]) => {
    const found: string[] = [];
    const of = { count: made.length, clipSeconds: 30, durationMs: 103_000 };
    checkClips(of, words, made, (rule, what) => void found.push(`${rule}, ${what}`));
    return found;
  };

  test("nothing where all is well, with a silence left out too", () => {
    expect(faults(clip([5000, 35_400]))).toEqual([]);
    expect(faults(clip([5000, 30_025], [32_875, 38_400]))).toEqual([]);
  });

  test.each<[what: string, made: Made[]]>([
    ["S2, a clip starts at 5200 ms", [clip([5200, 35_400])]],
    ["S2, a clip ends at 35200 ms", [clip([5000, 35_200])]],
    ["S4, a clip of 20400 ms", [clip([5000, 25_400])]],
    ["S1, two clips share 0.200", [clip([5000, 35_000]), clip([25_000, 55_000])]],
    ["S2, a word is cut at 20200 ms", [clip([3000, 20_200], [20_900, 38_400])]],
    ["S2, a piece is shorter than 0.3 s", [clip([5000, 29_900], [33_000, 33_250], [33_500, 38_400])]],
    ["S2, the words shown are not those heard", [{ ...clip([5000, 35_400]), words: [] }]],
    ["S2, pieces out of order", [clip([20_000, 38_400], [5000, 15_400])]],
  ])("%s", (what, made) => {
    const start = what.replace(/ \d+ ms$/, "");
    expect(faults(...made).some((fault) => fault.startsWith(start))).toBe(true);
  });

  test("more joins than seconds", () => {
    const pieces = Array.from({ length: 60 }, (_, at): [number, number] => [
      5000 + 500 * at,
      5000 + 500 * at + 410,
    ]);
    expect(piecesFaults(clip(...pieces), words)).toContain("59 joins in 24600 ms");
  });
});

describe("where a clip may be cut", () => {
  const words = [
    { text: "one", startMs: 1000, endMs: 1500 },
    { text: "two", startMs: 2500, endMs: 3000 },
    { text: "three", startMs: 6000, endMs: 6500 },
  ];
  const { mayStart, mayEnd, mostApart } = placesIn(words, 7000);

  test("up to 0.35 s before a word, up to 0.45 s behind one, anywhere in two seconds of silence, never in a word", () => {
    expect([2150, 2500, 3000, 4500, 6000, 0].map(mayStart)).toEqual([true, true, true, true, true, true]);
    expect([2149, 1500, 1200, 2600, 6500, 500].map(mayStart)).toEqual([
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect([1500, 1950, 3000, 4500, 7000].map(mayEnd)).toEqual([true, true, true, true, true]);
    expect([1951, 1400, 2500, 2501, 500].map(mayEnd)).toEqual([false, false, false, false, false]);
  });

  test("as many clips as stand side by side", () => {
    // 0 to 1.5 s, 2.2 to 3.7 s, 3.7 to 5.2 s, 5.2 to 6.7 s
    expect(mostApart(1500, 1600)).toBe(4);
    expect(mostApart(7000, 7700)).toBe(1);
    expect(mostApart(7100, 7700)).toBe(0);
  });
});
