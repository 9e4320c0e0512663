import { Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { testArtifactLinks } from "./store-links-contract.ts";
import { testArtifactParts } from "./store-parts-contract.ts";
import { sha256 } from "./testing.ts";
import { type ArtifactPlace, CLIP, expectObject, JSON_TYPE, keysOf, VIDEO_TYPE } from "./testing-contract.ts";

/**
 * The behaviour every artifact store owes its callers: run it from the store's own test file. Signed links are really fetched.
 * `open` gives an empty store each time.
 */
export function testArtifactStore(open: () => Promise<ArtifactPlace>): void {
  testArtifactLinks(open);
  testArtifactParts(open);

  test.each([
    ["a text", "Grüße", "Grüße"],
    ["bytes", CLIP, CLIP],
    ["nothing", "", ""],
  ])("%s is kept whole, with its size, hash and type", async (_what, body, bytes) => {
    await using place = await open();
    const info = { sizeBytes: Buffer.byteLength(bytes), sha256: sha256(bytes), contentType: "text/plain" };
    expect(await place.store.put("jobs/a/file.txt", body, { contentType: "text/plain" })).toMatchObject(info);
    await expectObject(place.store, "jobs/a/file.txt", bytes, "text/plain");
  });

  test("a stream is kept, and part of it can be read", async () => {
    await using place = await open();
    const chunks = Array.from({ length: 50 }, (_, index) => CLIP.subarray(index * 2000, (index + 1) * 2000));
    const { sha256: hash } = await place.store.put("jobs/a/clip_01.mp4", Readable.from(chunks), VIDEO_TYPE);
    expect(hash).toBe(sha256(CLIP));
    const { info, body } = await place.store.get("jobs/a/clip_01.mp4", { start: 1999, end: 4000 });
    expect(info.sizeBytes).toBe(CLIP.length);
    expect((await buffer(body)).equals(CLIP.subarray(1999, 4001))).toBe(true);
    const end = await place.store.get("jobs/a/clip_01.mp4", { start: 99_990, end: 1_000_000 });
    expect((await buffer(end.body)).equals(CLIP.subarray(99_990))).toBe(true);
    for (const range of [
      { start: CLIP.length, end: CLIP.length },
      { start: 5, end: 4 },
      { start: -1, end: 4 },
    ])
      await expect(place.store.get("jobs/a/clip_01.mp4", range)).rejects.toMatchObject({
        code: "INVALID_INPUT",
      });
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
    const old = await place.store.put("jobs/a/file", "old", JSON_TYPE);
    const { etag } = await place.store.put("jobs/a/file", "new", { contentType: "text/vtt" });
    expect(etag).not.toBe(old.etag);
    await expectObject(place.store, "jobs/a/file", "new", "text/vtt");
  });

  test("what is not there is undefined to ask for and NOT_FOUND to get or copy", async () => {
    await using place = await open();
    await place.store.put("jobs/a/b/c", "x", JSON_TYPE);
    for (const key of ["jobs/a/none", "jobs/a/b", "jobs/a/b/c/d"]) {
      expect(await place.store.head(key)).toBeUndefined();
      await expect(place.store.get(key)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(place.store.hash(key)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(place.store.copy(key, "jobs/a/copy")).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(place.store.copy(key, key)).rejects.toMatchObject({ code: "NOT_FOUND" });
      await expect(place.store.copy(key, "jobs/a/copy", "tag")).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });

  test("a copy is the same object, again and again, and outlives what it was made from", async () => {
    await using place = await open();
    const { store } = place;
    await store.put("jobs/a/attempts/1/clip_01.mp4", CLIP, VIDEO_TYPE);
    await store.put("jobs/a/clip_01.mp4", "something older", JSON_TYPE);
    for (let times = 0; times < 3; times++)
      await store.copy("jobs/a/attempts/1/clip_01.mp4", "jobs/a/clip_01.mp4");
    await store.copy("jobs/a/clip_01.mp4", "jobs/a/clip_01.mp4");
    await expectObject(store, "jobs/a/clip_01.mp4", CLIP, "video/mp4");
    await store.put("jobs/a/attempts/1/clip_01.mp4", "a late upload", JSON_TYPE);
    await expectObject(store, "jobs/a/clip_01.mp4", CLIP, "video/mp4");
    await store.delete("jobs/a/attempts/");
    await expectObject(store, "jobs/a/clip_01.mp4", CLIP, "video/mp4");
    expect(await keysOf(store, "jobs/a/")).toEqual(["jobs/a/clip_01.mp4"]);
  });

  test("a copy of one version is not made from another", async () => {
    await using place = await open();
    const { store } = place;
    const { etag } = await store.put("jobs/a/attempts/1/edl.json", "{}", JSON_TYPE);
    await store.copy("jobs/a/attempts/1/edl.json", "jobs/a/edl.json", etag);
    await store.put("jobs/a/attempts/1/edl.json", "[]", JSON_TYPE);
    const copied = store.copy("jobs/a/attempts/1/edl.json", "jobs/a/edl.json", etag);
    await expect(copied).rejects.toMatchObject({ code: "CONFLICT" });
    await expectObject(store, "jobs/a/edl.json", "{}", "application/json");
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

  test("tidying leaves what is finished, and what is younger", async () => {
    await using place = await open();
    await place.store.tidy(Date.now());
    await place.store.put("jobs/a/clip_01.mp4", CLIP, VIDEO_TYPE);
    await place.store.tidy(Date.now() + 3_600_000);
    await expectObject(place.store, "jobs/a/clip_01.mp4", CLIP, "video/mp4");
  });
}
