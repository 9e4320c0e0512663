import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createFramer } from "../frame/framer.ts";
import { probeMedia } from "../media/probe.ts";
import { countingTools, sharesOf } from "../media/testing-passes.ts";
import type { FetchedSource } from "../stage.ts";
import { aClip, createRenderBench, tools } from "./testing-render.ts";

/** Something moves in every picture, and takes few bits. */
const PICTURE =
  "color=0x807060:s=640x360:r=30[b];color=0xc0a0a0:s=120x120:r=30[o];[b][o]overlay=x='260+60*sin(6*t)':y=120";

describe.skipIf(!tools)(
  "what a clip costs in decodes and encodes (needs ffmpeg)",
  { timeout: 120_000 },
  async () => {
    const bench = await createRenderBench();
    afterAll(() => bench[Symbol.asyncDispose]());
    /** As video sites store it: most pictures need two others, and a key frame comes every second. */
    const coding = "-preset veryfast -bf 3 -b_strategy 0 -g 30".split(" ");
    const file = tools
      ? await bench.source({
          ...{ name: "stored.mp4", picture: PICTURE, seconds: 12, output: coding },
          sound: "sine=f=440:r=48000",
        })
      : "";

    const sharesFor = async (name: string, segments: [number, number][]) => {
      if (!tools) throw new Error("needs ffmpeg");
      const counted = await countingTools(tools, join(bench.folder, name));
      const signal = new AbortController().signal;
      const clip = aClip(segments);
      const source = { file, info: await probeMedia(tools, file, signal) } as FetchedSource;
      const settings = { renderWidth: 270, renderHeight: 480, renderMaxFps: 30, threads: 1 };
      await using framer = createFramer({
        ...{ dir: bench.folder, tools: counted.tools, signal, settings, notice: () => {} },
      });
      const { frames } = await framer.frame(clip, source);
      const { made, failure } = await bench.render(file, { clips: [clip], frames, tools: counted.tools });
      expect(failure).toBeUndefined();
      expect(made[0]?.qc.reasons).toEqual([]);
      const seconds = segments.reduce((sum, [start, end]) => sum + end - start, 0);
      return sharesOf(await counted.passes(), Math.round(seconds * 30), 270);
    };

    test("one encode at full size and one of the preview; clip, cover, preview, framing and the gate in 1.6 decodes", async () => {
      const shares = await sharesFor("single", [[2.2, 8.2]]);
      expect(shares).toMatchObject({ encodes: 1, smallEncodes: 1 });
      expect(shares.decodes).toBeGreaterThan(1);
      expect(shares.decodes).toBeLessThanOrEqual(1.6);
    });

    test("several segments are each decoded from their own key frame on, and nothing between them", async () => {
      const shares = await sharesFor("several", [
        [1.2, 3.2],
        [5.2, 7.2],
        [9.2, 11.2],
      ]);
      expect(shares).toMatchObject({ encodes: 1, smallEncodes: 1 });
      expect(shares.decodes).toBeLessThanOrEqual(1.7);
    });
  },
);
