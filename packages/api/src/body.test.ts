import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import fc from "fast-check";
import { expect, test } from "vitest";
import { arrivesInTime, depthOf, jsonBodies } from "./body.ts";
import { exchange } from "./testing-http.ts";

const deep = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(deep)) : 0;

test("the depth of a JSON text is that of its value, whatever its texts hold", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 8 }), fc.boolean(), (value, spaced) => {
      const text = JSON.stringify(value, null, spaced ? 2 : undefined);
      expect(depthOf(Buffer.from(text))).toBe(deep(JSON.parse(text)));
    }),
    { numRuns: 500 },
  );
  expect(depthOf(Buffer.from('{"a":"[[[[\\\\\\"{{{{"}'))).toBe(1);
  expect(depthOf(Buffer.from("[".repeat(60_000)))).toBe(60_000);
  expect(depthOf(Buffer.from('"\\'))).toBe(0);
});

test("a body that does not come to its end is given up, answered or not", async () => {
  const app = express();
  app.use(arrivesInTime({ withinMs: 300 }), jsonBodies());
  app.use((_request, response) => void response.json({ ok: true }));
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const head = (type: string) =>
    Buffer.from(`POST / HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: 1000\r\n\r\n{`);
  try {
    const slow = await exchange(url, head("application/json"));
    expect([slow.status, slow.body.detail]).toEqual([408, "The request took too long to arrive"]);
    const unread = await exchange(url, head("text/plain")); // answered without its body, which then never comes
    expect([slow.timedOut, unread.status, unread.timedOut]).toEqual([false, 200, false]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
