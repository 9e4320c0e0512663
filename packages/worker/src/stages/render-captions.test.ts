import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { aClip, BLACK, createRenderBench, tools } from "./testing-render.ts";

describe.skipIf(!tools)("captions of rendered clips (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const { source, render, lumas } = bench;
  const file = tools ? await source({ name: "black.mp4", picture: BLACK, seconds: 2 }) : "";
  const words = ["Hello", "there", "friend."].map((word, i) => ({
    word,
    start: i * 0.6,
    end: i * 0.6 + 0.5,
  }));

  test("when they are not drawn into the picture, the subtitle files lie beside the clip all the same", async () => {
    const clips = [aClip([[0, 2]], { words })];
    const { made, clip, left } = await render(file, { clips, settings: { captionBurnIn: false } });
    expect(made).toMatchObject([{ captioned: false, captionWarnings: [] }]);
    expect(left).toEqual(expect.arrayContaining(["clip_01.ass", "clip_01.srt", "clip_01.vtt"]));
    expect(Math.max(...(await lumas(clip, undefined, "YMAX")))).toBeLessThan(20);
  });

  test("a clip of the EDL may have a preset of its own", async () => {
    const clips = [
      aClip([[0, 2]], { words }),
      aClip([[0, 2]], { words, index: 2, caption_preset: "strict" }),
    ];
    const { made, dir } = await render(file, { clips, settings: { captionPreset: "minimal" } });
    expect(made.map(({ captionPreset, captioned }) => [captionPreset, captioned])).toEqual([
      ["minimal", true],
      ["strict", true],
    ]);
    const [first, second] = await Promise.all(
      ["clip_01.ass", "clip_02.ass"].map((name) => readFile(join(dir, name), "utf8")),
    );
    expect([first?.match(/^Dialogue/gm)?.length, second?.match(/^Dialogue/gm)?.length]).toEqual([1, 3]);
    const low = await lumas(join(dir, "clip_02.mp4"), "iw:ih-314:0:314", "YMAX"); // below y 1248 of 1920, and a little
    expect(Math.max(...low)).toBeLessThan(20);
  });

  test("speech without captions is said on the clip", async () => {
    const silent = { ...aClip([[0, 2]]), segments: [{ start: 0, end: 2, text: "Hello there friend." }] };
    const { made, notes } = await render(file, { clips: [silent] });
    expect(made).toMatchObject([
      { captioned: false, captionWarnings: [expect.stringContaining("no captions")] },
    ]);
    expect(notes).toContainEqual(expect.stringMatching(/^Clip 1: Something is said/));
    expect(made[0]?.qc).toMatchObject({
      verdict: "degraded",
      reasons: [expect.stringContaining("no captions")],
    });
  });
});
