import { expect, test } from "vitest";
import { changedFrames } from "./changed.ts";

const line = (start: string, end: string, text: string, layer = 0) =>
  `Dialogue: ${layer},0:00:${start},0:00:${end},Caption,,0,0,0,,${text}`;
const file = (lines: string[], look = "Style: Caption,Roboto") =>
  ["[Script Info]", look, "", "[Events]", "Format: Layer, Start", ...lines, ""].join("\n");

const THREE = [line("00.98", "01.98", "one"), line("01.98", "02.98", "two"), line("04.02", "05.02", "three")];
const other = (at: number, text: string) =>
  THREE.map((one, i) => (i === at ? one.replace(/\w+$/, text) : one));

test("nothing changes where the same lines are drawn, in whatever order they are written", () => {
  expect(changedFrames(file(THREE), file(THREE), 30)).toEqual([]);
  expect(changedFrames(file(THREE), file(THREE.toReversed()), 30)).toEqual([]);
  expect(changedFrames("", "", 30)).toEqual([]);
});

test("a line that says something else changes the frames on which it stands, and no other", () => {
  // a line from 1.98 s on is first seen on frame 60, which comes at 2 s
  expect(changedFrames(file(THREE), file(other(1, "deux")), 30)).toEqual([{ first: 60, end: 90 }]);
});

test("a line that is new, gone or moved changes where it stands and where it stood", () => {
  const [one = "", two = "", three = ""] = THREE;
  expect(changedFrames(file([one, three]), file(THREE), 30)).toEqual([{ first: 60, end: 90 }]);
  expect(changedFrames(file(THREE), file([two, three]), 30)).toEqual([{ first: 30, end: 60 }]);
  const later = three.replace("04.02", "03.52");
  expect(changedFrames(file(THREE), file([one, two, later]), 30)).toEqual([{ first: 106, end: 151 }]);
});

test("a line twice is not the same as once", () => {
  const [one = ""] = THREE;
  expect(changedFrames(file([one]), file([one, one]), 30)).toEqual([{ first: 30, end: 60 }]);
});

test("lines that stand beside a changed one may be moved out of its way, and so may those beside them", () => {
  const beside = [line("00.48", "01.02", "a"), line("01.01", "02.01", "b"), line("01.98", "02.98", "c")];
  const lines = (text: string) => [line("00.02", "00.52", text), ...beside];
  expect(changedFrames(file(lines("x")), file(lines("y")), 30)).toEqual([{ first: 1, end: 90 }]);
});

test("captions that look different are all new; none at all have no look", () => {
  expect(changedFrames(file(THREE), file(THREE, "Style: Caption,Lato"), 30)).toBeNull();
  const all = [
    { first: 30, end: 90 },
    { first: 121, end: 151 },
  ];
  expect(changedFrames("", file(THREE), 30)).toEqual(all);
  expect(changedFrames(file(THREE), "", 30)).toEqual(all);
});
