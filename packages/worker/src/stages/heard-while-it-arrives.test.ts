import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Word } from "@kangklip/contract";
import { beforeAll, describe, expect, test } from "vitest";
import { comingParts } from "../asr/coming-parts.ts";
import { endOf } from "../asr/parts.ts";
import { readPart } from "../asr/pcm.ts";
import { aContext, temporaryDir, tools } from "../asr/testing.ts";
import type { Transcriber } from "../asr/transcriber.ts";
import { aMachine, JOBS, tenMinutes } from "../fetch/need/testing-need.ts";
import { bytes, type Route, status } from "../fetch/testing-server.ts";
import { fetchOf } from "../manifest.ts";
import type { FetchedSource } from "../stage.ts";
import { type OnSure, type Transcribed, transcribe } from "./transcribe.ts";

const LENGTHS = { minSeconds: 20, maxSeconds: 40, skipSeconds: 2 };
const SECONDS = { timeout: 600_000 };
const AT_ONCE = { soundWithinMs: 0 };

let folder = "";
let video: Buffer = Buffer.alloc(0);
beforeAll(async () => {
  if (!tools) return;
  const temporary = await temporaryDir();
  folder = temporary.dir;
  video = await tenMinutes(folder);
  return temporary[Symbol.asyncDispose];
}, 300_000);

/** Says of each part a word that tells its samples from all others. @param onPart told how many parts it has heard */
const recogniser = (onPart: (heard: number) => void = () => {}): Transcriber => ({
  name: "whisper",
  async transcribe(hearing) {
    await using parts = await comingParts(hearing, LENGTHS, hearing.context.signal);
    const segments = [];
    for (let part = await parts.at(0); part; part = await parts.at(segments.length)) {
      const samples = await readPart(hearing.pcmFile, part);
      const word = createHash("sha256").update(samples).digest("hex").slice(0, 12);
      const [start, end] = [part[0]?.start ?? 0, endOf(part)];
      segments.push({ text: word, start, duration: end - start, words: [{ word, start, end }] });
      hearing.heard(...parts.scale(segments.length - 1, 1));
      const words = segments.flatMap((segment) => segment.words);
      hearing.sure?.(end, () => ({ language: "en", accuracy: "high", words }));
      onPart(segments.length);
    }
    return { language: "en", accuracy: "high", timing: "word", segments };
  },
});

