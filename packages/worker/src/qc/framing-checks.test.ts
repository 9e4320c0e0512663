import type { ShotFrame } from "@kangklip/contract";
import { expect, test } from "vitest";
import { makeFace } from "../frame/blazeface.ts";
import { type FramingToCheck, framingChecks, windowAt } from "./framing-checks.ts";

const size = { width: 1920, height: 1080 };
const window = { x: 600, y: 0, w: 608, h: 1080 };
const frame = (over: Partial<ShotFrame> = {}): ShotFrame => ({
  ...{ start: 0, end: 20, layout: "crop", ...window, reason: "face" },
  ...over,
});

/** A face of 200 x 260 whose middle goes along `x`, and whose eyes are at `eyeY`, five looks a second for 20 s. */
function faces(x: (time: number) => number, eyeY = 400) {
  return Array.from({ length: 100 }, (_, i) => {
    const middle = x(i / 5);
    const at = { x: middle - 100, y: eyeY - 80, w: 200, h: 260, score: 0.9, eyeY };
    const mouth = { mouthX: middle, mouthY: eyeY + 100 };
    return { time: i / 5, faces: [makeFace((key) => ({ ...at, ...mouth })[key])] };
  });
}

function failing(over: Partial<FramingToCheck>): string[] {
  const all = { frames: [frame()], faces: faces(() => 904), size, seconds: 20 };
  return framingChecks({ ...all, ...over }).flatMap(({ id, pass }) => (pass ? [] : [id]));
}

test("a face in the middle of its window passes", () => {
  const checks = framingChecks({
    ...{ frames: [frame()], faces: faces(() => 904), size, seconds: 20 },
  });
  expect(checks.map(({ id, value, pass }) => [id, value, pass])).toEqual([
    ["R1.empty", 0, true],
    ["R6.head", 0, true],
    ["R6.centre", 0, true],
    ["R6.eyes", 0, true],
  ]);
});

test("a window that shows nobody although somebody is there is seen, a whole picture shows everybody", () => {
  expect(failing({ faces: faces(() => 300) })).toEqual(["R1.empty"]);
  const fit = frame({ layout: "fit", x: 0, y: 0, w: 1920, h: 1080 });
  expect(failing({ faces: faces(() => 300), frames: [fit] })).toEqual([]);
  const split = frame({ layout: "split", y: 0, h: 540, lower: { x: 0, y: 100, w: 608, h: 540 } });
  expect(failing({ faces: faces(() => 300), frames: [split] })).toEqual([]);
});

test("a face that leaves the window for a moment is let go, for longer it is not", () => {
  const gone = (seconds: number, speed: number) =>
    faces((time) => 904 + Math.max(0, seconds / 2 - Math.abs(time - 10)) * speed);
  expect(failing({ faces: gone(2, 350) })).not.toContain("R1.empty");
  expect(failing({ faces: gone(3, 400) })).toContain("R1.empty");
});

test("cut heads and faces at the edge are seen, but not where the picture itself ends", () => {
  expect(failing({ faces: faces(() => 690) })).toEqual(["R6.head", "R6.centre"]);
  const atEdge = { frames: [frame({ x: 0 })], faces: faces(() => 90) };
  expect(failing(atEdge)).toEqual([]);
  const low = frame({ x: 700, y: 300, w: 438, h: 780 });
  expect(failing({ frames: [low], faces: faces(() => 919, 420) })).toEqual(["R6.head", "R6.eyes"]);
});

test("a still window over a walking face is told as such", () => {
  expect(failing({ faces: faces((time) => 700 + time * 23) })).toEqual(["R6.head", "R6.centre"]);
});

const swaying = (from: number, to: number, seconds: number) =>
  Array.from({ length: Math.floor(20 / seconds) + 1 }, (_, i) => ({
    ...{ at: i * seconds, x: i % 2 === 0 ? from : to, y: 0 },
  }));

test("a window that sways over a seated speaker is seen, one that follows a walker is not", () => {
  expect(failing({ frames: [frame({ path: swaying(560, 640, 1) })] })).toEqual([
    ...["R3.reversals", "R3.travel", "R3.static"],
  ]);
  const path = [
    { at: 2, x: 400, y: 0 },
    { at: 18, x: 1200, y: 0 },
  ];
  const walking = faces((time) => Math.min(1200, Math.max(400, 400 + (time - 2) * 50)) + 304);
  expect(failing({ frames: [frame({ path })], faces: walking })).toEqual([]);
});

test("where a person chose the picture nothing is judged, and without looks nothing is claimed", () => {
  const off = { faces: faces(() => 300) };
  expect(failing({ ...off, frames: [frame()] })).not.toEqual([]);
  expect(failing({ ...off, frames: [frame({ reason: "override" })] })).toEqual([]);
  const unknown = framingChecks({ frames: [frame()], faces: undefined, size, seconds: 20 });
  expect(unknown).toEqual([{ id: "R1.empty", value: null, unit: "%", max: 2, pass: true }]);
});

test("a path moves evenly between its points and rests around them", () => {
  const path = [
    { at: 1, x: 100, y: 0 },
    { at: 3, x: 300, y: 20 },
  ];
  const at = (time: number) => [windowAt(frame({ path }), time).x, windowAt(frame({ path }), time).y];
  expect([at(0), at(1), at(2), at(3), at(9)]).toEqual([
    [100, 0],
    [100, 0],
    [200, 10],
    [300, 20],
    [300, 20],
  ]);
});
