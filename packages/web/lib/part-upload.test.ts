import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { UploadParts } from "@kangklip/contract";
import { afterEach, expect, test } from "vitest";
import {
  bytesOfPart,
  putEndOf,
  retryDelayMs,
  type SendingProgress,
  sendParts,
  UploadFailure,
} from "./part-upload.ts";

const PART = 1000;
const bytesOf = (size: number) => Uint8Array.from({ length: size }, (_, index) => (index * 7) % 251);

/** What the next PUT of a part meets; after that it is taken. */
type Fault = "hang-up" | "unavailable" | "too-many" | "expired" | "refused" | "lost-answer";

/** The other side as the contract has it, over real connections: it takes parts, keeps them, and misbehaves as it is told to. */
async function startStore(size: number) {
  const parts = new Map<number, Buffer>();
  const faults = new Map<number, Fault[]>();
  let generation = 1; // links of an older one have run out
  let whole = false;
  const puts: number[] = [];
  let atOnce = 0;
  let mostAtOnce = 0;
  const count = Math.ceil(size / PART);
  const sizeOf = (part: number) => Math.min(PART, size - (part - 1) * PART);

  async function take(request: IncomingMessage, response: ServerResponse) {
    const url = new URL(request.url ?? "", "http://store");
    const part = Number(url.searchParams.get("part"));
    const fault = faults.get(part)?.shift();
    puts.push(part);
    mostAtOnce = Math.max(mostAtOnce, ++atOnce);
    request.once("close", () => atOnce--);
    if (fault === "hang-up") return void request.socket.destroy();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (fault === "unavailable") return void response.writeHead(503, { "retry-after": "0" }).end();
    if (fault === "too-many") return void response.writeHead(429).end();
    if (fault === "refused")
      return void response
        .writeHead(413)
        .end(JSON.stringify({ detail: "That is too much", code: "TOO_LARGE" }));
    if (fault === "expired") generation++;
    if (Number(url.searchParams.get("generation")) !== generation) return void response.writeHead(403).end();
    if (body.length !== sizeOf(part)) return void response.writeHead(400).end();
    parts.set(part, body);
    if (fault === "lost-answer") return void request.socket.destroy();
    response.writeHead(200).end();
  }
  const server = createServer((request, response) => void take(request, response).catch(() => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    parts,
    puts,
    mostAtOnce: () => mostAtOnce,
    isWhole: () => whole,
    bytes: () => Buffer.concat([...parts].sort(([a], [b]) => a - b).map(([, body]) => body)),
    fault: (part: number, ...kinds: Fault[]) => faults.set(part, kinds),
    list(most = 100): UploadParts {
      const all = Array.from({ length: count }, (_, index) => index + 1);
      const missing = all.filter((part) => !parts.has(part)).slice(0, most);
      return {
        ...{ size_bytes: size, part_bytes: PART, parts: count, complete: whole },
        arrived: all.filter((part) => parts.has(part)),
        missing: whole
          ? []
          : missing.map((part) => ({
              part,
              size_bytes: sizeOf(part),
              put_url: `${base}/?part=${part}&generation=${generation}`,
            })),
      };
    },
    complete(): "whole" | "missing" {
      if (parts.size < count) return "missing";
      whole = true;
      return "whole";
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

type Store = Awaited<ReturnType<typeof startStore>>;
const open: Store[] = [];
async function aStore(size: number) {
  const store = await startStore(size);
  open.push(store);
  return store;
}
afterEach(async () => {
  for (const store of open.splice(0)) await store.close();
});

/** Sends a file as the page does, but by fetch and without waiting between tries. */
function sending(
  store: Store,
  file: Uint8Array<ArrayBuffer>,
  over: Partial<Parameters<typeof sendParts>[0]> = {},
) {
  const seen: SendingProgress[] = [];
  const waited: number[] = [];
  const options: Parameters<typeof sendParts>[0] = {
    list: async () => store.list(),
    async put(part, from, onBytes, signal) {
      const body = file.slice(from, from + part.size_bytes);
      try {
        const answer = await fetch(part.put_url, { method: "PUT", body, signal });
        onBytes(body.length);
        return putEndOf(answer.status, await answer.text(), answer.headers.get("retry-after"));
      } catch (error) {
        if (signal.aborted) throw error;
        return putEndOf(0, "", null);
      }
    },
    complete: async () => store.complete(),
    mayRecover: () => null,
    online: () => true,
    sleep: async (ms) => void waited.push(ms),
    onProgress: (progress) => seen.push(progress),
    signal: new AbortController().signal,
    ...over,
  };
  return { seen, waited, done: sendParts(options) };
}

test("a file arrives whole, a few parts at a time, and its progress never goes back", async () => {
  const [file, store] = [bytesOf(7300), await aStore(7300)];
  const { done, seen } = sending(store, file);
  await done;
  expect(store.bytes()).toEqual(Buffer.from(file));
  expect(store.isWhole()).toBe(true);
  expect(store.mostAtOnce()).toBeLessThanOrEqual(3);
  const sent = seen.map(({ sentBytes }) => sentBytes);
  expect(sent).toEqual(sent.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toEqual({ sentBytes: 7300, beforeBytes: 0, waiting: null, finishing: true });
});

test("a slow line is given one part at a time", async () => {
  const [file, store] = [bytesOf(5000), await aStore(5000)];
  await sending(store, file, { quickMs: 0 }).done;
  expect(store.bytes()).toEqual(Buffer.from(file));
  expect(store.mostAtOnce()).toBe(1);
});

test("more parts than one list has links for are asked for again", async () => {
  const [file, store] = [bytesOf(9001), await aStore(9001)];
  await sending(store, file, { list: async () => store.list(2) }).done;
  expect(store.bytes()).toEqual(Buffer.from(file));
});

test("what had arrived before is not sent again", async () => {
  const [file, store] = [bytesOf(5000), await aStore(5000)];
  const stop = new AbortController();
  const cut = sending(store, file, {
    signal: stop.signal,
    onProgress: ({ sentBytes }) => sentBytes >= 2000 && stop.abort(new Error("The page was closed")),
  });
  await expect(cut.done).rejects.toThrow("The page was closed");
  const before = new Set(store.parts.keys());
  expect(before.size).toBeGreaterThan(0);
  store.puts.length = 0;
  const { done, seen } = sending(store, file);
  await done;
  expect(store.puts.filter((part) => before.has(part))).toEqual([]);
  expect(seen[0]?.beforeBytes).toBe(before.size * PART);
  expect(store.bytes()).toEqual(Buffer.from(file));
});

test("a file that is whole already is not sent at all", async () => {
  const [file, store] = [bytesOf(2500), await aStore(2500)];
  await sending(store, file).done;
  store.puts.length = 0;
  await sending(store, file).done;
  expect(store.puts).toEqual([]);
});

test("broken lines, full servers and lost answers delay it, with longer waits each time", async () => {
  const [file, store] = [bytesOf(3000), await aStore(3000)];
  store.fault(2, "hang-up", "hang-up", "unavailable", "too-many", "lost-answer");
  const { done, seen, waited } = sending(store, file);
  await done;
  expect(store.bytes()).toEqual(Buffer.from(file));
  expect(waited).toHaveLength(5);
  expect(waited).toEqual(waited.toSorted((a, b) => a - b));
  expect(waited.every((ms) => ms >= 1000 && ms <= 30_000)).toBe(true);
  const why = new Set(seen.flatMap(({ waiting }) => (waiting ? [waiting.why] : [])));
  expect(why).toEqual(new Set(["unreachable", "busy"]));
  expect(seen.at(-1)?.waiting).toBeNull();
});

test("without a connection it says so, and goes on once there is one", async () => {
  const [file, store] = [bytesOf(2000), await aStore(2000)];
  store.fault(1, "hang-up");
  store.fault(2, "hang-up");
  let online = false;
  const { done, seen } = sending(store, file, {
    online: () => online,
    sleep: async () => {
      await pause(100); // so that both lanes wait at the same time
      online = true;
    },
  });
  await done;
  expect(seen.some(({ waiting }) => waiting?.why === "offline")).toBe(true);
  expect(store.isWhole()).toBe(true);
});

test("links that have run out are asked for anew", async () => {
  const [file, store] = [bytesOf(6000), await aStore(6000)];
  store.fault(3, "expired");
  await sending(store, file).done;
  expect(store.bytes()).toEqual(Buffer.from(file));
});

test("links that are never good end it, as does a refusal, with what was said", async () => {
  const [file, store] = [bytesOf(2000), await aStore(2000)];
  for (const part of [1, 2]) store.fault(part, ...Array.from({ length: 20 }, () => "expired" as const));
  await expect(sending(store, file).done).rejects.toMatchObject({ reason: "refused", status: 403 });

  const strict = await aStore(4000);
  strict.fault(2, "refused");
  await expect(sending(strict, bytesOf(4000)).done).rejects.toMatchObject({
    ...{ reason: "refused", status: 413, code: "TOO_LARGE", message: "That is too much" },
  });
  expect(strict.isWhole()).toBe(false);
});

test("a server that has no time for very long is given up; what had arrived stays", async () => {
  const [file, store] = [bytesOf(3000), await aStore(3000)];
  store.fault(2, ...Array.from({ length: 40 }, () => "unavailable" as const));
  await expect(sending(store, file).done).rejects.toMatchObject({ reason: "busy" });
  expect([...store.parts.keys()].sort()).toEqual([1, 3]);
});

test("a file that is not what it was ends it at once", async () => {
  const store = await aStore(9000);
  const { done } = sending(store, bytesOf(9000), {
    put: async () => ({ end: "failed", failure: new UploadFailure("changed") }),
  });
  await expect(done).rejects.toMatchObject({ reason: "changed" });
});

test("lists that fail for a moment are asked for again, those that fail for good end it", async () => {
  const [file, store] = [bytesOf(2000), await aStore(2000)];
  let failures = 4;
  const list = async () => {
    if (failures-- > 0) throw new Error("no answer");
    return store.list();
  };
  await sending(store, file, { list, mayRecover: () => "unreachable" }).done;
  expect(store.isWhole()).toBe(true);
  const gone = { list: () => Promise.reject(new Error("gone")) };
  await expect(sending(store, file, gone).done).rejects.toThrow("gone");
});

test("parts that turn out to be missing when all is put together are sent again", async () => {
  const [file, store] = [bytesOf(4000), await aStore(4000)];
  let lostOne = false;
  const complete = async () => {
    if (!lostOne) store.parts.delete(3);
    lostOne = true;
    return store.complete();
  };
  await sending(store, file, { complete }).done;
  expect(store.bytes()).toEqual(Buffer.from(file));
});

test("waits grow from one second to half a minute", () => {
  expect([1, 2, 3, 5, 6, 50].map((failures) => retryDelayMs(failures, 0))).toEqual([
    1000, 2000, 4000, 16_000, 30_000, 30_000,
  ]);
  expect(retryDelayMs(1, 1)).toBe(1000);
  expect(retryDelayMs(6, 1)).toBe(22_500);
});

test("the last part is as long as what is left", () => {
  const state = { size_bytes: 2500, part_bytes: PART } as UploadParts;
  expect([1, 2, 3].map((part) => bytesOfPart(state, part))).toEqual([
    { from: 0, to: 1000 },
    { from: 1000, to: 2000 },
    { from: 2000, to: 2500 },
  ]);
});

test("a server may ask to be left alone, for a time that makes sense", () => {
  expect(putEndOf(503, "", "20")).toEqual({ end: "again", why: "busy", afterMs: 20_000 });
  expect(putEndOf(429, "", "Wed, 21 Oct 2026 07:28:00 GMT")).toMatchObject({ afterMs: null });
  expect(putEndOf(413, "<html>", null)).toMatchObject({ failure: { status: 413, code: null } });
});
