import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { clipTimeline, type Piece } from "./clip-timeline.ts";
import { coverFrames, sharpestCover } from "./cover.ts";

const timeline = clipTimeline([{ start: 0, end: 30, text: "" }], { text: "30/1", fps: 30 });
const piece = (firstFrame: number, endFrame: number, reason: string): Piece => ({
  ...{ stretch: 0, firstFrame, endFrame, layout: "crop", reason },
  window: { x: 0, y: 0, w: 608, h: 1080 },
});
const lastOf = ({ firstFrame, step, count }: ReturnType<typeof coverFrames>) =>
  firstFrame + step * (count - 1);

test("the cover is looked for where somebody is first seen", () => {
  const cover = coverFrames(timeline, [
    piece(0, 90, "wide"),
    piece(90, 300, "speaker"),
    piece(300, 900, "face"),
  ]);
  expect(cover.firstFrame).toBe(99);
  expect(cover.count).toBe(8);
  expect(lastOf(cover)).toBeLessThan(99 + 120);
});

test("without anybody it is looked for in the longest early shot", () => {
  expect(
    coverFrames(timeline, [piece(0, 60, "wide"), piece(60, 500, "detail"), piece(500, 900, "wide")])
      .firstFrame,
  ).toBe(69);
});

test("a clip of one short shot still has a cover, inside the clip", () => {
  const short = clipTimeline([{ start: 0, end: 0.1, text: "" }], { text: "30/1", fps: 30 });
  const cover = coverFrames(short, [piece(0, 3, "face")]);
  expect(cover.count).toBeGreaterThanOrEqual(1);
  expect(lastOf(cover)).toBeLessThan(3);
});

test("of the candidates the one with the most detail is taken, and none is an error", async () => {
  const dir = await mkdtemp(join(tmpdir(), "kangklip-cover-"));
  await expect(sharpestCover(dir)).rejects.toMatchObject({ code: "RENDER_FAILED" });
  await writeFile(join(dir, "cover_01.jpg"), "black");
  await writeFile(join(dir, "cover_02.jpg"), "a picture with detail");
  await writeFile(join(dir, "clip.mp4"), "something else that is much larger");
  expect(await sharpestCover(dir)).toBe("cover_02.jpg");
  await rm(dir, { recursive: true });
});
