import { describe, expect, test } from "vitest";
import { factsOf, mp4Head } from "./mp4-head.ts";
import type { Remote } from "./remote.ts";

const box = (name: string, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(8 + body.length);
  header.write(name, 4, "latin1");
  return Buffer.concat([header, body]);
};
function mvhd(version: 0 | 1, timescale: number, duration: number): Buffer {
  const body = Buffer.alloc(112);
  body[0] = version;
  body.writeUInt32BE(timescale, version === 1 ? 20 : 12);
  if (version === 1) body.writeBigUInt64BE(BigInt(duration), 24);
  else body.writeUInt32BE(duration, 16);
  return box("mvhd", body);
}
function track(width: number, height: number): Buffer {
  const body = Buffer.alloc(84);
  body.writeUInt32BE(width * 65_536, 76);
  body.writeUInt32BE(height * 65_536, 80);
  return box("trak", box("tkhd", body), box("mdia", Buffer.alloc(10)));
}
const index = (...boxes: Buffer[]) => box("moov", ...boxes);
const MOOV = index(mvhd(0, 1000, 61_500), track(0, 0), track(1920, 1080));

/** A file elsewhere, and which ranges of it were asked for. */
function remote(
  file: Buffer,
  { headBytes = 64, hasRanges = true, total = file.length as number | null } = {},
) {
  const asked: [number, number][] = [];
  const one: Remote = {
    ...{ url: new URL("https://example.com/a.mp4"), headers: {}, total, hasRanges },
    head: () => file.subarray(0, headBytes),
    more: async () => file,
    read: async (start, length) => {
      asked.push([start, length]);
      return file.subarray(start, start + length);
    },
    close: () => {},
  };
  return { remote: one, asked };
}
const nothing = async () => {};
const FTYP = box("ftyp", Buffer.from("isom"));

describe("the beginning of an index", () => {
  test.each([0, 1] as const)("says how long the video is, and of what size (version %d)", (version) => {
    const moov = index(mvhd(version, 600, 36_900), track(1280, 720));
    expect(factsOf(moov)).toEqual({ seconds: 61.5, width: 1280, height: 720 });
    expect(factsOf(moov.subarray(0, 200))).toMatchObject({ seconds: 61.5 });
  });

  test("of nonsense it says nothing, and does not fail", () => {
    for (const length of [0, 4, 8, 12, 40, 130]) expect(factsOf(MOOV.subarray(0, length)).width).toBeNull();
    expect(factsOf(index(mvhd(0, 0, 5)))).toEqual({ seconds: null, width: null, height: null });
    expect(factsOf(Buffer.alloc(1000, 255))).toEqual({ seconds: null, width: null, height: null });
    expect(factsOf(Buffer.alloc(1000))).toEqual({ seconds: null, width: null, height: null });
  });
});

describe("the index of a file elsewhere", () => {
  test("is found behind the pictures by two requests, whatever lies between", async () => {
    const file = Buffer.concat([FTYP, box("free"), box("mdat", Buffer.alloc(500_000)), MOOV]);
    const { remote: one, asked } = remote(file);
    const kept: number[] = [];
    const head = await mp4Head(one, async (_bytes, at) => void kept.push(at));
    expect(head).toMatchObject({ isWhole: true, isFragmented: false });
    expect(head?.moov.equals(MOOV)).toBe(true);
    expect(asked).toHaveLength(1);
    expect(kept).toEqual([file.length - MOOV.length]);
  });

  test("of a pictures' box with a 64-bit length too", async () => {
    const long = Buffer.alloc(16);
    long.writeUInt32BE(1);
    long.write("mdat", 4, "latin1");
    long.writeBigUInt64BE(100_016n, 8);
    const file = Buffer.concat([FTYP, long, Buffer.alloc(100_000), MOOV]);
    expect((await mp4Head(remote(file).remote, nothing))?.moov.equals(MOOV)).toBe(true);
  });

  test("is not looked for where its server gives no ranges", async () => {
    const file = Buffer.concat([FTYP, box("mdat", Buffer.alloc(500_000)), MOOV]);
    expect(await mp4Head(remote(file, { hasRanges: false }).remote, nothing)).toBeNull();
  });

  test("of many megabytes is read no further than its beginning", async () => {
    const large = index(mvhd(0, 1000, 14_400_000), track(1280, 720), box("free", Buffer.alloc(6 << 20)));
    const { remote: one, asked } = remote(Buffer.concat([FTYP, large]));
    const head = await mp4Head(one, nothing);
    expect(head?.isWhole).toBe(false);
    expect(factsOf(head?.moov ?? Buffer.alloc(0))).toMatchObject({ seconds: 14_400 });
    expect(asked.every(([, length]) => length <= 1 << 16)).toBe(true);
  });

  test.each([
    ["has none", Buffer.concat([FTYP, box("mdat", Buffer.alloc(500))])],
    [
      "ends in the middle of its pictures",
      Buffer.concat([FTYP, box("mdat", Buffer.alloc(500))]).subarray(0, -100),
    ],
    [
      "says that a box is shorter than its own header",
      Buffer.concat([FTYP, Buffer.from([0, 0, 0, 4, 109, 100, 97, 116]), MOOV]),
    ],
  ])("of a file that %s is an end that comes too early", async (_what, file) => {
    await expect(mp4Head(remote(file).remote, nothing)).rejects.toMatchObject({ code: "SOURCE_TRUNCATED" });
  });

  test("is not looked for where no file reaches, though nobody says how long this one is", async () => {
    const long = Buffer.alloc(16);
    long.writeUInt32BE(1);
    long.write("mdat", 4, "latin1");
    long.writeBigUInt64BE(2n ** 60n, 8);
    const { remote: one, asked } = remote(Buffer.concat([FTYP, long]), { total: null });
    expect(await mp4Head(one, nothing)).toBeNull();
    expect(asked).toEqual([]);
  });

  test("a million small boxes are not walked over by a million requests", async () => {
    const file = Buffer.concat([FTYP, Buffer.alloc(8_000_000, box("free")), MOOV]);
    const { remote: one, asked } = remote(file);
    expect(await mp4Head(one, nothing)).toBeNull();
    expect(asked.length).toBeLessThanOrEqual(12);
  });
});
