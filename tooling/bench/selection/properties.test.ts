import { describe, expect, test } from "vitest";
import { placesIn } from "./places.ts";
import { brokenRules, tryTranscripts } from "./properties.ts";

test("the rules hold on random transcripts of every shape; the bench tries ten thousand", async () => {
  const result = await tryTranscripts({ seed: 1, transcripts: 60 });
  expect(brokenRules(result)).toEqual([]);
  expect(result.clips).toBeGreaterThan(100);
}, 60_000);

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
