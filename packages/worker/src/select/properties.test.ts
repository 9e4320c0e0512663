import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Edl } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import type { SelectInput } from "../stage.ts";
import { select } from "../stages/select.ts";
import { sentenceWindows } from "./candidates.ts";
import { clipLengths, type Span } from "./cuts.ts";
import { talkOf } from "./talk.ts";
import {
  aSelectContext,
  aSelectInput,
  pairsOf,
  randomInput,
  SHAPES,
  type Shape,
  sharedMs,
  spanOf,
  transcriptOf,
} from "./testing.ts";
import { type SpokenWord, spokenWords } from "./words.ts";

const someTalk = fc.record({
  shape: fc.constantFrom(...SHAPES),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  seconds: fc.oneof(
    { weight: 4, arbitrary: fc.integer({ min: 250, max: 4000 }).map((tenths) => tenths / 10) },
    { weight: 1, arbitrary: fc.constantFrom(24, 30, 36, 48, 60, 180, 280, 3600) },
  ),
});
const request = fc.record({
  count: fc.integer({ min: 1, max: 5 }),
  clipSeconds: fc.integer({ min: 30, max: 60 }),
});
const choose = (input: SelectInput, clip_count: number, clip_duration_seconds: number) =>
  select(aSelectContext({ clip_count, clip_duration_seconds }), input);
const iou = (a: Span, b: Span) =>
  sharedMs(a, b) / (a.endMs - a.startMs + b.endMs - b.startMs - sharedMs(a, b));

/** The most clips that geometry allows, words or not: the first takes the shortest length, each further one that less the shared 2/11. */
const mostByLength = (durationMs: number, shortestMs: number) =>
  durationMs < shortestMs ? 0 : 1 + Math.floor((durationMs - shortestMs) / Math.ceil((shortestMs * 9) / 11));

/**
 * The most clips whose cuts lie on a grid of 0.1 s, found by listing all of them: another way than the selector's, and never more than
 * it must find. A cut is allowed where no word is, near a word or in a silence of 2 s, and at the ends of the video.
 */
function mostOnGrid(words: readonly SpokenWord[], durationMs: number, clipSeconds: number): number {
  const { shortestMs, longestMs } = clipLengths(clipSeconds);
  const allowed = (ms: number, leadMs: number, tailMs: number) => {
    if (words.some(({ startMs, endMs }) => startMs < ms && ms < endMs)) return false;
    const before = words.findLast(({ endMs }) => endMs <= ms)?.endMs ?? 0;
    const after = words.find(({ startMs }) => startMs >= ms)?.startMs ?? durationMs;
    return (
      after - before >= 2000 ||
      (after < durationMs && after - ms <= leadMs) ||
      (before > 0 && ms - before <= tailMs)
    );
  };
  const grid = Array.from({ length: Math.floor(durationMs / 100) + 1 }, (_, index) => index * 100);
  const starts = grid.filter((ms) => ms === 0 || allowed(ms, 350, -1));
  const ends = grid.filter((ms) => ms === durationMs || allowed(ms, -1, 450));
  const spans = starts.flatMap((startMs) =>
    ends
      .filter((endMs) => endMs - startMs >= shortestMs && endMs - startMs <= longestMs)
      .map((endMs) => ({ startMs, endMs })),
  );
  spans.sort((a, b) => 10 * a.endMs + a.startMs - (10 * b.endMs + b.startMs));
  const row: Span[] = [];
  for (const span of spans) {
    const last = row.at(-1);
    if (!last || (iou(last, span) <= 0.1 && span.endMs > last.endMs)) row.push(span);
  }
  return row.length;
}

