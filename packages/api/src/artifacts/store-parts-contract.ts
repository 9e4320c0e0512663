import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type ArtifactPlace, CLIP, expectObject, keysOf, VIDEO_TYPE } from "./testing-contract.ts";

const KEY = "uploads/u/source";
/** S3 wants 5 MiB for all parts but the last. */
const PART_BYTES = 5 << 20;
const FILE = Buffer.concat(
  Array.from({ length: 106 }, () => CLIP),
  2 * PART_BYTES + 12_345,
);
const PARTS = [1, 2, 3];
const pieceOf = (part: number, bytes = FILE) => bytes.subarray((part - 1) * PART_BYTES, part * PART_BYTES);

/** What every store does with an upload whose parts come one by one, really sent: part of `testArtifactStore`. */
export function testArtifactParts(open: () => Promise<ArtifactPlace>): void {
  async function begun(place: ArtifactPlace) {
    const { store } = place;
    const id = await store.beginParts(KEY, VIDEO_TYPE);
    const linkTo = async (part: number, sizeBytes = pieceOf(part).length) =>
      new URL(await store.signPart(KEY, id, { part, sizeBytes, expiresSeconds: 60 }), place.baseUrl);
    const put = async (url: URL, bytes: Buffer) =>
      (await fetch(url, { method: "PUT", body: new Uint8Array(bytes) })).status;
    return {
      id,
      linkTo,
      put,
      send: async (part: number, bytes = pieceOf(part)) => put(await linkTo(part), bytes),
      arrived: async () =>
        (await store.arrivedParts(KEY, id))?.map(({ part, sizeBytes }) => [part, sizeBytes]),
      etags: async () => (await store.arrivedParts(KEY, id))?.map(({ etag }) => etag) ?? [],
    };
  }

  test("parts come in any order and twice, are told of, and make one object", async () => {
    await using place = await open();
    const { store } = place;
    const { id, send, arrived, etags } = await begun(place);
    expect(await arrived()).toEqual([]);
    expect(await send(3)).toBe(200);
    expect(await send(1, Buffer.alloc(PART_BYTES))).toBe(200);
    expect(await arrived()).toEqual([
      [1, PART_BYTES],
      [3, 12_345],
    ]);
    for (const part of [2, 1]) expect(await send(part)).toBe(200);
    expect(await arrived()).toEqual(PARTS.map((part) => [part, pieceOf(part).length]));
    expect(await store.head(KEY)).toBeUndefined();
    const known = await etags();
    const swapped = store.completeParts(KEY, id, known.with(0, known[1] ?? "").with(1, known[0] ?? ""));
    await expect(swapped).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
    expect(await arrived()).toHaveLength(3);
    await Promise.all([store.completeParts(KEY, id, known), store.completeParts(KEY, id, known)]);
    await store.completeParts(KEY, id, known);
    await expectObject(store, KEY, FILE, "video/mp4");
    expect(await keysOf(store, "uploads/")).toEqual([KEY]);
    expect(await arrived()).toBeUndefined();
  });

  test("a part of another length, or sent to a link that was changed, is not taken", async () => {
    await using place = await open();
    const { linkTo, put, arrived } = await begun(place);
    const url = await linkTo(2, 10);
    for (const bytes of ["123456789", "12345678901", ""])
      expect([400, 403, 411, 413]).toContain(await put(url, Buffer.from(bytes)));
    for (const name of url.searchParams.keys()) {
      const changed = new URL(url);
      const value = url.searchParams.get(name) ?? "";
      changed.searchParams.set(name, value.slice(0, -1) + (value.at(-1) === "1" ? "2" : "1"));
      expect([400, 403, 404], name).toContain(await put(changed, Buffer.from("1234567890")));
    }
    const elsewhere = new URL(url);
    elsewhere.pathname = elsewhere.pathname.replace("/u/", "/v/");
    expect([400, 403, 404]).toContain(await put(elsewhere, Buffer.from("1234567890")));
    expect(await arrived()).toEqual([]);
    expect(await put(url, Buffer.from("1234567890"))).toBe(200);
    expect(await arrived()).toEqual([[2, 10]]);
  });

  test("what is removed or tidied up half-way is gone, and what was never begun is nothing", async () => {
    await using place = await open();
    const { store } = place;
    const { id, send, arrived } = await begun(place);
    await send(1);
    await store.tidy(Date.now() - 3_600_000);
    expect(await arrived()).toHaveLength(1);
    await store.delete("uploads/u/");
    expect(await arrived()).toBeUndefined();
    expect(await keysOf(store, "uploads/")).toEqual([]);
    await sleep(1);
    const nothing = store.completeParts(KEY, id, ["etag"]);
    await expect(nothing).rejects.toMatchObject({ code: "UPLOAD_FAILED" });
  });
}
