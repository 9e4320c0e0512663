import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ArtifactStore } from "./store.ts";

/** An empty store, and where its relative links lead. */
export interface ArtifactPlace extends AsyncDisposable {
  store: ArtifactStore;
  /** Links are resolved against it. */
  baseUrl: string;
}

/**
 * The behaviour every artifact store owes its callers: run it from the store's own test file. Signed links are really fetched.
 * `open` gives an empty store each time.
 */
export function testArtifactStore(open: () => Promise<ArtifactPlace>): void {
  const sha256 = (data: string | Buffer) => createHash("sha256").update(data).digest("hex");
  const JSON_TYPE = { contentType: "application/json" };
  const VIDEO_TYPE = { contentType: "video/mp4" };
  const clip = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256));
  const read = async (store: ArtifactStore, key: string) => buffer((await store.get(key)).body);
  const keysOf = async (store: ArtifactStore, prefix: string) =>
    (await Array.fromAsync(store.list(prefix))).toSorted();

  async function linked(place: ArtifactPlace, options: Parameters<ArtifactStore["signGet"]>[1]) {
    await place.store.put("jobs/a/clip_01.mp4", clip, VIDEO_TYPE);
    return new URL(await place.store.signGet("jobs/a/clip_01.mp4", options), place.baseUrl);
  }

  test.each([
    ["a text", "Grüße", "Grüße"],
    ["bytes", clip, clip],
    ["nothing", "", ""],
  ])("%s is kept whole, with its size, hash and type", async (_what, body, bytes) => {
    await using place = await open();
    const info = { sizeBytes: Buffer.byteLength(bytes), sha256: sha256(bytes), contentType: "text/plain" };
    expect(await place.store.put("jobs/a/file.txt", body, { contentType: "text/plain" })).toMatchObject(info);
    expect(await place.store.head("jobs/a/file.txt")).toMatchObject(info);
    const got = await place.store.get("jobs/a/file.txt");
    expect(got.info).toMatchObject(info);
    expect((await buffer(got.body)).equals(Buffer.from(bytes))).toBe(true);
  });

  test("a stream is kept, and part of it can be read", async () => {
    await using place = await open();
    const chunks = Array.from({ length: 50 }, (_, index) => clip.subarray(index * 2000, (index + 1) * 2000));
    const { sha256: hash } = await place.store.put("jobs/a/clip_01.mp4", Readable.from(chunks), VIDEO_TYPE);
    expect(hash).toBe(sha256(clip));
    const { info, body } = await place.store.get("jobs/a/clip_01.mp4", { start: 1999, end: 4000 });
    expect(info.sizeBytes).toBe(clip.length);
    expect((await buffer(body)).equals(clip.subarray(1999, 4001))).toBe(true);
  });

  test("an object whose stream breaks leaves the old one as it was", async () => {
    await using place = await open();
    const { store } = place;
    async function* broken() {
      yield Buffer.from("half of the new ");
      await sleep(5);
      throw new Error("the line is dead");
    }
    const put = () => store.put("jobs/a/meta.json", Readable.from(broken()), JSON_TYPE);
    await expect(put()).rejects.toThrow("the line is dead");
    expect(await store.head("jobs/a/meta.json")).toBeUndefined();
    expect(await keysOf(store, "jobs/")).toEqual([]);
    await store.put("jobs/a/meta.json", "old", JSON_TYPE);
    await expect(put()).rejects.toThrow("the line is dead");
    expect(await text((await store.get("jobs/a/meta.json")).body)).toBe("old");
  });

  test("a new version replaces bytes, hash and type together", async () => {
    await using place = await open();
    await place.store.put("jobs/a/file", "old", JSON_TYPE);
    await place.store.put("jobs/a/file", "newer", { contentType: "text/vtt" });
    const expected = { sizeBytes: 5, sha256: sha256("newer"), contentType: "text/vtt" };
    expect(await place.store.head("jobs/a/file")).toMatchObject(expected);
  });

  test("what is not there is undefined to ask for and NOT_FOUND to get or copy", async () => {
    await using place = await open();
    await place.store.put("jobs/a/b/c", "x", JSON_TYPE);
    for (const key of ["jobs/a/none", "jobs/a/b", "jobs/a/b/c/d"]) {
      expect(await place.store.head(key)).toBeUndefined();
      await expect(place.store.get(key)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(place.store.copy(key, "jobs/a/copy")).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  test("a copy is the same object, again and again, and outlives what it was made from", async () => {
    await using place = await open();
    const { store } = place;
    await store.put("jobs/a/attempts/1/clip_01.mp4", clip, VIDEO_TYPE);
    await store.put("jobs/a/clip_01.mp4", "something older", JSON_TYPE);
    for (let times = 0; times < 3; times++)
      await store.copy("jobs/a/attempts/1/clip_01.mp4", "jobs/a/clip_01.mp4");
    await store.copy("jobs/a/clip_01.mp4", "jobs/a/clip_01.mp4");
    const expected = { sizeBytes: clip.length, sha256: sha256(clip), contentType: "video/mp4" };
    expect(await store.head("jobs/a/clip_01.mp4")).toMatchObject(expected);
    await store.put("jobs/a/attempts/1/clip_01.mp4", "a late upload", JSON_TYPE);
    expect((await read(store, "jobs/a/clip_01.mp4")).equals(clip)).toBe(true);
    await store.delete("jobs/a/attempts/");
    expect(await store.head("jobs/a/clip_01.mp4")).toMatchObject(expected);
    expect(await keysOf(store, "jobs/a/")).toEqual(["jobs/a/clip_01.mp4"]);
  });

  test("a prefix lists the objects below it, and deleting takes one object or all below a folder", async () => {
    await using place = await open();
    const { store } = place;
    const keys = ["jobs/a/1/x", "jobs/a/1/y", "jobs/a/2", "jobs/ab/3", "uploads/u/source"];
    for (const key of keys) await store.put(key, key, JSON_TYPE);
    expect(await keysOf(store, "jobs/a/")).toEqual(keys.slice(0, 3));
    expect(await keysOf(store, "jobs/a")).toEqual(keys.slice(0, 4));
    expect(await keysOf(store, "jobs/a/1/x")).toEqual(["jobs/a/1/x"]);
    expect(await keysOf(store, "jobs/none/")).toEqual([]);
    await store.delete("jobs/a/1/x");
    await store.delete("jobs/a/1/x");
    expect(await keysOf(store, "jobs/a/")).toEqual(["jobs/a/1/y", "jobs/a/2"]);
    await store.delete("jobs/a/");
    await store.delete("jobs/a/");
    expect(await keysOf(store, "jobs/")).toEqual(["jobs/ab/3"]);
    expect(await keysOf(store, "uploads/")).toEqual(["uploads/u/source"]);
  });

  test.each([
    "../etc/passwd",
    "jobs/../x",
    "jobs/./x",
    "jobs//x",
    "/jobs/x",
    "jobs/x/",
    "jobs/a b",
    "jobs/.x",
  ])("%j is no key", async (key) => {
    await using place = await open();
    const refusal = { code: "INVALID_INPUT" };
    await expect(place.store.put(key, "x", JSON_TYPE)).rejects.toMatchObject(refusal);
    await expect(place.store.get(key)).rejects.toMatchObject(refusal);
    await expect(place.store.copy(key, "jobs/copy")).rejects.toMatchObject(refusal);
    await expect(place.store.copy("jobs/copy", key)).rejects.toMatchObject(refusal);
    await expect(place.store.signGet(key, { expiresSeconds: 60 })).rejects.toMatchObject(refusal);
  });

  test.each(["other", "jobs\\a", "jobs/\u0000", "tmp/x", ".tmp/x", "jobs/é", `jobs/${"x".repeat(600)}`, ""])(
    "%j is no key either, nor the beginning of one",
    async (key) => {
      await using place = await open();
      const refusal = { code: "INVALID_INPUT" };
      await expect(place.store.head(key)).rejects.toMatchObject(refusal);
      await expect(place.store.delete(key)).rejects.toMatchObject(refusal);
      await expect(place.store.delete(`${key}/`)).rejects.toMatchObject(refusal);
      await expect(keysOf(place.store, `${key}/`)).rejects.toMatchObject(refusal);
    },
  );

  test("a signed link gives the object, or the part that is asked for, to whoever has it", async () => {
    await using place = await open();
    const url = await linked(place, { expiresSeconds: 60 });
    const whole = await fetch(url);
    expect(whole.status).toBe(200);
    expect(whole.headers.get("content-type")).toBe("video/mp4");
    expect(whole.headers.get("content-disposition")).toBeNull();
    expect(Buffer.from(await whole.arrayBuffer()).equals(clip)).toBe(true);
    const part = await fetch(url, { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 10-19/${clip.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(clip.subarray(10, 20))).toBe(true);
    const outside = await fetch(url, { headers: { range: `bytes=${clip.length}-` } });
    expect(outside.status).toBe(416);
  });

  test("a download link names the file that is saved", async () => {
    await using place = await open();
    const url = await linked(place, { expiresSeconds: 60, downloadName: "clip_01.mp4" });
    const answer = await fetch(url);
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="clip_01.mp4"/);
    expect((await answer.arrayBuffer()).byteLength).toBe(clip.length);
  });

  /** The link with each part of its query changed, or left out, in turn. */
  const changedLinks = (url: URL) =>
    [...url.searchParams].flatMap(([name, value]) => {
      const [changed, without] = [new URL(url), new URL(url)];
      changed.searchParams.set(name, value.slice(0, -1) + (value.at(-1) === "1" ? "2" : "1"));
      without.searchParams.delete(name);
      return [changed, without];
    });

  test("a link that was changed in any part is refused", async () => {
    await using place = await open();
    await place.store.put("jobs/b/clip_01.mp4", "of somebody else", VIDEO_TYPE);
    const url = await linked(place, { expiresSeconds: 60, downloadName: "a.mp4" });
    const elsewhere = new URL(url);
    elsewhere.pathname = elsewhere.pathname.replace("jobs/a/", "jobs/b/");
    const bare = new URL(url.pathname, url);
    for (const each of [...changedLinks(url), elsewhere, bare]) {
      const answer = await fetch(each);
      expect([400, 403]).toContain(answer.status);
      expect(await answer.text()).not.toContain("of somebody else");
    }
    const put = await fetch(url, { method: "PUT", body: "mine" });
    expect(put.status).toBe(403);
    expect((await read(place.store, "jobs/a/clip_01.mp4")).equals(clip)).toBe(true);
  });

  test("a link ends when it expires", async () => {
    await using place = await open();
    const url = await linked(place, { expiresSeconds: 1 });
    await sleep(2100);
    expect((await fetch(url)).status).toBe(403);
  });

  async function put(place: ArtifactPlace, signed: { sizeBytes: number; sha256?: string }) {
    const options = { expiresSeconds: 60, contentType: "video/mp4", ...signed };
    const { url, headers } = await place.store.signPut("jobs/a/attempts/1/clip_01.mp4", options);
    const target = new URL(url, place.baseUrl);
    const send = (bytes: string | Buffer, to = target) =>
      fetch(to, { method: "PUT", headers, body: new Uint8Array(Buffer.from(bytes)) });
    return { target, send };
  }
  const uploaded = (place: ArtifactPlace) => place.store.head("jobs/a/attempts/1/clip_01.mp4");

  test("an upload link takes exactly the object it was made for, twice if need be", async () => {
    await using place = await open();
    const { send } = await put(place, { sizeBytes: clip.length, sha256: sha256(clip) });
    expect((await send(clip)).status).toBe(200);
    expect((await send(clip)).status).toBe(200);
    const expected = { sizeBytes: clip.length, sha256: sha256(clip), contentType: "video/mp4" };
    expect(await uploaded(place)).toMatchObject(expected);
  });

  test("an upload link without a hash takes any object of its size", async () => {
    await using place = await open();
    const { send } = await put(place, { sizeBytes: clip.length });
    expect((await send(clip)).status).toBe(200);
    expect(await uploaded(place)).toMatchObject({ sizeBytes: clip.length, sha256: sha256(clip) });
  });

  test.each([
    ["longer", "12345678901"],
    ["shorter", "123456789"],
    ["empty", ""],
    ["another", "123456789X"],
  ])("an upload that is %s is refused and leaves nothing", async (_what, body) => {
    await using place = await open();
    const { send } = await put(place, { sizeBytes: 10, sha256: sha256("1234567890") });
    expect((await send(body)).status).toBeOneOf([400, 403, 409, 411, 413]);
    expect(await uploaded(place)).toBeUndefined();
    expect(await keysOf(place.store, "jobs/")).toEqual([]);
    expect((await send("1234567890")).status).toBe(200);
  });

  test("an upload link that was changed in any part is refused, and gives nothing to read", async () => {
    await using place = await open();
    const { target, send } = await put(place, { sizeBytes: 9, sha256: sha256("123456789") });
    for (const each of changedLinks(target))
      expect([400, 403]).toContain((await send("123456789", each)).status);
    expect(await uploaded(place)).toBeUndefined();
    await send("123456789");
    expect((await fetch(target)).status).toBe(403);
  });
}
