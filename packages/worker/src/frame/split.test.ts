import { expect, test } from "vitest";
import { makeFace } from "./blazeface.ts";
import { splitPairs } from "./split.ts";
import type { Track } from "./track.ts";

const area = { x: 0, y: 0, w: 1920, h: 1080 };
const target = { width: 1080, height: 1920 };
/** Somebody for ten seconds, around a middle, who may go to and fro. */
const person = (middle: number, size = 200, wanders = 0): Track =>
  Array.from({ length: 50 }, (_, i) => ({
    time: i / 5,
    face: {
      ...makeFace(() => 0),
      ...{ x: middle - size / 2 + wanders * Math.sin(i), y: 320, w: size, h: size, score: 0.9, eyeY: 380 },
    },
  }));
const pairs = (...people: Track[]) => splitPairs(people, area, target);

test("two people far apart can share a frame, and of three every two that are", () => {
  expect(pairs(person(500), person(1400))).toEqual([[0, 1]]);
  expect(pairs(person(300), person(960), person(1620))).toEqual([
    [0, 1],
    [0, 2],
    [1, 2],
  ]);
});

test("no window shows the other one's face, half of it neither", () => {
  expect(pairs(person(800), person(1120))).toEqual([]);
  expect(pairs(person(300), person(960), person(1220))).toEqual([
    [0, 1],
    [0, 2],
  ]);
});

test("nobody is split who walks out of their window, or fills it", () => {
  expect(pairs(person(500, 200, 60), person(1400))).toEqual([[0, 1]]);
  expect(pairs(person(500, 200, 300), person(1400))).toEqual([]);
  expect(pairs(person(400, 800), person(1600, 200))).toEqual([]);
});
