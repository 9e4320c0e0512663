import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeFace } from "./blazeface.ts";
import { HOLD_SECONDS, type Mouths, measureMouths, takeTurns } from "./speaker.ts";
import type { Track } from "./track.ts";

const area = { x: 0, y: 0, w: 1920, h: 1080 };
const seat = (x: number, seconds: number, size = 200): Track =>
  Array.from({ length: Math.ceil(seconds * 5) }, (_, i) => ({
    time: i / 5,
    face: {
      ...makeFace(() => 0),
      x,
      y: 300,
      w: size,
      h: size,
      score: 0.9,
      eyeY: 354,
      mouthX: x + size / 2,
      mouthY: 440,
    },
  }));
/** Mouths that move by turns: [seconds, who]; -1 is silence. */
function scripted(turns: [seconds: number, who: number][], noise = 0.3): Mouths {
  const who = turns.flatMap(([seconds, speaker]) => Array<number>(Math.round(seconds * 10)).fill(speaker));
  const moves = (i: number, k: number) =>
    (who[i] === k ? 2 + 3 * Math.abs(Math.sin(i * 1.7)) : 0) + noise * Math.abs(Math.sin(i * 7.3 + k));
  return { times: who.map((_, i) => i / 10), motion: [0, 1].map((k) => who.map((_, i) => moves(i, k))) };
}
function turnsOf(mouths: Mouths, { isSpeech = (_: number): boolean => true, sizes = [200, 200] } = {}) {
  const end = mouths.times.length / 10;
  const tracks = [seat(300, end, sizes[0]), seat(1400, end, sizes[1])];
  return takeTurns({ start: 0, end }, tracks, mouths, { area, isSpeech });
}

describe("takeTurns", () => {
  test("turns to whoever speaks within half a second, ahead as little as late", () => {
    const turns = turnsOf(
      scripted([
        [4, 0],
        [2, 1],
        [3, 0],
        [1.5, 1],
        [4, 0],
      ]),
    );
    expect(turns.map(({ track }) => track)).toEqual([0, 1, 0, 1, 0]);
    for (const [i, at] of [4, 6, 9, 10.5].entries())
      expect(Math.abs((turns[i + 1]?.start ?? 0) - at)).toBeLessThanOrEqual(0.5);
    expect(turns.every(({ speaking }) => speaking)).toBe(true);
  });

  test("stays through interjections of 0.3 s and through silence", () => {
    const talk: [number, number][] = [
      [3, 0],
      [0.3, 1],
      [2, 0],
      [0.3, 1],
      [2, -1],
      [0.3, 1],
      [2, 0],
    ];
    expect(turnsOf(scripted(talk)).map(({ track }) => track)).toEqual([0]);
  });

  test("covers the shot without gaps in turns of at least a second, whatever the mouths do", () => {
    const part = fc.tuple(fc.double({ min: 0.1, max: 4, noNaN: true }), fc.integer({ min: -1, max: 1 }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
        const mouths = scripted(parts);
        const turns = turnsOf(mouths);
        const end = mouths.times.length / 10;
        expect(turns[0]?.start).toBe(0);
        expect(turns.at(-1)?.end).toBe(end);
        for (const [i, turn] of turns.entries()) {
          expect(turn.end - turn.start).toBeGreaterThanOrEqual(Math.min(end, HOLD_SECONDS) - 1e-6);
          if (i > 0) expect(turn.start).toBe(turns[i - 1]?.end);
          if (i > 0) expect(turn.track).not.toBe(turns[i - 1]?.track);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("without speech, or with two mouths that move alike, stays on the most prominent face", () => {
    const talk = scripted([
      [3, 0],
      [3, 1],
    ]);
    const silent = turnsOf(talk, { isSpeech: () => false, sizes: [180, 260] });
    expect(silent).toEqual([{ start: 0, end: 6, track: 1, speaking: false }]);
    const alike = { times: talk.times, motion: [talk.times.map(() => 3), talk.times.map(() => 3)] };
    expect(turnsOf(alike, { sizes: [260, 180] })).toMatchObject([{ track: 0, speaking: false }]);
  });

  test("leaves somebody who has left the picture", () => {
    const end = 8;
    const tracks = [seat(300, 4), seat(1400, 8)];
    const turns = takeTurns(
      { start: 0, end },
      tracks,
      scripted([
        [4, 0],
        [4, -1],
      ]),
      { area, isSpeech: () => true },
    );
    expect(turns.map(({ track }) => track)).toEqual([0, 1]);
    expect(Math.abs((turns[1]?.start ?? 0) - 4)).toBeLessThanOrEqual(1);
  });
});

describe("measureMouths", () => {
  const [width, height] = [192, 108];
  /** Two heads on noise; `open` paints a dark mouth into the first, `shake` shifts everything. */
  const luma = (open: boolean, shake: number) =>
    Uint8Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [(i % width) + shake, Math.floor(i / width)];
      const inMouth = Math.abs(x - 40) < 4 && Math.abs(y - 44) < 3;
      return inMouth && open ? 20 : 120 + 40 * Math.sin(x * 0.9) * Math.cos(y * 0.7);
    });
  const watched = (pictures: Uint8Array[]) => ({
    ...{ fps: 10, frames: pictures.length, scale: 0.1, width, height, thumbs: [] },
    lumas: pictures.map((picture, frame) => ({ frame, luma: picture })),
  });
  const measure = (pictures: Uint8Array[]) =>
    measureMouths(watched(pictures), 0, { start: 0, end: 99 }, [seat(300, 2), seat(1400, 2)]).motion;

  test("sees the mouth that opens and closes, and no movement in the one that does not", () => {
    const [talking, listening] = measure([0, 1, 0, 1, 0, 1].map((open) => luma(open === 1, 0)));
    expect(Math.max(...(talking ?? []))).toBeGreaterThan(10);
    expect(listening).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test("does not take a shaking camera for speech", () => {
    const motion = measure([0, 2, 0, 2, 0, 2].map((shake) => luma(false, shake)));
    expect(Math.max(...motion.flat())).toBeLessThan(8);
  });
});
