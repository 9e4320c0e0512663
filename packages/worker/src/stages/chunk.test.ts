import fc from "fast-check";
import { expect, test } from "vitest";
import type { Transcript } from "../stage.ts";
import { chunk } from "./chunk.ts";

const transcript = (segments: [start: number, duration: number, text: string][]): Transcript => ({
  ...{ language: "en", transcriber: "whisper", accuracy: "high", timing: "word" },
  segments: segments.map(([start, duration, text]) => ({ start, duration, text, words: [] })),
});

test("windows cover the whole video, and each segment is in exactly one", () => {
  const gap = fc.double({ min: 0, max: 200, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(gap, gap), { maxLength: 80 }), gap, (pairs, rest) => {
      let at = 0;
      const segments = pairs.map(([pause, duration], index): [number, number, string] => {
        const start = at + pause;
        at = start + duration;
        return [start, duration, `s${index}`];
      });
      const chunks = chunk(transcript(segments), at + rest);
      expect(chunks[0]?.start ?? 0).toBe(0);
      expect(chunks.at(-1)?.end ?? 0).toBe(at + rest);
      for (const [index, { start, end }] of chunks.entries()) {
        expect(start).toBe(index === 0 ? 0 : chunks[index - 1]?.end);
        expect(end).toBeGreaterThan(start);
        expect(end - start).toBeLessThanOrEqual(360);
      }
      const text = chunks.map((one) => one.text).join(" ");
      expect(text.match(/s\d+/g) ?? []).toEqual(segments.map(([, , name]) => name));
    }),
  );
});

test("a window ends in the longest pause near its five minutes", () => {
  const segments: [number, number, string][] = [];
  for (let at = 0; at < 600; at += 10) segments.push([at, 9.8, `s${at}`]);
  segments[28] = [281.5, 8.3, "s280"]; // a pause of 1.7 s before 281.5
  expect(chunk(transcript(segments), 600)).toMatchObject([
    { start: 0, end: expect.closeTo(280.65, 5) },
    { start: expect.closeTo(280.65, 5), end: 600, text: expect.stringMatching(/^s280 s290 .* s590$/) },
  ]);
});

test("a video without speech is cut every five minutes", () => {
  expect(chunk(transcript([]), 800)).toEqual([
    { start: 0, end: 300, text: "" },
    { start: 300, end: 600, text: "" },
    { start: 600, end: 800, text: "" },
  ]);
  expect(chunk(transcript([]), 90)).toEqual([{ start: 0, end: 90, text: "" }]);
});

test("a video of unknown length ends with its last segment", () => {
  expect(chunk(transcript([[1, 2, "a"]]), Number.NaN)).toEqual([{ start: 0, end: 3, text: "a" }]);
  expect(chunk(transcript([]), Number.NaN)).toEqual([]);
});
