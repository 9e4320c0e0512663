import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { makeFace } from "./blazeface.ts";
import { type Mouths, measureMouths } from "./mouths.ts";
import { HOLD_SECONDS, SPLIT_SECONDS, takeTurns } from "./speaker.ts";
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
/** Mouths that move by turns: [seconds, who]; -1 is silence, 2 is both. */
function scripted(turns: [seconds: number, who: number][], noise = 0.3): Mouths {
  const who = turns.flatMap(([seconds, speaker]) => Array<number>(Math.round(seconds * 10)).fill(speaker));
  const moves = (i: number, k: number) =>
    (who[i] === k || who[i] === 2 ? 2 + 3 * Math.abs(Math.sin(i * 1.7)) : 0) +
    noise * Math.abs(Math.sin(i * 7.3 + k));
  return { times: who.map((_, i) => i / 10), motion: [0, 1].map((k) => who.map((_, i) => moves(i, k))) };
}
interface Given {
  isSpeech?: (time: number) => boolean;
  sizes?: [number, number];
  pairs?: [number, number][];
}
function turnsOf(mouths: Mouths, { isSpeech = () => true, sizes = [200, 200], pairs = [] }: Given = {}) {
  const end = mouths.times.length / 10;
  const tracks = [seat(300, end, sizes[0]), seat(1400, end, sizes[1])];
  return takeTurns({ start: 0, end }, tracks, mouths, { area, isSpeech, pairs });
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

  const PAIRS: [number, number][] = [[0, 1]];
  /** So many turns of a length, one after the other. */
  const exchange = (seconds: number, count: number): [number, number][] =>
    Array.from({ length: count }, (_, i) => [seconds, i % 2]);

  test("shows two people at once while they talk too fast for cuts, and says why", () => {
    const talk = scripted([[5, 0], ...exchange(0.7, 10), [5, 1]]);
    const turns = turnsOf(talk, { pairs: PAIRS });
    expect(turns).toMatchObject([
      { track: 0 },
      { track: expect.any(Number), beside: { reason: "split_exchange" } },
      { track: 1 },
    ]);
    const [, split] = turns;
    expect(new Set([split?.track, split?.beside?.track])).toEqual(new Set([0, 1]));
    for (const [at, wanted] of [
      [split?.start, 5],
      [split?.end, 12],
    ])
      expect(Math.abs((at ?? 0) - (wanted ?? 0))).toBeLessThanOrEqual(1);
    // where no two windows could show them it is cut as before
    expect(turnsOf(talk).some(({ beside }) => beside)).toBe(false);
  });

  test("shows two people at once while both speak", () => {
    const both = scripted([
      [4, 0],
      [5, 2],
      [4, 1],
    ] as [number, number][]);
    expect(turnsOf(both, { pairs: PAIRS })).toMatchObject([
      { track: 0 },
      { beside: { reason: "split_both" } },
      { track: 1 },
    ]);
  });

  test("does not split for turns that can be cut, for interjections, or for one who speaks alone", () => {
    const talks = [
      exchange(2, 6),
      [[6, 0]],
      [
        [3, 0],
        [0.3, 1],
        [2.5, 0],
        [0.3, 1],
        [3, 0],
      ],
      [
        [3, 0],
        [4, -1],
        [3, 1],
      ],
    ];
    for (const talk of talks as [number, number][][])
      expect(turnsOf(scripted(talk), { pairs: PAIRS }).filter(({ beside }) => beside)).toEqual([]);
    const silent = turnsOf(scripted(exchange(0.6, 20)), { pairs: PAIRS, isSpeech: () => false });
    expect(silent).toMatchObject([{ speaking: false }]);
  });

  test("a split lasts three seconds and more, whatever the mouths do: no flicker", () => {
    const part = fc.tuple(fc.double({ min: 0.2, max: 2, noNaN: true }), fc.integer({ min: -1, max: 2 }));
    fc.assert(
      fc.property(fc.array(part, { minLength: 4, maxLength: 16 }), (parts) => {
        const talk = scripted(parts);
        const end = talk.times.length / 10;
        const turns = turnsOf(talk, { pairs: PAIRS });
        expect([turns[0]?.start, turns.at(-1)?.end]).toEqual([0, end]);
        for (const { start, end: after, beside } of turns)
          expect(after - start).toBeGreaterThanOrEqual(
            Math.min(end, beside ? SPLIT_SECONDS : HOLD_SECONDS) - 1e-6,
          );
      }),
      { numRuns: 40, seed: 6 },
    );
  });

  test("whoever has a turn of 1.5 s is seen for 95 % of it, within half a second, by cuts a second apart", () => {
    const length = fc.oneof(
      fc.double({ min: 1.5, max: 2.5, noNaN: true }),
      fc.double({ min: 1.5, max: 8, noNaN: true }),
    );
    const talk = fc.array(fc.tuple(length, fc.boolean(), fc.double({ min: 0, max: 0.4, noNaN: true })), {
      minLength: 2,
      maxLength: 8,
    });
    let [seen, all] = [0, 0];
    fc.assert(
      fc.property(talk, fc.double({ min: 0, max: 0.5, noNaN: true }), (made, noise) => {
        // turns of two, with an interjection in the middle of some of the long ones and a breath after each
        const parts = made.flatMap(([seconds, interject, breath], i): [number, number][] => {
          const [who, other] = [i % 2, 1 - (i % 2)];
          if (!interject || seconds < 3)
            return [
              [seconds, who],
              [breath, -1],
            ];
          const half = (seconds - 0.3) / 2;
          return [
            [half, who],
            [0.3, other],
            [half, who],
            [breath, -1],
          ];
        });
        const turns = turnsOf(scripted(parts, noise), { pairs: PAIRS });
        const shows = (at: number, who: number) =>
          turns.some(
            ({ start, end, track, beside }) =>
              at >= start && at < end && (track === who || beside?.track === who),
          );
        let at = 0;
        for (const [i, [seconds, interject, breath]] of made.entries()) {
          const steps = Math.round(interject && seconds >= 3 ? 0 : seconds * 10);
          const lasts = steps || 2 * Math.round(((seconds - 0.3) / 2) * 10) + 3;
          const moments = Array.from({ length: lasts }, (_, k) => at + (k + 0.5) / 10);
          const views = moments.map((moment) => shows(moment, i % 2));
          all += lasts;
          seen += views.filter(Boolean).length;
          expect(views.indexOf(true), `turn ${i}`).toBeLessThanOrEqual(5);
          expect(views.indexOf(true), `turn ${i}`).toBeGreaterThanOrEqual(0);
          at += lasts / 10 + Math.round(breath * 10) / 10;
        }
        for (const { start, end } of turns) expect(end - start).toBeGreaterThanOrEqual(HOLD_SECONDS - 1e-6);
      }),
      { numRuns: 60, seed: 6 },
    );
    expect(seen / all).toBeGreaterThan(0.95);
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
    expect(Math.max(...motion.flat())).toBeLessThan(0.5);
  });

  test("hears a mouth in a head that sways, and nothing in the one that sways and listens", () => {
    const sway = (i: number) => [0, 1.5, 0.5, 2, 1, 0][i] ?? 0;
    const [talking, listening] = measure([0, 1, 0, 1, 0, 1].map((open, i) => luma(open === 1, sway(i))));
    expect(Math.min(...(talking?.slice(1) ?? []))).toBeGreaterThan(5);
    expect(Math.max(...(listening ?? []))).toBeLessThan(2);
  });
});
