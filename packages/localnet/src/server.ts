import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Reply } from "./rpc.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** A validator takes bodies of 50 KiB; batches of several transactions are somewhat longer. */
const MAX_BODY_BYTES = 256 * 1024;
const MAX_MESSAGE_BYTES = 16 * 1024;
const HOST = "127.0.0.1";
const PORT_TRIES = 50;

export interface Listening {
  url: string;
  wsUrl: string;
  stop(): Promise<void>;
}

/**
 * Listens on this machine alone: HTTP and websockets on `port`, websockets on the next port too, where web3.js looks for them.
 * @param port 0: a free one whose neighbour is free @throws Error where a port is taken
 */
export async function listen(
  port: number,
  answer: (body: string) => Promise<Reply>,
  subscriptions: Subscriptions,
): Promise<Listening> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => {}); // the other side may be gone at any time
    if (!isFromHere(request)) return socket.end("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n");
    sockets.handleUpgrade(request, socket, head, (client) => {
      client.on("error", () => {});
      const connection = subscriptions.connect((text) => client.send(text));
      client.on("message", (data) => connection.receive(String(data)));
      client.on("close", () => connection.close());
    });
  };
  const open = () => {
    const http = createServer((request, response) => void serve(request, response, answer));
    const next = createServer((_, response) => response.writeHead(426).end("Websockets alone\n"));
    for (const server of [http, next]) server.on("upgrade", onUpgrade);
    return { http, next };
  };

  for (let tried = 1; ; tried++) {
    const { http, next } = open();
    try {
      await listening(http, port);
      const { port: taken } = http.address() as AddressInfo;
      await listening(next, taken + 1);
      return {
        url: `http://${HOST}:${taken}`,
        wsUrl: `ws://${HOST}:${taken + 1}`,
        async stop() {
          for (const client of sockets.clients) client.terminate();
          await Promise.all([closed(http), closed(next)]);
        },
      };
    } catch (error) {
      await closed(http);
      if (port !== 0 || tried === PORT_TRIES) throw error;
    }
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (body: string) => Promise<Reply>,
): Promise<void> {
  const refuse = (status: number, text: string) =>
    response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(`${text}\n`);
  try {
    if (!isFromHere(request)) return void refuse(403, "Pages of other places may not use this chain");
    const { origin } = request.headers;
    if (origin) response.setHeader("access-control-allow-origin", origin);
    response.setHeader("vary", "origin");
    if (request.method === "OPTIONS") {
      response.writeHead(204, {
        "access-control-allow-methods": "POST, GET, OPTIONS",
        "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "content-type",
        "access-control-max-age": "86400",
      });
      return void response.end();
    }
    if (request.method === "GET" && request.url === "/health") return void response.end("ok");
    if (request.method !== "POST")
      return void refuse(405, "Used HTTP Method is not allowed. POST or OPTIONS is required");
    const body = await read(request);
    if (body === undefined) return void refuse(413, `A body may have ${MAX_BODY_BYTES} bytes`);
    const reply = await answer(body);
    if (reply === "drop") return void request.socket.destroy();
    if ("status" in reply) return void refuse(reply.status, "The node cannot answer now");
    response.writeHead(200, { "content-type": "application/json" }).end(reply.text);
  } catch {
    request.socket.destroy(); // whoever asked is gone
  }
}

/** @returns undefined where it is too long */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Asked under a name of this machine, and not by a page of another one: a page from anywhere can send requests to this machine, also
 * under a name of its own that leads here. Extensions (wallets) may.
 */
function isFromHere({ headers: { host, origin } }: IncomingMessage): boolean {
  if (!isHere(host ?? "")) return false;
  if (!origin) return true;
  if (/^(chrome|moz|safari-web)-extension:\/\//.test(origin)) return true;
  const { protocol, host: from } = URL.parse(origin) ?? { protocol: "", host: "" };
  return (protocol === "http:" || protocol === "https:") && isHere(from);
}

function isHere(host: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  return name === "localhost" || name === "[::1]" || (isIP(name) === 4 && name.startsWith("127."));
}

const listening = (server: Server, port: number) =>
  new Promise<void>((done, failed) => {
    server.once("error", failed);
    server.listen(port, HOST, () => {
      server.off("error", failed);
      done();
    });
  });

const closed = (server: Server) =>
  new Promise<void>((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
