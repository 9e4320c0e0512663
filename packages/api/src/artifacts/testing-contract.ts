import { buffer } from "node:stream/consumers";
import { expect } from "vitest";
import type { ArtifactStore } from "./store.ts";
import { sha256 } from "./testing.ts";

/** An empty store, and where its relative links lead. */
export interface ArtifactPlace extends AsyncDisposable {
  store: ArtifactStore;
  /** Links are resolved against it. */
  baseUrl: string;
}

export const JSON_TYPE = { contentType: "application/json" };
export const VIDEO_TYPE = { contentType: "video/mp4" };
/** 100 kB that nobody mistakes for other ones. */
export const CLIP = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 7) % 256));

export const keysOf = async (store: ArtifactStore, prefix: string) =>
  (await Array.fromAsync(store.list(prefix))).toSorted();

/** The object is these bytes, and the store says nothing else of them. */
export async function expectObject(
  store: ArtifactStore,
  key: string,
  bytes: string | Buffer,
  contentType: string,
) {
  const known = { sizeBytes: Buffer.byteLength(bytes), contentType };
  const { info, body } = await store.get(key);
  expect((await buffer(body)).equals(Buffer.from(bytes))).toBe(true);
  expect(await store.hash(key)).toBe(sha256(bytes));
  const head = await store.head(key);
  for (const said of [info, head]) {
    expect(said).toMatchObject(known);
    expect(said?.sha256 ?? sha256(bytes)).toBe(sha256(bytes));
  }
  expect(head?.etag).toBe(info.etag);
  expect(Math.abs(Date.now() - (head?.modifiedAt.getTime() ?? 0))).toBeLessThan(600_000);
}
