import { once } from "node:events";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import express from "express";
import { expect, test } from "vitest";
import { unzipped } from "../testing-zip.ts";
import { type ArchiveEntry, sendArchive } from "./archive.ts";

const MODIFIED = new Date("2026-05-04T03:02:02Z");
const file = (name: string, bytes: Buffer): ArchiveEntry => ({
  name,
  sizeBytes: bytes.length,
  open: async () => Readable.from([bytes]),
});

/** A server whose every answer is a zip of these; `failed`: what became of the answers that were cut off. */
async function serving(entries: readonly ArchiveEntry[], name = "x.zip") {
  const failed: Error[] = [];
  const app = express();
  app.use(async (request, response) => {
    await sendArchive({ entries, name, modified: MODIFIED }, request, response).catch((error) => {
      failed.push(error);
      response.destroy();
    });
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    url,
    failed,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Bytes without end, as far as they are asked for. */
function endless() {
  const seen = { bytes: 0, opened: 0, closed: 0 };
  const chunk = Buffer.alloc(64 << 10, 7);
  const entry: ArchiveEntry = {
    ...{ name: "endless.mp4", sizeBytes: 2 ** 31 },
    async open() {
      seen.opened++;
      return new Readable({
        read() {
          seen.bytes += chunk.length;
          this.push(chunk);
        },
        destroy(error, done) {
          seen.closed++;
          done(error);
        },
      });
    },
  };
  return { entry, seen };
}

async function until(fits: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !fits(); ) {
    if (Date.now() > end) throw new Error("it did not come to that");
    await sleep(10);
  }
}
const asked = (url: string) =>
  new Promise<IncomingMessage>((answer, fail) => get(url, answer).on("error", fail));

test("a zip holds its files as they are, and is as long as it was said to be", async () => {
  const files = [
    { name: "01 كيف 😀.mp4", bytes: Buffer.alloc(300_000, "video") },
    { name: "01 كيف 😀.srt", bytes: Buffer.from("1\n00:00:00,000 --> 00:00:01,000\nHi\n") },
    { name: "empty.txt", bytes: Buffer.alloc(0) },
  ];
  await using server = await serving(
    files.map(({ name, bytes }) => file(name, bytes)),
    'bees "é".zip',
  );
  const answer = await fetch(server.url);
  expect(answer.headers.get("content-type")).toBe("application/zip");
  expect(answer.headers.get("content-disposition")).toBe(
    "attachment; filename=\"bees __.zip\"; filename*=UTF-8''bees%20%22%C3%A9%22.zip".replace("__", "___"),
  );
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(answer.headers.get("content-length")).toBe(String(bytes.length));
  expect(unzipped(bytes)).toEqual(files);
  const head = await fetch(server.url, { method: "HEAD" });
  expect(head.headers.get("content-length")).toBe(String(bytes.length));
  expect(Buffer.from(await (await fetch(server.url)).arrayBuffer()).equals(bytes)).toBe(true);
  expect(server.failed).toEqual([]);
});

test("it reads no faster than it is read, one file at a time, and stops when nobody reads on", async () => {
  const [first, second] = [endless(), endless()];
  await using server = await serving([first.entry, second.entry]);
  const answer = await asked(server.url);
  await once(answer, "readable");
  answer.read(1000);
  let before = -1;
  while (before !== first.seen.bytes) {
    before = first.seen.bytes;
    await sleep(150);
  }
  expect(first.seen.bytes).toBeLessThan(32 << 20); // what sockets hold
  expect(first.seen).toMatchObject({ opened: 1, closed: 0 });
  answer.destroy();
  await until(() => first.seen.closed === 1 && server.failed.length === 1);
  expect(first.seen.bytes).toBeLessThan(64 << 20);
  expect(second.seen.opened).toBe(0);
});

test.each<[string, ArchiveEntry]>([
  [
    "breaks off",
    {
      ...{ name: "b.mp4", sizeBytes: 1000 },
      open: async () =>
        Readable.from(
          (async function* () {
            yield Buffer.alloc(500);
            throw new Error("gone");
          })(),
        ),
    },
  ],
  ["is shorter than it was", { ...file("b.mp4", Buffer.alloc(10)), sizeBytes: 1000 }],
  ["is longer than it was", { ...file("b.mp4", Buffer.alloc(1000)), sizeBytes: 10 }],
  [
    "cannot be opened",
    {
      ...{ name: "b.mp4", sizeBytes: 10 },
      open: async () => {
        throw new Error("gone");
      },
    },
  ],
])("where a file %s the connection does: half a zip does not look like a whole one", async (_, entry) => {
  const before = file("a.mp4", Buffer.alloc(100_000, 1));
  await using server = await serving([before, entry, file("c.mp4", Buffer.alloc(10))]);
  const answer = await asked(server.url);
  const [body] = await Promise.allSettled([buffer(answer)]);
  expect([body.status, answer.complete]).toEqual(["rejected", false]);
  await until(() => server.failed.length === 1);
});

test("a file that opens after everybody has left is closed again", async () => {
  let open = (_: Readable) => {};
  const late: ArchiveEntry = {
    ...{ name: "late.mp4", sizeBytes: 10 },
    open: () => new Promise((resolve) => (open = resolve)),
  };
  await using server = await serving([file("a.mp4", Buffer.alloc(10)), late]);
  const answer = await asked(server.url);
  answer.destroy();
  await until(() => server.failed.length === 1);
  const { entry, seen } = endless();
  open(await entry.open());
  await until(() => seen.closed === 1);
  expect(seen.bytes).toBe(0);
});
