import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { type EdlClip, type JobSpec, KangKlipError, type Word } from "@kangklip/contract";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundledTalks } from "../../../tooling/bench/selection/talks.ts";
import { aContext, aSource, ffmpeg, temporaryDir, tools } from "./asr/testing.ts";
import { noCache, type StageCache } from "./cache/stage-cache.ts";
import { createEarlyClip, remembering } from "./early.ts";
import { createFramer } from "./frame/framer.ts";
import { createLedger } from "./receipt.ts";
import { aSelectContext } from "./select/testing.ts";
import type { FetchedSource, RenderedClip, SourceByNeed } from "./stage.ts";
import { renderKept } from "./stages/render-kept.ts";
import { select } from "./stages/select.ts";
import type { SoFar } from "./stages/transcribe.ts";
import { until } from "./testing-api.ts";

const JOB = { clip_count: 3, clip_duration_seconds: 30 } satisfies Partial<JobSpec>;
const [TALK] = bundledTalks(1);
if (!TALK) throw new Error("there is no talk");
const { input } = TALK;
const WORDS = input.transcript.segments.flatMap(({ words }) => words);
const soFar = (words: Word[], count = words.length): SoFar => ({
  transcript: { language: "en", accuracy: "high", words: words.slice(0, count) },
  levels: input.sound.levels,
});

let video: FetchedSource;
let temporary: Awaited<ReturnType<typeof temporaryDir>>;
beforeAll(async () => {
  if (!tools) return;
  temporary = await temporaryDir();
  const file = join(temporary.dir, "talk.mp4");
  const graph = [
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=90x160:r=5",
    "-f",
    "lavfi",
    "-i",
    "anoisesrc=a=0.1:c=pink:seed=1",
  ];
  await ffmpeg(...graph, "-t", `${input.durationSeconds}`, "-preset", "ultrafast", "-g", "25", file);
  const source = await aSource(file);
  video = { ...source, title: input.title, sha256: "a".repeat(64) };
}, 120_000);
afterAll(() => temporary?.[Symbol.asyncDispose]());

let folders = 0;
/** An attempt with an early clip, what it showed, and RENDER. */
async function anAttempt(of: { source?: FetchedSource; cache?: StageCache; signal?: AbortSignal } = {}) {
  const { source = video, cache = noCache(), signal } = of;
  const dir = join(temporary.dir, `${folders++}`);
  await mkdir(dir);
  const settings = {
    renderWidth: 90,
    renderHeight: 160,
    renderPreset: "ultrafast",
    renderCrf: 50,
    threads: 2,
  };
  const { context, told } = aContext(dir, { settings, ...(signal && { signal }) });
  Object.assign(context.job, JOB);
  const shown: [RenderedClip, EdlClip][] = [];
  const ledger = createLedger(() => {});
  ledger.enter("TRANSCRIPT");
  const run = { context, ledger, cache: remembering(cache) };
  const early = createEarlyClip(run, source, { whole: (...made) => void shown.push(made) });
  const events = () => told.logs.map(({ event }) => event);
  return {
    ...{ dir, early, shown, ledger, told, events },
    render: async (clips: EdlClip[]) => {
      await using framer = createFramer(context);
      return await renderKept(context, run.cache, { source: video, clips, framer, onWhole() {} });
    },
    bytes: (name: string) => readFileSync(join(dir, name)),
  };
}
const chosen = async () => (await select(aSelectContext(JOB), input)).edl.clips;

