import { afterAll, describe, expect, test } from "vitest";
import { aClip, createRenderBench, crop, HALVES, tools } from "../stages/testing-render.ts";

/** A window at the far left of the 320x180 source for half a second, that then goes to the far right within a second. */
const path = [
  { at: 0.5, x: 0, y: 0 },
  { at: 1.5, x: 218, y: 0 },
];
const split = {
  layout: "split" as const,
  x: 0,
  y: 0,
  w: 102,
  h: 90,
  lower: { x: 218, y: 90, w: 102, h: 90 },
};

describe.skipIf(!tools)("layouts in pixels (needs ffmpeg)", async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());
  const { source, render, lumas } = bench;

  test("a window on its way goes evenly, by less than a pixel from where it should be, and the halves of a split show their own", async () => {
    const file = await source({ name: "halves.mp4", picture: HALVES, seconds: 3 });
    const frames = [crop(0, 2, 0, { path }), crop(2, 2.5, 0, split)];
    const { clip, failure } = await render(file, { clips: [aClip([[0, 2.5]])], frames });
    expect(failure).toBeUndefined();
    const shown = await lumas(clip);
    expect(shown).toHaveLength(75);
    for (let n = 0; n < 60; n++) {
      const place = Math.min(218, Math.max(0, ((n / 30 - 0.5) / 1) * 218));
      const white = Math.min(1, Math.max(0, (160 - place) / 102)); // the left half is white
      expect(Math.abs((shown[n] ?? 0) - 255 * white), `frame ${n}`).toBeLessThan(2.5);
    }
    const [upper, lower] = [await lumas(clip, "iw:ih/2:0:0"), await lumas(clip, "iw:ih/2:0:ih/2")];
    expect([upper[60], lower[60], upper[74], lower[74]]).toEqual([255, 0, 255, 0]);
    const seam = await lumas(clip, "iw:2:0:ih/2-2");
    expect(seam[70]).toBeGreaterThan(245);
  });

  test("HDR in halves and on the way is brought to ordinary colours", async () => {
    const tags = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"];
    const output = ["-pix_fmt", "yuv420p10le", ...tags];
    const file = await source({ name: "hdr.mp4", picture: HALVES, seconds: 1.5, output });
    const moves = [
      { at: 0, x: 3, y: 0 },
      { at: 0.5, x: 14, y: 0 },
    ];
    const frames = [crop(0, 0.5, 0, { path: moves }), crop(0.5, 1, 0, split)];
    const { clip, failure } = await render(file, { clips: [aClip([[0, 1]])], frames });
    expect(failure).toBeUndefined();
    const [all, upper, lower] = [
      await lumas(clip),
      await lumas(clip, "iw:ih/2:0:0"),
      await lumas(clip, "iw:ih/2:0:ih/2"),
    ];
    expect(Math.min(...all.slice(0, 15))).toBeGreaterThan(200);
    expect([(upper[20] ?? 0) > 200, (lower[20] ?? 255) < 20]).toEqual([true, true]);
    // grey stays grey where chroma was cut on odd pixels
    const chroma = await bench.decode(
      "-i",
      clip,
      "-frames:v",
      "8",
      "-vf",
      "extractplanes=u,scale=1:1",
      "-f",
      "rawvideo",
      "-",
    );
    for (const value of chroma) expect(Math.abs(value - 128)).toBeLessThan(3);
  });
});
