import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { ArtifactStore } from "./store.ts";
import { sha256 } from "./testing.ts";
import { type ArtifactPlace, CLIP, expectObject, keysOf, VIDEO_TYPE } from "./testing-contract.ts";

/** What every store's links do, really fetched: part of `testArtifactStore`. */
export function testArtifactLinks(open: () => Promise<ArtifactPlace>): void {
  async function linked(place: ArtifactPlace, options: Parameters<ArtifactStore["signGet"]>[1]) {
    await place.store.put("jobs/a/clip_01.mp4", CLIP, VIDEO_TYPE);
    return new URL(await place.store.signGet("jobs/a/clip_01.mp4", options), place.baseUrl);
  }

  test("a signed link gives the object, or the part that is asked for, to whoever has it", async () => {
    await using place = await open();
    const url = await linked(place, { expiresSeconds: 60 });
    const whole = await fetch(url);
    expect(whole.status).toBe(200);
    expect(whole.headers.get("content-type")).toBe("video/mp4");
    expect(whole.headers.get("content-disposition")).toBeNull();
    expect(Buffer.from(await whole.arrayBuffer()).equals(CLIP)).toBe(true);
    const part = await fetch(url, { headers: { range: "bytes=10-19" } });
    expect(part.status).toBe(206);
    expect(part.headers.get("content-range")).toBe(`bytes 10-19/${CLIP.length}`);
    expect(Buffer.from(await part.arrayBuffer()).equals(CLIP.subarray(10, 20))).toBe(true);
    const outside = await fetch(url, { headers: { range: `bytes=${CLIP.length}-` } });
    expect(outside.status).toBe(416);
  });

  test("a download link names the file that is saved", async () => {
    await using place = await open();
    const url = await linked(place, { expiresSeconds: 60, downloadName: "clip_01.mp4" });
    const answer = await fetch(url);
    expect(answer.headers.get("content-disposition")).toMatch(/^attachment; filename="clip_01.mp4"/);
    expect((await answer.arrayBuffer()).byteLength).toBe(CLIP.length);
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
    expect((await place.store.hash("jobs/a/clip_01.mp4")) === sha256(CLIP)).toBe(true);
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
    const { send } = await put(place, { sizeBytes: CLIP.length, sha256: sha256(CLIP) });
    expect((await send(CLIP)).status).toBe(200);
    expect((await send(CLIP)).status).toBe(200);
    await expectObject(place.store, "jobs/a/attempts/1/clip_01.mp4", CLIP, "video/mp4");
  });

  test("an upload link without a hash takes any object of its size", async () => {
    await using place = await open();
    const { send } = await put(place, { sizeBytes: CLIP.length });
    expect((await send(CLIP)).status).toBe(200);
    await expectObject(place.store, "jobs/a/attempts/1/clip_01.mp4", CLIP, "video/mp4");
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

  const large = Buffer.concat(Array.from({ length: 116 }, () => CLIP)); // 11.6 MB

  test("a large upload goes by one link or in parts, as the store says, and appears whole", async () => {
    await using place = await open();
    const { store, baseUrl } = place;
    const key = "jobs/a/attempts/1/clip_01.mp4";
    const options = { expiresSeconds: 60, contentType: "video/mp4", sizeBytes: large.length };
    const parts = await store.signParts(key, { ...options, sha256: sha256(large) });
    if (!parts) {
      const { send } = await put(place, { sizeBytes: large.length, sha256: sha256(large) });
      expect((await send(large)).status).toBe(200);
    } else {
      const { uploadId, partBytes } = parts;
      const sendPart = async (url: string, index: number) => {
        const body = new Uint8Array(large.subarray(index * partBytes, (index + 1) * partBytes));
        const answer = await fetch(new URL(url, baseUrl), { method: "PUT", body });
        expect(answer.status).toBe(200);
        return answer.headers.get("etag") ?? "";
      };
      await sendPart(parts.urls[0] ?? "", 0); // once more below
      const fresh = await store.signParts(key, { ...options, uploadId });
      expect(fresh).toMatchObject({ uploadId, partBytes, urls: { length: parts.urls.length } });
      const etags = await Promise.all((fresh?.urls ?? []).map(sendPart));
      expect(await store.head(key)).toBeUndefined();
      const wrong = store.completeParts(key, uploadId, etags.toReversed());
      await expect(wrong).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
      expect(await store.head(key)).toBeUndefined();
      await store.completeParts(key, uploadId, etags);
      await store.completeParts(key, uploadId, etags);
    }
    await expectObject(store, key, large, "video/mp4");
  });

  test("a small upload needs no parts, and parts of no upload make nothing", async () => {
    await using place = await open();
    const options = { expiresSeconds: 60, contentType: "video/mp4", sizeBytes: 1000 };
    expect(await place.store.signParts("jobs/a/clip_01.mp4", options)).toBeUndefined();
    const completed = place.store.completeParts("jobs/a/clip_01.mp4", "2~none", ["etag"]);
    await expect(completed).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
    expect(await keysOf(place.store, "jobs/")).toEqual([]);
  });
}
