import type { EdlClip } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import {
  aSelectContext,
  aSelectInput,
  pairsOf,
  randomInput,
  randomTranscript,
  sharedMs,
  spanOf,
  transcriptOf,
} from "../select/testing.ts";
import type { SelectInput } from "../stage.ts";
import { select } from "./select.ts";

const talk = (overrides: Partial<SelectInput> = {}) =>
  aSelectInput(transcriptOf(SCRIPT, { startSeconds: 3 }), {
    title: "The clock that found the sea",
    ...overrides,
  });
const choose = (input: SelectInput, clip_count: number, clip_duration_seconds: number) =>
  select(aSelectContext({ clip_count, clip_duration_seconds }), input);

/** The talk as a poor recogniser hears it: bare words, and it is sure only of the sentences that are given. */
function halfHeard(...sure: string[]): SelectInput {
  const sentences = SCRIPT.flatMap(({ text }) => text.split(/(?<=[.?!]) /));
  const bare = sentences.map((text) => ({
    text: text.toLowerCase().replace(/[.,?!]/g, ""),
    pauseSeconds: 0.6,
  }));
  const transcript = transcriptOf(bare, { overrides: { transcriber: "pocketsphinx", accuracy: "low" } });
  for (const { text, words } of transcript.segments)
    for (const word of words) word.confidence = sure.includes(text) ? 0.9 : 0.3;
  return aSelectInput(transcript, { title: "The clock that found the sea" });
}

/** A talk in which a thought is followed by filler and a long pause, at which a clip would like to end. */
const RAMBLING = [
  { text: "Put your phone in the kitchen tonight, and leave it there until the morning.", pauseSeconds: 0.5 },
  { text: "Not on the night table, not under the pillow, in the kitchen.", pauseSeconds: 0.5 },
  { text: "People who did this fell asleep twenty minutes earlier.", pauseSeconds: 0.5 },
  { text: "They did not try harder to sleep, and they took no medicine.", pauseSeconds: 0.5 },
  { text: "They only removed the one thing that kept them awake.", pauseSeconds: 0.5 },
  { text: "And uh yeah, we will see.", pauseSeconds: 1.4 },
];

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
    const { edl } = await choose(randomInput({ shape: "orderly", seed: 7, seconds: 280 }), 5, 45);
    const spans = edl.clips.map(spanOf);
    expect(spans).toHaveLength(5);
    for (const [a, b] of pairsOf(spans)) expect(sharedMs(a, b)).toBe(0);
  });

  test("one endless word is cut rather than nothing delivered", async () => {
    const word = { word: "ō".repeat(400), start: 0, end: 100 };
    const input = aSelectInput(randomTranscript("empty", 1, 1), { durationSeconds: 100 });
    input.transcript.segments = [{ text: word.word, start: 0, duration: 100, words: [word] }];
    expect((await choose(input, 2, 30)).edl.clips.map(spanOf)).toEqual([{ startMs: 0, endMs: 30_000 }]);
  });

  test("fewer clips than asked for are announced in one plain sentence", async () => {
    const context = aSelectContext({ clip_count: 5, clip_duration_seconds: 60 });
    await select(context, randomInput({ shape: "orderly", seed: 1, seconds: 120 }));
    expect(context.notices).toEqual(["Only 2 clips of about 60 s fit into this video; 5 were asked for."]);
  });

  test("a video that is too short for one clip is refused with its length", async () => {
    const input = randomInput({ shape: "orderly", seed: 1, seconds: 23.9 });
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

  test.each([
    [2, 30],
    [3, 45],
    [1, 60],
  ])("%i clips of %i s show a hook that is not their title", async (count, clipSeconds) => {
    const { edl } = await choose(talk(), count, clipSeconds);
    for (const { title, hook } of edl.clips) expect(hook.startsWith(title.slice(0, 20))).toBe(false);
  });

  test("a clip does not end on filler where the length allows another end", async () => {
    const input = aSelectInput(transcriptOf(RAMBLING));
    const { edl } = await choose(input, 1, 30);
    expect(edl.clips[0]?.segments[0]?.text).toMatch(/kept them awake\.$/);
  });

  test("a teaser that repeats a later moment is not chosen beside it", async () => {
    const moment = SCRIPT.slice(24, 32);
    const between = SCRIPT.slice(2, 20);
    const input = aSelectInput(transcriptOf([...moment, ...between, ...moment]));
    const { edl } = await choose(input, 2, 45);
    const [one, two] = edl.clips.map(({ segments }) => new Set(segments[0]?.text.split(/(?<=[.?!]) /)));
    expect((one ?? new Set()).intersection(two ?? new Set()).size).toBeLessThanOrEqual(1);
  });
});