test.skipIf(!tools)(
  "a clip that is sure is rendered while others speak on; RENDER finds it also where nothing is kept, and the clips are those made in one go (needs ffmpeg)",
  { timeout: 300_000 },
  async () => {
    const clips = await chosen();
    await using attempt = await anAttempt().then((made) => ({
      ...made,
      [Symbol.asyncDispose]: made.early[Symbol.asyncDispose],
    }));
    const { early, shown, ledger } = attempt;
    for (let count = 50; count < WORDS.length / 2; count += 50)
      early.sure(WORDS[count]?.start ?? 0, () => soFar(WORDS, count));
    expect(await early.ended()).toEqual({ executed: 1, bytes: 0 });
    expect(shown.map(([made, clip]) => [made.index, clip])).toEqual([[1, clips[0]]]);
    expect(await early.compared(clips[0])).toBeUndefined();
    ledger.enter("RENDER");
    const { rendered, executed } = await attempt.render(clips);
    expect([rendered.map(({ index }) => index), executed]).toEqual([[1, 2, 3], 2]);
    const [transcript, render] = ledger.stages();
    if (process.platform === "linux") {
      expect(render?.cpu_seconds).toBeGreaterThan(0);
      expect(transcript?.cpu_seconds).toBeLessThan(render?.cpu_seconds ?? 0);
    }
    const atOnce = await anAttempt();
    expect((await atOnce.render(clips)).executed).toBe(3);
    for (const name of ["clip_01.mp4", "clip_02.mp4", "clip_03.mp4", "clip_01.jpg"])
      expect(attempt.bytes(name).equals(atOnce.bytes(name))).toBe(true);
  },
);

test.skipIf(!tools)(
  "its pictures are asked for at once; where they do not come, or the video is gone, the log tells it and nothing else (needs ffmpeg)",
  async () => {
    const clips = await chosen();
    const asked: unknown[] = [];
    const byNeed = (pictures: () => Promise<string>): SourceByNeed => ({
      pictures(stretches) {
        if (stretches.length > 0) asked.push(stretches);
        return pictures();
      },
      ...{ wireBytes: () => 5, requests: () => 1, close: async () => {} },
    });
    const gone = byNeed(() => Promise.reject(new KangKlipError("SOURCE_NOT_FOUND", "It is gone")));
    const elsewhere = byNeed(async () => "/nowhere/talk.mp4");
    const nothing = { ...video, file: "/nowhere/talk.mp4" };
    for (const source of [{ ...video, need: gone }, { ...video, need: elsewhere }, nothing]) {
      const { early, shown, events } = await anAttempt({ source });
      early.sure(input.durationSeconds, () => soFar(WORDS));
      expect(await early.ended()).toEqual({ executed: 0, bytes: 0 });
      expect(shown).toEqual([]);
      expect(events()).toContain("early_clip_failed");
    }
    expect(asked).toEqual([clips[0]?.segments]);
  },
);

test.skipIf(!tools)("words that cannot be read end nothing but the early clip (needs ffmpeg)", async () => {
  const { early, events } = await anAttempt();
  early.sure(input.durationSeconds, () => {
    throw new Error("no words");
  });
  early.sure(input.durationSeconds, () => soFar(WORDS));
  expect(await early.ended()).toEqual({ executed: 0, bytes: 0 });
  expect(events()).toEqual(["early_clip_failed"]);
});

test.skipIf(!tools)(
  "where the words turn out otherwise, what nobody could see makes way, and what is shown stays (needs ffmpeg)",
  { timeout: 300_000 },
  async () => {
    const [, other] = await chosen();
    const unseen = await anAttempt();
    unseen.early.sure(input.durationSeconds, () => soFar(WORDS));
    expect(await unseen.early.compared(other)).toBeUndefined();
    expect(await unseen.early.ended()).toEqual({ executed: 0, bytes: 0 });
    expect(unseen.shown).toEqual([]);
    expect(unseen.told.logs).toContainEqual(
      expect.objectContaining({ event: "early_clip_differs", isShown: false }),
    );

    const seen = await anAttempt();
    seen.early.sure(input.durationSeconds, () => soFar(WORDS));
    await until(() => seen.shown.length === 1);
    expect(await seen.early.compared(other)).toEqual(seen.shown[0]?.[1]);
  },
);

test.skipIf(!tools)("it ends with the job, and without a word (needs ffmpeg)", async () => {
  const stop = new AbortController();
  const { early, shown, events } = await anAttempt({ signal: stop.signal });
  early.sure(input.durationSeconds, () => soFar(WORDS));
  stop.abort(new Error("cancelled"));
  expect(await early.ended()).toEqual({ executed: 0, bytes: 0 });
  expect([shown, events().filter((event) => event === "early_clip_failed")]).toEqual([[], []]);
});
