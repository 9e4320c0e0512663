import { describe, expect, test } from "vitest";
import type { Face } from "./blazeface.ts";
import type { Manner } from "./face-search.ts";
import { createLooks } from "./looks.ts";
import { type Picture, pictureBytes } from "./picture.ts";

const [WIDTH, HEIGHT] = [64, 36];
const RATE = 5;

/** A gray picture; `level` stands for what it shows, and a mouth in its first row is so far open. */
function picture(level: number, open = 0): Picture {
  const data = new Uint8Array(pictureBytes(WIDTH, HEIGHT)).fill(level);
  return { width: WIDTH, height: HEIGHT, data: data.fill(level + open, 0, WIDTH) };
}

const face = (x: number, rest: Partial<Face> = {}): Face => ({
  ...{ x, y: 10, w: 10, h: 10, score: 0.9, eyeY: 12, mouthX: x + 5, mouthY: 18 },
  ...rest,
});

/** Pictures at 5 a second, each with what the finder would see in it. */
async function look(levels: number[], inside: (i: number) => Face[] | null, talks = true) {
  const looked: { at: number; manner: Manner | undefined }[] = [];
  const pictures = levels.map((level, i) => picture(level, talks ? 10 * ((3 * i) % 7) : 0));
  const looks = createLooks(async (given, manner) => {
    const at = pictures.indexOf(given);
    looked.push({ at, manner });
    return inside(at);
  });
  for (const [i, one] of pictures.entries()) looks.add(one, i / RATE);
  const samples = await looks.end();
  return { samples, looked: looked.map(({ at }) => at).sort((a, b) => a - b), manners: looked };
}

/** Of somebody who talks before a still background. */
const talk = (count: number): number[] => Array(count).fill(100);

describe("faces through a stretch", () => {
  test("somebody who hardly moves is looked at every 0.8 s, and known in every picture", async () => {
    const { samples, looked } = await look(talk(17), (i) => [face(20 + i / 10)]);
    expect(looked).toEqual([0, 4, 8, 12, 16]);
    expect(samples.map(({ time }) => time)).toEqual(Array.from({ length: 17 }, (_, i) => i / RATE));
    for (const [i, { faces }] of samples.entries()) expect(faces[0]?.x).toBeCloseTo(20 + i / 10, 6);
  });

  test("somebody who walks is looked at in every picture", async () => {
    const { samples, looked } = await look(talk(9), (i) => [face(5 * i)]);
    expect(looked).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
    expect(samples.map(({ faces }) => faces[0]?.x)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40]);
  });

  test("where somebody comes in is found to the picture", async () => {
    const { samples, looked } = await look(talk(9), (i) => (i >= 6 ? [face(20)] : []));
    expect(samples.map(({ faces }) => faces.length)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1]);
    expect(looked).toEqual([0, 4, 5, 6, 8]);
  });

  test("a short shot between two others is looked at", async () => {
    const levels = [...talk(5), 200, 200, ...talk(5)];
    const { samples } = await look(levels, (i) => (i === 5 || i === 6 ? [face(20)] : []));
    expect(samples.map(({ faces }) => faces.length)).toEqual([0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]);
  });

  test("two who change places are not taken for each other", async () => {
    const places = (i: number) => (i < 2 ? [face(5), face(40, { w: 11 })] : [face(40), face(5, { w: 11 })]);
    const { looked } = await look(talk(5), (i) =>
      places(i).map((one) => ({ ...one, w: i < 2 ? one.w : one.w * 1.3 })),
    );
    expect(looked).toEqual([0, 1, 2, 4]);
  });

  test("a box that is not sure is not believed between two looks", async () => {
    const { samples, looked } = await look(talk(5), (i) => (i % 4 === 0 ? [face(20, { score: 0.55 })] : []));
    expect(looked).toEqual([0, 1, 2, 3, 4]);
    expect(samples.map(({ faces }) => faces.length)).toEqual([1, 0, 0, 0, 1]);
  });

  test("a picture that stands still is looked at once", async () => {
    const { samples, looked } = await look(Array(40).fill(90), () => [face(20)], false);
    expect(looked).toEqual([0]);
    expect(samples.every(({ faces }) => faces[0]?.x === 20)).toBe(true);
    expect(samples).toHaveLength(40);
  });

  test("a picture of which all moves, as the view from a train, is not looked at more often for that", async () => {
    const { looked } = await look([90, 98, 106, 114, 122, 130, 138, 146, 154], () => [], false);
    expect(looked).toEqual([0, 4, 8]);
  });

  test("empty pictures are searched closely every 0.8 s, and no more often", async () => {
    const levels = [...talk(5), 200, ...talk(3)];
    const { manners } = await look(levels, () => []);
    expect(manners.filter(({ manner }) => manner === "close").map(({ at }) => at)).toEqual([0, 4, 8]);
    expect(manners.filter(({ manner }) => manner === "whole").map(({ at }) => at)).toContain(5);
  });

  test("pictures that come a second apart are all looked at", async () => {
    const at: number[] = [];
    const looks = createLooks(async ({ data }) => {
      at.push(data[0] ?? 0);
      return [];
    });
    for (let i = 0; i < 4; i++) looks.add(picture(100 + 10 * i), i);
    expect((await looks.end()).map(({ time }) => time)).toEqual([0, 1, 2, 3]);
    expect(at).toEqual([100, 110, 120, 130]);
  });

  test("a finder that has failed gives no faces, and nobody waits", async () => {
    const { samples } = await look(talk(12), () => null);
    expect(samples).toEqual([]);
  });

  test("of an empty stretch nothing is known", async () => {
    expect((await look([], () => [])).samples).toEqual([]);
  });
});
