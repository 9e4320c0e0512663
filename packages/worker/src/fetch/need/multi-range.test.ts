import { expect, test } from "vitest";
import {
  boundaryOf,
  costOf,
  grouped,
  mostBytesOf,
  partsOf,
  planned,
  rangesOf,
  requestBytesOf,
} from "./multi-range.ts";
import type { Span } from "./spans.ts";

const FILE = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251));
const part = (from: number, to: number, total = FILE.length, newline = "\r\n") =>
  Buffer.concat([
    Buffer.from(`${newline}--b:1${newline}Content-Type: video/mp4${newline}`),
    Buffer.from(`Content-Range: bytes ${from}-${to - 1}/${total}${newline}${newline}`),
    FILE.subarray(from, to),
  ]);
const END = Buffer.from("\r\n--b:1--\r\n");
const parts = (...pieces: Buffer[]) => partsOf(Buffer.concat([...pieces, END]), "b:1", FILE.length);

test("the parts of an answer are found in whatever order they come, between a preamble and an epilogue", () => {
  const found = parts(Buffer.from("not for readers"), part(900, 1000), part(0, 5), part(7, 8));
  expect(found.map(({ from, bytes }) => [from, bytes.length])).toEqual([
    [900, 100],
    [0, 5],
    [7, 1],
  ]);
  for (const { from, bytes } of found)
    expect(bytes.equals(FILE.subarray(from, from + bytes.length))).toBe(true);
});

test("bytes that look like what stands between parts are bytes", () => {
  const body = Buffer.from("\r\n--b:1\r\n\r\n--b:1--");
  const header = `--b:1\r\nContent-Range: bytes 3-${2 + body.length}/1000\r\n\r\n`;
  const [only, ...others] = partsOf(Buffer.concat([Buffer.from(header), body, END]), "b:1", 1000);
  expect([only?.from, only?.bytes.toString(), others]).toEqual([3, body.toString(), []]);
});

test.each([
  ["another file's length", [part(0, 5, 999)]],
  ["a range past the end", [part(0, 5).fill("9", 54, 55)]],
  ["a body that is shorter than its range", [part(0, 500).subarray(0, 300)]],
  ["lines that end otherwise", [part(0, 5, 1000, "\n")]],
  ["no range at all", [Buffer.from("--b:1\r\nContent-Type: video/mp4\r\n\r\nabc")]],
  ["headers without end", [Buffer.from(`--b:1\r\n${"x: y\r\n".repeat(2000)}`)]],
  ["nothing", []],
])("an answer with %s is not taken", (_, pieces) => {
  const body = pieces.length > 0 ? Buffer.concat([...pieces, END]) : Buffer.alloc(0);
  expect(() => partsOf(body, "b:1", FILE.length)).toThrow();
});

test("what stands between the parts is read from the type, with quotes or without", () => {
  expect(boundaryOf("multipart/byteranges; boundary=00000000000000000001")).toBe("00000000000000000001");
  expect(boundaryOf('multipart/byteranges; charset=x; boundary="gc0p4Jq0M:2Yt08"')).toBe("gc0p4Jq0M:2Yt08");
  for (const other of [undefined, "video/mp4", "multipart/form-data; boundary=x", "multipart/byteranges"])
    expect(boundaryOf(other)).toBeUndefined();
});

test("neighbours are asked for together, at most 200 of them and 8 MB, in a header that any server takes", () => {
  const spans = Array.from({ length: 1000 }, (_, at): Span => [9e9 + at * 20_000, 9e9 + at * 20_000 + 371]);
  const groups = grouped(spans);
  expect(groups.map(({ length }) => length)).toEqual([200, 200, 200, 200, 200]);
  expect(groups.flat()).toEqual(spans);
  for (const group of groups) expect(rangesOf(group).length).toBeLessThan(8000);
  expect(grouped([[0, 20e6]]).map((group) => group.length)).toEqual([1, 1, 1]);
  expect(
    rangesOf([
      [0, 5],
      [7, 8],
    ]),
  ).toBe("bytes=0-4,7-7");
  expect(mostBytesOf([[0, 5]])).toBeGreaterThan(5);
});

test("what a request costs follows from how long one takes to be answered", () => {
  expect(
    [60, 30, 8, 1, 2000, Number.POSITIVE_INFINITY].map((ms) => Math.round(requestBytesOf(ms) / 1024)),
  ).toEqual([122, 61, 16, 16, 128, 128]);
});

test("where ranges come one at a time, sound in chunks is worth its requests from a near server, and from a far one it is not", () => {
  // an hour of 2 Mbit/s in chunks of half a second: 8 kB of sound, 117 kB of pictures
  const sound = Array.from({ length: 7200 }, (_, chunk): Span => [chunk * 125_000, chunk * 125_000 + 8000]);
  const shareOf = (ms: number) =>
    costOf(planned(sound, false, requestBytesOf(ms)), requestBytesOf(ms)).price / 900e6;
  expect(shareOf(60)).toBeGreaterThan(0.8);
  expect(shareOf(8)).toBeLessThan(0.8);
});

test("sound that lies between single pictures is no reason for thousands of requests", () => {
  const packets = Array.from(
    { length: 20_000 },
    (_, packet): Span => [packet * 40_000, packet * 40_000 + 370],
  );
  const plan = planned(packets, false, requestBytesOf(1));
  expect(plan.length).toBeLessThan(4200); // long ones are split
  expect(plan.flat()[0]?.[0]).toBe(0);
  expect(plan.flat().at(-1)?.[1]).toBe(19_999 * 40_000 + 370);
});
