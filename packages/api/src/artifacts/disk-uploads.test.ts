import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { type DiskPlace, filesIn, openDiskPlace, sha256 } from "./testing.ts";

async function putLink(place: DiskPlace, sizeBytes: number, hash?: string) {
  const options = { expiresSeconds: 60, sizeBytes, contentType: "video/mp4", ...(hash && { sha256: hash }) };
  const { url } = await place.store.signPut("uploads/u/source", options);
  return new URL(url, place.baseUrl);
}

describe("uploads over HTTP", () => {
  const nothingLeft = async ({ store, dir }: DiskPlace) => {
    expect(await store.head("uploads/u/source")).toBeUndefined();
    expect(filesIn(dir)).toEqual([]);
  };

  test.each([
    ["longer", "12345678901", 413, "TOO_LARGE"],
    ["shorter", "123456789", 400, "INVALID_INPUT"],
    ["other", "123456789X", 400, "INVALID_INPUT"],
  ])("one that is %s than signed is refused, announced or not", async (_what, body, status, code) => {
    await using place = await openDiskPlace();
    const url = await putLink(place, 10, sha256("1234567890"));
    const chunked = Readable.toWeb(
      Readable.from([body.slice(0, 4), body.slice(4)].map((part) => Buffer.from(part))),
    );
    const requests = [{ body }, { body: chunked as ReadableStream, duplex: "half" }];
    for (const request of requests) {
      const answer = await fetch(url, { method: "PUT", ...request } as RequestInit);
      expect(answer.status).toBe(status);
      expect(Problem.parse(await answer.json())).toMatchObject({
        code,
        status,
        detail: expect.any(String),
      });
      await nothingLeft(place);
    }
    expect(place.bugs).toEqual([]);
  });

  test("one of unknown hash that is shorter than signed is refused as well", async () => {
    await using place = await openDiskPlace();
    const chunked = Readable.toWeb(Readable.from([Buffer.from("1234")])) as ReadableStream;
    const request = { method: "PUT", body: chunked, duplex: "half" } as RequestInit;
    expect((await fetch(await putLink(place, 10), request)).status).toBe(400);
    await nothingLeft(place);
  });

  test("one that is announced as too long is refused before it is sent", async () => {
    await using place = await openDiskPlace();
    const { hostname, port, pathname, search } = await putLink(place, 1000);
    const socket = connect(Number(port), hostname);
    socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n`);
    const [answer] = await once(socket, "data");
    expect(String(answer)).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
    await nothingLeft(place);
  });

  test("one that ends in the middle leaves nothing", async () => {
    await using place = await openDiskPlace();
    const url = await putLink(place, 1 << 20);
    const { hostname, port, pathname, search } = url;
    const socket = connect(Number(port), hostname);
    socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ncontent-length: ${1 << 20}\r\n\r\n`);
    socket.write(Buffer.alloc(300_000));
    await sleep(100);
    expect(readdirSync(join(place.dir, ".tmp"))).toHaveLength(1);
    socket.destroy();
    await sleep(100);
    await nothingLeft(place);
    expect(place.bugs).toEqual([]);
  });

  test("a sender that does not stop after a refusal is cut off", async () => {
    await using place = await openDiskPlace();
    const { hostname, port, pathname, search } = await putLink(place, 1000);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.on("close", resolve));
    let answer = "";
    socket.on("data", (data) => (answer += data)).on("error", () => {});
    socket.write(`PUT ${pathname}${search} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n`);
    const sending = setInterval(() => socket.write(`1000\r\n${"x".repeat(4096)}\r\n`), 20);
    await closed;
    clearInterval(sending);
    expect(answer).toMatch(/^HTTP\/1.1 413 /);
    await nothingLeft(place);
  });

  test("a large one goes through in constant memory", async () => {
    await using place = await openDiskPlace();
    const sizeBytes = 256 << 20;
    const url = await putLink(place, sizeBytes);
    const script = `
      import { request } from "node:http";
      import { pipeline } from "node:stream/promises";
      const chunk = Buffer.alloc(1 << 18, 5);
      function* chunks() { for (let sent = 0; sent < ${sizeBytes}; sent += chunk.length) yield chunk; }
      const put = request(${JSON.stringify(url)}, { method: "PUT", headers: { "content-length": ${sizeBytes} } });
      put.on("response", (answer) => process.exit(answer.statusCode === 200 ? 0 : 1));
      await pipeline(chunks, put);`;
    const before = process.memoryUsage().rss;
    let peak = before;
    const looking = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, 10);
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
    const [code] = await once(child, "exit");
    clearInterval(looking);
    expect(code).toBe(0);
    expect((await place.store.head("uploads/u/source"))?.sizeBytes).toBe(sizeBytes);
    expect((peak - before) / (1 << 20)).toBeLessThan(100);
  });
});
