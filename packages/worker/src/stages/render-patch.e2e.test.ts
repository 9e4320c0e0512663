import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EdlClip } from "@kangklip/contract";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStageCache, type StageCache } from "../cache/stage-cache.ts";
import type { Framer } from "../frame/framer.ts";
import { closedStretches, readOwnMp4 } from "../media/own-mp4.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, Framing, StageContext, WorkerSettings } from "../stage.ts";
import { renderKept } from "./render-kept.ts";
import { aClip, createRenderBench, crop, tools } from "./testing-render.ts";

const WORDS =
  "This is what a person says while the picture behind it moves all the time and never rests for long".split(
    " ",
  );

describe.skipIf(!tools)(
  "a version of a clip with other captions (needs ffmpeg)",
  { timeout: 300_000 },
  async () => {
    const bench = await createRenderBench();
    afterAll(() => bench[Symbol.asyncDispose]());
    // with hard cuts between the key frames that come by themselves
    const picture =
      "gradients=s=320x180:r=24:seed=7:speed=0.02:n=6,drawgrid=w=40:h=40:c=white@0.3,negate=enable='lt(mod(t,5),2.5)'";
    let file = "";
    beforeAll(async () => {
      file = await bench.source({ name: "talk.mp4", picture, seconds: 17 });
    });

    /** Words that are said one after the other, half a second each, `from` on. */
    const said = (from: number, texts = WORDS) =>
      texts.map((word, i) => ({ word, start: from + i * 0.5, end: from + i * 0.5 + 0.45 }));
    const talk = (over: Partial<EdlClip> = {}) => aClip([[2, 12]], { words: said(2), ...over });
    const corrected = (clip: EdlClip, at: number, word: string): EdlClip => ({
      ...clip,
      words: clip.words.map((one, i) => (i === at ? { ...one, word } : one)),
      revision: 2,
    });

    /** @param like one whose kept clips it has too */
    const aMachine = async (like?: { cacheDir: string }) => {
      const cacheDir = await mkdtemp(join(bench.folder, "machine-"));
      if (like) await cp(like.cacheDir, cacheDir, { recursive: true });
      const open = () => openStageCache({ dir: cacheDir, maxBytes: 1e9, log: () => {} });
      return { cacheDir, entries: join(cacheDir, "v1/entries"), cache: await open() };
    };

    const framing: Framing = {
      ...{ frames: [crop(0, 60, 60)], shown: [crop(0, 60, 60)] },
      ...{ shots: 1, detected: 1, backend: "test", reason: null, error: null },
    };
    const framer: Framer = { frame: async () => framing, async [Symbol.asyncDispose]() {} };

    const render = async (
      cache: StageCache,
      clip: EdlClip,
      {
        settings,
        preview = true,
        signal = new AbortController().signal,
        progress = () => {},
      }: {
        settings?: Partial<WorkerSettings>;
        preview?: boolean;
        signal?: AbortSignal;
        progress?: StageContext["progress"];
      } = {},
    ) => {
      if (!tools) throw new Error("needs ffmpeg");
      const dir = await mkdtemp(join(bench.folder, "attempt-"));
      const logs: { event: string; reason?: string; frames?: number; of?: number }[] = [];
      const context = {
        ...{ dir, tools, signal, job: { job_id: "kk_01JD0000000000000000000001", preview } },
        settings: {
          ...{
            renderWidth: 270,
            renderHeight: 480,
            renderCrf: 21,
            renderPreset: "superfast",
            renderMaxFps: 30,
          },
          ...{ captionFont: "Roboto", threads: 2, gpu: "off", encoder: "libx264" },
          ...settings,
        },
        ...{ progress, notice: () => {} },
        log: (event: string, fields?: object) => void logs.push({ event, ...fields }),
      } as unknown as StageContext;
      const info = await probeMedia(tools, file, signal);
      const source = { file, info, sha256: "s" } as FetchedSource;
      const failure = await renderKept(context, cache, {
        source,
        clips: [clip],
        framer,
        onWhole: () => {},
      }).then(
        ({ rendered }) => rendered[0],
        (error: unknown) => error,
      );
      return {
        ...{ dir, failure, logs, left: (await readdir(dir)).sort() },
        made:
          failure instanceof Error
            ? undefined
            : (failure as Awaited<ReturnType<typeof renderKept>>["rendered"][0]),
        clip: join(dir, "clip_01.mp4"),
        preview: join(dir, "clip_01_preview.mp4"),
        patched: logs.find(({ event }) => event === "patched"),
        whole: logs.find(({ event }) => event === "whole_render"),
      };
    };

    /** A hash of each decoded frame of a file. */
    const framesOf = async (path: string): Promise<string[]> => {
      const said = await bench.decode(
        "-i",
        path,
        "-map",
        "0:v",
        "-fps_mode",
        "passthrough",
        "-f",
        "framehash",
        "-",
      );
      const lines = said
        .toString()
        .split("\n")
        .filter((line) => /^0,/.test(line));
      return lines.map((line) => line.split(",").at(-1)?.trim() ?? "");
    };
    const soundOf = async (path: string) =>
      (await bench.decode("-i", path, "-map", "0:a", "-c", "copy", "-f", "hash", "-")).toString();
    const differing = (one: string[], other: string[]) =>
      one.flatMap((hash, i) => (hash === other[i] ? [] : [i]));
    /** How alike two files look, dB, frame by frame; infinite where they are the same. */
    const likeness = async (one: string, other: string): Promise<number[]> => {
      const graph = "[0:v][1:v]psnr=stats_file=-";
      const told = (
        await bench.decode("-i", one, "-i", other, "-filter_complex", graph, "-f", "null", "-")
      ).toString();
      return Array.from(told.matchAll(/psnr_y:(\S+)/g), ([, db]) =>
        db === "inf" ? Number.POSITIVE_INFINITY : Number(db),
      );
    };
    const least = (numbers: number[]) => numbers.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);

    const clip = talk();
    let experienced: Awaited<ReturnType<typeof aMachine>>;
    let first: Awaited<ReturnType<typeof render>>;
    beforeAll(async () => {
      experienced = await aMachine();
      first = await render(experienced.cache, clip);
    }, 300_000);

    /** An edit on a machine that has kept the clip. */
    const again = async (next: EdlClip) => render((await aMachine(experienced)).cache, next);
    /** The same on one that has kept nothing. */
    const apart = async (next: EdlClip) => render((await aMachine()).cache, next);

    test.each([
      ["in the middle", 11, "stands"],
      ["at the beginning", 0, "There"],
      ["at the end", WORDS.length - 1, "ages"],
    ])("is encoded anew where a word %s has changed, and nowhere else", async (_, at, word) => {
      const next = corrected(clip, at, word);
      const [made, whole] = [await again(next), await apart(next)];
      expect(made.whole).toBeUndefined();
      expect(made.patched?.frames).toBeLessThan(0.6 * 240);
      expect(made.made?.qc).toMatchObject({ verdict: "ok", repairs: [] });
      expect(made.made).toMatchObject({ encoder: "libx264", crf: 21, captioned: true });

      for (const which of ["clip", "preview"] as const) {
        const [before, after] = [await framesOf(first[which]), await framesOf(made[which])];
        expect(after).toHaveLength(240);
        const anew = differing(before, after);
        const stretches = closedStretches(readOwnMp4(await readFile(first[which])));
        // from a key frame before the word on
        expect(stretches.map(({ first: start }) => start)).toContain(anew[0]);
        expect(anew[0]).toBeLessThanOrEqual(Math.round((at * 0.5 + 0.1) * 24));
        expect(anew.at(-1)).toBeGreaterThanOrEqual(Math.round((at * 0.5 + 0.3) * 24));
        expect(anew.length).toBeLessThan(0.6 * 240);
        // what is seen is what a whole render shows: no caption is lacking or left over
        expect(least(await likeness(made[which], whole[which]))).toBeGreaterThan(30);
      }
      expect(await soundOf(made.clip)).toBe(await soundOf(first.clip));
      expect(await readFile(join(made.dir, "clip_01.srt"), "utf8")).toContain(word);
      expect(made.left).toEqual(whole.left);
      const covers = await Promise.all(
        [first, made, whole].map(({ dir }) => readFile(join(dir, "clip_01.jpg"), "base64")),
      );
      expect(new Set(covers).size).toBe(1);
    });

    test("needs no preview where the clip has none", async () => {
      const { cache } = await aMachine();
      await render(cache, clip, { preview: false });
      const made = await render(cache, corrected(clip, 11, "stands"), { preview: false });
      expect(made.patched?.frames).toBeLessThan(0.6 * 240);
      expect(made.made).toMatchObject({ files: { preview: null }, qc: { verdict: "ok", repairs: [] } });
      expect(made.left).not.toContain("clip_01_preview.mp4");
      expect(differing(await framesOf(first.clip), await framesOf(made.clip)).length).toBeLessThan(0.6 * 240);
    });

    test("of several stretches is put together across them, and once more after that", async () => {
      const segments: [number, number][] = [
        [1, 4.5],
        [6, 9.2],
        [11, 15],
      ];
      const words = segments.flatMap(([from, to]) =>
        said(from + 0.1, WORDS.slice(0, Math.floor((to - from) * 2) - 1)),
      );
      const machine = await aMachine();
      const before = await render(machine.cache, aClip(segments, { words }));
      // the last word of the first stretch, and then the first one of the last
      const second = corrected(aClip(segments, { words }), 5, "looks");
      const third = corrected(second, 11, "Then");
      const [one, two] = [await render(machine.cache, second), await render(machine.cache, third)];
      expect(one.patched).toBeDefined();
      expect(two.patched).toBeDefined();
      expect(two.made?.qc.verdict).toBe("ok");
      expect(least(await likeness(two.clip, (await apart(third)).clip))).toBeGreaterThan(30);
      const anew = differing(await framesOf(before.clip), await framesOf(two.clip));
      expect(anew.length).toBeLessThan(0.9 * (two.patched?.of ?? 0));
    });

    test("without captions in the picture is the same file with other subtitles", async () => {
      const machine = await aMachine();
      const without = talk({ captions: false });
      const bare = await render(machine.cache, without);
      const made = await render(machine.cache, corrected(without, 3, "other"));
      expect(made.patched?.frames).toBe(0);
      for (const which of ["clip", "preview"] as const)
        expect((await readFile(made[which])).equals(await readFile(bare[which]))).toBe(true);
      expect(await readFile(join(made.dir, "clip_01.vtt"), "utf8")).toContain("other");
      expect(made.left).toEqual(bare.left);
    });

    test("is encoded as a whole where its captions look different, or most of them are new", async () => {
      const look = await again({ ...clip, caption_preset: "clean" });
      expect(look.whole?.reason).toBe("its captions look different");
      const most = await again({
        ...clip,
        words: clip.words.map((one) => ({ ...one, word: `${one.word}s` })),
      });
      expect(most.whole?.reason).toMatch(/frames would have to be encoded anew/);
      for (const { made, patched } of [look, most]) {
        expect(patched).toBeUndefined();
        expect(made?.qc.verdict).toBe("ok");
      }
    });

    test("is encoded as a whole where the one before is broken, gone, or was made otherwise", async () => {
      const next = corrected(clip, 11, "stands");
      const whole = await readFile((await apart(next)).clip, "base64");

      const broken = await aMachine(experienced);
      const gone = await aMachine(experienced);
      for (const name of await readdir(broken.entries)) {
        if (!name.startsWith("RENDER-")) continue;
        await rm(join(gone.entries, name), { recursive: true });
        const path = join(broken.entries, name, "clip_01.mp4");
        const bytes = await readFile(path);
        bytes.fill(0, bytes.length >> 1);
        await rm(path);
        await writeFile(path, bytes);
      }
      const other = await render((await aMachine(experienced)).cache, next, { settings: { renderCrf: 24 } });
      for (const { cache } of [broken, gone]) {
        const made = await render(cache, next);
        expect(made.patched).toBeUndefined();
        expect(await readFile(made.clip, "base64")).toBe(whole);
      }
      expect([other.patched, other.whole, other.made?.crf]).toEqual([undefined, undefined, 24]);
    });

    test("that is stopped on the way leaves nothing unfinished, and is made the next time", async () => {
      const machine = await aMachine(experienced);
      const next = corrected(clip, 11, "stands");
      const stop = new AbortController();
      // the new pictures are there by then, and nothing is put together
      const progress = (_: number, text = "") => {
        if (text.startsWith("Rendering")) stop.abort(new Error("stopped"));
      };
      const { failure, left } = await render(machine.cache, next, { signal: stop.signal, progress });
      expect(failure).toEqual(new Error("stopped"));
      expect(left).toEqual([]);
      expect((await readdir(machine.entries)).filter((name) => name.startsWith("."))).toEqual([]);
      const made = await render(machine.cache, next);
      expect(made.patched).toBeDefined();
      expect(made.made?.qc.verdict).toBe("ok");
    });
  },
);
