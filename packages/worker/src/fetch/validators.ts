import type { Fetcher, Opened } from "./fetcher.ts";

/** What a server says of a file so that one can see whether it is still the same (RFC 9110, 8.8). */
export interface Validators {
  etag: string | null;
  lastModified: string | null;
  /** Bytes of the whole file. */
  length: number | null;
}

/** Of an answer to a request for all of it, or for a part. */
export function validatorsOf({ headers, status }: Pick<Opened, "headers" | "status">): Validators {
  const [, whole] = /^bytes \d+-\d+\/(\d+)$/.exec(headers["content-range"] ?? "") ?? [];
  const length = status === 206 ? whole : headers["content-length"];
  return {
    etag: headers.etag ?? null,
    lastModified: headers["last-modified"] ?? null,
    length: length === undefined || !/^\d{1,15}$/.test(length) ? null : Number(length),
  };
}

/**
 * Whether what an address gives now is what it gave then, as far as the server tells: by one request for the first byte.
 * @returns "unknown": it says nothing by which one could know @throws what `Fetcher.open` throws
 */
export async function sameNow(
  fetcher: Fetcher,
  address: string,
  then: Validators,
): Promise<"same" | "other" | "unknown"> {
  const answer = await fetcher.open(address, { range: "bytes=0-0" });
  answer.cancel();
  return compared(then, validatorsOf(answer));
}

/** Pure. An ETag says it all; a date is good to a second, so the length must be the same besides. */
export function compared(then: Validators, now: Validators): "same" | "other" | "unknown" {
  if (then.length !== null && now.length !== null && then.length !== now.length) return "other";
  if (then.etag !== null && now.etag !== null) return then.etag === now.etag ? "same" : "other";
  if (then.lastModified !== null && now.lastModified !== null) {
    if (then.lastModified !== now.lastModified) return "other";
    return then.length !== null && now.length !== null ? "same" : "unknown";
  }
  // what had a mark and has none any more is not believed to be the same
  return then.etag !== null || then.lastModified !== null ? "other" : "unknown";
}

/** By a weak ETag alone one would not see that bytes have changed (RFC 9110, 8.8.1). */
export const isStrong = ({ etag, lastModified }: Validators): boolean =>
  lastModified !== null || (etag !== null && !etag.startsWith("W/"));

/** Stricter than elsewhere: parts of two files must never lie in one. */
export const isSame = (then: Validators, now: Validators) =>
  then.etag === now.etag && then.lastModified === now.lastModified && then.length === now.length;
