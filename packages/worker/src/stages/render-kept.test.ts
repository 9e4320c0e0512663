import { afterAll, describe, expect, test } from "vitest";
import { noCache } from "../cache/stage-cache.ts";
import type { Framer } from "../frame/framer.ts";
import { probeMedia } from "../media/probe.ts";
import type { FetchedSource, StageContext } from "../stage.ts";
import { renderKept } from "./render-kept.ts";
import { aClip, createRenderBench, crop, RAMP, tools } from "./testing-render.ts";

describe.skipIf(!tools)("clips that are kept (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());

  test("the framer lets its detector go before the first clip is encoded, and after the last look", async () => {
    if (!tools) throw new Error("needs ffmpeg");
    const file = await bench.source({ name: "three.mp4", picture: RAMP, seconds: 4 });
    const events: string[] = [];
    const frames = [crop(0, 60, 0)];
    const framer: Framer = {
      async frame({ index }) {
        events.push(`clip ${index} is looked at`);
        const seen = { shots: 1, detected: 1, backend: "test", reason: null, error: null };
        return { frames, shown: frames, ...seen };
      },
      async [Symbol.asyncDispose]() {
        events.push("let go");
      },
    };
    const { signal } = new AbortController();
    const context = {
      ...{ dir: bench.folder, tools, signal, job: { preview: false } },
      settings: {
        ...{ renderWidth: 90, renderHeight: 160, renderCrf: 30, renderPreset: "ultrafast", renderMaxFps: 30 },
        ...{ captionFont: "Roboto", threads: 2, gpu: "off", encoder: "libx264" },
      },
      ...{ progress: () => {}, notice: () => {}, log: () => {} },
    } as unknown as StageContext;
    const source = { file, info: await probeMedia(tools, file, signal), sha256: "s" } as FetchedSource;
    const { executed } = await renderKept(context, noCache(), {
      ...{ source, framer },
      clips: [1, 2, 3].map((index) => aClip([[index - 1, index]], { index })),
      onWhole: ({ index }) => events.push(`clip ${index} is whole`),
    });
    expect(executed).toBe(3);
    expect(events.slice(0, 2)).toEqual(["clip 1 is looked at", "let go"]);
    expect(events.filter((event) => !event.endsWith("whole"))).toEqual([
      ...["clip 1 is looked at", "let go"],
      ...["clip 2 is looked at", "clip 3 is looked at", "let go"],
    ]);
  });
});
