import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Edl, type EdlClip } from "@kangklip/contract";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import { sentenceWindows } from "../select/candidates.ts";
import { clipLengths } from "../select/cuts.ts";
import { talkOf } from "../select/talk.ts";
import {
  aSelectContext,
  aSelectInput,
  randomTranscript,
  SHAPES,
  type Shape,
  transcriptOf,
} from "../select/testing.ts";
import { type SpokenWord, spokenWords } from "../select/words.ts";
import type { SelectInput } from "../stage.ts";
import { select } from "./select.ts";

const talk = (overrides: Partial<SelectInput> = {}) =>
  aSelectInput(transcriptOf(SCRIPT, { startSeconds: 3 }), {
    title: "The clock that found the sea",
    ...overrides,
  });
const choose = (input: SelectInput, clip_count: number, clip_duration_seconds: number) =>
  select(aSelectContext({ clip_count, clip_duration_seconds }), input);

/** Start and end of a clip in whole milliseconds. */
const spanOf = ({ segments: [segment] }: EdlClip) => ({
  startMs: Math.round((segment?.start ?? Number.NaN) * 1000),
  endMs: Math.round((segment?.end ?? Number.NaN) * 1000),
});
type Span = ReturnType<typeof spanOf>;
const shared = (a: Span, b: Span) => Math.max(0, Math.min(a.endMs, b.endMs) - Math.max(a.startMs, b.startMs));
const iou = (a: Span, b: Span) => shared(a, b) / (a.endMs - a.startMs + b.endMs - b.startMs - shared(a, b));
const pairs = <T>(items: readonly T[]) =>
  items.flatMap((a, index) => items.slice(index + 1).map((b) => [a, b] as const));

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
const inputOf = ({ shape, seed, seconds }: { shape: Shape; seed: number; seconds: number }) =>
  aSelectInput(randomTranscript(shape, seed, seconds), { durationSeconds: seconds });

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

