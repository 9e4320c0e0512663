import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { KangKlipError, publishedKey } from "@kangklip/contract";
import cors from "cors";
import { type Request, type Response, Router } from "express";
import { problemOf } from "../problem.ts";
import { attachment } from "./attachment.ts";
import type { DiskStore } from "./disk.ts";
import type { ArtifactLink } from "./link.ts";
import { sendObject } from "./send-object.ts";
import type { ArtifactInfo, ArtifactStore } from "./store.ts";

type GetLink = Extract<ArtifactLink, { method: "GET" }>;
type PutLink = Extract<ArtifactLink, { method: "PUT" }>;

const METHODS = ["GET", "HEAD", "PUT"];
/** A connection that moves nothing for this long is given up. */
const IDLE_MS = 60_000;
/** How long a sender may go on after a refusal, so that it comes to read the answer. */
const LINGER_MS = 2000;
const MAX_AGE_SECONDS = 3600;

/**
 * Serves the links of a disk store; mount it at the store's `basePath`. GET and HEAD as static files are served (ranges, ETag), PUT for
 * exactly the object that was signed. Links that are wrong, changed or expired are 403. A link is its own permission, so pages of
 * any origin may use it.
 * @param onBug is told of errors that are no answer for people
 */
export function artifactRoutes(store: DiskStore, onBug: (error: unknown) => void = () => {}): Router {
  const routes = Router();
  routes.use(cors({ origin: "*", methods: METHODS, exposedHeaders: ["etag", "content-range"], maxAge: 600 }));
  routes.use(async (request, response) => {
    request.setTimeout(IDLE_MS);
    try {
      if (!METHODS.includes(request.method)) {
        refuse(request, response.set("allow", METHODS.join(", ")), 405, "method not allowed");
        return;
      }
      const link = linkOf(store, request);
      if (typeof link === "string") refuse(request, response, 403, link);
      else if (link.method === "PUT") await receive(store, link, request, response);
      else await send(store, link, request, response);
    } catch (error) {
      if (response.headersSent || request.socket.destroyed) return void response.destroy(); // the other side went away
      if (!(error instanceof KangKlipError)) onBug(error);
      const { status, body } = problemOf(error);
      response.set("cache-control", "no-store").status(status).json(body);
      letLinger(request);
    }
  });
  return routes;
}

/** What the request may do, or why it may not. */
function linkOf(store: DiskStore, request: Request): ArtifactLink | string {
  const query = new URLSearchParams(request.url.slice(request.path.length));
  const method = request.method === "PUT" ? "PUT" : "GET";
  const link = store.checkLink(method, request.path.slice(1), query);
  if (!link) return "This link is not valid";
  return Date.now() / 1000 > link.expires ? "This link has expired" : link;
}

function refuse(request: Request, response: Response, status: number, detail: string): void {
  response.set("cache-control", "no-store").status(status).json({ detail, status });
  letLinger(request);
}

/** Node reads and forgets what a refused sender still sends: for a while, not for as long as it likes. */
function letLinger(request: Request): void {
  const timer = setTimeout(() => !request.complete && request.destroy(), LINGER_MS).unref();
  request.once("close", () => clearTimeout(timer));
}

/** A clip that was ready before its job ended has moved when the job is published: whoever watches it goes on with the same link. */
async function send(
  store: ArtifactStore,
  link: GetLink,
  request: Request,
  response: Response,
): Promise<void> {
  const sendFrom = async (key: string) => {
    const info = await store.head(key);
    if (!info) throw new KangKlipError("NOT_FOUND", "artifact not found");
    await sendObject({ store, key, info, headers: headersOf(link, info) }, request, response);
  };
  const later = publishedKey(link.key);
  await sendFrom(link.key).catch((error: unknown) => {
    const hasMoved = error instanceof KangKlipError && error.code === "NOT_FOUND";
    if (!hasMoved || later === undefined || response.headersSent) throw error;
    return sendFrom(later);
  });
}

function headersOf(link: GetLink, { contentType }: ArtifactInfo): Record<string, string> {
  const secondsLeft = Math.max(0, Math.floor(link.expires - Date.now() / 1000));
  const shown = /^(video|image)\//.test(contentType);
  return {
    "cache-control": `private, max-age=${Math.min(MAX_AGE_SECONDS, secondsLeft)}`,
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "cross-origin",
    ...(!shown && { "content-security-policy": "default-src 'none'; sandbox" }),
    ...(link.downloadName !== undefined && { "content-disposition": attachment(link.downloadName) }),
  };
}

async function receive(
  store: ArtifactStore,
  link: PutLink,
  request: Request,
  response: Response,
): Promise<void> {
  const announced = request.get("content-length");
  if (announced !== undefined) checkLength(Number(announced), link.sizeBytes);
  const body = Readable.from(checked(request, link), { objectMode: false });
  const { sha256, sizeBytes } = await store.put(link.key, body, { contentType: link.contentType });
  response.set("etag", `"${sha256}"`).json({ sha256, size_bytes: sizeBytes });
}

/** The request's bytes as they come; ends in an error, so that nothing is kept, where they are not those that were signed. */
async function* checked(request: Request, link: PutLink): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let received = 0;
  // the connection stays open whatever happens here: it has an answer to carry
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    received += chunk.length;
    if (received > link.sizeBytes) checkLength(received, link.sizeBytes);
    if (link.sha256 !== undefined) hash.update(chunk);
    yield chunk;
  }
  checkLength(received, link.sizeBytes);
  if (link.sha256 !== undefined && hash.digest("hex") !== link.sha256)
    throw new KangKlipError("INVALID_INPUT", "The bytes are not those that this link was made for");
}

function checkLength(bytes: number, expected: number): void {
  if (bytes > expected) throw new KangKlipError("TOO_LARGE", `This link takes ${expected} bytes, not more`);
  if (bytes < expected)
    throw new KangKlipError("INVALID_INPUT", `This link takes ${expected} bytes, not fewer`);
}
