import { describe, expect, test } from "vitest";
import { type Face, makeFace } from "./blazeface.ts";
import { faceAt, medianFace, type Sample, trackFaces } from "./track.ts";

const face = (x: number, y = 100, size = 100, score = 0.9): Face => ({
  ...makeFace(() => 0),
  ...{ x, y, w: size, h: size, score, eyeY: y + size * 0.27, mouthX: x + size / 2, mouthY: y + size * 0.7 },
});
const samples = (...seen: Face[][]): Sample[] => seen.map((faces, i) => ({ time: i / 5, faces }));

describe("trackFaces", () => {
  test("joins a wandering face into one track and keeps two people apart", () => {
    const tracks = trackFaces(
      samples(...Array.from({ length: 10 }, (_, i) => [face(100 + i * 30), face(800 - i * 10)])),
    );
    expect(tracks.map((track) => track.length)).toEqual([10, 10]);
    expect(tracks.map((track) => track.at(-1)?.face.x).sort()).toEqual([370, 710]);
  });

  test("goes on with a face that was missed for a while", () => {
    const tracks = trackFaces(samples([face(100)], [face(101)], [], [], [face(103)], [face(99)], [face(99)]));
    expect(tracks).toHaveLength(1);
    expect(tracks[0]).toHaveLength(5);
  });

  test("drops boxes that do not last, and those that are never sure, as long as they last", () => {
    const blinking = samples([face(100)], [], [], [face(100)], [], [], [face(100)], [], []);
    expect(trackFaces(blinking)).toEqual([]);
    const photo = Array.from({ length: 50 }, (_, i) => (i < 6 ? [face(100)] : []));
    expect(trackFaces(samples(...photo))).toEqual([]);
    expect(trackFaces(samples(...Array.from({ length: 20 }, () => [face(100, 100, 100, 0.58)])))).toEqual([]);
  });

  test("asks for half of the samples of a short shot", () => {
    expect(trackFaces(samples([face(100)], []))).toHaveLength(1);
    expect(trackFaces(samples([face(100)], [], [], []))).toEqual([]);
  });

  test("keeps a close-up and a small face in the same place apart", () => {
    const zoom = samples(...[40, 40, 40, 200, 200, 200].map((size) => [face(100, 100, size)]));
    expect(trackFaces(zoom)).toHaveLength(2);
  });
});

test("the median face ignores an outlier, and between two sightings a face moves evenly", () => {
  const track = [100, 102, 900, 101, 99].map((x, i) => ({ time: i, face: face(x) }));
  expect(medianFace(track).x).toBe(101);
  expect(faceAt(track, 0.5)?.x).toBe(101);
  expect(faceAt(track, -5)?.x).toBe(100);
  expect(faceAt(track, 50)?.x).toBe(99);
});
