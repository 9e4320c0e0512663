import { KangKlipError } from "@kangklip/contract";
import express, { type RequestHandler } from "express";

/** People and pages send little; a worker's ranking holds up to 60 texts, and a 1.x worker's last report may be long. */
const LIMIT_BYTES = 64 * 1024;
const WORKER_LIMIT_BYTES = 1024 * 1024;
const OF_WORKERS = /^\/(api\/(worker|callback)\/|trpc\/worker\.)/i;
/** No request of ours is nested deeper than 8; what walks a body later need not fear for its stack. */
const MAX_DEPTH = 32;
/** The server itself has no such limit: uploads of many GB take longer. */
const BODY_MS = 30_000;

/**
 * Reads JSON bodies: UTF-8, not compressed, of limited size and depth. What has another content type counts as no body. Passes on
 * KangKlipError TOO_LARGE for too large or too deep a body.
 */
export function jsonBodies(): RequestHandler {
  const verify = (_request: unknown, _response: unknown, bytes: Buffer, charset: string) => {
    if (charset !== "utf-8") throw new KangKlipError("INVALID_INPUT", "A JSON body must be UTF-8");
    if (depthOf(bytes) > MAX_DEPTH)
      throw new KangKlipError("TOO_LARGE", `The request is nested more than ${MAX_DEPTH} levels deep`);
  };
  const parser = (limit: number) => express.json({ limit, inflate: false, verify });
  const [small, large] = [parser(LIMIT_BYTES), parser(WORKER_LIMIT_BYTES)] as const;
  return (request, response, next) =>
    (OF_WORKERS.test(request.originalUrl) ? large : small)(request, response, next);
}

/** How deep the arrays and objects of a JSON text are nested; a text that is no JSON may give any number. Pure. */
export function depthOf(bytes: Buffer): number {
  let [depth, deepest, inText] = [0, 0, false];
  for (let place = 0; place < bytes.length; place++) {
    const byte = bytes[place];
    if (inText) {
      if (byte === 0x5c)
        place++; // a backslash hides what comes next
      else if (byte === 0x22) inText = false;
    } else if (byte === 0x22) inText = true;
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return deepest;
}

/**
 * Ends a connection whose request does not come to its end in time, whether or not it was answered. Not for uploads of videos.
 * @param withinMs from the end of its headers
 */
export function arrivesInTime({ withinMs = BODY_MS }: { withinMs?: number } = {}): RequestHandler {
  return (request, response, next) => {
    const { "content-length": length, "transfer-encoding": encoding } = request.headers;
    if ((length === undefined || length === "0") && encoding === undefined) return next(); // it has no body
    const timer = setTimeout(() => {
      if (request.complete) return;
      if (response.headersSent) return void request.destroy();
      response.once("finish", () => request.destroy());
      response
        .set("connection", "close")
        .status(408)
        .json({ detail: "The request took too long to arrive", status: 408 });
    }, withinMs).unref();
    request.once("close", () => clearTimeout(timer));
    next();
  };
}
