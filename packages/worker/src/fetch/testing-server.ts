import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join, normalize } from "node:path";
import { setTimeout } from "node:timers/promises";

/** `visit` counts the requests for this path from 1. */
export type Route = (request: IncomingMessage, response: ServerResponse, visit: number) => void;

export interface Origin extends AsyncDisposable {
  /** "http://127.0.0.1:PORT" */
  origin: string;
  /** How often anybody connected, whether a request came or not. */
  connections(): number;
  /** Every request so far: path and Range header. */
  requests: { path: string; range: string | undefined; headers: IncomingMessage["headers"] }[];
}

/** A server on loopback for tests; a path without a route is looked for in `folder`, else answered with 404. `tls` makes it https. */
export async function startOrigin(
  routes: Record<string, Route>,
  folder?: string,
  tls?: { key: string; cert: string },
): Promise<Origin> {
  const requests: Origin["requests"] = [];
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    requests.push({ path, range: request.headers.range, headers: request.headers });
    const file = folder && join(folder, normalize(path));
    const route =
      routes[path] ?? (file && existsSync(file) ? bytes(readFileSync(file), { type: "" }) : status(404));
    route(request, response, requests.filter((seen) => seen.path === path).length);
  };
  const server = tls ? createTlsServer(tls, answer) : createServer(answer);
  let connections = 0;
  server.on("connection", () => {
    connections += 1;
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    connections: () => connections,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

interface BytesOptions {
  type?: string;
  /** Null: none. May change with the visit. */
  etag?: string | null | ((visit: number) => string);
  /** False: the Range header is ignored. "always": If-Range is. */
  ranges?: boolean | "always";
  /** Whether several ranges are sent in one answer; else such a request is answered with all of it. */
  together?: boolean;
  /** Told how long the body of each answer is. */
  sent?: (bytes: number) => void;
  /** After how many bytes the connection breaks, per visit. */
  cutAfter?: number[];
  headers?: Record<string, string>;
}

/** Answers with these bytes, and to Range requests with the part of them. */
export function bytes(body: Buffer, options: BytesOptions = {}): Route {
  const { type = "video/mp4", etag = '"one"', ranges = true, cutAfter = [], headers = {} } = options;
  const { together, sent = () => {} } = options;
  return (request, response, visit) => {
    const tag = typeof etag === "function" ? etag(visit) : etag;
    const asked = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const isSame = request.headers["if-range"] === undefined || request.headers["if-range"] === tag;
    const range = ranges === "always" || (ranges && isSame) ? asked : null;
    const from = Number(range?.[1] ?? 0);
    const to = Math.min(body.length - 1, range?.[2] ? Number(range[2]) : body.length - 1);
    if (range && from > to)
      return void response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
    const many = together && ranges && isSame ? request.headers.range?.match(/\d+-\d+/g) : null;
    if (many && many.length > 1)
      return void sent(inParts(response, body, many, { ...(tag && { etag: tag }), ...headers }));
    const part = body.subarray(from, to + 1);
    response.writeHead(range ? 206 : 200, {
      "content-type": type,
      "content-length": part.length,
      ...(tag ? { etag: tag } : {}),
      ...(range ? { "content-range": `bytes ${from}-${to}/${body.length}` } : {}),
      ...headers,
    });
    sent(part.length);
    const cut = cutAfter[visit - 1];
    if (cut === undefined) return void response.end(part);
    response.write(part.subarray(0, cut), async () => {
      for (let turn = 0; turn < 20; turn++) await setTimeout(1); // turns, not time: whoever reads is often in this very process
      response.destroy();
    });
  };
}

/** Several ranges in one answer, as nginx writes them. @returns its bytes */
function inParts(
  response: ServerResponse,
  body: Buffer,
  ranges: string[],
  headers: Record<string, string>,
): number {
  const parts = ranges.flatMap((range) => {
    const [from = 0, to = 0] = range.split("-").map(Number);
    const header = `Content-Type: video/mp4\r\nContent-Range: bytes ${from}-${to}/${body.length}\r\n\r\n`;
    return [Buffer.from(`\r\n--00000000000000000001\r\n${header}`), body.subarray(from, to + 1)];
  });
  const all = Buffer.concat([...parts, Buffer.from("\r\n--00000000000000000001--\r\n")]);
  const type = "multipart/byteranges; boundary=00000000000000000001";
  response.writeHead(206, { "content-type": type, "content-length": all.length, ...headers }).end(all);
  return all.length;
}

/** Answers with a status and nothing else worth mentioning. */
export const status =
  (code: number, headers: Record<string, string> = {}): Route =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

export const redirect = (location: string, code = 302): Route => status(code, { location });

/** Answers with text, made when it is asked for: it may name the server itself. */
export const text =
  (type: string, body: string | (() => string)): Route =>
  (_request, response) =>
    void response.writeHead(200, { "content-type": type }).end(typeof body === "string" ? body : body());