describe("number, lengths and cuts, for any transcript", () => {
  test("gives as many clips as were asked for, or as fit; none cuts a word, none repeats another", async () => {
    await fc.assert(
      fc.asyncProperty(someTalk, request, async (of, { count, clipSeconds }) => {
        const input = inputOf(of);
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
        for (const [a, b] of pairs(spans)) expect(iou(a, b)).toBeLessThanOrEqual(0.1);
        if (durationMs > count * longestMs * 2 && of.shape !== "sparse")
          for (const [a, b] of pairs(spans)) expect(shared(a, b)).toBe(0);
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
      { numRuns: 6000 },
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
        const input = inputOf(of);
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
      { numRuns: 1500 },
    );
  });

  test("finds no fewer clips than listing every possible cut does", async () => {
    const tight = fc.record({
      shape: fc.constantFrom<Shape>("orderly", "unpunctuated", "breathless", "sparse", "single", "tangled"),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      seconds: fc.integer({ min: 600, max: 1500 }).map((tenths) => tenths / 10),
    });
    await fc.assert(
      fc.asyncProperty(tight, async (of) => {
        const input = inputOf(of);
        const words = spokenWords(input.transcript.segments, of.seconds * 1000);
        const { edl } = await choose(input, 5, 30);
        expect(edl.clips.length).toBeGreaterThanOrEqual(
          Math.min(5, mostOnGrid(words, of.seconds * 1000, 30)),
        );
      }),
      { numRuns: 400 },
    );
  });

  test("candidates reach 95 % of what is said", () => {
    fc.assert(
      fc.property(someTalk, request, (of, { clipSeconds }) => {
        const lengths = clipLengths(clipSeconds);
        fc.pre(of.seconds * 1000 >= 2 * lengths.longestMs);
        const heard = talkOf(inputOf(of));
        const windows = sentenceWindows(heard, lengths);
        const totalMs = heard.speechMs(0, heard.words.length - 1);
        let reachedMs = 0;
        for (const word of heard.words)
          if (windows.some(({ startMs, endMs }) => startMs <= word.startMs && word.endMs <= endMs))
            reachedMs += word.endMs - word.startMs;
        expect(reachedMs).toBeGreaterThanOrEqual(0.95 * totalMs);
      }),
      { numRuns: 1500 },
    );
  });

  test("the same input gives the same bytes, whatever the order of keys, the process and its locale", async () => {
    const input = talk();
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
    const first = JSON.stringify((await choose(input, 3, 45)).edl);
    expect(JSON.stringify((await choose(backwards(input) as SelectInput, 3, 45)).edl)).toBe(first);

    const program = `
      import { select } from ${JSON.stringify(new URL("select.ts", import.meta.url).href)};
      import { aSelectContext } from ${JSON.stringify(new URL("../select/testing.ts", import.meta.url).href)};
      const input = JSON.parse(process.argv[1]);
      console.log(JSON.stringify((await select(aSelectContext({ clip_count: 3, clip_duration_seconds: 45 }), input)).edl));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--input-type=module", "-e", program, JSON.stringify(input)],
      { env: { ...process.env, LC_ALL: "tr_TR.UTF-8", LANG: "tr_TR.UTF-8", TZ: "Asia/Jakarta" } },
    );
    expect(stdout.trim()).toBe(first);
  });
});

describe("edges of what fits", () => {
  test.each([
    [280, 45, 5, 5],
    [180, 45, 5, 5],
    [150, 30, 5, 5],
    [103, 30, 5, 5], // five of 24 s that share a tenth
    [102, 30, 5, 4],
    [43, 30, 5, 1],
    [44, 30, 5, 2],
    [24, 30, 1, 1],
    [24, 30, 5, 1],
    [48, 60, 3, 1],
  ])(
    "%i s of silence, clips of %i s, %i asked: %i",
    async (durationSeconds, clipSeconds, asked, expected) => {
      const context = aSelectContext({ clip_count: asked, clip_duration_seconds: clipSeconds });
      const { edl } = await select(
        context,
        aSelectInput(randomTranscript("empty", 1, 1), { durationSeconds }),
      );
      expect(edl.clips).toHaveLength(expected);
      expect(context.notices).toHaveLength(expected < asked ? 1 : 0);
    },
  );

  test("280 s of talk give five different clips of 45 s", async () => {
    const { edl } = await choose(inputOf({ shape: "orderly", seed: 7, seconds: 280 }), 5, 45);
    const spans = edl.clips.map(spanOf);
    expect(spans).toHaveLength(5);
    for (const [a, b] of pairs(spans)) expect(shared(a, b)).toBe(0);
  });

  test("one endless word is cut rather than nothing delivered", async () => {
    const word = { word: "ō".repeat(400), start: 0, end: 100 };
    const input = aSelectInput(randomTranscript("empty", 1, 1), { durationSeconds: 100 });
    input.transcript.segments = [{ text: word.word, start: 0, duration: 100, words: [word] }];
    expect((await choose(input, 2, 30)).edl.clips.map(spanOf)).toEqual([{ startMs: 0, endMs: 30_000 }]);
  });

  test("fewer clips than asked for are announced in one plain sentence", async () => {
    const context = aSelectContext({ clip_count: 5, clip_duration_seconds: 60 });
    await select(context, inputOf({ shape: "orderly", seed: 1, seconds: 120 }));
    expect(context.notices).toEqual(["Only 2 clips of about 60 s fit into this video; 5 were asked for."]);
  });

  test("a video that is too short for one clip is refused with its length", async () => {
    const input = inputOf({ shape: "orderly", seed: 1, seconds: 23.9 });
    await expect(choose(input, 1, 30)).rejects.toMatchObject({
      code: "SOURCE_TOO_SHORT",
      message: "The video is 23.9 s long, and a clip of 30 s needs 24 s at least",
    });
  });

  test("where the file does not say how long it is, what was heard does", async () => {
    const { edl } = await choose(talk({ durationSeconds: Number.NaN }), 2, 30);
    expect(edl.clips).toHaveLength(2);
    expect(edl.source_seconds).toBeGreaterThan(240);
  });

  test("a job that was cancelled chooses nothing", async () => {
    const context = aSelectContext({}, AbortSignal.abort(new Error("cancelled")));
    await expect(select(context, talk())).rejects.toThrow("cancelled");
  });
});

describe("what is chosen from the bundled talk", () => {
  test.each([
    [2, 30],
    [3, 45],
    [1, 60],
    [5, 30],
  ])(
    "%i clips of %i s begin and end with whole sentences and carry names of their own",
    async (count, clipSeconds) => {
      const { edl, mode, selector } = await choose(talk(), count, clipSeconds);
      expect([mode, selector]).toEqual(["heuristic", "heuristic"]);
      expect(edl.clips.map(({ index }) => index)).toEqual(edl.clips.map((_, index) => index + 1));
      expect(edl.clips.map(({ score }) => score)).toEqual(
        edl.clips.map(({ score }) => score ?? 0).toSorted((a, b) => b - a),
      );
      expect(new Set(edl.clips.map(({ title }) => title)).size).toBe(count);
      for (const { title, hook, reason, segments, score_parts } of edl.clips) {
        const text = segments[0]?.text ?? "";
        expect(text).toMatch(/^[A-Z].*[.?!]$/);
        expect(text).not.toMatch(/Welcome back|Thank you for listening/);
        expect(title.length).toBeLessThanOrEqual(60);
        expect(title).toMatch(/^[A-Z][^<>{}]{9,}$/);
        expect(title).not.toMatch(/^Clip|\.$/);
        expect(hook.length).toBeLessThanOrEqual(90);
        expect(reason).toMatch(/^[A-Z].+\.$/);
        for (const part of Object.values(score_parts))
          expect(part).toSatisfy((value: number) => value >= 0 && value <= 1);
      }
    },
  );

  test("a teaser that repeats a later moment is not chosen beside it", async () => {
    const moment = SCRIPT.slice(24, 32);
    const between = SCRIPT.slice(2, 20);
    const input = aSelectInput(transcriptOf([...moment, ...between, ...moment]));
    const { edl } = await choose(input, 2, 45);
    const [one, two] = edl.clips.map(({ segments }) => new Set(segments[0]?.text.split(/(?<=[.?!]) /)));
    expect((one ?? new Set()).intersection(two ?? new Set()).size).toBeLessThanOrEqual(1);
  });
});

describe("without words", () => {
  const silent = randomTranscript("empty", 1, 1);
  /** Loud from 100 s to 140 s, pauses at both ends of it. */
  const sound = {
    silences: [
      { start: 98.5, end: 100 },
      { start: 131, end: 132 },
    ],
    levels: {
      step: 0.5,
      dbfs: Array.from({ length: 600 }, (_, index) => (index >= 200 && index < 262 ? -12 : -34)),
    },
  };

  test("the loudest stretch is chosen, from pause to pause, and named after the source and its time", async () => {
    const input = aSelectInput(
      { ...silent, accuracy: "none" },
      { durationSeconds: 300, title: "Street music", sound },
    );
    const { edl } = await choose(input, 1, 30);
    const [clip] = edl.clips;
    expect(spanOf(clip as EdlClip)).toEqual({ startMs: 99_800, endMs: 131_300 });
    expect(clip).toMatchObject({
      title: "Moment at 1:39 of Street music",
      hook: "From 1:39 to 2:11",
      words: [],
    });
    expect(clip?.reason).toContain("livelier than most of the video");
  });

  test("scene cuts bound the clips where there is no sound at all", async () => {
    const input = aSelectInput(silent, { durationSeconds: 300, title: null, shots: [71.2, 101.4, 180] });
    const { edl } = await choose(input, 1, 30);
    expect(spanOf(edl.clips[0] as EdlClip)).toEqual({ startMs: 71_200, endMs: 101_400 });
    expect(edl.clips[0]?.title).toBe("Moment at 1:11");
  });

  test("words of low accuracy cut the clip but do not name it", async () => {
    const input = talk();
    const { edl } = await choose({ ...input, transcript: { ...input.transcript, accuracy: "low" } }, 2, 30);
    for (const { title, words } of edl.clips) {
      expect(title).toMatch(/^Moment at \d:\d\d of The clock that found the sea$/);
      expect(words.length).toBeGreaterThan(20);
    }
  });
});
