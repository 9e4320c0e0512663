import type { Readable } from "node:stream";

export interface ArtifactInfo {
  sizeBytes: number;
  /** Hex sha256 of the whole object. */
  sha256: string;
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

/**
 * Where artifacts live: a folder or a bucket. Keys are `jobs/…` and `uploads/…`, letters, digits, `._-` and `/` only.
 * Every adapter passes `testArtifactStore`.
 */
export interface ArtifactStore {
  /** Writes the whole object or nothing; readers see the old one until the new one is complete. */
  put(key: string, body: Readable | Buffer | string, options: { contentType: string }): Promise<ArtifactInfo>;
  /** @throws KangKlipError NOT_FOUND */
  get(key: string, range?: ByteRange): Promise<{ info: ArtifactInfo; body: Readable }>;
  head(key: string): Promise<ArtifactInfo | undefined>;
  /** Makes `to` the same object as `from`; doing it again is harmless. @throws KangKlipError NOT_FOUND */
  copy(from: string, to: string): Promise<void>;
  list(prefix: string): AsyncIterable<string>;
  /** Removes the object, or everything below a prefix that ends in "/". Missing is fine. */
  delete(keyOrPrefix: string): Promise<void>;
  /** A link that gives the object (GET and HEAD, ranges included) until it expires. Relative for stores the API serves itself. */
  signGet(key: string, options: SignGetOptions): Promise<string>;
  /** A link that takes exactly one object by PUT, and the headers to send with it. */
  signPut(key: string, options: SignPutOptions): Promise<{ url: string; headers: Record<string, string> }>;
}
