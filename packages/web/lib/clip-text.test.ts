import type { ClipView, ReadyClip } from "@kangklip/contract";
import { expect, test } from "vitest";
import { translateTo } from "../i18n/translate.ts";
import { clipPlaces, editHref, placeOnStrip, placeText, scoreText } from "./clip-text.ts";

const t = translateTo("en");

test.each([
  [null, null],
  [0.836, "84 of 100"],
  [72.4, "72 of 100"],
  [-0.2, "0 of 100"],
  [120, "100 of 100"],
])("the score %s reads %s", (score, text) => expect(scoreText(t, score)).toBe(text));

test("a clip's place is told in the source's own time", () => {
  expect(placeText(t, { start: 125.2, end: 168.9 })).toBe("2:05 to 2:48");
});

test("a clip lies on the strip where it lies in the source, and never sticks out", () => {
  expect(placeOnStrip({ start: 50, end: 100 }, 200)).toEqual({ left: 25, width: 25 });
  expect(placeOnStrip({ start: 190, end: 230 }, 200)).toEqual({ left: 95, width: 5 });
});

test("each clip has a page of its own to be changed on", () => {
  expect(editHref("kk_01J00000000000000000000000", "clip_03.mp4")).toBe(
    "/jobs/kk_01J00000000000000000000000/edit/3",
  );
});

const aReadyClip = (index: number) =>
  ({ clip_file: `clip_0${index}.mp4`, index, title: `Clip ${index}` }) as unknown as ReadyClip;

test("clips that are ready lie in their places, and those to come have theirs", () => {
  const places = clipPlaces(3, [aReadyClip(2)], undefined);
  expect(places.map(({ file, index, ready }) => [file, index, ready?.title])).toEqual([
    ["clip_01.mp4", 1, undefined],
    ["clip_02.mp4", 2, "Clip 2"],
    ["clip_03.mp4", 3, undefined],
  ]);
});

test("once a job is done its clips keep their places, and there are no more than came out", () => {
  const clips = [1, 2].map((index) => ({ clip_file: `clip_0${index}.mp4`, index }) as unknown as ClipView);
  const places = clipPlaces(3, [aReadyClip(2)], clips);
  expect(places.map(({ file, ready, clip }) => [file, ready?.title, clip?.index])).toEqual([
    ["clip_01.mp4", undefined, 1],
    ["clip_02.mp4", "Clip 2", 2],
  ]);
  expect(clipPlaces(3, [], [])).toEqual([]);
});
