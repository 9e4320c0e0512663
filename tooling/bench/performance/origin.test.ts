import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { manyOf, type Origin, rangeOf, startOrigin } from "./origin.ts";

let dir: string;
let origin: Origin;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-origin-"));
  await writeFile(join(dir, "v.mp4"), Buffer.alloc(300_000, 7));
  await writeFile(join(dir, "..", "outside"), "no").catch(() => {});
  origin = await startOrigin(dir, join(dir, "put"));
});
afterAll(async () => {
  await origin[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

const ask = async (path: string, range?: string, ranges = true) => {
  const response = await fetch(origin.address(path, ranges), { headers: range ? { range } : {} });
  return {
    status: response.status,
    headers: response.headers,
    length: (await response.arrayBuffer()).byteLength,
  };
};
/** The server counts a response when its connection says that it is gone. */
const counted = async (requests: number, least: number) => {
  await expect.poll(() => origin.asked()).toEqual({ requests, bytes: expect.toSatisfy((n) => n >= least) });
  return origin.asked().bytes;
};

test.each([
  ["bytes=0-9", { start: 0, end: 9, partial: true }],
  ["bytes=5-", { start: 5, end: 99, partial: true }],
  ["bytes=-10", { start: 90, end: 99, partial: true }],
  ["bytes=90-500", { start: 90, end: 99, partial: true }],
  ["bytes=100-", null],
  ["bytes=-", { start: 0, end: 99, partial: false }],
  [undefined, { start: 0, end: 99, partial: false }],
])("%s of 100 bytes", (header, range) => {
  expect(rangeOf(header, 100)).toEqual(range);
});

test("bytes and requests are counted for what is really sent", async () => {
  origin.reset();
  expect(await ask("v.mp4", "bytes=1000-1999")).toMatchObject({ status: 206, length: 1000 });
  expect(await counted(1, 1000)).toBeLessThan(2000);
  expect(await ask("v.mp4")).toMatchObject({ status: 200, length: 300_000 });
  expect(await counted(2, 301_000)).toBeLessThan(303_000);
});

test("several ranges come in one answer, each with its place; one that is not inside does not", async () => {
  expect(manyOf("bytes=0-1,5-9", 10)).toEqual([
    { start: 0, end: 1 },
    { start: 5, end: 9 },
  ]);
  expect(["bytes=0-1", "bytes=0-1,5-10", "bytes=0-1,9-5", undefined].map((one) => manyOf(one, 10))).toEqual(
    Array.from({ length: 4 }, () => undefined),
  );
  const response = await fetch(origin.address("v.mp4"), { headers: { range: "bytes=0-1,200000-200002" } });
  expect(response.status).toBe(206);
  expect(response.headers.get("content-type")).toMatch(/^multipart\/byteranges; boundary=/);
  const body = await response.text();
  expect(body).toContain("bytes 0-1/300000\r\n\r\n\x07\x07\r\n--");
  expect(body).toContain("bytes 200000-200002/300000\r\n\r\n\x07\x07\x07\r\n--");
});

test("where a server knows no ranges, all of the file comes", async () => {
  origin.reset();
  const { status, length, headers } = await ask("v.mp4", "bytes=0-9", false);
  expect({ status, length, ranges: headers.get("accept-ranges") }).toEqual({
    status: 200,
    length: 300_000,
    ranges: null,
  });
});

test("nothing outside of the folder is given, and what is missing counts nothing", async () => {
  origin.reset();
  expect((await fetch(`${origin.url}/ranges/..%2Foutside`)).status).toBe(404);
  expect((await fetch(`${origin.url}/elsewhere`)).status).toBe(404);
  expect(origin.asked()).toEqual({ bytes: 0, requests: 0 });
});

test("what is put is kept, and when it came", async () => {
  origin.reset();
  await fetch(origin.putUrl("clip_01.mp4"), { method: "PUT", body: "clip" });
  expect(await readFile(join(dir, "put", "clip_01.mp4"), "utf8")).toBe("clip");
  expect(origin.puts()).toEqual([{ name: "clip_01.mp4", at: expect.any(Number) }]);
});
