import type { EdlClip, RankAnswer, TranscriptSegment } from "@kangklip/contract";
import { aJobSpec } from "@kangklip/contract/testing";
import { expect, test } from "vitest";
import { bundledTalks } from "../../../../tooling/bench/selection/talks.ts";
import { SCRIPT } from "../../../../tooling/sample/script.ts";
import type { SelectInput } from "../stage.ts";
import { select } from "../stages/select.ts";
import { openingsOf, sureClip } from "./opening.ts";
import { aSelectContext, aSelectInput, sharedMs, spanOf, transcriptOf } from "./testing.ts";

const JOB = aJobSpec({ clip_count: 3, clip_duration_seconds: 45 });
const [FIRST, ...OTHERS] = bundledTalks(1).slice(0, 5);
if (!FIRST) throw new Error("there is no talk");
const sureIn = (input: SelectInput, openings?: number[]) =>
  sureClip(JOB, { ...input, levels: input.sound.levels }, openings);

/** What is known of a talk once it is heard up to a second and a little more, in one segment as it was told word by word. */
function heardUpTo(input: SelectInput, seconds: number): SelectInput {
  const words = input.transcript.segments.flatMap((segment) => segment.words);
  const known = words.slice(0, words.findIndex(({ start }) => start >= seconds) + 1);
  const segments: TranscriptSegment[] = [{ text: "", start: 0, duration: seconds, words: known }];
  const { step, dbfs } = input.sound.levels;
  return {
    ...input,
    transcript: { ...input.transcript, segments },
    sound: { silences: [], levels: { step, dbfs: dbfs.slice(0, Math.ceil(seconds / step)) } },
  };
}
const clipsOf = async (input: SelectInput, job: Partial<typeof JOB> = {}) =>
  (await select(aSelectContext({ ...JOB, ...job }), input)).edl.clips;

test("a clip that is sure is the same whether all of the talk is known or what is heard by then, and it is the first of the EDL", async () => {
  let sure = 0;
  for (const { input } of [FIRST, ...OTHERS]) {
    const whole = sureIn(input);
    let clip: EdlClip | null = null;
    for (const opening of openingsOf(JOB, input.durationSeconds))
      clip ??= sureIn(heardUpTo(input, opening), [opening]);
    expect(clip).toEqual(whole);
    if (!clip) continue;
    sure++;
    const clips = await clipsOf(input);
    expect(clips[0]).toEqual(clip);
    expect(clips.map(({ index }) => index)).toEqual([1, 2, 3]);
    const [first, ...others] = clips.map(spanOf);
    if (!first) throw new Error("there is no clip");
    for (const other of others) expect(sharedMs(first, other)).toBe(0);
    const scores = clips.slice(1).map(({ score }) => score ?? 0);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
  }
  expect(sure).toBeGreaterThan(2);
});

test("what follows the opening changes nothing of it: other words, a louder sound, a silence", () => {
  const { input } = FIRST;
  const clip = sureIn(input);
  expect(clip).not.toBeNull();
  const end = 0.35 * input.durationSeconds + 1;
  const changed = input.transcript.segments.map((segment) =>
    segment.start > end
      ? { ...segment, words: segment.words.map((word) => ({ ...word, word: "why?" })) }
      : segment,
  );
  const { step, dbfs } = input.sound.levels;
  const louder = dbfs.map((level, index) => (index * step > end ? 0 : level));
  const other = {
    ...input,
    transcript: { ...input.transcript, segments: changed },
    sound: { silences: [{ start: end, end: end + 30 }], levels: { step, dbfs: louder } },
  };
  expect(sureIn(other)).toEqual(clip);
  expect(clip?.segments.at(-1)?.end).toBeLessThan(end);
});

test("a talk that says the same all the time, a short one, one clip, and wishes for all of the talk have none", async () => {
  const flat = Array.from({ length: 250 }, () => ({ text: "We walked on the grass.", pauseSeconds: 0.4 }));
  const dull = aSelectInput(transcriptOf(flat));
  expect(dull.durationSeconds).toBeGreaterThan(480);
  expect(openingsOf(JOB, dull.durationSeconds)).not.toEqual([]);
  expect(sureIn(dull)).toBeNull();
  expect(sureIn(aSelectInput(transcriptOf(SCRIPT)))).toBeNull();
  for (const wish of [
    { clip_count: 1 },
    { about: "clocks" },
    { tighten: true },
    { output_language: "de" },
  ] satisfies Partial<typeof JOB>[])
    expect(openingsOf({ ...JOB, ...wish }, 1200)).toEqual([]);
  for (const seconds of [479, Number.NaN]) expect(openingsOf(JOB, seconds)).toEqual([]);
  expect(openingsOf(JOB, 1200)).toEqual([240, 300, 360, 420]);
});

test("a model orders and names the others alone", async () => {
  const { input } = FIRST;
  const clip = sureIn(input);
  expect(clip).not.toBeNull();
  let asked: Parameters<NonNullable<SelectInput["rank"]>>[0] | undefined;
  const rank: SelectInput["rank"] = async (question) => {
    asked = question;
    const picks = question.candidates
      .toReversed()
      .map(({ id, text }) => ({ id, title: text.slice(0, 40), hook: "", reason: "Said by a model." }));
    return { model: "some-model", picks } as RankAnswer;
  };
  const clips = await clipsOf({ ...input, rank });
  expect(clips[0]).toEqual(clip);
  expect(asked?.count).toBe(2);
  expect(clips.slice(1).map(({ reason }) => reason)).toEqual(["Said by a model.", "Said by a model."]);
  const own = clip?.segments[0]?.text.slice(0, 60) ?? "";
  for (const { text } of asked?.candidates ?? []) expect(text).not.toContain(own);
});

test("a clip that is shown stays the first one, whatever the rule says of the words that were heard in the end", async () => {
  const { input } = FIRST;
  const [, , shown] = await clipsOf(input);
  if (!shown) throw new Error("there is no third clip");
  const kept = { ...shown, index: 1, title: "As it was shown" };
  const clips = await clipsOf({ ...input, shown: kept });
  expect(clips).toHaveLength(3);
  expect(clips[0]).toEqual(kept);
  expect(sharedMs(spanOf(kept), spanOf(clips[1] ?? kept))).toBe(0);
});

test("no clip less is made because one was sure: where it stands in the way of others it is not taken", async () => {
  const logged: string[] = [];
  // a word without end behind the first 240 s leaves no place for a clip there, so that all of them stand close
  for (const startSeconds of [1, 5, 9, 13, 17]) {
    const said = transcriptOf([...SCRIPT, ...SCRIPT], { startSeconds });
    const before = said.segments.filter(({ start, duration }) => start + duration < 240);
    const word = { word: "a".repeat(1200), start: 241, end: 530 };
    const segments = [...before, { text: word.word, start: 241, duration: 289, words: [word] }];
    const input = aSelectInput({ ...said, segments }, { durationSeconds: 531 });
    const job = { ...JOB, clip_count: 5, clip_duration_seconds: 60 };
    const context = aSelectContext(job);
    const { edl } = await select(context, input);
    const usual = await clipsOf(input, { ...job, about: "zebras" });
    expect(edl.clips).toHaveLength(usual.length);
    logged.push(...context.logged);
  }
  expect(logged.filter((line) => line.includes('"hasRoom":false')).length).toBeGreaterThan(0);
});
