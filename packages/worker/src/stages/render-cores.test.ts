import { readdirSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { aClip, createRenderBench, RAMP, tools } from "./testing-render.ts";

describe.skipIf(!tools)("the cores of clips (needs ffmpeg)", { timeout: 120_000 }, async () => {
  const bench = await createRenderBench();
  afterAll(() => bench[Symbol.asyncDispose]());

  test("while each core has an encoder, the pictures of the next clip come, but it is not looked at before one has ended", async () => {
    if (!tools) throw new Error("needs ffmpeg");
    const marks = join(bench.folder, "ended");
    await mkdir(marks);
    const script = `case "$*" in *[12]-clip.mp4) sleep 0.5; ${tools.ffmpeg} "$@"; r=$?; touch ${marks}/$$; exit $r;; esac`;
    const ffmpeg = join(bench.folder, "marking-ffmpeg");
    await writeFile(ffmpeg, `#!/bin/sh\n${script}\nexec ${tools.ffmpeg} "$@"\n`, { mode: 0o755 });
    const file = await bench.source({ name: "two-parts.mp4", picture: RAMP, seconds: 16 });
    const clips = [aClip([[0, 15]]), aClip([[1, 2]], { index: 2 })];
    const events: string[] = [];
    const add = (what: string) => void events.push(`${what} after ${readdirSync(marks).length}`);
    const need = {
      async pictures(segments: readonly { start: number }[]) {
        if (segments[0]) add(`pictures from ${segments[0].start} s`);
        return file;
      },
      ...{ wireBytes: () => 0, requests: () => 0, close: async () => {} },
    };
    const { failure } = await bench.render(file, {
      ...{ clips, need, settings: { threads: 2, encoder: "libx264" }, size: [90, 160], preview: false },
      tools: { ...tools, ffmpeg },
      onFrame: ({ index }) => add(`clip ${index}`),
    });
    expect(failure).toBeUndefined();
    expect(readdirSync(marks)).toHaveLength(2);
    expect(events.slice(0, 3)).toEqual([
      ...["pictures from 0 s after 0", "clip 1 after 0", "pictures from 1 s after 0"],
    ]);
    expect(events[3]).toMatch(/^clip 2 after [12]$/);
  });
});