describe("without fillers and silences", () => {
  const slow = SCRIPT.map((line) => ({
    ...line,
    text: `${line.text} Um,`,
    pauseSeconds: line.pauseSeconds + 1,
  }));
  const job = { clip_count: 2, clip_duration_seconds: 30, tighten: true };

  test("a clip is made of pieces, and is as long as what is left of it", async () => {
    const input = aSelectInput(transcriptOf(slow, { startSeconds: 3 }));
    const context = aSelectContext(job);
    const { edl } = await select(context, input);
    expect([edl.clips.length, edl.source_seconds, context.notices]).toEqual([2, input.durationSeconds, []]);
    for (const { segments, words } of edl.clips) {
      const seconds = segments.reduce((sum, { start, end }) => sum + end - start, 0);
      expect(segments.length).toBeGreaterThan(3);
      expect(seconds).toBeGreaterThanOrEqual(24 - 1e-9);
      expect(seconds).toBeLessThanOrEqual(33 + 1e-9);
      expect((segments.at(-1)?.end ?? 0) - (segments[0]?.start ?? 0)).toBeGreaterThan(seconds + 5);
      expect(segments.map(({ text }) => text).join(" ")).toBe(words.map(({ word }) => word).join(" "));
      for (const { word, start, end } of words) {
        expect(segments.some((one) => one.start <= start && end <= one.end)).toBe(true);
        expect(word).not.toMatch(/^um/i);
      }
    }
  });

  test("they stay where fewer clips would fit without them", async () => {
    const input = aSelectInput(transcriptOf(slow.slice(0, 6)));
    const context = aSelectContext(job);
    const { edl } = await select(context, input);
    expect(edl.clips).toHaveLength(2);
    for (const { segments } of edl.clips) expect(segments).toHaveLength(1);
    expect(context.notices).toEqual([
      "Fillers and silences were left in, for without them fewer clips would fit into this video.",
    ]);
  });

  test("a clip without a readable line is named by its time in the source", async () => {
    const transcript = { ...transcriptOf(slow, { startSeconds: 3 }), accuracy: "low" as const };
    const { edl } = await select(aSelectContext(job), aSelectInput(transcript));
    for (const { title, segments } of edl.clips) {
      const seconds = Math.floor(segments[0]?.start ?? 0);
      const clock = `${Math.floor(seconds / 60)}:${`${seconds % 60}`.padStart(2, "0")}`;
      expect(title).toBe(`Moment at ${clock} of A talk`);
    }
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

  test("where the recogniser was sure of a phrase, that names the clip", async () => {
    const [title, hook] = ["and sixty miles can kill you", "why did so many sailors get lost on the ocean"];
    const { edl: both } = await choose(halfHeard(title, hook), 1, 60);
    expect(both.clips[0]).toMatchObject({
      title: "Sixty miles can kill you",
      hook: "Why did so many sailors get lost on the ocean?",
    });
    const { edl: one } = await choose(halfHeard(title), 1, 60);
    expect(one.clips[0]).toMatchObject({
      title: "Sixty miles can kill you",
      hook: expect.stringMatching(/^From \d:\d\d to \d:\d\d$/),
    });
  });
});
