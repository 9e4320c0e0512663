import { describe, expect, test } from "vitest";
import { makeFace } from "./blazeface.ts";
import { planFrames } from "./plan.ts";
import { arrangeShot } from "./scenes.ts";
import { trackFaces } from "./track.ts";

const area = { x: 0, y: 0, w: 1920, h: 1080 };
const target = { width: 1080, height: 1920 };
const watched = { fps: 30, frames: 0, scale: 0.25, width: 480, height: 270, thumbs: [], lumas: [] };
const context = { watched, offsetSeconds: 0, area, target, isSpeech: () => true };
const face = (middle: number, size = 220) => ({
  ...makeFace(() => 0),
  ...{ x: middle - size / 2, y: 320, w: size, h: size, score: 0.9, eyeY: 380, mouthX: middle, mouthY: 480 },
});
/** Scenes of a shot whose faces are given per fifth of a second. */
function arrange(faces: ReturnType<typeof face>[][]) {
  const shot = { start: 0, end: faces.length / 5 };
  const samples = faces.map((seen, i) => ({ time: i / 5, faces: seen }));
  return arrangeShot(shot, trackFaces(samples), context);
}
const times = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

describe("arrangeShot", () => {
  test("rests on a seated speaker, whatever the detector's boxes jitter", () => {
    const scenes = arrange(times(150, (i) => [face(900 + 40 * Math.sin(i * 2.1), 220 + 20 * Math.cos(i))]));
    expect(scenes).toHaveLength(1);
    const [frame] = planFrames(
      [{ start: 0, end: 30, scenes, columns: [], movement: 1, thumb: new Uint8Array() }],
      area,
      target,
    );
    expect((frame?.x ?? 0) + 304).toBeCloseTo(900, -2);
  });

  test("does not follow one wrong box", () => {
    const scenes = arrange(times(50, (i) => [face(i === 20 ? 1500 : 900)]));
    expect(scenes).toHaveLength(1);
  });

  test("follows a walking speaker in rests of a second and more, with the face inside all the time", () => {
    const path = (i: number) => 300 + i * 13;
    const scenes = arrange(times(100, (i) => [face(path(i))]));
    expect(scenes.length).toBeGreaterThan(2);
    const shot = { start: 0, end: 20, scenes, columns: [], movement: 1, thumb: new Uint8Array() };
    const frames = planFrames([shot], area, target);
    for (const frame of frames) expect(frame.end - frame.start).toBeGreaterThanOrEqual(1);
    for (let i = 0; i < 100; i++) {
      const frame = frames.find(({ end }) => i / 5 < end);
      const at = (path(i) - (frame?.x ?? 0)) / (frame?.w ?? 1);
      expect(at).toBeGreaterThan(0.2);
      expect(at).toBeLessThan(0.8);
    }
  });

  test("shows two people together where both fit, else the larger one", () => {
    const together = arrange(times(20, () => [face(800, 150), face(1100, 140)]));
    expect(together).toMatchObject([{ reason: "faces", subject: { box: { x: 725, w: 445 } } }]);
    const apart = arrange(times(20, () => [face(400, 200), face(1500, 240)]));
    expect(apart).toMatchObject([{ reason: "face", subject: { faceWidth: 240 } }]);
  });

  test("overlooks passers-by and gets along with a crowd", () => {
    const passing = arrange(times(20, (i) => [face(600, 260), face(1200 + i * 10, 60)]));
    expect(passing).toMatchObject([{ reason: "face", subject: { faceWidth: 260 } }]);
    const crowd = arrange(times(20, () => times(20, (k) => face(60 + k * 95, 80))));
    expect(crowd).toHaveLength(1);
  });

  test("has nothing to show without a face", () => {
    expect(arrange(times(20, () => []))).toEqual([]);
  });
});
