import { describe, expect, test } from "vitest";
import { createFetcher } from "../fetcher.ts";
import type { Part, StreamPlan, Track } from "../parts.ts";
import { createClock } from "./stream-clock.ts";
import { sameTimes } from "./stream-look.ts";
import { checkWorth, identityOf, piecesOf, readSidx } from "./stream-pieces.ts";

/** A segment index; each entry: type and bytes, length in units of a thousandth. */
function sidx(entries: readonly [said: number, units: number][], { wide = false, ahead = 0 } = {}): Buffer {
  const bytes = Buffer.alloc((wide ? 40 : 32) + 12 * entries.length);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.write("sidx", 4, "latin1");
  bytes[8] = wide ? 1 : 0;
  bytes.writeUInt32BE(1000, 16);
  if (wide) bytes.writeBigUInt64BE(BigInt(ahead), 28);
  else bytes.writeUInt32BE(ahead, 24);
  bytes.writeUInt16BE(entries.length, wide ? 38 : 30);
  for (const [index, [said, units]] of entries.entries()) {
    bytes.writeUInt32BE(said, (wide ? 40 : 32) + 12 * index);
    bytes.writeUInt32BE(units, (wide ? 44 : 36) + 12 * index);
  }
  return bytes;
}

describe("the index of a file", () => {
  test("says where its pieces lie, counted from its own end", () => {
    for (const wide of [false, true]) {
      const bytes = sidx(
        [
          [500, 4000],
          [700, 2500],
        ],
        { wide, ahead: 10 },
      );
      const first = 1000 + bytes.length + 10;
      expect(readSidx(bytes, 1000)).toEqual([
        { range: { start: first, length: 500 }, seconds: 4 },
        { range: { start: first + 500, length: 700 }, seconds: 2.5 },
      ]);
    }
  });

  test.each<[string, Buffer]>([
    ["leads to further ones", sidx([[0x80000000 + 500, 4000]])],
    ["is empty", sidx([])],
    ["has pieces of no length", sidx([[0, 4000]])],
    ["ends too early", sidx([[500, 4000]]).subarray(0, 40)],
    ["is something else", Buffer.from("00000010moov00000000", "latin1")],
    ["is a page", Buffer.from("<html></html>")],
  ])("that %s is left to other ways", (_, bytes) => {
    expect(() => readSidx(bytes, 0)).toThrow(expect.objectContaining({ name: "NotByNeed" }));
  });
});

const part = (address: string): Part => ({ address, range: null, key: null });
const track = (lengths: (number | null)[] | undefined, query = "", bandwidth = 0): Track => ({
  offsetSeconds: 0,
  bandwidth,
  runs: [
    {
      parts: (lengths ?? [1, 1]).map((_, index) => part(`https://video.example/${index}.m4s${query}`)),
      durationSeconds: 0,
      ...(lengths && { lengths }),
    },
  ],
});
const plan = (video: Track, audio: Track | null = null): StreamPlan => ({
  ...{ way: "hls", video, audio, captions: null, durationSeconds: 0, height: null, codecs: null },
});
const policy = { allow_private: false, allow_origins: [], max_bytes: 1e6, max_seconds: 60 };
const fetcher = createFetcher({ policy, signal: new AbortController().signal });
const pieces = (of: Track) => piecesOf(fetcher, of, "/nowhere");

test("a header is told from the pieces; without lengths, or with a clock that starts anew, there are none", async () => {
  const { header, pieces: found } = await pieces(track([null, 4, 2.5]));
  expect(header?.address).toBe("https://video.example/0.m4s");
  expect(found.map(({ seconds }) => seconds)).toEqual([4, 2.5]);
  for (const odd of [track(undefined), track([4, 0, 4]), track([null]), { ...track([1]), runs: [] }])
    await expect(pieces(odd)).rejects.toMatchObject({ name: "NotByNeed" });
  const twice = { ...track([1]), runs: [...track([1]).runs, ...track([1]).runs] };
  await expect(pieces(twice)).rejects.toMatchObject({ name: "NotByNeed" });
});

test("a stream is the same whatever the queries of its addresses, and another one by any length", async () => {
  const identity = async (video: Track, audio: Track | null = null) =>
    identityOf(plan(video, audio), await pieces(video));
  const one = await identity(track([4, 4]), track([5]));
  expect(await identity(track([4, 4], "?sig=a"), track([5], "?sig=b"))).toBe(one);
  expect(await identity(track([4, 4.1]), track([5]))).not.toBe(one);
  expect(await identity(track([4, 4]), track([6]))).not.toBe(one);
});

test("by need is worth it below four fifths of the whole, sound counted", async () => {
  const worth = async (seconds: number, bandwidths: [number, number] | []) => {
    const [picture = 0, sound = 0] = bandwidths;
    const video = track(Array(100).fill(4), "", picture);
    checkWorth(plan(video, sound ? track([400], "", sound) : null), await pieces(video), {
      clips: 2,
      seconds,
    });
  };
  await worth(90, []);
  await worth(90, [900, 100]);
  await expect(worth(160, [])).rejects.toMatchObject({ name: "NotByNeed" });
  await expect(worth(90, [300, 700])).rejects.toMatchObject({ name: "NotByNeed" });
});

test("times of a list are put right from the nearest piece that was looked into", () => {
  const clock = createClock(Array(100).fill(4), [[0, 10]]);
  expect(clock.cover(30, 42)).toEqual([5, 7]);
  expect(clock.cover(0, 11)).toEqual([0, 0]);
  expect(clock.cover(390, 9999)).toEqual([95, 99]);
  clock.learn(50, 230);
  expect([clock.startOf(49), clock.startOf(20), clock.startOf(60)]).toEqual([226, 90, 270]);
  expect(clock.cover(231, 239)).toEqual([50, 52]);
});

test("pictures are the same where none is missing, late, twice in one place, or no key frame any more", () => {
  const expected = [10, 10.04, 10.08].map((at, index) => ({ at, isKey: index === 0 }));
  const found = expected.map(({ at, isKey }) => ({ at: at - 9.9774, isKey }));
  expect(sameTimes(found, expected, -9.977)).toBe(true);
  expect(sameTimes(found.slice(1), expected, -9.977)).toBe(false);
  expect(sameTimes(found, expected, -9.98)).toBe(false);
  expect(sameTimes(found, [...expected, { at: 10.0801, isKey: false }], -9.977)).toBe(false);
  expect(sameTimes(found, [{ at: 10.04, isKey: true }], -9.977)).toBe(false);
  expect(sameTimes(found, [{ at: Number.NaN, isKey: false }], 0)).toBe(false);
});
