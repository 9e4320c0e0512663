import { expect, test } from "vitest";
import { editHref, placeOnStrip, placeText, scoreText } from "./clip-text.ts";

test.each([
  [null, null],
  [0.836, "84 of 100"],
  [72.4, "72 of 100"],
  [-0.2, "0 of 100"],
  [120, "100 of 100"],
])("the score %s reads %s", (score, text) => expect(scoreText(score)).toBe(text));

test("a clip's place is told in the source's own time", () => {
  expect(placeText({ start: 125.2, end: 168.9 })).toBe("2:05 to 2:48");
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
