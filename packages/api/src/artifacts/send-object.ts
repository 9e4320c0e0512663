import { pipeline } from "node:stream/promises";
import { KangKlipError } from "@kangklip/contract";
import type { Request, Response } from "express";
import type { ArtifactInfo, ArtifactStore, ByteRange } from "./store.ts";

interface SentObject {
  store: ArtifactStore;
  key: string;
  /** What `head` told of it. */
  info: ArtifactInfo;
  /** Besides those that ranges and validators need. */
  headers: Record<string, string>;
}

/** Answers GET and HEAD with an object as static files are served: one range, ETag, If-Range, If-None-Match (RFC 9110). */
export async function sendObject(object: SentObject, request: Request, response: Response): Promise<void> {
  const { store, key, info, headers } = object;
  const etag = `"${info.etag}"`;
  response.set({ ...headers, etag, "accept-ranges": "bytes" });
  if (hasTag(request.get("if-none-match"), etag)) {
    response.status(304).end();
    return;
  }
  const condition = request.get("if-range");
  const asked = request.method === "GET" && (condition === undefined || condition === etag);
  const range = parseRange(asked ? request.get("range") : undefined, info.sizeBytes);
  if (range === "unsatisfiable") {
    response.set({ "content-range": `bytes */${info.sizeBytes}`, "cache-control": "no-store" });
    response.status(416).json({ detail: "range not satisfiable", status: 416 });
    return;
  }
  const opened = request.method === "GET" ? await store.get(key, range) : undefined;
  if (opened && opened.info.etag !== info.etag) {
    opened.body.destroy(); // replaced just now
    const fresh = await store.head(key);
    if (!fresh) throw new KangKlipError("NOT_FOUND", "artifact not found");
    return sendObject({ ...object, info: fresh }, request, response);
  }
  const length = range ? range.end - range.start + 1 : info.sizeBytes;
  response.set({ "content-type": info.contentType, "content-length": String(length) });
  if (range) response.status(206).set("content-range", `bytes ${range.start}-${range.end}/${info.sizeBytes}`);
  if (opened) await pipeline(opened.body, response);
  else response.end();
}

/** Whether an `If-None-Match` list names the tag (weak comparison: RFC 9110, 13.1.2). */
const hasTag = (header: string | undefined, etag: string) =>
  header !== undefined &&
  (header.trim() === "*" || header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag));

/**
 * What a `Range` header asks of an object of that size (RFC 9110, section 14). Pure.
 * @returns undefined for the whole object: no header, one that is not understood, or several ranges at once (which a server may
 *   ignore); "unsatisfiable" for a range that lies outside (416)
 */
export function parseRange(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? "") ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return undefined;
  if (first === "") {
    const suffix = Number(last);
    if (suffix === 0 || sizeBytes === 0) return "unsatisfiable";
    return { start: Math.max(0, sizeBytes - suffix), end: sizeBytes - 1 };
  }
  const start = Number(first);
  const end = last === "" ? Number.POSITIVE_INFINITY : Number(last);
  if (end < start) return undefined;
  return start >= sizeBytes ? "unsatisfiable" : { start, end: Math.min(end, sizeBytes - 1) };
}
