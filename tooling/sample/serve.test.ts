import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveFile } from "./serve.ts";

let dir: string;
let served: Awaited<ReturnType<typeof serveFile>>;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "kangklip-serve-"));
  await writeFile(join(dir, "talk.mp4"), "0123456789");
  served = await serveFile(join(dir, "talk.mp4"));
});
afterAll(async () => {
  await served.close();
  await rm(dir, { recursive: true });
});

const get = async (range?: string) => {
  const response = await fetch(served.url, range ? { headers: { range } } : {});
  return [response.status, response.headers.get("content-range"), await response.text()];
};

test("a whole file and its parts are served as asked for", async () => {
  expect(await get()).toEqual([200, null, "0123456789"]);
  expect(await get("bytes=0-3")).toEqual([206, "bytes 0-3/10", "0123"]);
  expect(await get("bytes=7-")).toEqual([206, "bytes 7-9/10", "789"]);
  expect(await get("bytes=-2")).toEqual([206, "bytes 8-9/10", "89"]);
  expect(await get("bytes=5-99")).toEqual([206, "bytes 5-9/10", "56789"]);
});

test("a range past the end is refused, a nonsensical one is ignored", async () => {
  expect(await get("bytes=10-")).toEqual([416, "bytes */10", ""]);
  expect(await get("bytes=-0")).toEqual([416, "bytes */10", ""]);
  expect(await get("bytes=4-2")).toEqual([200, null, "0123456789"]);
  expect(await get("lines=1-2")).toEqual([200, null, "0123456789"]);
});

test("HEAD tells the size without the bytes, other paths and methods are refused", async () => {
  const head = await fetch(served.url, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "10", ""]);
  expect((await fetch(new URL("/other.mp4", served.url))).status).toBe(404);
  expect((await fetch(served.url, { method: "DELETE" })).status).toBe(405);
});
