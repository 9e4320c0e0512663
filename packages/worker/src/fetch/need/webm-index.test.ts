import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ffmpeg, temporaryDir, tools } from "../../asr/testing.ts";
import { elementAt, readCues, readWebmHead } from "./webm-index.ts";

/** An element with a length of four bytes. */
function element(id: string, ...contents: (Buffer | string)[]): Buffer {
  const body = Buffer.concat(
    contents.map((one) => (typeof one === "string" ? Buffer.from(one, "hex") : one)),
  );
  const size = Buffer.alloc(4);
  size.writeUInt32BE(0x10000000 + body.length);
  return Buffer.concat([Buffer.from(id, "hex"), size, body]);
}
const EBML = element("1a45dfa3");
const TRACKS = element("1654ae6b", element("ae", element("d7", "01"), element("83", "01")));
const INFO = element("1549a966", element("4489", "447a0000")); // 1000 ms
const at = (place: number) => place.toString(16).padStart(8, "0");
const cue = (time: string, place: number) =>
  element("bb", element("b3", time), element("b7", element("f7", "01"), element("f1", at(place))));
const CLUSTER = element("1f43b675", Buffer.alloc(100));
/** A file with the list in front. */
function file(...before: Buffer[]): Buffer {
  const contents = (first: number) =>
    Buffer.concat([
      ...before,
      element("1c53bb6b", cue("00", first), cue("01f4", first + CLUSTER.length)),
      CLUSTER,
      CLUSTER,
    ]);
  const first = contents(0).length - 2 * CLUSTER.length;
  return Buffer.concat([EBML, element("18538067", contents(first))]);
}

test("the pieces of a file go from one Cluster of its list to the next, and the last one to the end", () => {
  const bytes = file(INFO, TRACKS);
  const head = readWebmHead(bytes, bytes.length);
  const pieces = readCues(bytes.subarray(head.cues), head);
  const first = bytes.length - 2 * CLUSTER.length;
  expect(head.firstCluster).toBe(first);
  expect(pieces).toEqual([
    { range: { start: first, length: CLUSTER.length }, seconds: 0.5 },
    { range: { start: first + CLUSTER.length, length: CLUSTER.length }, seconds: 0.5 },
  ]);
});

test.each<[string, Buffer, RegExp]>([
  [
    "with sound among its pictures",
    file(
      INFO,
      element(
        "1654ae6b",
        element("ae", element("83", "01"), element("d7", "01")),
        element("ae", element("83", "02")),
      ),
    ),
    /sound lies among/,
  ],
  [
    "that is encrypted",
    file(
      INFO,
      element(
        "1654ae6b",
        element(
          "ae",
          element("d7", "01"),
          element("83", "01"),
          element("6d80", element("6240", element("5035"))),
        ),
      ),
    ),
    /encrypted/,
  ],
  ["without a length", file(TRACKS), /how long it is/],
  ["without a picture", file(INFO), /no picture/],
  ["without a list", Buffer.concat([EBML, element("18538067", INFO, TRACKS, CLUSTER)]), /no index/],
  [
    "whose list lies behind its end",
    Buffer.concat([
      EBML,
      element(
        "18538067",
        element("114d9b74", element("4dbb", element("53ab", "1c53bb6b"), element("53ac", "ffffffff"))),
        INFO,
        TRACKS,
        CLUSTER,
      ),
    ]),
    /no index/,
  ],
  ["of another kind", Buffer.from("1a45dfa3".repeat(20), "hex"), /Matroska|longer/],
  ["that ends in its header", file(INFO, TRACKS).subarray(0, 30), /longer|length/],
  ["with nothing but nulls", Buffer.concat([EBML, Buffer.alloc(100)]), /length/],
])("a file %s is not read by need", (_name, bytes, why) => {
  expect(() => {
    const head = readWebmHead(bytes, bytes.length);
    readCues(bytes.subarray(head.cues), head);
  }).toThrow(why);
});

test("a list that leads back, out of the file or beyond itself is not believed", () => {
  const bytes = file(INFO, TRACKS);
  const head = readWebmHead(bytes, bytes.length);
  const first = head.firstCluster - head.from;
  const read =
    (...cues: Buffer[]) =>
    () =>
      readCues(element("1c53bb6b", ...cues), head);
  expect(read(cue("00", first), cue("01", first - 1))).toThrow(/not in order/);
  expect(read(cue("05", first), cue("01", first + 10))).toThrow(/not in order/);
  expect(read(cue("00", first), cue("01", 1e9))).toThrow(/not in order/);
  expect(read()).toThrow(/no index/);
  expect(() => readCues(element("1c53bb6b", cue("00", first)).subarray(0, 20), head)).toThrow(
    /cannot be read|longer/,
  );
  expect(read(element("bb", element("b3", "ff".repeat(9))))).toThrow(/too long/);
});

test("an element of unknown length ends nowhere, and one that is too long is refused", () => {
  expect(elementAt(Buffer.from("1853806701ffffffffffffff", "hex"), 0, 12)).toMatchObject({
    id: 0x18538067,
    to: Number.POSITIVE_INFINITY,
  });
  expect(() => elementAt(Buffer.from("ae84", "hex"), 0, 5)).toThrow(/longer/);
});

test.skipIf(!tools)(
  "what ffmpeg writes is read: every piece begins a Cluster, together they are the file (needs ffmpeg)",
  async () => {
    await using temporary = await temporaryDir();
    for (const [name, more] of [
      ["back", []],
      ["front", ["-cues_to_front", "1"]],
    ] as const) {
      const path = join(temporary.dir, `${name}.mkv`);
      const picture = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x36:r=10:d=40",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "20",
      ];
      await ffmpeg(...picture, ...more, path);
      const bytes = readFileSync(path);
      const head = readWebmHead(bytes, bytes.length);
      const pieces = readCues(bytes.subarray(head.cues), head);
      expect(pieces.length).toBeGreaterThan(5);
      expect(pieces.reduce((sum, { seconds }) => sum + seconds, 0)).toBeCloseTo(40, 1);
      let end = head.firstCluster;
      for (const { range } of pieces) {
        expect(range.start).toBe(end);
        expect(bytes.readUInt32BE(range.start)).toBe(0x1f43b675);
        end += range.length;
      }
      expect(end).toBe(name === "back" ? head.cues : bytes.length);
    }
  },
);
