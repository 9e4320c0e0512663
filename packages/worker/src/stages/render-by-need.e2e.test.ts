import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { aMachine, tenMinutes } from "../fetch/need/testing-need.ts";
import { bytes } from "../fetch/testing-server.ts";
import { aClip, createRenderBench, crop, tools } from "./testing-render.ts";

let bench: Awaited<ReturnType<typeof createRenderBench>>;
let video: Buffer = Buffer.alloc(0);
beforeAll(async () => {
  if (!tools) return;
  bench = await createRenderBench();
  video = await tenMinutes(bench.folder);
}, 300_000);
afterAll(() => bench?.[Symbol.asyncDispose]());

test.skipIf(!tools)(
  "clips of which only the ranges were fetched are those of the whole file: every picture, every sound, and their times (needs ffmpeg)",
  { timeout: 900_000 },
  async () => {
    await using machine = await aMachine({ "/v.mp4": bytes(video, { together: true }) });
    const { source } = await machine.fetch("/v.mp4");
    const had = machine.asked().length;
    expect(had).toBeGreaterThan(0);
    const clips = [
      aClip([
        [100.3, 101.8],
        [251, 252.5],
      ]),
      aClip([[480, 482]], { index: 2 }),
    ];
    const frames = [crop(0, 10, 20)];
    const { need } = source;
    const byNeed = await bench.render(source.file, { clips, frames, ...(need && { need }) });
    expect(byNeed.failure).toBeUndefined();
    const whole = await bench.render(join(bench.folder, "ten-minutes.mp4"), { clips, frames });
    for (const name of ["clip_01.mp4", "clip_02.mp4", "clip_01_preview.mp4"]) {
      const seen = ({ dir }: typeof whole) =>
        bench.decode("-i", join(dir, name), "-map", "0:v", "-map", "0:a", "-f", "framemd5", "-");
      expect((await seen(byNeed)).toString()).toBe((await seen(whole)).toString());
    }
    expect(byNeed.left).toEqual(whole.left);
    expect(need?.wireBytes()).toBeLessThan(video.length / 6);
  },
);

test.skipIf(!tools)(
  "where its pictures cannot be had a clip fails with that, and nothing unfinished stays (needs ffmpeg)",
  { timeout: 900_000 },
  async () => {
    let gone = false;
    await using machine = await aMachine({
      "/v.mp4": (request, response, visit) =>
        gone
          ? void response.writeHead(404).end()
          : bytes(video, { together: true })(request, response, visit),
    });
    const { source } = await machine.fetch("/v.mp4");
    gone = true;
    const { need } = source;
    const { failure, left } = await bench.render(source.file, {
      clips: [aClip([[100, 102]])],
      ...(need && { need }),
    });
    expect(failure).toMatchObject({ code: "SOURCE_NOT_FOUND" });
    expect(left).toEqual([]);
  },
);