/** A server that sends the first half of the video, and of the other one nothing before it is let. */
function holdingBack(events: string[] = [], then: Route = bytes(video, { together: true })) {
  const gate = Promise.withResolvers<void>();
  let asked = () => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const route: Route = (request, response, visit) => {
    const last = Number(/(\d+)$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (last < video.length / 2) return bytes(video, { together: true })(request, response, visit);
    asked();
    void gate.promise.then(() => {
      events.push("the rest is sent");
      then(request, response, visit);
    });
  };
  return { route, isAsked, letGo: () => gate.resolve() };
}

/** What is heard of the same video where all of its file is here. */
async function heardOfAll(source: FetchedSource) {
  await using temporary = await temporaryDir();
  const { context } = aContext(temporary.dir);
  const { need: _, ...whole } = { ...source, file: join(folder, "ten-minutes.mp4") };
  return await transcribe(context, whole, [recogniser()]);
}

/** Words and levels, to be compared at once: a difference in ten minutes of them is too long to be shown. */
const hashOf = ({ transcript, sound }: Transcribed) =>
  createHash("sha256")
    .update(JSON.stringify([transcript, sound]))
    .digest("hex");

/** The same of what is sure before the end. */
const hashOfFirst = (words: readonly Word[], dbfs: readonly number[]) =>
  createHash("sha256")
    .update(JSON.stringify([words, dbfs]))
    .digest("hex");

describe.skipIf(!tools)("a sound that is heard while it arrives (needs ffmpeg)", () => {
  test(
    "a part is heard before the rest is sent, and in the end all is as if it had been here from the start",
    SECONDS,
    async () => {
      const events: string[] = [];
      const { route, isAsked, letGo } = holdingBack(events);
      await using machine = await aMachine({ "/v.mp4": route });
      const first = await machine.fetch("/v.mp4", {}, AT_ONCE);
      const { source, context, told } = first;
      expect(source.info.durationSeconds).toBeCloseTo(600, 0);
      expect(source.need?.sound?.share()).toBeLessThan(1);
      expect(told.progress.at(-1)?.[1]).toBe("The sound is coming, pictures come when they are needed");
      const atFirst = fetchOf(source).bytes;
      await isAsked;
      const other = machine.fetch("/v.mp4", { job_id: JOBS[1] });
      const onPart = (heard: number) => {
        events.push(`part ${heard} is heard`);
        if (heard === 3) letGo();
      };
      const sure: [number, number, string][] = [];
      const onSure: OnSure = (upToSeconds, soFar) => {
        const { transcript, levels } = soFar();
        expect(levels.dbfs.length * levels.step).toBeGreaterThanOrEqual(Math.min(upToSeconds, 600));
        sure.push([transcript.words.length, levels.dbfs.length, hashOfFirst(transcript.words, levels.dbfs)]);
      };
      const heard = await transcribe(context, source, [recogniser(onPart)], onSure);
      expect(events.indexOf("the rest is sent")).toBeGreaterThan(events.indexOf("part 3 is heard"));
      expect(events.length).toBeGreaterThan(12);
      const messages = told.progress.map(([, message]) => message);
      expect(messages).toContainEqual(
        expect.stringMatching(/^Heard 1:\d\d of 10:00, [1-9]\d? % of the sound is here$/),
      );
      expect(messages.at(-1)).toBe("Heard 10:00 of 10:00");

      expect(heard.sound.levels.dbfs).toHaveLength(Math.ceil(source.info.durationSeconds * 10));
      expect(hashOf(heard)).toBe(hashOf(await heardOfAll(source)));
      const { transcript, sound } = heard;
      const all = transcript.segments.flatMap(({ words }) => words);
      expect(sure[0]?.[1]).toBeLessThan(sound.levels.dbfs.length);
      for (const [words, levels, hash] of sure)
        expect(hash).toBe(hashOfFirst(all.slice(0, words), sound.levels.dbfs.slice(0, levels)));
      expect(source.need?.sound?.share()).toBe(1);
      expect(fetchOf(source).bytes).toBeGreaterThan(1.5 * atFirst);
      expect(readdirSync(context.dir)).toEqual(["source.mp4"]);

      // another job has waited for it, and fetches nothing of it
      const kept = await other;
      expect([kept.reused, kept.source.need?.sound, kept.source.sha256]).toEqual([
        ...[true, undefined, source.sha256],
      ]);
      expect(fetchOf(kept.source).bytes).toBe(0);
      expect(hashOf(await transcribe(kept.context, kept.source, [recogniser()]))).toBe(hashOf(heard));
    },
  );

  test(
    "what fetching it fails with ends the job by that name, and nothing of it is kept",
    SECONDS,
    async () => {
      for (const [route, code] of [
        [status(404), "SOURCE_NOT_FOUND"],
        [bytes(video, { together: true, etag: '"two"' }), "SOURCE_UNREACHABLE"],
        [bytes(video, { ranges: false }), "SOURCE_UNREACHABLE"],
      ] as const) {
        const held = holdingBack([], route);
        let isFailing = true;
        const all = bytes(video, { together: true });
        await using machine = await aMachine({
          "/v.mp4": (...asked) => (isFailing ? held.route : all)(...asked),
        });
        const { source, context, told, keepMore } = await machine.fetch("/v.mp4", {}, AT_ONCE);
        const hearing = transcribe(context, source, [recogniser(held.letGo), recogniser()]);
        await expect(hearing).rejects.toMatchObject({ code });
        expect(told.notices).toEqual([]);
        expect(readdirSync(context.dir)).toEqual(["source.mp4"]);
        await keepMore();
        await source.need?.close();
        isFailing = false;
        expect((await machine.fetch("/v.mp4", { job_id: JOBS[1] })).reused).toBe(false);
      }
    },
  );

  test("a cancelled job ends both, and asks for nothing more", SECONDS, async () => {
    const stop = new AbortController();
    const { route, isAsked } = holdingBack();
    await using machine = await aMachine({ "/v.mp4": route });
    const { source, context } = await machine.fetch("/v.mp4", {}, { ...AT_ONCE, signal: stop.signal });
    const onPart = () => void isAsked.then(() => stop.abort(new Error("cancelled")));
    await expect(transcribe(context, source, [recogniser(onPart)])).rejects.toThrow("cancelled");
    await expect(source.need?.sound?.whole).rejects.toThrow("cancelled");
    await source.need?.close();
    machine.asked();
    expect(readdirSync(context.dir)).toEqual(["source.mp4"]);
    expect(machine.asked()).toEqual([]);
  });

  test("pictures of what is here already can be had before the sound is whole", SECONDS, async () => {
    const { route, letGo } = holdingBack();
    await using machine = await aMachine({ "/v.mp4": route });
    const { source, keepMore } = await machine.fetch("/v.mp4", {}, AT_ONCE);
    expect(await source.need?.pictures([{ start: 60, end: 90 }])).toBe(source.file);
    expect(source.need?.sound?.share()).toBeLessThan(1);
    letGo();
    await keepMore();
    expect(source.need?.sound?.share()).toBe(1);
    await source.need?.close();
    const other = await machine.fetch("/v.mp4", { job_id: JOBS[1] });
    await other.source.need?.pictures([{ start: 61, end: 89 }]);
    expect([other.reused, fetchOf(other.source).bytes]).toEqual([true, 0]);
  });
});
