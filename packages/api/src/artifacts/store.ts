import type { Readable } from "node:stream";

export interface ArtifactInfo {
  sizeBytes: number;
  /** Names this version of the object, without quotes: other bytes have another one. */
  etag: string;
  /** Hex sha256 of the whole object, where the store worked it out itself; else ask `hash`. */
  sha256: string | undefined;
  contentType: string;
  modifiedAt: Date;
}

/** Part of an object, both ends included, as HTTP ranges count. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface SignGetOptions {
  expiresSeconds: number;
  /** Given: the browser saves the object under this name instead of showing it. */
  downloadName?: string;
}

export interface SignPutOptions {
  expiresSeconds: number;
  /** The upload is refused unless it is exactly this long; for uploads of unknown hash leave `sha256` out. */
  sizeBytes: number;
  sha256?: string;
  contentType: string;
}

export interface SignPartsOptions extends SignPutOptions {
  /** Given: fresh links for an upload in parts that has begun, not a new one. */
  uploadId?: string | undefined;
}

/** How one large object is put in parts: each part is `partBytes` long but the last. */
export interface SignedParts {
  uploadId: string;
  partBytes: number;
  /** One for each part, in order; a PUT to it answers with an ETag. */
  urls: string[];
}

/** A part of an upload in parts that is there as a whole. */
export interface ArrivedPart {
  /** From 1. */
  part: number;
  sizeBytes: number;
  etag: string;
}

/**
 * Where artifacts live: a folder or a bucket. Keys are `jobs/…` and `uploads/…`, letters, digits, `._-` and `/` only.
 * Every adapter passes `testArtifactStore`.
 */
export interface ArtifactStore {
  /** Writes the whole object or nothing; readers see the old one until the new one is complete. `sha256` is always known. */
  put(
    key: string,
    body: Readable | Buffer | string,
    options: { contentType: string },
  ): Promise<ArtifactInfo & { sha256: string }>;
  /** @throws KangKlipError NOT_FOUND */
  get(key: string, range?: ByteRange): Promise<{ info: ArtifactInfo; body: Readable }>;
  head(key: string): Promise<ArtifactInfo | undefined>;
  /** Hex sha256 of the bytes that are there now, whatever was said of them. @throws KangKlipError NOT_FOUND */
  hash(key: string): Promise<string>;
  /**
   * Makes `to` the same object as `from`; doing it again is harmless. With an `etag` only that version is taken.
   * @throws KangKlipError NOT_FOUND, CONFLICT where there is another version
   */
  copy(from: string, to: string, etag?: string): Promise<void>;
  list(prefix: string): AsyncIterable<string>;
  /** Removes the object, or everything below a prefix that ends in "/", unfinished uploads too. Missing is fine. */
  delete(keyOrPrefix: string): Promise<void>;
  /** A link that gives the object (GET, ranges included) until it expires. Relative for stores the API serves itself. */
  signGet(key: string, options: SignGetOptions): Promise<string>;
  /** A link that takes exactly one object by PUT, and the headers to send with it. */
  signPut(key: string, options: SignPutOptions): Promise<{ url: string; headers: Record<string, string> }>;
  /** Begins an upload in parts; undefined where the store takes an object of this size by one PUT. */
  signParts(key: string, options: SignPartsOptions): Promise<SignedParts | undefined>;
  /** Begins an upload whose parts come one by one, in any order, for as long as it takes. @returns its id */
  beginParts(key: string, options: { contentType: string }): Promise<string>;
  /** A link that takes one part by PUT, of exactly that size; a part that is sent again replaces the one that was there. */
  signPart(
    key: string,
    uploadId: string,
    part: { part: number; sizeBytes: number; expiresSeconds: number },
  ): Promise<string>;
  /** The parts that are there, in order; undefined where there is no such upload (any more). One that was cut off is not there. */
  arrivedParts(key: string, uploadId: string): Promise<ArrivedPart[] | undefined>;
  /** Ends an upload in parts: the object appears whole or not at all. Doing it again is harmless. @throws KangKlipError UPLOAD_FAILED */
  completeParts(key: string, uploadId: string, etags: string[]): Promise<void>;
  /** Removes unfinished writes and uploads that began before a time (ms since 1970) and that nobody goes on with. */
  tidy(before: number): Promise<void>;
}
