import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findTools } from "../../../packages/worker/src/media/ffmpeg.ts";
import { measureSource } from "./files.ts";
import { fileRows } from "./files-rows.ts";
import { sameFrames } from "./files-same.ts";
import { makeSource } from "./sources.ts";

const tools = await findTools({}).catch(() => null);

describe.skipIf(!tools)("sound and file of rendered clips (needs ffmpeg)", { timeout: 600_000 }, () => {
  const { signal } = new AbortController();
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "kangklip-files-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));
  const kitchen = () => {
    if (!tools) throw new Error("needs ffmpeg");
    return { tools, dir, signal };
  };

  test("clips of awkward sources hold every row, those in the way of 1.x do not", async () => {
    const clips = [];
    for (const name of ["vfr", "edit-list", "joined", "quiet", "soft-and-loud"])
      clips.push(await measureSource(await makeSource(name, kitchen()), kitchen()));
    const rows = fileRows(clips, { frames: 1, ours: 0, original: 0, otherThreads: 0 });
    const measured = rows.filter(({ value }) => value !== null);
    expect(measured.filter(({ pass }) => !pass)).toEqual([]);
    const original = new Map(rows.map((row) => [row.id, row.original]));
    expect(original.get("A1.integrated")).toBeGreaterThan(10);
    expect(original.get("A1.range")).toBeGreaterThan(11);
    expect(original.get("A2.step")).toBeGreaterThan(-30);
    expect(original.get("V1.moov")).toBe(5);
    expect(original.get("V1.colours")).toBe(5);
  });

  test("the same EDL gives the same frames in two processes with equal threads", async () => {
    const same = await sameFrames(kitchen());
    expect(same.frames).toBeGreaterThan(50);
    expect(same.ours).toBe(0);
  });
});
