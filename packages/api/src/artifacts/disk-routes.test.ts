import { readdirSync } from "node:fs";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { Problem } from "@kangklip/contract";
import { describe, expect, test } from "vitest";
import { createDiskStore } from "./disk.ts";
import { parseRange } from "./send-object.ts";
import { type DiskPlace, openDiskPlace, sha256 } from "./testing.ts";

async function getLink(
  place: DiskPlace,
  body: string,
  options: { downloadName?: string; contentType?: string } = {},
) {
  const { contentType = "text/plain", ...rest } = options;
  await place.store.put("jobs/a/file.txt", body, { contentType });
  return new URL(
    await place.store.signGet("jobs/a/file.txt", { expiresSeconds: 60, ...rest }),
    place.baseUrl,
  );
}

describe("its links over HTTP", () => {
  test("a link keeps its key readable and holds nothing that the secret is not behind", async () => {
    await using place = await openDiskPlace();
    const url = await getLink(place, "x");
    expect(url.pathname).toBe("/artifacts/jobs/a/file.txt");
    const other = createDiskStore({ dir: place.dir, secret: Buffer.alloc(32, 8), basePath: "/artifacts" });
    const forged = await other.signGet("jobs/a/file.txt", { expiresSeconds: 60 });
    expect((await fetch(new URL(forged, place.baseUrl))).status).toBe(403);
  });

  test("an answer says how it may be kept, and lets pages of other origins use it", async () => {
    await using place = await openDiskPlace();
    const answer = await fetch(await getLink(place, "x"), { headers: { origin: "http://localhost:3000" } });
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      etag: `"${sha256("x")}"`,
      "accept-ranges": "bytes",
      "cache-control": expect.stringMatching(/^private, max-age=(59|60)$/),
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "cross-origin",
      "content-security-policy": "default-src 'none'; sandbox",
      "access-control-allow-origin": "*",
    });
  });

  test("HEAD answers as GET does, without the bytes", async () => {
    await using place = await openDiskPlace();
    const url = await getLink(place, "hello");
    const answer = await fetch(url, { method: "HEAD", headers: { range: "bytes=0-1" } });
    expect([answer.status, answer.headers.get("content-length"), await answer.text()]).toEqual([
      200,
      "5",
      "",
    ]);
  });

  test.each([
    ["bytes=0-1", 206, "he"],
    ["bytes=-2", 206, "lo"],
    ["bytes=3-", 206, "lo"],
    ["bytes=0-0,-1", 200, "hello"],
    ["lines=0-1", 200, "hello"],
    ["bytes=9-", 416, undefined],
    ["bytes=-0", 416, undefined],
  ])("the range %s is answered with %i", async (range, status, body) => {
    await using place = await openDiskPlace();
    const answer = await fetch(await getLink(place, "hello"), { headers: { range } });
    expect(answer.status).toBe(status);
    if (status === 416) expect(answer.headers.get("content-range")).toBe("bytes */5");
    else expect(await answer.text()).toBe(body);
  });

  test.each([
    ["if-none-match", (tag: string) => tag, 304],
    ["if-none-match", (tag: string) => `"other", W/${tag}`, 304],
    ["if-none-match", () => "*", 304],
    ["if-none-match", () => '"other"', 206],
    ["if-range", (tag: string) => tag, 206],
    ["if-range", () => '"other"', 200],
    ["if-range", (tag: string) => `W/${tag}`, 200],
    ["if-range", () => "Wed, 21 Oct 2015 07:28:00 GMT", 200],
  ])("%s decides whether bytes are sent (%#)", async (header, value, status) => {
    await using place = await openDiskPlace();
    const url = await getLink(place, "hello");
    const tag = `"${sha256("hello")}"`;
    const answer = await fetch(url, { headers: { range: "bytes=0-1", [header]: value(tag) } });
    expect([answer.status, answer.headers.get("etag")]).toEqual([status, tag]);
  });

  test.each([
    ["clip_01.mp4", `attachment; filename="clip_01.mp4"; filename*=UTF-8''clip_01.mp4`],
    ['a"b\\c/d%41.mp4', `attachment; filename="a_b_c_d_41.mp4"; filename*=UTF-8''a%22b_c_d%2541.mp4`],
    [
      "Grüße \u{1F3AC}.mp4",
      `attachment; filename="Gr__e __.mp4"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%F0%9F%8E%AC.mp4`,
    ],
    [
      "a\r\nSet-Cookie: x=1\u202Egpj",
      `attachment; filename="a__Set-Cookie: x=1_gpj"; filename*=UTF-8''a__Set-Cookie%3A%20x%3D1_gpj`,
    ],
    ["it's (1)*\ud800", `attachment; filename="it's (1)*_"; filename*=UTF-8''it%27s%20%281%29%2a%EF%BF%BD`],
  ])("the name %j is safe in a header", async (downloadName, expected) => {
    await using place = await openDiskPlace();
    const answer = await fetch(await getLink(place, "x", { downloadName }));
    expect(answer.headers.get("content-disposition")).toBe(expected);
  });

  test.each([
    "/artifacts/",
    "/artifacts/jobs/a/file.txt",
    "/artifacts//jobs/a/file.txt",
    "/artifacts/..%2f..%2fetc%2fpasswd",
    "/artifacts/jobs/%2e%2e/%2e%2e/etc/passwd?expires=9999999999&signature=x",
    "/artifacts/.tmp/x?expires=9999999999&signature=",
    "/artifacts/%ff%fe?expires=1&signature=%00",
  ])("%s is forbidden", async (path) => {
    await using place = await openDiskPlace();
    await getLink(place, "secret");
    // by hand: fetch would tidy the path up
    const { hostname, port } = new URL(place.baseUrl);
    const socket = connect(Number(port), hostname);
    socket.end(`GET ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
    const answer = await text(socket);
    expect(answer).toMatch(/^HTTP\/1.1 403 /);
    expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({ detail: "This link is not valid" });
    expect(place.bugs).toEqual([]);
  });

  test("other methods are not allowed, and a page of another origin may ask before it uploads", async () => {
    await using place = await openDiskPlace();
    const url = await getLink(place, "x");
    expect((await fetch(url, { method: "DELETE" })).status).toBe(405);
    const headers = { origin: "http://localhost:3000", "access-control-request-method": "PUT" };
    const preflight = await fetch(url, { method: "OPTIONS", headers });
    expect(preflight.headers.get("access-control-allow-methods")).toContain("PUT");
  });

  test("an object that is no longer there is a problem with code and advice", async () => {
    await using place = await openDiskPlace();
    const url = await getLink(place, "x");
    await place.store.delete("jobs/a/file.txt");
    const answer = await fetch(url);
    expect(Problem.parse(await answer.json())).toMatchObject({ status: 404, code: "NOT_FOUND" });
    expect(answer.status).toBe(404);
  });

  test("a link to an attempt's file leads to what was published of it once the attempt is gone, and to nothing else", async () => {
    await using place = await openDiskPlace();
    const { store, baseUrl } = place;
    const put = (key: string, body: string) => store.put(key, body, { contentType: "video/mp4" });
    const link = async (key: string) => new URL(await store.signGet(key, { expiresSeconds: 60 }), baseUrl);
    await put("jobs/a/attempts/1/clip_01.mp4", "the clip");
    await put("jobs/a/clip_02.mp4", "another clip");
    const early = await link("jobs/a/attempts/1/clip_01.mp4");
    const etag = (await fetch(early)).headers.get("etag") ?? "";
    await store.copy("jobs/a/attempts/1/clip_01.mp4", "jobs/a/clip_01.mp4", etag.slice(1, -1));
    await store.delete("jobs/a/attempts/");
    const rest = await fetch(early, { headers: { range: "bytes=4-", "if-range": etag } });
    expect([rest.status, await rest.text(), rest.headers.get("etag")]).toEqual([206, "clip", etag]);
    for (const key of [
      "jobs/b/attempts/1/clip_01.mp4",
      "jobs/a/attempts/1/x/clip_02.mp4",
      "jobs/a/x/1/clip_02.mp4",
    ])
      expect((await fetch(await link(key))).status).toBe(404);
    expect((await fetch(early, { method: "PUT", body: "x" })).status).toBe(403);
  });

  test("a reader that goes away in the middle leaves no open file behind", async () => {
    await using place = await openDiskPlace();
    const url = await getLink(place, "x".repeat(8 << 20));
    const openFiles = () => readdirSync("/proc/self/fd").length;
    await fetch(url).then((answer) => answer.body?.cancel());
    await sleep(50);
    const before = openFiles();
    for (let times = 0; times < 10; times++) await fetch(url).then((answer) => answer.body?.cancel());
    await sleep(100);
    expect(openFiles()).toBeLessThan(before + 5);
    expect(place.bugs).toEqual([]);
  });
});

test.each([
  [undefined, 10, undefined],
  ["bytes=0-4", 10, { start: 0, end: 4 }],
  ["bytes=0-0", 1, { start: 0, end: 0 }],
  ["bytes=4-", 10, { start: 4, end: 9 }],
  ["bytes=-3", 10, { start: 7, end: 9 }],
  ["bytes=-30", 10, { start: 0, end: 9 }],
  ["bytes=5-999999999999999999999", 10, { start: 5, end: 9 }],
  ["BYTES = 1 - 2 ", 10, { start: 1, end: 2 }],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=999999999999999999999-", 10, "unsatisfiable"],
  ["bytes=10-20", 10, "unsatisfiable"],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-1", 0, "unsatisfiable"],
  ["bytes=5-4", 10, undefined],
  ["bytes=-", 10, undefined],
  ["bytes=", 10, undefined],
  ["bytes=a-b", 10, undefined],
  ["bytes=1.5-2", 10, undefined],
  ["bytes=0x1-2", 10, undefined],
  ["bytes=--1", 10, undefined],
  ["bytes=0-1,3-4", 10, undefined],
  ["bytes=0-1,", 10, undefined],
  ["items=0-1", 10, undefined],
  ["999-0", 10, undefined],
])("of %j and %i bytes is %j asked", (header, sizeBytes, expected) => {
  expect(parseRange(header, sizeBytes)).toEqual(expected);
});
