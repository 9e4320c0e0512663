import { once } from "node:events";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestApi } from "../../../tooling/testing-api.ts";
import { createClient } from "./client.ts";
import { sendFile } from "./send-file.ts";

const FILE = Buffer.alloc((8 << 20) + 1000, "a talk ");
const dir = mkdtempSync(join(tmpdir(), "kk-send-"));
let api: Awaited<ReturnType<typeof startTestApi>>;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  rmSync(dir, { recursive: true, force: true });
});

/** A line to the service that fails as it is told; `count` counts the requests of a method from 1. */
async function startLine(fails: (request: IncomingMessage, count: number) => "cut" | 503 | undefined) {
  const seen: string[] = [];
  const server = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    const path = new URL(incoming.url ?? "", api.url).pathname;
    const name = incoming.method === "PUT" ? "PUT" : path;
    seen.push(name);
    const fault = fails(incoming, seen.filter((one) => one === name).length);
    if (fault === 503) return void answer.writeHead(503).end();
    const { method = "GET", headers } = incoming;
    const out = request(new URL(incoming.url ?? "", api.url), { method, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
    });
    out.on("error", () => answer.destroy());
    if (fault === "cut") incoming.once("data", () => incoming.destroy());
    else incoming.pipe(out);
    incoming.once("close", () => incoming.complete || out.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ seen, apiUrl, client: createClient(apiUrl, {}) },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

function aFile(name: string) {
  const path = join(dir, name);
  writeFileSync(path, FILE);
  return { path, size: FILE.length, signal: new AbortController().signal };
}
const kept = async (id: string) => {
  const link = await api.services.uploads.link(id, 60);
  return Buffer.from(await (await fetch(new URL(link, api.url))).arrayBuffer());
};

test("a file goes in parts, and goes on where the line broke or the service was away", async () => {
  await using line = await startLine((_request, count) => {
    const path = _request.url ?? "";
    if (_request.method === "PUT") return count === 1 ? "cut" : count === 3 ? 503 : undefined;
    return path.includes("uploads.complete") && count === 1 ? 503 : undefined;
  });
  const told: number[] = [];
  const terminal = { bar: (_label: string, fraction: number) => void told.push(fraction) };
  const id = await sendFile({ ...line, ...aFile("My talk.mp4"), terminal });
  expect((await kept(id)).equals(FILE)).toBe(true);
  expect(await api.services.uploads.finished(id)).toMatchObject({ filename: "My talk.mp4" });
  // the first part twice, for it broke off; the second twice, for it was not taken
  expect(line.seen.filter((name) => name === "PUT")).toHaveLength(4);
  expect(told.at(-1)).toBe(1);
});

test("a file that becomes shorter, and a service that stays away, are given up and told", async () => {
  const terminal = { bar: () => {} };
  await using line = await startLine((request) => (request.method === "PUT" ? 503 : undefined));
  const sent = sendFile({ ...line, ...aFile("b.mp4"), terminal, awayMs: 600 });
  await expect(sent).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: "The file was not taken: HTTP 503",
  });
  expect(line.seen.at(-1)).toContain("uploads.drop");
  const shrinking = aFile("c.mp4");
  truncateSync(shrinking.path, 5);
  await expect(sendFile({ ...line, ...shrinking, terminal })).rejects.toThrow("changed while it was sent");
});

test("^C ends it, and what had arrived is removed", async () => {
  const stop = new AbortController();
  await using line = await startLine((request) => {
    if (request.method === "PUT") stop.abort(new Error("^C"));
    return undefined;
  });
  const sent = sendFile({ ...line, ...aFile("d.mp4"), signal: stop.signal, terminal: { bar: () => {} } });
  await expect(sent).rejects.toThrow("^C");
  expect(line.seen.at(-1)).toContain("uploads.drop");
});
