import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { apiOrigin } from "./config.ts";

/** Belong to one connection, so they are not handed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Event streams that are open: they never end by themselves, so a server that is told to end ends them. */
const streams = new Set<IncomingMessage>();
process.once("SIGTERM", () => {
  for (const stream of streams) stream.destroy();
});

/**
 * Hands a request on to the API where page and API are two processes, byte by byte in both directions: event streams, ranges and
 * uploads of any size pass in constant memory. (Next's own `proxy.ts` keeps request bodies in memory and cuts them at 10 MB.)
 * Answers 404 where no API_ORIGIN is set: there one process serves both, and these paths never come here.
 */
export async function forward(request: Request): Promise<Response> {
  const origin = apiOrigin();
  if (!origin) return Response.json({ detail: "not found" }, { status: 404 });
  const { pathname, search } = new URL(request.url);
  try {
    const url = new URL(origin);
    url.pathname = pathname; // set as a path, so that no text in it can name another host
    url.search = search;
    const answer = await send(request, url);
    if (answer.headers["content-type"]?.startsWith("text/event-stream")) {
      streams.add(answer);
      answer.once("close", () => streams.delete(answer));
    }
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers))
      if (value !== undefined && !HOP_BY_HOP.includes(name))
        for (const one of [value].flat()) headers.append(name, one);
    const status = answer.statusCode ?? 502;
    const empty = request.method === "HEAD" || status === 204 || status === 304;
    return new Response(empty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>), {
      status,
      headers,
    });
  } catch {
    const detail = "KangKlip's API does not answer";
    return Response.json({ detail, code: "UNAVAILABLE", retryable: true }, { status: 502 });
  }
}

function send(request: Request, url: URL): Promise<IncomingMessage> {
  const headers = Object.fromEntries(
    [...request.headers].filter(([name]) => !HOP_BY_HOP.includes(name) && name !== "host"),
  );
  return new Promise((resolve, reject) => {
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    const sent = start(url, { method: request.method, headers, signal: request.signal }, resolve);
    sent.on("error", reject);
    if (!request.body) return void sent.end();
    const body = Readable.fromWeb(request.body as NodeReadableStream<Uint8Array>);
    body.on("error", (error) => sent.destroy(error));
    body.pipe(sent);
  });
}