// a busy machine takes ten times what an idle one does
describe("number, lengths and cuts, for any transcript", { timeout: 60_000 }, () => {
  test("gives as many clips as were asked for, or as fit; none cuts a word, none repeats another", async () => {
    await fc.assert(
      fc.asyncProperty(someTalk, request, async (of, { count, clipSeconds }) => {
        const input = randomInput(of);
        const durationMs = Math.round(of.seconds * 1000);
        const { shortestMs, longestMs } = clipLengths(clipSeconds);
        fc.pre(durationMs >= shortestMs);
        const { edl } = await choose(input, count, clipSeconds);
        const spans = edl.clips.map(spanOf);
        const words = spokenWords(input.transcript.segments, durationMs);

        expect(Edl.parse(edl)).toEqual(edl);
        expect(edl.clips.length).toBeLessThanOrEqual(Math.min(count, mostByLength(durationMs, shortestMs)));
        expect(edl.clips.length).toBeGreaterThanOrEqual(1);
        if (words.length === 0)
          expect(edl.clips).toHaveLength(Math.min(count, mostByLength(durationMs, shortestMs)));
        for (const [a, b] of pairsOf(spans)) expect(iou(a, b)).toBeLessThanOrEqual(0.1);
        if (durationMs > count * longestMs * 2 && of.shape !== "sparse")
          for (const [a, b] of pairsOf(spans)) expect(sharedMs(a, b)).toBe(0);
        for (const [index, { startMs, endMs }] of spans.entries()) {
          expect(startMs).toBeGreaterThanOrEqual(0);
          expect(endMs).toBeLessThanOrEqual(durationMs);
          expect(endMs - startMs).toBeGreaterThanOrEqual(shortestMs);
          expect(endMs - startMs).toBeLessThanOrEqual(Math.min(longestMs, 60_000));
          for (const ms of [startMs, endMs])
            expect(words.filter((word) => word.startMs < ms && ms < word.endMs)).toEqual([]);
          const inside = words.filter((word) => word.startMs >= startMs && word.endMs <= endMs);
          expect(edl.clips[index]?.words.map(({ word }) => word)).toEqual(inside.map(({ text }) => text));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("every cut of a dense talk lies on a word: up to 0.35 s before the first, up to 0.45 s after the last", async () => {
    const dense = fc.record({
      shape: fc.constantFrom<Shape>("orderly", "unpunctuated", "breathless"),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      seconds: fc.integer({ min: 60, max: 900 }),
    });
    await fc.assert(
      fc.asyncProperty(dense, request, async (of, { count, clipSeconds }) => {
        const input = randomInput(of);
        const words = spokenWords(input.transcript.segments, of.seconds * 1000);
        const { edl } = await choose(input, count, clipSeconds);
        for (const { startMs, endMs } of edl.clips.map(spanOf)) {
          const opening = words.find((word) => word.startMs >= startMs)?.startMs ?? Number.NaN;
          const before = words.findLast((word) => word.endMs <= startMs)?.endMs ?? 0;
          const closing = words.findLast((word) => word.endMs <= endMs)?.endMs ?? Number.NaN;
          const after = words.find((word) => word.startMs >= endMs)?.startMs ?? of.seconds * 1000;
          if (startMs > 0 && opening - before < 2000) expect(opening - startMs).toBeLessThanOrEqual(350);
          if (endMs < of.seconds * 1000 && after - closing < 2000)
            expect(endMs - closing).toBeLessThanOrEqual(450);
        }
      }),
      { numRuns: 80 },
    );
  });

  test("finds no fewer clips than listing every possible cut does", async () => {
    const tight = fc.record({
      shape: fc.constantFrom<Shape>("orderly", "unpunctuated", "breathless", "sparse", "single", "tangled"),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      // just long enough for 2 to 5 clips of 24 s that share as much as they may, and up to 3 s more
      seconds: fc
        .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 30 }))
        .map(([more, tenths]) => (Math.ceil(240 + 196.37 * more) + tenths) / 10),
    });
    await fc.assert(
      fc.asyncProperty(tight, async (of) => {
        const input = randomInput(of);
        const words = spokenWords(input.transcript.segments, of.seconds * 1000);
        const { edl } = await choose(input, 5, 30);
        expect(edl.clips.length).toBeGreaterThanOrEqual(
          Math.min(5, mostOnGrid(words, of.seconds * 1000, 30)),
        );
      }),
      { numRuns: 25 },
    );
  });

  test("candidates reach 95 % of what is said", () => {
    fc.assert(
      fc.property(someTalk, request, (of, { clipSeconds }) => {
        const lengths = clipLengths(clipSeconds);
        fc.pre(of.seconds * 1000 >= 2 * lengths.longestMs);
        const heard = talkOf(randomInput(of));
        const windows = sentenceWindows(heard, lengths);
        const totalMs = heard.speechMs(0, heard.words.length - 1);
        let reachedMs = 0;
        for (const word of heard.words)
          if (windows.some(({ startMs, endMs }) => startMs <= word.startMs && word.endMs <= endMs))
            reachedMs += word.endMs - word.startMs;
        expect(reachedMs).toBeGreaterThanOrEqual(0.95 * totalMs);
      }),
      { numRuns: 80 },
    );
  });

  test("the same input gives the same bytes, whatever the order of keys, the process and its locale", async () => {
    const input = aSelectInput(transcriptOf(SCRIPT, { startSeconds: 3 }));
    // all that a job may wish for is taken into account
    const job = { clip_count: 3, clip_duration_seconds: 45, tighten: true, about: "海 clocks and prizes" };
    const edlOf = async (given: SelectInput) =>
      JSON.stringify((await select(aSelectContext(job), given)).edl);
    const backwards = (value: unknown): unknown =>
      Array.isArray(value)
        ? value.map(backwards)
        : value !== null && typeof value === "object"
          ? Object.fromEntries(
              Object.entries(value)
                .reverse()
                .map(([key, inner]) => [key, backwards(inner)]),
            )
          : value;
    const first = await edlOf(input);
    expect(await edlOf(backwards(input) as SelectInput)).toBe(first);

    const program = `
      import { select } from ${JSON.stringify(new URL("../stages/select.ts", import.meta.url).href)};
      import { aSelectContext } from ${JSON.stringify(new URL("testing.ts", import.meta.url).href)};
      const input = JSON.parse(process.argv[1]);
      console.log(JSON.stringify((await select(aSelectContext(${JSON.stringify(job)}), input)).edl));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", program, JSON.stringify(input)],
      { env: { ...process.env, LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8", TZ: "Asia/Jakarta" } },
    );
    expect(stdout.trim()).toBe(first);
  });
});
