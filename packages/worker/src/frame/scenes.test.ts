import { describe, expect, test } from "vitest";
import { makeFace } from "./blazeface.ts";
import { follow, valueAt } from "./follow.ts";
import { planFrames, type Scene } from "./plan.ts";
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
const shotOf = (end: number, scenes: Scene[]) => ({
  ...{ start: 0, end, scenes, columns: [], movement: 1, thumb: new Uint8Array() },
});
const cornerAt = (path: Scene["path"] = [], at: number) =>
  valueAt(
    path.map((point) => ({ at: point.at, value: point.x })),
    at,
  );
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

  test("goes with a walking speaker, the face inside all the time", () => {
    const path = (i: number) => 300 + i * 13;
    const scenes = arrange(times(100, (i) => [face(path(i))]));
    expect(scenes).toHaveLength(1);
    const [frame] = planFrames([shotOf(20, scenes)], area, target);
    expect(frame).toMatchObject({ layout: "crop", reason: "face" });
    for (let i = 0; i < 100; i++) {
      const corner = cornerAt(frame?.path, i / 5);
      const at = (path(i) - corner) / (frame?.w ?? 1);
      expect(at).toBeGreaterThan(0.2);
      expect(at).toBeLessThan(0.8);
      expect(corner >= 0 && corner + (frame?.w ?? 0) <= area.w).toBe(true);
    }
  });

  test("has the head of somebody who comes nearer inside, and goes down with somebody who sits down", () => {
    const nearer = arrange(times(60, (i) => [face(400 + i * 12, 120 + i * 3)]));
    expect(nearer[0]?.subject.faceWidth).toBeGreaterThan(240);
    const sits = arrange(
      times(60, (i) => {
        const down = Math.min(1, Math.max(0, (i - 20) / 10));
        const one = face(400 + i * 9, 110);
        return [{ ...one, y: one.y + 260 * down, eyeY: one.eyeY + 260 * down }];
      }),
    );
    const [frame] = planFrames([shotOf(12, sits)], area, target);
    const [first, last] = [frame?.path?.[0], frame?.path?.at(-1)];
    expect((last?.y ?? 0) - (first?.y ?? 0)).toBeGreaterThan(100);
  });

  test("cuts where a face jumps to and fro faster than any window could", () => {
    const hop = (i: number) => (Math.floor(i / 8) % 2 ? 1500 : 300);
    const track = times(80, (i) => ({ time: i / 5, face: face(hop(i)) }));
    const scenes = follow(track, { start: 0, end: 16 }, "face", { area, target });
    expect(scenes.length).toBeGreaterThan(2);
    for (const { start, end, path } of scenes) {
      expect(end - start).toBeGreaterThanOrEqual(1);
      expect(path).toBeUndefined();
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
